package ops

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
)

// runCheckedProcedure is runProcedure for what involves both sides. It compares both states with AWS
// before it changes either.
func (s *Site) runCheckedProcedure(ctx context.Context, run Run, decide func([]Side) ([]Change, string, error)) (Outcome, error) {
	return s.runProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		if err := s.checkRecords(ctx, sides); err != nil {
			return nil, "", err
		}
		return decide(sides)
	})
}

// checkRecords refuses the states that have diverged from AWS.
func (s *Site) checkRecords(ctx context.Context, sides []Side) error {
	whys, _ := s.divergences(ctx, sides) // a region that does not answer can't contradict
	var refusals []error
	for i, side := range sides {
		if whys[i] != nil {
			refusals = append(refusals, whys[i].Of(side.Config.Stack))
		}
	}
	return errors.Join(refusals...)
}

// runProcedure decides what is left of a procedure and does it, one update after the other.
func (s *Site) runProcedure(ctx context.Context, run Run, decide func([]Side) ([]Change, string, error)) (_ Outcome, err error) {
	defer noteEnd(ctx, &err)
	sides, err := s.Sides(ctx)
	if err != nil {
		return Outcome{}, untouched(err)
	}
	changes, nothing, err := decide(sides)
	if err == nil {
		err = errors.Join(checkAgreement(sides, changes), roles.CheckRoles(rolesOf(sides), changes))
	}
	if err != nil || len(changes) == 0 {
		return Outcome{NothingToDo: nothing, Done: []Change{}}, untouched(err)
	}
	if run.Confirm != nil {
		if err := run.Confirm(s.statusOf(ctx, sides), changes); err != nil {
			return Outcome{}, untouched(err)
		}
	}
	out, idle := Outcome{Done: []Change{}, Remaining: changes}, true
	var notes []string
	for _, change := range changes {
		if run.Begin != nil {
			run.Begin(change)
		}
		result, err := s.Apply(ctx, change, run)
		if result.Report != nil {
			out.Reports = append(out.Reports, *result.Report)
		}
		notes = append(notes, result.Notes...)
		if err != nil {
			out, err = s.halted(ctx, out, err)
			out.Next = append(out.Next, notes...)
			return out, err
		}
		out.Done, out.Remaining = append(out.Done, change), out.Remaining[1:]
		idle = idle && result.idle() && !change.Destroy
	}
	if idle && nothing != "" {
		return Outcome{NothingToDo: nothing, Done: []Change{}, Next: notes}, nil
	}
	out.Next = append(toCommit(changes), notes...)
	if idle && len(out.Next) > len(notes) { // the roles were still to be changed when the claims were read
		return Outcome{NothingToDo: "another run has done it meanwhile", Done: []Change{}, Next: append(out.Next, s.nextSteps(ctx)...)}, nil
	}
	if changes[0].Destroy {
		out.Next = append(out.Next, "what stays, and may cost: media buckets, KMS keys, automated backups, final snapshots, and the site's DNS record; "+
			"to deploy again, delete that record or set dns.takeOver")
	} else {
		out.Next = append(out.Next, s.nextSteps(ctx)...)
	}
	return out, nil
}

// halted is a procedure that did not come to its end. One that did something before it
// was refused did not leave things as they were.
func (s *Site) halted(ctx context.Context, out Outcome, err error) (Outcome, error) {
	stack := out.Remaining[0].Stack
	_, stopped := errors.AsType[*StoppedError](err)
	if len(out.Done) > 0 && !stopped && ctx.Err() == nil {
		err = &StoppedError{Stack: stack, Doing: fmt.Sprintf("after %d of %d updates, updating", len(out.Done), len(out.Done)+len(out.Remaining)), Err: err}
	}
	switch {
	case ctx.Err() != nil || len(out.Done) == 0 && refusal.CodeOf(err) != "":
	case out.Remaining[0].Destroy:
		out.Next = []string{"pilotlight destroy"}
	default:
		out.Next = s.nextSteps(ctx)
	}
	return out, err
}

// toCommit is what to do with the files that changes wrote a role into.
func toCommit(changes []Change) (next []string) {
	said := map[string]roles.Role{}
	for _, c := range changes {
		if c.Role != "" {
			said[c.Stack] = c.Role
		}
	}
	for _, stack := range slices.Sorted(maps.Keys(said)) {
		next = append(next, fmt.Sprintf("commit %s, which now holds role: %s", config.FileName(stack), said[stack]))
	}
	return next
}

