package ops

import (
	"context"

	"github.com/pilotlight-dr/pilotlight/checks"
)

// cacheNames begin the names of a side's Redis groups.
func cacheNames(side Side) string { return side.Config.Name() + "-cache-" }

// orphans are what killed updates left of a side. There are none of a stack that is locked: an update that runs is
// making what the state does not hold yet. An AWS that does not tell of them is in nobody's way.
func (s *Site) orphans(ctx context.Context, side Side, locks []LockStatus) []checks.Orphan {
	if side.State.Claim.Role == "" || len(locks) > 0 {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	found, err := s.runtimeOf(side).Orphans(bounded, cacheNames(side))
	if err != nil {
		return nil
	}
	return found
}

// orphaned are requirements that hold nothing up: what killed updates left of a side, and the commands that end it.
func (s *Site) orphaned(ctx context.Context, side Side) (all []Requirement) {
	locks, err := s.Locks(ctx, side.Config.Stack)
	if err != nil {
		return nil
	}
	for _, o := range s.orphans(ctx, side, locks) {
		all = append(all, Requirement{What: "orphan", OK: true, Seen: o.String()})
	}
	return all
}

// endOrphans deletes what killed updates left of a stack that is to be destroyed.
func (s *Site) endOrphans(ctx context.Context, stack *Stack, run Run) error {
	side := Side{}
	var err error
	if side.Config, err = s.configOf(stack.Name()); err != nil {
		return err
	}
	if side.State, err = stack.State(ctx); err != nil {
		return err
	}
	runtime := s.runtimeOf(side)
	if run.Say != nil {
		runtime.Say = run.Say
	}
	if err := runtime.EndOrphans(ctx, cacheNames(side)); err != nil {
		return &StoppedError{Stack: stack.Name(), Doing: "ending what killed updates left of", Err: err}
	}
	return nil
}
