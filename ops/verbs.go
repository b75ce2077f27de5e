package ops

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
)

// Failover makes the standby active, without asking the other side: for a region
// that is lost. Production that lives refuses it. Run again it resumes, and once
// it is done it does nothing.
func (s *Site) Failover(ctx context.Context, accepted Accepted, run Run) (Outcome, error) {
	return s.runProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		changes, done, err := roles.FailoverChanges(rolesOf(sides), accepted)
		if _, _, unclear := leader(sides); err != nil || unclear != nil { // are the claims what they should be?
			err = cmp.Or(s.checkRecords(ctx, sides), err)
		}
		return changes, done, err
	})
}

// Switchover moves the site to a stack without losing a write: the other side is
// frozen, then this one activated, then the other stands by. Run again it resumes.
// Before it freezes, it finds out whether the stack can take over.
func (s *Site) Switchover(ctx context.Context, to string, accepted Accepted, run Run) (Outcome, error) {
	return s.switchover(ctx, run, func(sides []Side) ([]Change, string, error) {
		return roles.SwitchoverChanges(rolesOf(sides), to, accepted)
	})
}

func (s *Site) switchover(ctx context.Context, run Run, decide func([]Side) ([]Change, string, error)) (Outcome, error) {
	return s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		changes, done, err := decide(sides)
		if err == nil && changes[0].Role == roles.Frozen {
			err = s.checkTakeOver(ctx, sides, changes[1])
		}
		return changes, done, err
	})
}

// Failback is the switchover to the home side: the one that the configuration names, or else
// the one that was active first. Run again it resumes. It is refused until that side has been
// reprotected.
func (s *Site) Failback(ctx context.Context, accepted Accepted, run Run) (Outcome, error) {
	return s.switchover(ctx, run, func(sides []Side) ([]Change, string, error) { return roles.FailbackChanges(rolesOf(sides), accepted) })
}

// checkTakeOver refuses a switchover whose freeze would be in vain.
func (s *Site) checkTakeOver(ctx context.Context, sides []Side, activate Change) error {
	to := activate.Stack
	_, from, err := find(sides, to)
	if err != nil || from.State.Claim.Role != roles.Active {
		return err
	}
	if err := s.requireAnswer(ctx, *from, "if it is lost, pilotlight failover moves the site without it"); err != nil {
		return err
	}
	for _, side := range sides { // or visitors would see the maintenance page until the lock is removed
		if q := s.unlocked(ctx, side.Config.Stack); !q.OK {
			return &refusal.Error{Code: refusal.CodeLocked, Reason: q.Reason, Remedy: q.Remedy} // which names the stack
		}
	}
	plan, err := s.Plan(ctx, activate, Run{})
	if err != nil {
		return err
	}
	ready := Readiness{For: ForSwitchover, Stack: to, Requirements: slices.Concat(judged(plan, ForSwitchover), mediaComplete(sides), s.answering(ctx, from, plan))}
	if refused := ready.refusal(); refused != nil {
		refused.Code = refusal.CodeChecks
		return refused
	}
	return nil
}

// Thaw takes the first part of a switchover back, until the other side has claimed.
func (s *Site) Thaw(ctx context.Context, run Run) (Outcome, error) {
	out, err := s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) { return roles.ThawChanges(rolesOf(sides)) })
	if err == nil && out.NothingToDo == "" {
		out.Next = append(out.Next, "visitors see the site again within a minute or two: each instance looks every minute")
	}
	return out, err
}

// Reprotect makes the side that was lost a standby of the active one: the way back,
// up to the switchover that goes home. A standby whose replica RDS can't go on with gets another one.
func (s *Site) Reprotect(ctx context.Context, run Run) (Outcome, error) {
	next := ""
	out, err := s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		changes, done, err := roles.ReprotectChanges(rolesOf(sides))
		if err != nil {
			return nil, "", err
		}
		side, _, err := find(sides, changes[0].Stack)
		if err != nil {
			return nil, "", err
		}
		if err := s.requireAnswer(ctx, side, "wait until it is back, and run this again"); err != nil {
			return nil, "", err
		}
		changes[0].Rebuild, err = s.ended(ctx, side)
		next = afterReprotect(sides, changes[0])
		return changes, done, err
	})
	if err == nil && slices.ContainsFunc(out.Reports, func(r report.Report) bool { return r.Action == string(roles.StandBy) }) {
		out.Next = append(out.Next, next)
	}
	return out, err
}

