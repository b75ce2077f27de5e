package test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/ops/engine"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestTheSelectedStackStays holds that plain pulumi acts on the stack that somebody has selected, whatever stacks are opened and
// made meanwhile in the same folder.
func TestTheSelectedStackStays(t *testing.T) {
	t.Parallel()
	stage, err := scenario.Open(staged.CommandLine())
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	command, err := engine.NewCommand(staged.EngineRoot, nil)
	require.NoError(t, err)
	var env []string
	for name, value := range stage.EngineEnv() {
		env = append(env, name+"="+value)
	}
	pulumi := func(args ...string) (out string, err error) {
		out, _, _, err = command.Run(t.Context(), stage.Dir(), nil, nil, nil, env, args...)
		return strings.TrimSpace(out), err
	}
	o := stage.Options(stage.Env())
	_, err = ops.Create(t.Context(), scenario.Production, o)
	require.NoError(t, err)
	_, err = pulumi("stack", "--show-name")
	require.Error(t, err, "one that is made is not selected")

	_, err = pulumi("stack", "select", scenario.Production)
	require.NoError(t, err)
	for _, open := range []func(context.Context, string, ops.Options) (*ops.Stack, error){ops.Create, ops.Open} {
		_, err := open(t.Context(), scenario.Recovery, o)
		require.NoError(t, err)
		selected, err := pulumi("stack", "--show-name")
		require.NoError(t, err)
		assert.Equal(t, scenario.Production, selected)
	}
	_, err = ops.Open(t.Context(), "none", o)
	assert.ErrorIs(t, err, ops.ErrNoStack)
}
