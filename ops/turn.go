package ops

import (
	"context"
	"fmt"
)

// turn lets one operation at a time work on a stack: it holds what the one that does has put there.
type turn chan struct{}

// takeTurn waits until the operation before has ended, which of a failover may take half an hour. Call end afterwards.
// It refuses an operation that this machine lacks the provider for.
func (s *Stack) takeTurn(ctx context.Context) (end func(), err error) {
	if err := s.options.requirePlugin(); err != nil {
		return nil, err
	}
	end = func() { <-s.one }
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