// afterReprotect is what to do once a side is a standby again.
func afterReprotect(sides []Side, change Change) string {
	stack := change.Stack
	if change.Rebuild > 0 {
		return fmt.Sprintf("once status says protected, the replica that was replaced is needed no longer: pilotlight retire %s %d", stack, change.Rebuild)
	}
	move := "pilotlight failback"
	if stack != roles.Home(rolesOf(sides)) {
		move = "pilotlight switchover " + stack
	}
	return fmt.Sprintf("%s is a standby again; to move the site there, at a quiet moment, once status says protected: %s", stack, move)
}

// ended is the generation of a standby's replica that RDS can't go on with; 0 for one that it can, or that is not there: that
// is made again as any part is.
func (s *Site) ended(ctx context.Context, side Side) (generation int, err error) {
	claim := side.State.Claim
	if claim.Role != roles.Standby || claim.Aborted {
		return 0, nil
	}
	bounded, cancel := context.WithTimeout(ctx, askAgainFor)
	defer cancel()
	runtime := s.runtimeOf(side)
	seen, err := runtime.LookAtDatabase(bounded)
	if err != nil {
		return 0, fmt.Errorf("looking at the replica of stack %s, which another one may have to replace: %w", side.Config.Stack, err)
	}
	if seen == nil || !checks.Ended(*seen, runtime.Site.Source) {
		return 0, nil
	}
	return claim.Generation.Number, nil
}

// requireAnswer refuses what needs a region that does not answer.
func (s *Site) requireAnswer(ctx context.Context, side Side, remedy string) error {
	silent, err := s.unreachable(ctx, side)
	if err == nil && silent != "" {
		err = refusal.New(refusal.CodeSilent, "AWS in %s does not answer (%s): %s", side.Config.Region, silent, remedy).Of(side.Config.Stack)
	}
	return err
}

// Abort aborts an activation that has not moved the site's name yet, and lets the
// other side reclaim the site. Where the region of the one that should abort does
// not answer, the other reclaims the site without it.
func (s *Site) Abort(ctx context.Context, run Run) (Outcome, error) {
	return s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		changes, done, err := roles.AbortChanges(rolesOf(sides))
		if err != nil || len(changes) == 0 || changes[0].Abort == 0 {
			return changes, done, err
		}
		side, other, err := find(sides, changes[0].Stack)
		if err != nil {
			return nil, "", err
		}
		silent, err := s.lost(ctx, side, other)
		if err != nil || silent == "" {
			return changes, done, err
		}
		run.say(fmt.Sprintf("AWS in %s does not answer (%s): the other side reclaims the site", side.Config.Region, silent))
		changes, err = roles.ReclaimChanges(rolesOf(sides), changes)
		return changes, done, err
	})
}

// Retire ends a former database of a stack, which leaves a final snapshot. Of one that RDS takes none of it asks for consent, which
// accepted gives.
func (s *Site) Retire(ctx context.Context, stack string, generation int, accepted Accepted, run Run) (Outcome, error) {
	return s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		return roles.RetireChanges(rolesOf(sides), stack, generation, accepted)
	})
}

// Rotate rotates a part of the site's secrets (database, salts, cache or all) on both sides, so that
// visitors notice nothing but that rotated salts end their log-ins. Run again it resumes one that has not
// ended, or begins another.
func (s *Site) Rotate(ctx context.Context, part string, run Run) (Outcome, error) {
	out, err := s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		changes, done, err := roles.RotateChanges(rolesOf(sides), part)
		if err == nil {
			err = s.checkRotate(ctx, sides, changes)
		}
		return changes, done, err
	})
	if err == nil {
		out.Next = append(out.Next, "nothing: every instance uses the new secrets, and within a minute or two those before are refused")
	}
	return out, err
}

