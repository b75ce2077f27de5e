package test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestBrokenState takes a component that others name out of production's state. Pulumi refuses to use such a state, in an update of
// either stack. Commands see it before that, and all say how it is mended.
func TestBrokenState(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	editState(t, filepath.Join(stage.Dir(), "state", ".pulumi", "stacks", "pilotlight", "prod.json"), func(latest map[string]any) {
		resources := latest["resources"].([]any)
		at := indexOf(t, resources, "pilotlight:components:Network", "blog-prod")
		latest["resources"] = slices.Delete(resources, at, at+1)
	})
	before := staged.Changes(stage.World)
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	_, byStatus := site.Status(t.Context())
	_, byVerb := site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	for name, err := range map[string]error{
		"status": byStatus, "a verb": byVerb, "the other stack's program": staged.Up(t, stage, stage.Env(), scenario.Recovery, nil),
	} {
		require.ErrorContains(t, err, "the state of prod is broken, and Pulumi does not use it", name)
		require.ErrorContains(t, err, "pulumi state repair -s prod mends it", name)
		assert.Equal(t, refusal.CodeState, refusal.CodeOf(err), name)
	}
	require.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Production, nil), "pulumi state repair -s prod", "its own program")
	assert.Equal(t, before, staged.Changes(stage.World), "a refusal changes nothing")
	copies, err := site.StateCopies(t.Context(), scenario.Production, 0)
	require.NoError(t, err)
	assert.Contains(t, copies[0].Unreadable, "Pulumi takes it for broken: ")
	require.Greater(t, len(copies), 1)
	assert.Empty(t, copies[1].Unreadable)
}
