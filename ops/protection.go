package ops

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/when"
)

// judge says how protected the site is, and what to do now.
func (s *Status) judge(sides []Side, now time.Time) {
	s.Protected, s.Verdict, s.Next = protection(sides, s.Sides, now)
	for _, q := range append(secretsAlike(sides), mediaComplete(sides)...) {
		if !q.OK {
			s.unprotect("unprotected: "+q.Reason, q.Remedy)
		}
	}
	wrong := mismatches(sides)
	for _, m := range wrong {
		s.Warnings = append(s.Warnings, m.String())
	}
	if verdict, next := disagreement(wrong); verdict != "" {
		s.unprotect(verdict, next)
	}
	leads, other, err := leader(sides)
	if err != nil {
		return
	}
	s.Active, s.Epoch = leads.Config.Stack, leads.State.Claim.Epoch
	for i, side := range sides {
		s.Sides[i].Overtaken = side.State.Claim.Leads() && side.Config.Stack != s.Active
	}
	otherRegion := ""
	if other != nil {
		otherRegion = other.Config.Region
	}
	for _, q := range risks(s.Backend, s.Keys, leads.Config.Region, otherRegion) {
		if !q.OK {
			s.Warnings = append(s.Warnings, q.Reason+": "+q.Remedy)
			s.unprotect("unprotected: the state would be lost with the active side", "do what the warnings say, then pilotlight check")
		}
	}
	for _, side := range sides {
		if side.State.Claim.Role != "" && side.Config.Role != side.State.Claim.Role {
			s.Warnings = append(s.Warnings, fmt.Sprintf("%s says role: %s, and the stack is %s: set it to %s, and commit it",
				config.FileName(side.Config.Stack), side.Config.Role, side.State.Claim.Role, side.State.Claim.Role))
		}
	}
	if p := leads.State.Published; p.Rotating != "" {
		s.Warnings = append(s.Warnings, fmt.Sprintf("rotation %d of the secrets, of %s, has not ended: pilotlight rotate %[2]s ends it", p.Rotation, p.Rotating))
	}
	for _, side := range s.Sides {
		for _, former := range side.Former {
			s.Warnings = append(s.Warnings, fmt.Sprintf("generation %d of stack %s is kept, and costs: when it is no longer needed, pilotlight retire %s %d",
				former.Number, side.Stack, side.Stack, former.Number))
		}
	}
	// What was seen just now says more.
	if missing := s.LastCheck.missing(sides); len(missing) > 0 {
		s.unprotect(fmt.Sprintf("unprotected: the check at %s found this not ready: %s", when.Date(s.LastCheck.At), strings.Join(missing, ", ")),
			"do what it said, then pilotlight check")
	}
}

// unprotect takes protection back from a site that has it. What else is the matter says more.
func (s *Status) unprotect(verdict, next string) {
	if s.Protected {
		s.Protected, s.Verdict, s.Next = false, verdict, next
	}
}

// addKeyless puts on the status what keeps the states' secrets from being read. No command can do anything before that is mended.
func (s *Status) addKeyless(keyless []*refusal.Error) {
	for _, e := range keyless {
		s.Warnings = append(s.Warnings, e.Error())
	}
	if len(keyless) > 0 {
		s.Protected, s.Verdict, s.Next = false, fmt.Sprintf("unprotected: the secrets in the state of stack %s can't be read", keyless[0].Stack), keyless[0].Remedy
	}
}

// disagreement is what mismatches mean for the site; empty when there are none.
func disagreement(wrong []stacks.Mismatch) (verdict, next string) {
	switch {
	case len(wrong) == 0:
		return "", ""
	case slices.ContainsFunc(wrong, func(m stacks.Mismatch) bool { return !m.Pending }):
		return "unprotected: the two sides of the site do not agree", "correct the files as it says, then pilotlight check"
	}
	return "unprotected: the stacks are not deployed as both files have it", "pilotlight deploy"
}

// protection judges what losing the active side's region would mean now.
func protection(sides []Side, seen []SideStatus, now time.Time) (protected bool, verdict, next string) {
	if verdict, next := obstructed(seen); verdict != "" {
		return false, verdict, next
	}
	if verdict, next, steady := roles.Standing(rolesOf(sides)); !steady {
		return false, verdict, next
	}
	leads, other, err := leader(sides)
	if err != nil { // the standby of a production that no stack made
		other, _ = failoverTarget(sides)
	} else if why := seenOf(seen, leads.Config.Stack).Unreachable; why != "" {
		loss := ""
		if d := seenOf(seen, other.Config.Stack).Database; d != nil {
			loss = "; " + checks.Loss(d, now, false)
		}
		return false, fmt.Sprintf("%s does not answer: unprotected, or lost%s", leads.name(), loss), "pilotlight failover, if it is lost"
	}
	standby := seenOf(seen, other.Config.Stack)
	protected, verdict, next = replicaInStep(standby, time.Duration(other.Config.Failover.MaxLag), now)
	if against := standby.against(seenOf(seen, leads.Config.Stack).Database, now); protected && len(against) > 0 {
		more := ""
		if len(against) > 1 {
			more = fmt.Sprintf(" (and %d more: pilotlight check)", len(against)-1)
		}
		verdict = "unprotected: "
		if slices.Contains([]string{checks.ImageUnseen, checks.ParametersUnseen}, against[0].Code) {
			verdict = "unknown: "
		}
		return false, verdict + against[0].Reason + more, against[0].Remedy
	}
	return protected, verdict, next
}

