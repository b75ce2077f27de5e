// Package kills holds that an operation which is killed anywhere is survived by the
// same command.
package kills

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// scratch is a folder for what tests share.
var scratch string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pilotlight-kills-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	scratch = dir
	staged.Main(m, func() { _ = os.RemoveAll(dir) })
}

// TestKillAnywhere kills each procedure at points that are spread over all at which AWS or
// a state changes, with -everywhere at all of them. The same verb, given again, ends as
// undisturbed.
func TestKillAnywhere(t *testing.T) {
	t.Parallel()
	for _, p := range procedures {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			known := p.known(t)
			assert.GreaterOrEqual(t, len(known.points), p.points)
			t.Logf("it may be killed at %d points", len(known.points))
			for _, at := range known.points {
				if p.claims && strings.Contains(at.Name, "accepted") && strings.Contains(at.Name, "blog-dr") {
					assert.True(t, claimed(t, at.Dir, scenario.Recovery), "AWS is asked for nothing before the claim is saved: %s", at.Name)
				}
			}
			for _, i := range staged.Sample(len(known.points), 3) {
				t.Run(fmt.Sprintf("%d %s", i, known.points[i].Name), func(t *testing.T) {
					t.Parallel()
					stage := again(t, known.points[i].Moment)
					require.NoError(t, p.run(t.Context(), t, stage))
					assert.Equal(t, known.end, settled(t, stage, known.end))
				})
			}
		})
	}
}

// claimed reports whether the state of a stack holds an active claim.
func claimed(t *testing.T, dir, stack string) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "state", ".pulumi", "stacks", config.Project, stack+".json"))
	require.NoError(t, err)
	return strings.Contains(string(text), `\"role\":\"active\"`)
}

// settled gives another update to a stack whose last one remembers what killed ones had
// begun and has been made since. It forgets that: else the engine would tell of it for ever.
func settled(t *testing.T, stage *scenario.Stage, undisturbed end) end {
	t.Helper()
	now := endOf(t, stage)
	for name, pending := range now.Pending {
		if pending > undisturbed.Pending[name] {
			// The file may have an older role: the kill came before it was written.
			role, _ := now.Outputs[name][stacks.OutputRole].(string)
			require.NoError(t, staged.Up(t, stage, stage.Env(), name, map[string]string{"role": role}))
			now = endOf(t, stage)
		}
	}
	return now
}

// orphans are what AWS may go on making for a killed update, beside what the next
// one makes. The engine warns of them. A version of a secret that another has
// replaced is Secrets Manager's to end.
var orphans = []string{"aws:elasticache/replicationGroup:ReplicationGroup", "aws:secretsmanager/secretVersion:SecretVersion"}

// end is how a procedure ends.
type end struct {
	Inventory map[string]int // but for orphans
	Outputs   map[string]map[string]any
	Pending   map[string]int // operations
}

type resource struct {
	Type    string
	Outputs map[string]any
}

func endOf(t *testing.T, stage *scenario.Stage) end {
	t.Helper()
	now := end{Inventory: staged.Inventory(stage.World), Outputs: map[string]map[string]any{}, Pending: map[string]int{}}
	for what := range now.Inventory {
		if _, typ, _ := strings.Cut(what, " "); slices.Contains(orphans, typ) {
			delete(now.Inventory, what)
		}
	}
	target, _ := stage.World.Resolve("www.example.com")
	for _, name := range []string{scenario.Production, scenario.Recovery} {
		stack, err := stage.Stack(t.Context(), name, stage.Env())
		require.NoError(t, err)
		text, err := stack.Export(t.Context())
		require.NoError(t, err)
		var state struct {
			Resources []resource
			Pending   []any `json:"pending_operations"`
		}
		require.NoError(t, json.Unmarshal(text, &state))
		exported := state.Resources[slices.IndexFunc(state.Resources, func(r resource) bool { return r.Type == "pulumi:pulumi:Stack" })].Outputs
		// The engine gives a balancer a random name; the site's own must lead to it while
		// the stack is active.
		exported[stacks.OutputBalancer] = exported[stacks.OutputBalancer] == target
		now.Outputs[name], now.Pending[name] = exported, len(state.Pending)
	}
	return now
}
