package test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// deadline is a context whose deadline passes when it is told to.
type deadline struct {
	context.Context
	pass func()
	over chan struct{}
}

func newDeadline(t *testing.T) *deadline {
	t.Helper()
	over := make(chan struct{})
	return &deadline{t.Context(), sync.OnceFunc(func() { close(over) }), over}
}

func (d *deadline) Done() <-chan struct{} { return d.over }

func (d *deadline) Err() error {
	select {
	case <-d.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// TestUntouched holds what an embedder is told of an operation that ends early: before the first update nothing was
// changed, and a deadline interrupts as a cancellation does.
func TestUntouched(t *testing.T) {
	t.Parallel()
	stage := staged.Disaster(t, staged.Options())
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	declined := errors.New("declined")
	fail := func(ctx context.Context, run ops.Run) error {
		_, err := site.Failover(ctx, ops.Accepted{}, run)
		return err
	}
	over := newDeadline(t)
	over.pass()
	asked, meanwhile := newDeadline(t), newDeadline(t)
	_, unplanned := site.PlanFailover(over, ops.Accepted{}, ops.Run{})
	before := staged.Changes(stage.World)
	for name, tc := range map[string]struct {
		err  error
		code string
	}{
		"declined":                  {fail(t.Context(), ops.Run{Confirm: func(ops.Status, []ops.Change) error { return declined }}), refusal.CodeFailed},
		"over before it began":      {fail(over, ops.Run{}), refusal.CodeInterrupted},
		"over while it is asked":    {fail(asked, ops.Run{Confirm: func(ops.Status, []ops.Change) error { asked.pass(); return declined }}), refusal.CodeInterrupted},
		"over before a plan is had": {unplanned, refusal.CodeInterrupted},
	} {
		f := ops.FailureOf(tc.err)
		assert.Equal(t, tc.code, f.Code, "%s: %v", name, tc.err)
		assert.False(t, f.Changed, "%s: %v", name, tc.err)
	}
	assert.Equal(t, before, staged.Changes(stage.World))

	err = fail(meanwhile, ops.Run{Step: func(ops.Step) { meanwhile.pass() }})
	f := ops.FailureOf(err)
	assert.Equal(t, refusal.CodeInterrupted, f.Code, "%v", err)
	assert.True(t, f.Changed, "%v", err)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, fail(t.Context(), ops.Run{}), "it resumes")
}