// against is what the checks have against activating a standby, by what was seen of both sides. It
// is what check finds, too. leading is the database of the active side; nil where none was seen.
func (s SideStatus) against(leading *checks.Replica, now time.Time) []refusal.Blocker {
	if leading == nil {
		leading = s.source
	}
	all := slices.DeleteFunc(slices.Clone(s.blockers), productionLives)
	return append(all, checks.Alike.Blockers(checks.Snapshot{At: now, Replica: s.Database, Source: leading}, checks.Policy{Region: s.Region})...)
}

// obstructed is what is in the way of every operation: a state that AWS is ahead of, and an
// update that runs, or died, and holds a lock.
func obstructed(seen []SideStatus) (verdict, next string) {
	for _, side := range seen {
		if side.Diverged != "" {
			return fmt.Sprintf("unknown: stack %s: %s", side.Stack, side.Diverged), side.remedy
		}
	}
	for _, side := range seen {
		for _, lock := range side.Locks {
			switch {
			case lock.LeftHere:
			case lock.Holder == backend.HolderLives:
				return fmt.Sprintf("an update of stack %s is under way (%s, since %s)", side.Stack, lock.By, when.Clock(lock.Since)), "wait for it; its log is below " + LogsFolder
			default:
				return lock.says()
			}
		}
	}
	return "", ""
}

func seenOf(seen []SideStatus, stack string) SideStatus {
	for _, s := range seen {
		if s.Stack == stack {
			return s
		}
	}
	return SideStatus{Stack: stack}
}

// stale is how old a measurement of a living replica's lag may be.
const stale = 15 * time.Minute

// anotherReplica is what to do about a replica that RDS can't go on with.
const anotherReplica = "pilotlight reprotect, which makes another one"

// replicaInStep judges the standby's replica.
func replicaInStep(s SideStatus, maxLag time.Duration, now time.Time) (protected bool, verdict, next string) {
	d := s.Database
	switch {
	case s.Unreachable != "":
		return false, fmt.Sprintf("unknown: %s does not answer", s.Region), ""
	case s.databaseUnread != "":
		return false, fmt.Sprintf("unknown: of stack %s, %s", s.Stack, s.databaseUnread), "pilotlight check"
	case d == nil:
		return false, fmt.Sprintf("unprotected: there is no replica in %s", s.Region), fmt.Sprintf("pilotlight deploy %s, which makes it again", s.Stack)
	case d.Source == "":
		return false, fmt.Sprintf("unprotected: %s is no replica any more, and the state says standby: it was promoted by hand, by RDS as its source was deleted, or by a run that this state does not know", d.ID), anotherReplica
	case checks.Ended(*d, ""):
		why := cmp.Or(d.Message, d.Replication)
		if checks.StandingOf(d.Status) != checks.Usable {
			why = d.Status
		}
		return false, fmt.Sprintf("unprotected: RDS can't go on with replica %s (%s)", d.ID, why), anotherReplica
	case d.Replication == "error":
		return false, fmt.Sprintf("unprotected, or the active region is lost: %s does not replicate (%s); %s", d.ID, d.Message, checks.Loss(d, now, false)), "pilotlight failover, if it is lost"
	case d.Replication != "replicating":
		return false, fmt.Sprintf("unprotected until %s replicates: it is %s", d.ID, d.Status), ""
	case d.LagUnread != "":
		return false, fmt.Sprintf("unknown: how far %s is behind could not be read: %s", d.ID, d.LagUnread), "pilotlight check"
	case d.LastGood == nil || now.Sub(d.LastGood.At) > stale:
		return false, fmt.Sprintf("unknown: how far %s is behind was not measured lately", d.ID), ""
	}
	if d.LastGood.Value > maxLag {
		return false, fmt.Sprintf("unprotected: %s is %s behind, more than the %s allowed", d.ID, d.LastGood.Value, maxLag), ""
	}
	return true, fmt.Sprintf("protected: a failover would lose some %s of writes", max(d.LastGood.Value, time.Second)), ""
}
