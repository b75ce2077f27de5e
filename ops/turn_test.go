package ops

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// TestTurn holds that who waits for another operation on a stack waits no longer than his context lasts, and that the next one
// gets its turn.
func TestTurn(t *testing.T) {
	t.Parallel()
	s := &Stack{one: make(turn, 1), observer: &observer{}}
	end, err := s.takeTurn(t.Context())
	require.NoError(t, err)
	over, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	for name, operate := range map[string]func() error{
		"up":      func() error { _, err := s.Up(over, Run{}); return err },
		"preview": func() error { _, err := s.Preview(over, Run{}); return err },
		"destroy": func() error { return s.Destroy(over, Run{}) },
		"drift":   func() error { return s.previewRefresh(over, Run{}) },
		"reread":  func() error { return s.reread(over, Run{}, nil) },
	} {
		err := operate()
		require.ErrorIs(t, err, context.DeadlineExceeded, name)
		assert.ErrorContains(t, err, "waiting for another operation of this process", name)
	}
	_, err = s.Preview(over, Run{})
	assert.Equal(t, refusal.CodeInterrupted, FailureOf(err).Code)
	end()
	end, err = s.takeTurn(t.Context())
	require.NoError(t, err)
	end()
}
