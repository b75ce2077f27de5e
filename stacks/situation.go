package stacks

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// situation is what an update is about: the configuration, what both stacks held before, and
// the plan that follows. It is known before anything is registered.
type situation struct {
	cfg config.Config
	// adopting keeps the claim as the state holds it.
	adopting bool

	own, other state.State // this stack's and its peer's, before the update
	plan       roles.Plan
	formers    formers
	// activating reports that the site's name has not been moved here yet.
	activating bool
	start      int               // how many instances an activation starts
	peer       state.PeerInfo    // what the other side offers to replicate from; zero while it is not there
	secrets    map[string]string // the application's, as they are to be saved
	// endsRotation is the number of the rotation of the secrets that this update ends; 0 for none.
	endsRotation int
}

// plannedBy is the plan that the configuration asks for. unfinished says that the last change
// of this stack's own claim was saved and not all done.
func (s *situation) plannedBy(own roles.Claim, unfinished bool, peer roles.Claim) roles.Plan {
	switch {
	case s.adopting:
		return roles.Plan{Do: roles.Keep, Claim: own}
	case s.cfg.Abort != 0 && s.cfg.Abort == own.Epoch && own.Leads() && s.cfg.Role != roles.Standby:
		return roles.RefusePlan("abort is set to %d, this activation, and role to %s: set role to %s to abort it, or remove abort to resume it", own.Epoch, s.cfg.Role, roles.Standby)
	case s.cfg.Abort != 0 && s.cfg.Abort == own.Epoch && own.Leads():
		return roles.DecideAbort(own, peer)
	}
	plan := roles.Decide(s.cfg.Role, own, peer)
	if s.cfg.Abort != 0 && s.cfg.Abort == peer.Epoch && s.cfg.Role == roles.Active {
		plan = roles.DecideReclaim(own, peer)
	}
	if s.cfg.Rebuild > 0 {
		plan = roles.DecideRebuild(plan, s.cfg.Rebuild)
	}
	plan = s.formers.without(plan)
	if status := s.formers.stuck[s.cfg.Retire]; checks.NoSnapshot(status) {
		plan = roles.DecideNoSnapshot(plan, s.cfg.Retire, status, s.cfg.AcceptNoSnapshot)
	}
	if s.cfg.Retire > 0 {
		plan = roles.DecideRetire(plan, s.cfg.Retire, unfinished)
	}
	if s.tearingDown() {
		plan = roles.DecideEnd(plan, own, peer)
	}
	return plan
}

// activates reports whether a plan begins an activation, or resumes one whose own claim was saved and whose name was not moved.
func activates(plan roles.Plan, own roles.Claim) bool {
	return plan.Do == roles.Activate || plan.Claim.Role == roles.Active && plan.Serves() && !own.Switched()
}

// moves reports whether the update moves a site that has visitors, or finishes such a move. What was changed in the file and
// not deployed waits for the next plain update where it would take the database away for minutes, or asks for the lost region.
// It does so also while a side that serves ends a former database, or is torn down.
func (s *situation) moves() bool {
	claim := s.plan.Claim
	if !claim.Leads() || claim.Epoch <= 1 && (s.activating || s.own.Published.Instances == 0) { // a new site has no visitors yet
		return false
	}
	return !s.plan.Plain(s.own.Claim) || s.own.Unfinished
}

// keepsClass reports that the update leaves the class of the current database as it is. A class that was set since this side
// published is wanted all the same: a part that can't be had may keep a failover unfinished for long.
func (s *situation) keepsClass() bool {
	published := s.own.Published
	since := published.Instances > 0 && published.WantedClass != "" && s.cfg.Database.Class != published.WantedClass
	return s.moves() && !(since && s.plan.Plain(s.own.Claim))
}

// sized is the configuration with the class that the current database has, whose connections instances share.
func (s *situation) sized() config.Config {
	c := s.cfg
	c.Database.Class = s.databaseClass()
	return c
}

// databaseClass is the class of the current database once the update has ended.
func (s *situation) databaseClass() string {
	if s.keepsClass() {
		return cmp.Or(s.own.Published.Class, s.cfg.Database.Class)
	}
	return s.cfg.Database.Class
}

func (s *situation) tearingDown() bool { return s.cfg.Teardown == s.cfg.Site }

