// Package staged prepares rehearsals for tests. Rehearsals of one process run one
// after the other: the clock of each watches all its engines, so side by side
// they would only wait for each other. Tests in another package run beside them.
package staged

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/ops/engine"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
)

// EngineRoot is the folder whose bin/pulumi runs the tests, once Main has found it.
var EngineRoot string

// Main is for TestMain. It finds the engine before the tests' own time begins: a
// machine that has none builds it, which takes minutes. after runs once they have ended.
func Main(m *testing.M, after ...func()) {
	var err error
	if EngineRoot, err = engine.Find(context.Background(), os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if deployed != nil {
		deployed.Close()
	}
	for _, tidy := range after {
		tidy()
	}
	os.Exit(code)
}

// Options are those of a rehearsal with faults, written name=value.
func Options(faults ...string) scenario.Options {
	o := scenario.Options{ProdRegion: "us-west-2", DRRegion: "us-east-2", Seed: 1, Outage: sim.Hang, EngineRoot: EngineRoot}
	for _, text := range faults {
		fault, err := sim.ParseFault(text)
		if err != nil {
			panic(err)
		}
		o.Faults = append(o.Faults, fault)
	}
	return o
}

// steady is a site in its steady state, deployed once and forked by every test.
var steady = sync.OnceValues(func() (*scenario.Stage, error) {
	var err error
	if deployed, err = scenario.Open(Options()); err != nil {
		return nil, err
	}
	return deployed, deployed.DeploySite(context.Background())
})

// deployed is the stage of steady; nil when no test asked for it.
var deployed *scenario.Stage

// Steady is a stage with the site in its steady state.
func Steady(t *testing.T, o scenario.Options) *scenario.Stage {
	t.Helper()
	site, err := steady()
	require.NoError(t, err)
	stage, err := site.Fork(o)
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	return stage
}

// Disaster is a stage whose production region has been given up.
func Disaster(t *testing.T, o scenario.Options) *scenario.Stage {
	t.Helper()
	stage := Steady(t, o)
	require.NoError(t, stage.Lose())
	return stage
}

// FailOver activates the pilot light.
func FailOver(t *testing.T, stage *scenario.Stage) *scenario.Report {
	t.Helper()
	report, err := stage.FailOver(t.Context())
	require.NoError(t, err)
	return report
}

// Up updates a stack after settings were changed in its file, as pulumi up -c does.
func Up(t *testing.T, stage *scenario.Stage, env failover.Env, name string, settings map[string]string) error {
	t.Helper()
	stack, err := stage.Stack(t.Context(), name, env)
	require.NoError(t, err)
	for key, value := range settings {
		require.NoError(t, stack.Set(t.Context(), key, value))
	}
	_, err = stack.Up(t.Context(), ops.Run{})
	return err
}

// Changes counts what was done to AWS so far.
func Changes(w *sim.World) (count int) {
	changing := []string{"create", "update", "delete", "rds:PromoteReadReplica", "rds:ModifyDBInstance"}
	for _, step := range w.Journal() {
		if slices.Contains(changing, step.Operation) {
			count++
		}
	}
	return count
}

// Outputs are what a stack exports.
func Outputs(t *testing.T, stage *scenario.Stage, name string) map[string]any {
	t.Helper()
	stack, err := stage.Stack(t.Context(), name, stage.Env())
	require.NoError(t, err)
	out, err := stack.Outputs(t.Context())
	require.NoError(t, err)
	return out
}

// NothingLeft holds that updating the recovering stack again changes nothing.
func NothingLeft(t *testing.T, stage *scenario.Stage) {
	t.Helper()
	stack, err := stage.Stack(t.Context(), scenario.Recovery, stage.Env())
	require.NoError(t, err)
	before := Changes(stage.World)
	done, err := stack.Up(t.Context(), ops.Run{})
	require.NoError(t, err)
	delete(done.Changes, "same")
	assert.Empty(t, done.Changes, "a second update changes nothing")
	assert.Equal(t, before, Changes(stage.World))
}
