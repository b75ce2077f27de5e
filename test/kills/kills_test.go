package kills

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// orphans are what AWS may go on making for a killed update, beside what the next
// one makes: their names are not fixed. The engine warns of them.
var orphans = []string{
	"aws:elasticache/replicationGroup:ReplicationGroup", "aws:ec2/eip:Eip", "aws:rds/parameterGroup:ParameterGroup",
}

// command is one that an operator gives.
type command struct {
	stack    string
	settings map[string]string
}

// boundary names where a step of an update begins or ends; empty for other events,
// and for steps that do nothing.
func boundary(e events.EngineEvent) string {
	switch {
	case e.ResourcePreEvent != nil && changes(e.ResourcePreEvent.Metadata.Op):
		return fmt.Sprintf("before %s %s", e.ResourcePreEvent.Metadata.Op, e.ResourcePreEvent.Metadata.URN)
	case e.ResOutputsEvent != nil && changes(e.ResOutputsEvent.Metadata.Op):
		return fmt.Sprintf("after %s %s", e.ResOutputsEvent.Metadata.Op, e.ResOutputsEvent.Metadata.URN)
	}
	return ""
}

func changes(op apitype.OpType) bool {
	return op != apitype.OpSame && op != apitype.OpRefresh && op != apitype.OpRead
}

// persist gives a command again and again. Each time the engine is killed at the
// first step boundary at which it never was before, until no such is left and the
// update comes to its end. It returns the boundaries.
func persist(t *testing.T, stage *scenario.Stage, root string, c command) (killed []string) {
	t.Helper()
	for {
		stack, err := stage.Stack(t.Context(), c.stack, stage.Env())
		require.NoError(t, err)
		for key, value := range c.settings {
			require.NoError(t, stack.Set(t.Context(), key, value))
		}
		at := ""
		_, err = stack.Up(t.Context(), ops.Run{Event: func(e events.EngineEvent) {
			if here := boundary(e); at == "" && here != "" && !slices.Contains(killed, here) {
				at = here
				staged.Kill(t, root)
			}
		}})
		if at == "" {
			require.NoError(t, err, "after %d kills, the last %s", len(killed), killed[max(0, len(killed)-3):])
			return killed
		}
		require.Error(t, err, "the engine was killed %s", at)
		killed = append(killed, at)
		require.Less(t, len(killed), 400, "it never ends: %v", killed)
		require.NoError(t, stack.Unlock(t.Context()), "after a kill %s", at)
	}
}

// TestKillEverywhere kills a failover, a rebuild and a switchover at every
// boundary of every step. The same command, given again, ends as undisturbed.
func TestKillEverywhere(t *testing.T) {
	active, standby := map[string]string{"role": "active"}, map[string]string{"role": "standby"}
	failover := []command{{scenario.Recovery, active}}
	rebuild := []command{{scenario.Production, standby}}
	switchover := []command{
		{scenario.Production, map[string]string{"role": "frozen"}}, {scenario.Recovery, active}, {scenario.Production, standby},
	}
	lost := func(t *testing.T, root string) *scenario.Stage {
		t.Helper()
		o := staged.Options()
		o.EngineRoot = root
		return staged.Disaster(t, o)
	}
	for name, tc := range map[string]struct {
		before   func(t *testing.T, root string) *scenario.Stage
		commands []command
		least    int // boundaries
	}{
		"failover": {lost, failover, 30},
		"rebuild": {func(t *testing.T, root string) *scenario.Stage {
			t.Helper()
			stage := lost(t, root)
			require.Empty(t, staged.FailOver(t, stage).Refusal)
			stage.World.ReturnRegion("us-west-2")
			stage.World.Clock().Advance(10 * time.Minute)
			return stage
		}, rebuild, 30},
		"switchover": {func(t *testing.T, root string) *scenario.Stage {
			t.Helper()
			o := staged.Options()
			o.EngineRoot = root
			stage := staged.Steady(t, o)
			stage.World.Clock().Advance(time.Hour)
			return stage
		}, switchover, 60},
	} {
		t.Run(name, func(t *testing.T) {
			undisturbed := tc.before(t, staged.EngineRoot)
			for _, c := range tc.commands {
				require.NoError(t, staged.Up(t, undisturbed, undisturbed.Env(), c.stack, c.settings))
			}
			root := staged.Mortal(t)
			stage, kills := tc.before(t, root), 0
			for _, c := range tc.commands {
				kills += len(persist(t, stage, root, c))
			}
			assert.Greater(t, kills, tc.least)
			t.Logf("killed at %d boundaries", kills)
			assert.Equal(t, without(staged.Inventory(undisturbed.World)), without(staged.Inventory(stage.World)))
			for _, name := range []string{scenario.Production, scenario.Recovery} {
				assert.Equal(t, outputs(t, undisturbed, name), outputs(t, stage, name))
			}
			settled(t, stage, tc.commands[len(tc.commands)-1].stack)
		})
	}
}

// settled gives the next update, which forgets what was begun by those that were
// killed and has been made since: else the engine would tell of it for ever.
func settled(t *testing.T, stage *scenario.Stage, name string) {
	t.Helper()
	stack, err := stage.Stack(t.Context(), name, stage.Env())
	require.NoError(t, err)
	_, err = stack.Up(t.Context(), ops.Run{})
	require.NoError(t, err)
	var checkpoint struct {
		Pending []map[string]any `json:"pending_operations"`
	}
	state, err := stack.Export(t.Context())
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(state, &checkpoint))
	assert.Empty(t, checkpoint.Pending)
}

// without takes out what may have been left beside the state.
func without(count map[string]int) map[string]int {
	for what := range count {
		if _, typ, _ := strings.Cut(what, " "); slices.Contains(orphans, typ) {
			delete(count, what)
		}
	}
	return count
}

// outputs are what a stack exports. The engine gives a balancer a random name; the
// site's own must lead to it while the stack is active.
func outputs(t *testing.T, stage *scenario.Stage, stack string) map[string]any {
	t.Helper()
	exported := staged.Outputs(t, stage, stack)
	target, _ := stage.World.Resolve("www.example.com")
	exported[stacks.OutputBalancer] = exported[stacks.OutputBalancer] == target
	return exported
}
