package roundtrip

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestNames holds that all names of a site move with its domain, and that a name of others is
// never taken.
func TestNames(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	w := stage.World
	up := func(stack string, settings map[string]string) error {
		return staged.Up(t, stage, stage.Env(), stack, settings)
	}
	lead := func(want any, names ...string) {
		t.Helper()
		for _, name := range names {
			target, _ := w.Resolve(name)
			assert.Equal(t, want, target, name)
		}
	}
	names := map[string]string{"names": `["example.com", "blog.example.com"]`}
	require.NoError(t, up(scenario.Production, names))
	require.NoError(t, up(scenario.Recovery, names))
	lead(staged.Outputs(t, stage, scenario.Production)[stacks.OutputBalancer], "www.example.com", "example.com", "blog.example.com")

	w.Clock().Advance(time.Hour)
	w.LoseRegion("us-west-2", sim.Hang)
	w.Clock().Advance(15 * time.Minute)
	require.NoError(t, up(scenario.Recovery, map[string]string{"role": "active"}))
	lead(staged.Outputs(t, stage, scenario.Recovery)[stacks.OutputBalancer], "www.example.com", "example.com", "blog.example.com")

	w.SetRecord("us-east-2", "Z00000000000000000000", "shop.example.com", "192.0.2.1")
	more := map[string]string{"names": `["example.com", "blog.example.com", "shop.example.com"]`}
	require.ErrorContains(t, up(scenario.Recovery, more), "shop.example.com leads to 192.0.2.1 already")
	lead("192.0.2.1", "shop.example.com")
	more["dns"] = `{"zoneId": "Z00000000000000000000", "takeOver": true}`
	require.NoError(t, up(scenario.Recovery, more))
	lead(staged.Outputs(t, stage, scenario.Recovery)[stacks.OutputBalancer], "shop.example.com", "example.com")
}
