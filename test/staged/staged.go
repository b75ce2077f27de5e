// Package staged prepares rehearsals for tests. They run side by side: each has a
// world and a clock of its own, and one engine that stays runs the commands of all.
package staged

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/ops/engine"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/pulumid"
)

// What runs the tests, once Main has found it.
var (
	// EngineRoot is the folder whose bin/pulumi is the command line.
	EngineRoot string
	// Server is the engine that stays.
	Server *pulumid.Server
)

// watched is an engine that stays and saves a state at each step.
var watched func() (*pulumid.Server, error)

// Watched are Options whose engine saves the state at each step, as it does in life, and calls write, which may be nil, around each time.
func Watched(t *testing.T, write func(after bool)) scenario.Options {
	t.Helper()
	server, err := watched()
	require.NoError(t, err)
	o := Options()
	o.Command = &pulumid.Command{Server: server, Write: write}
	return o
}

// sideBySide is how many tests of a package run at once. They need the processor half of
// their time: a simulated clock waits for quiet before each step.
const sideBySide = "8"

// Main is for TestMain. It finds the engines before the tests' own time begins: a
// machine that has none builds them, which takes minutes. The engine that stays saves a state
// when an operation ends, and not at each step: that is a third of what an operation costs.
// after runs once the tests have ended.
func Main(m *testing.M, after ...func()) { os.Exit(run(m, false, after)) }

// MainEachStep is Main for tests that end operations in the middle: the state is saved at each
// step, as it is in life.
func MainEachStep(m *testing.M, after ...func()) { os.Exit(run(m, true, after)) }

func run(m *testing.M, eachStep bool, after []func()) (code int) {
	debug.SetGCPercent(1600)
	debug.SetMemoryLimit(1 << 30)
	err := flag.Set("test.parallel", sideBySide)
	if err == nil {
		EngineRoot, err = engine.Find(context.Background(), os.Stderr)
	}
	if err == nil {
		Server, err = pulumid.Start(context.Background(), eachStep)
	}
	watched = sync.OnceValues(func() (*pulumid.Server, error) {
		if eachStep {
			return Server, nil
		}
		another, err := pulumid.Start(context.Background(), true)
		after = append(after, func() { another.Close() })
		return another, err
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer Server.Close()
	defer func() {
		if deployed != nil {
			deployed.Close()
		}
		for _, tidy := range after {
			tidy()
		}
	}()
	return m.Run()
}

// CommandLine are Options with a process of the pulumi command for everything that the
// engine is asked for.
func CommandLine(faults ...string) scenario.Options {
	o := Options(faults...)
	o.Command = nil
	return o
}

// Options are those of a rehearsal with faults, written name=value.
func Options(faults ...string) scenario.Options {
	o := scenario.Options{
		ProdRegion: "us-west-2", DRRegion: "us-east-2", Seed: 1, Outage: sim.Hang,
		EngineRoot: EngineRoot, Command: &pulumid.Command{Server: Server},
	}
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
	for key, value := range settings {
		Set(t, stage.Dir(), name, key, value)
	}
	stack, err := stage.Stack(t.Context(), name, env)
	require.NoError(t, err)
	_, err = stack.Up(t.Context(), ops.Run{})
	return err
}

// Set writes a key into a stack's file, as pulumi config set does. No check looks at it.
func Set(t *testing.T, dir, stack, key, value string) {
	t.Helper()
	require.NoError(t, config.Settings{key: value}.Save(dir, stack))
}

// SetRole writes the role into a stack's file, as pulumi up -c role=… does.
func SetRole(t *testing.T, dir, stack string, role roles.Role) {
	t.Helper()
	Set(t, dir, stack, "role", string(role))
}

// Inject has faults strike the world from now on, written name=value.
func Inject(t *testing.T, stage *scenario.Stage, faults ...string) {
	t.Helper()
	for _, text := range faults {
		fault, err := sim.ParseFault(text)
		require.NoError(t, err)
		require.NoError(t, stage.World.Inject(fault))
	}
}

// Rewrite replaces a text in a stack's file.
func Rewrite(t *testing.T, stage *scenario.Stage, stack, old, now string) {
	t.Helper()
	path := filepath.Join(stage.Dir(), "Pulumi."+stack+".yaml")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), old)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), old, now, 1)), 0o600))
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
