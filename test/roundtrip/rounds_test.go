package roundtrip

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestManyTimesThereAndBack loses production, rebuilds it, goes home in the planned
// way and retires what is left, over and over. Nothing grows but the count of
// epochs and generations, and one final snapshot for every database that was retired.
func TestManyTimesThereAndBack(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	up := func(stack string, settings map[string]string) {
		t.Helper()
		require.NoError(t, staged.Up(t, stage, stage.Env(), stack, settings))
	}
	const rounds = 2 // the second starts where the first started, so any later one is like it
	var objects map[string]int
	var size int
	for round := 1; round <= rounds; round++ {
		stage.World.Clock().Advance(time.Hour)
		stage.World.LoseRegion("us-west-2", sim.Refuse)
		stage.World.Clock().Advance(15 * time.Minute)
		up(scenario.Recovery, map[string]string{"role": "active"})
		stage.World.ReturnRegion("us-west-2")
		stage.World.Clock().Advance(time.Hour)

		up(scenario.Production, map[string]string{"role": "standby"})
		stage.World.Clock().Advance(time.Hour)
		retire(t, stage, scenario.Production, round)

		up(scenario.Recovery, map[string]string{"role": "frozen"})
		up(scenario.Production, map[string]string{"role": "active"})
		up(scenario.Recovery, map[string]string{"role": "standby"})
		stage.World.Clock().Advance(time.Hour)
		retire(t, stage, scenario.Recovery, round)
		up(scenario.Production, nil)

		now, held := staged.Inventory(stage.World), states(t, stage)
		for _, region := range []string{"us-west-2", "us-east-2"} {
			snapshots := region + " snapshot"
			assert.Equal(t, round, now[snapshots], "every generation that ended left its final snapshot")
			delete(now, snapshots)
		}
		if round == 1 {
			objects, size = now, held
		}
		assert.Equal(t, objects, now, "round %d", round)
		assert.InDelta(t, size, held, 0.02*float64(size), "the states of round %d", round)
	}
	out := staged.Outputs(t, stage, scenario.Production)
	assert.Equal(t, "active", out["role"])
	assert.InDelta(t, 1+2*rounds, out["epoch"], 0)
	assert.Equal(t, fmt.Sprintf("blog-prod-%d", rounds+1), out["database"])
}

// retire ends a generation in the two updates that this takes.
func retire(t *testing.T, stage *scenario.Stage, stack string, generation int) {
	t.Helper()
	for range 2 {
		require.NoError(t, staged.Up(t, stage, stage.Env(), stack, map[string]string{"retire": fmt.Sprint(generation)}))
	}
}

// states is how long the checkpoints of both stacks are together.
func states(t *testing.T, stage *scenario.Stage) (length int) {
	t.Helper()
	for _, name := range []string{scenario.Production, scenario.Recovery} {
		stack, err := stage.Stack(t.Context(), name, stage.Env())
		require.NoError(t, err)
		text, err := stack.Export(t.Context())
		require.NoError(t, err)
		require.True(t, json.Valid(text))
		length += len(text)
	}
	return length
}
