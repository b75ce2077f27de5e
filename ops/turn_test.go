package ops

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
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

// TestSeenBeforeTheTurn holds that what an operation before has replaced is not replaced again for what was seen of the one before.
func TestSeenBeforeTheTurn(t *testing.T) {
	t.Parallel()
	at := func(name, id string, deleted bool) apitype.ResourceV3 {
		return apitype.ResourceV3{URN: urn.URN("urn:pulumi:dr::pilotlight::aws:lb/loadBalancer:LoadBalancer::" + name), Custom: true, ID: resource.ID(id), Delete: deleted}
	}
	before := apitype.DeploymentV3{Resources: []apitype.ResourceV3{at("replaced", "1", false), at("left", "2", false), at("deleted", "3", false), at("other", "4", false)}}
	name := func(of string) string { return string(at(of, "", false).URN) }
	was := seenIn(before, []string{name("replaced"), name("left"), name("deleted")})
	assert.Len(t, was, 3)
	assert.Len(t, was.still(before), 3)
	after := apitype.DeploymentV3{Resources: []apitype.ResourceV3{at("replaced", "5", false), at("replaced", "1", true), at("left", "2", false), at("other", "4", false)}}
	assert.Equal(t, []string{name("left")}, was.still(after))
}
