package state

import (
	"fmt"

	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
)

// Divergence is how a stack's state and AWS do not belong together; empty when they do.
type Divergence string

const (
	Lost    Divergence = "empty, and AWS holds the stack"
	Older   Divergence = "older than AWS"
	Newer   Divergence = "newer than AWS"
	Forked  Divergence = "of another update than AWS"
	Partial Divergence = "taken from AWS in part"
)

// Compare compares a stack's state with the record of its claim. The record may lag behind a
// state whose last update was cut off, since that saves its claim first.
func Compare(own State, recorded roles.Claim) Divergence {
	serial := own.Claim.Serial
	switch {
	case own.Adopting:
		return Partial
	case recorded.Serial > serial && own.Claim.Role == "":
		return Lost
	case recorded.Serial > serial:
		return Older
	case recorded.Serial < serial && !own.Unfinished:
		return Newer
	case recorded.Serial == serial && !recorded.Equal(own.Claim):
		return Forked
	}
	return ""
}

// Diverged refuses a state of a stack that has diverged from AWS; nil when it has not. record
// is the name of the parameter that holds the record.
func Diverged(stack, record string, own State, recorded roles.Claim) *refusal.Error {
	const use = "use the backend that has the newer state, bring it back with pilotlight state restore %[1]s, or take what AWS holds into this one with pilotlight adopt %[1]s"
	says := fmt.Sprintf("The state says %s, and AWS %s", own.Claim.Summary(), recorded.Summary())
	switch d := Compare(own, recorded); d {
	case Lost:
		return refusal.New(refusal.CodeDiverged, "the state is %[2]s (%[3]s): was the state lost, or is this another backend?: "+use, stack, d, recorded.Summary())
	case Older:
		return refusal.New(refusal.CodeDiverged, "this state is %[2]s: was it restored? %[3]s: "+use, stack, d, says)
	case Forked:
		return refusal.New(refusal.CodeDiverged, "this state is %[2]s: was it restored, or are there two backends? %[3]s: "+use, stack, d, says)
	case Newer:
		return refusal.New(refusal.CodeDiverged, "this state is %[2]s: is this another account, or was AWS's record changed? %[3]s: "+
			"use credentials of the account that stack %[1]s is in; if these are, delete the parameter %[4]s, which no update of this state wrote", stack, d, says, record)
	case Partial:
		return refusal.New(refusal.CodeDiverged, "this state is %[2]s: its adoption has not come to its end: finish it with pilotlight adopt %[1]s", stack, d)
	}
	return nil
}