// epochMarker is what the other side's instances read every minute: a number
// above their own tells them that they are no longer the site. Their own is what their stack publishes. A standby's is one
// below the epoch that it follows: it fences those that were left behind, perhaps by a third stack, and its own instances, while
// any are left, stay fenced by the side that serves. One that aborted its activation fences none, nor does one whose other side
// has not served yet at its epoch: that may serve at an earlier one until it has reclaimed the site.
func (s *situation) epochMarker() pulumi.String {
	claim, other := s.plan.Claim, s.other.Claim
	switch {
	case claim.Role != roles.Standby:
		return pulumi.String(strconv.Itoa(claim.Epoch))
	case claim.Aborted || other.Leads() && !other.Switched():
		return "0"
	}
	return pulumi.String(strconv.Itoa(max(0, claim.Epoch-1)))
}

// parameters is the path below which a stack's instances find where things are.
func (s *situation) parameters(stack string) string { return config.ParameterPath(s.cfg.Site, stack) }

// imageParameter is the name of the parameter in which launch templates find their image.
func (s *situation) imageParameter() string { return s.parameters(s.cfg.Stack) + "/image" }

// home is the stack at which the site is at home: as configured, or as last published by either
// stack; at the first deployment of the site it is the stack itself.
func (s *situation) home() string {
	first := ""
	if s.plan.Claim.Reason == roles.ReasonCreate {
		first = s.cfg.Stack
	}
	return cmp.Or(s.cfg.Home, s.own.Published.Home, s.peer.Home, first)
}

// nextStepsIfRefused is what to do when the checks refuse the plan: the file says already what
// the stack is not.
func (s *situation) nextStepsIfRefused() []string {
	next := []string{fmt.Sprintf("do what the checks say, then run it again: pulumi up -s %s", s.cfg.Stack)}
	if s.own.Claim.Role != "" && s.own.Claim.Role != s.cfg.Role {
		next = append(next, fmt.Sprintf("or leave things as they are: see that Pulumi.%s.yaml says role: %s before the next update", s.cfg.Stack, s.own.Claim.Role))
	}
	return next
}

// nextSteps is what to do once the plan is done.
func (s *situation) nextSteps() []string {
	commit := fmt.Sprintf("commit Pulumi.%s.yaml, which now holds role: %s", s.cfg.Stack, s.cfg.Role)
	peer := ""
	if s.cfg.Peer != nil {
		peer = s.cfg.Peer.Stack
	}
	switch {
	case s.plan.Do == roles.Freeze:
		return []string{
			fmt.Sprintf("hand over: pilotlight switchover %s, or pulumi up -s %s -c role=%s", peer, peer, roles.Active),
			fmt.Sprintf("or undo it: pilotlight thaw, or pulumi up -s %s -c role=%s", s.cfg.Stack, roles.Active),
		}
	case s.plan.Do == roles.Unprotect:
		return []string{fmt.Sprintf("run the same again, which ends generation %d", s.cfg.Retire)}
	case s.plan.Do == roles.Abort:
		return []string{fmt.Sprintf("let the other side reclaim the site: pulumi up -s %s", peer), commit}
	case peer != "" && s.plan.Claim.Role == roles.Active && s.other.Claim.Leads() && s.other.Claim.Epoch < s.plan.Claim.Epoch:
		return []string{commit, fmt.Sprintf("when %s is back or frozen, make it the standby: pilotlight reprotect, or pulumi up -s %s -c role=%s", s.cfg.Peer.Region, peer, roles.Standby)}
	}
	return []string{commit}
}

// sides are this stack and its peer, as they are and as the plan leaves them.
func (s *situation) sides() []report.Side {
	own, peer := report.Side{Stack: s.cfg.Stack, Region: s.cfg.Region}, report.Side{}
	if s.cfg.Peer != nil {
		peer.Stack, peer.Region = s.cfg.Peer.Stack, s.cfg.Peer.Region
	} else {
		peer.Region = s.cfg.Production.Region
	}
	planned := s.plan.Claim
	if planned.Leads() {
		planned.Progress = roles.Switched
	}
	own.Before, own.After = standing(s.own.Claim, s.other.Claim), standing(planned, s.other.Claim)
	peer.Before, peer.After = standing(s.other.Claim, s.own.Claim), standing(s.other.Claim, planned)
	if peer.Before.HoldsName {
		return []report.Side{peer, own}
	}
	return []report.Side{own, peer}
}

// overtaken is what a stack is that still claims to lead, while the other side
// does so at a later epoch.
const overtaken = "overtaken"

// standing is what a stack's claim makes of it beside the other side's.
func standing(claim, other roles.Claim) report.Standing {
	s := report.Standing{Role: string(claim.Role), HoldsName: claim.Leads() && claim.Switched()}
	if claim.Leads() && other.Leads() && other.Epoch > claim.Epoch {
		s.Role, s.HoldsName = overtaken, s.HoldsName && !other.Switched()
	}
	return s
}
