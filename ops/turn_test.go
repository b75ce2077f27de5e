package ops

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops/engine"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// TestTurn holds that who waits for another operation on a stack waits no longer than his context lasts, and that the next one
// gets its turn.
func TestTurn(t *testing.T) {
	t.Parallel()
	s := &Stack{one: make(turn, 1), observer: &observer{}, options: Options{EnvVars: map[string]string{"PULUMI_DEBUG_PROVIDERS": "aws:1"}}}
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

// TestNoOperationWithoutTheProvider holds that nothing is begun on a machine that lacks the provider, which the engine may not
// download, and that the refusal has the command that installs it.
func TestNoOperationWithoutTheProvider(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	s := &Stack{one: make(turn, 1), observer: &observer{}, options: Options{EnvVars: map[string]string{"PULUMI_HOME": home, "PULUMI_IGNORE_AMBIENT_PLUGINS": "true"}}}
	for name, operate := range map[string]func() error{
		"up":      func() error { _, err := s.Up(t.Context(), Run{}); return err },
		"preview": func() error { _, err := s.Preview(t.Context(), Run{}); return err },
		"destroy": func() error { return s.Destroy(t.Context(), Run{}) },
		"drift":   func() error { return s.previewRefresh(t.Context(), Run{}) },
		"reread":  func() error { return s.reread(t.Context(), Run{}, nil) },
	} {
		failure := FailureOf(operate())
		assert.Equal(t, PluginMissing, failure.Code, name)
		assert.Equal(t, "pulumi plugin install resource aws "+pluginVersion(), failure.Remedy, name)
		assert.False(t, failure.Changed, name)
	}
	require.NoError(t, os.MkdirAll(filepath.Join(home, "plugins", "resource-aws-v"+pluginVersion()), 0o700))
	end, err := s.takeTurn(t.Context())
	require.NoError(t, err)
	end()
	s.options = Options{Command: &engine.Command{}}
	require.NoError(t, s.options.requirePlugin(), "an engine of its own may find another")
}
