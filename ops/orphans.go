package ops

import (
	"context"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/checks"
)

// cacheNames begin the names of a side's Redis groups.
func cacheNames(side Side) string { return side.Config.Name() + "-cache-" }

// orphans are what killed updates left of a side. An update that runs makes what the state does not hold yet, and one
// that ended since the state was read has made what it does hold now: whoever followed the advice would delete what the
// site is served with. So AWS is asked first, then for locks, and the state is read again. Where the backend tells of no
// locks, or AWS of nothing, there are none.
func (s *Site) orphans(ctx context.Context, side Side) []checks.Orphan {
	if side.State.Claim.Role == "" {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	found, err := s.runtimeOf(side).Orphans(bounded, cacheNames(side))
	if err != nil || len(found) == 0 {
		return nil
	}
	if locks, err := s.Locks(bounded, side.Config.Stack); err != nil || len(locks) > 0 {
		return nil
	}
	stack, err := s.Stack(bounded, side.Config.Stack, false)
	if err != nil {
		return nil
	}
	now, err := stack.State(bounded)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(found, func(o checks.Orphan) bool {
		return slices.ContainsFunc(now.ResourceIDs, func(arn string) bool { return strings.HasSuffix(arn, o.ID) })
	})
}

// orphaned are requirements that hold nothing up: what killed updates left of a side, and the commands that end it.
func (s *Site) orphaned(ctx context.Context, side Side) (all []Requirement) {
	for _, o := range s.orphans(ctx, side) {
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
	if err := stack.requireFree(ctx, run); err != nil {
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
