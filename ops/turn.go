package ops

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/pilotlight-dr/pilotlight/ops/checkpoint"
)

// turn lets one operation at a time work on a stack: it holds what the one that does has put there.
type turn chan struct{}

// takeTurn waits until the operation before has ended, which of a failover may take half an hour. Call end afterwards: it also
// stops all that the observer passes on, as hooks and events may be late.
// It refuses an operation that this machine lacks the provider for.
func (s *Stack) takeTurn(ctx context.Context) (end func(), err error) {
	if err := s.options.requirePlugin(); err != nil {
		return nil, err
	}
	end = func() {
		s.observer.end()
		<-s.one
	}
	select {
	case s.one <- struct{}{}:
		return end, nil
	default:
	}
	select {
	case s.one <- struct{}{}:
		return end, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for another operation of this process on stack %s: %w", s.Name(), context.Cause(ctx))
	}
}

// seen are the ids of some resources, by their URNs, as they were when AWS was asked about them, before the operation had its turn.
type seen map[string]string

// seenIn are some resources of a state as they are in it.
func seenIn(held apitype.DeploymentV3, urns []string) seen {
	all := seen{}
	for _, r := range checkpoint.Current(held) {
		if slices.Contains(urns, string(r.URN)) {
			all[string(r.URN)] = string(r.ID)
		}
	}
	return all
}

// still are the URNs of those that a state holds as they were: the operation before may have replaced one.
func (s seen) still(held apitype.DeploymentV3) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s)), func(urn string) bool { return seenIn(held, []string{urn})[urn] != s[urn] })
}

// still is seen.still of the stack's state, now that the operation has its turn.
func (s *Stack) still(ctx context.Context, was seen) ([]string, error) {
	if len(was) == 0 {
		return nil, nil
	}
	held, err := s.saved(ctx)
	return was.still(held), err
}