// checkRotate refuses a rotation that would stop half-way, or begin while the replica may lack the users
// that the last one made.
func (s *Site) checkRotate(ctx context.Context, sides []Side, changes []Change) error {
	leads, other, err := leader(sides)
	if err != nil {
		return err
	}
	for _, side := range sides {
		if q := s.unlocked(ctx, side.Config.Stack); !q.OK {
			return &refusal.Error{Code: refusal.CodeLocked, Reason: q.Reason, Remedy: q.Remedy} // which names the stack
		}
	}
	if other == nil || other.State.Claim.Role != roles.Standby || leads.State.Published.Rotating != "" {
		return nil
	}
	if err := s.requireAnswer(ctx, *other, "wait until it is back, and run this again"); err != nil {
		return err
	}
	if q := s.inStep(ctx, *other); !q.OK {
		return refusal.New(refusal.CodeNotReady, "%s: secrets are rotated while the standby is in step: %s", q.Reason, cmp.Or(q.Remedy, "see to it first")).Of(changes[0].Stack)
	}
	return nil
}

// Deploy brings both stacks to the steady state, making them where they are not there.
func (s *Site) Deploy(ctx context.Context, run Run) (Outcome, error) {
	return s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		if refused := upgradeKept(sides); refused != nil { // before the replica is upgraded, which comes first
			return nil, "", refused
		}
		if leads, other, err := leader(sides); err == nil && other != nil { // its update would come first
			err = s.requireAnswer(ctx, leads, fmt.Sprintf("if it is lost, pilotlight failover moves the site; pilotlight deploy %s updates the other stack alone", other.Config.Stack))
			if err != nil {
				return nil, "", err
			}
		}
		changes := roles.DeployChanges(rolesOf(sides))
		if err := s.checkSyncPackage(sides, changes); err != nil {
			return nil, "", err
		}
		return append(replicaFirst(sides), changes...), "", nil
	})
}

// DeployStack brings one stack to what its file says. It needs nothing of the other side's region, so it mends a standby
// while production is lost.
func (s *Site) DeployStack(ctx context.Context, stack string, run Run) (Outcome, error) {
	return s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		_, _, err := find(sides, stack)
		return []Change{{Stack: stack}}, "", err
	})
}

// checkSyncPackage refuses a deployment whose standby would be refused for want of the function that copies images: that
// comes after the update of production.
func (s *Site) checkSyncPackage(sides []Side, deploys []Change) error {
	if len(deploys) < 2 {
		return nil
	}
	project, err := filepath.Abs(s.options.Dir)
	if err != nil {
		return err
	}
	standby, _, err := find(sides, deploys[1].Stack)
	if err != nil {
		return err
	}
	_, err = stacks.SyncPackage(standby.Config, project)
	return err
}

// Destroy ends both stacks, the one that leads last. The field Say of run is told what stays.
func (s *Site) Destroy(ctx context.Context, run Run) (Outcome, error) {
	return s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		changes := roles.DestroyChanges(rolesOf(sides))
		if len(changes) == 0 {
			return nil, "nothing of the site is deployed", nil
		}
		for _, change := range changes { // before the first: the second comes when the standby is gone
			stack, err := s.Stack(ctx, change.Stack, false)
			if err == nil {
				err = s.mayDestroy(ctx, stack, Run{}) // it is told when the stack's turn comes
			}
			if err != nil {
				return nil, "", err
			}
		}
		return changes, "", nil
	})
}

// upgradeKept refuses an upgrade of the active side's database that RDS would refuse for a former one of the other side; nil for no
// refusal.
func upgradeKept(sides []Side) *refusal.Error {
	if leads, other, err := leader(sides); err == nil && other != nil {
		has, wanted := leads.State.Published, leads.Config.Database.EngineVersion
		if former := stacks.FormerReplica(has.Database, wanted, other.State.Claim); former > 0 && stacks.Upgrades(has.EngineVersion, wanted) {
			return stacks.RefuseFormerReplica(former, other.Config.Stack).Of(leads.Config.Stack)
		}
	}
	return nil
}

// replicaFirst is the update of a standby whose database has to be upgraded before its source; nil
// when there is none.
func replicaFirst(sides []Side) []Change {
	_, other, err := leader(sides)
	if err != nil || other == nil {
		return nil
	}
	for _, side := range sides {
		if !stacks.Upgrades(side.State.Published.EngineVersion, side.Config.Database.EngineVersion) {
			return nil
		}
	}
	return []Change{{Stack: other.Config.Stack}}
}
