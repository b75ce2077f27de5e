package ops

import (
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/cost"
	"github.com/pilotlight-dr/pilotlight/estimate"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
)

// What operations take, report and return, so that who embeds this package imports no other.
type (
	// Env is the world outside.
	Env = failover.Env
	// RefusedError is an operation that was refused, or that did not begin since another
	// update holds the stack. Nothing was changed, unless a StoppedError holds it: ask for
	// that first, or for the Changed of FailureOf.
	RefusedError = refusal.Error
	// Blocker is one thing in the way of an operation.
	Blocker = refusal.Blocker
	// Verdict is what the checks made of the standby.
	Verdict = checks.Verdict
	// Estimate is how long a change of role takes.
	Estimate = estimate.Estimate
	// Report is what one run did about a change of role.
	Report = report.Report
	// Step is a piece of work that took time.
	Step = report.Step
	// Bill is what a site costs.
	Bill = cost.Bill
	// MediaProgress is how far a comparison or a copy of media has come.
	MediaProgress = media.Progress
	// Role is what a stack is.
	Role = roles.Role
)

// The roles.
const (
	Active  = roles.Active
	Frozen  = roles.Frozen
	Standby = roles.Standby
)