// nextSteps is what the claims of both stacks ask for now, and nothing when they can't be read.
func (s *Site) nextSteps(ctx context.Context) []string {
	sides, err := s.Sides(ctx)
	if err != nil {
		return nil
	}
	if _, next, steady := roles.Standing(rolesOf(sides)); !steady && next != "" {
		return []string{next}
	}
	return nil
}

// Apply makes one change: the stack is updated with a configuration of the operation's own,
// so that two operations do not write over each other's and one that is refused leaves the
// files as they are. A role is written into the stack's file once the stack's claim,
// read again, has it. An operation that ended well without that is a *StoppedError.
func (s *Site) Apply(ctx context.Context, change Change, run Run) (_ Result, err error) {
	defer noteEnd(ctx, &err)
	stack, err := s.Stack(ctx, change.Stack, true)
	if err != nil {
		return Result{}, err
	}
	if change.Destroy {
		was, err := stack.State(ctx)
		if err != nil {
			return Result{}, err
		}
		if err := s.mayDestroy(ctx, stack, run); err != nil {
			return Result{}, err
		}
		if was.Claim.Role != "" && !was.DestroyProtected { // another update would build up again what is half gone
			return Result{}, s.destroy(ctx, stack, run)
		}
	}
	file, remove, err := config.Settings(change.Settings()).CopyWith(s.options.Dir, change.Stack)
	if err != nil {
		return Result{}, err
	}
	defer remove()
	run.ConfigFile = file
	run.tearsDown = change.Destroy
	if change.Role == "" && !change.Destroy { // a change of role waits for no certificate
		run.replace = s.staleCertificate(ctx, stack, run)
	}
	if !change.Destroy {
		if run.unmade, err = s.reread(ctx, stack, change, run); err != nil {
			return Result{}, untouched(err)
		}
	}
	run, replaces := watchRollout(run)
	result, err := stack.Up(ctx, run)
	if change.Destroy && err == nil {
		return result, s.destroy(ctx, stack, run)
	}
	if err == nil && replaces.Load() {
		result.Notes = append(result.Notes, stack.rolloutNotes(ctx)...)
	}
	return s.confirmed(ctx, stack, change, result, err)
}

// mayDestroy refuses to destroy a stack before anything of it is changed.
func (s *Site) mayDestroy(ctx context.Context, stack *Stack, run Run) error {
	side, runtime, err := s.toDestroy(ctx, stack, run)
	if err == nil {
		err = s.requireAccount(ctx, side)
	}
	if err != nil || side.State.Claim.Role == "" {
		return err
	}
	return s.requireNoDatabase(ctx, stack, runtime, side, side.State.DestroyProtected)
}

// destroy ends a stack, and what killed updates left of it: that would keep the network from being deleted.
func (s *Site) destroy(ctx context.Context, stack *Stack, run Run) error {
	if err := s.endOrphans(ctx, stack, run); err != nil {
		return err
	}
	return stack.Destroy(ctx, run)
}

// confirmed reads the claim again after an update, and writes the role that it has into the
// stack's file. An old role in the file would be refused by the next plain update.
func (s *Site) confirmed(ctx context.Context, stack *Stack, change Change, result Result, failed error) (Result, error) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), askAgainFor) // also when ctx was what ended the update
	defer cancel()
	is, err := stack.State(bounded)
	switch {
	case err != nil && failed == nil:
		return result, &StoppedError{Stack: change.Stack, Doing: "reading again the claim of", Err: err, Report: result.Report}
	case err != nil || change.Role == "" && failed != nil:
		return result, failed // which says what to do
	case change.Role != "" && is.Claim.Role != change.Role && failed == nil:
		return result, &StoppedError{
			Stack: change.Stack, Doing: "updating", Report: result.Report,
			Err: fmt.Errorf("the update ended well, but the stack is %s, not %s: another update changed it meanwhile; pilotlight status says where the site stands", is.Claim.Role, change.Role),
		}
	case change.Role != "" && is.Claim.Role != change.Role:
		return result, failed
	}
	if err := config.Settings(Change{Stack: change.Stack, Role: change.Role}.Settings()).Save(s.options.Dir, change.Stack); err != nil {
		result.Notes = append(result.Notes, fmt.Sprintf("set role: %s in %s yourself, it could not be written: %v", change.Role, config.FileName(change.Stack), err))
	}
	return result, failed
}
