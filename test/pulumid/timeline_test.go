package pulumid_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// record is what came of the deployment of a site and its failover.
type record struct {
	timeline []string // what AWS was asked for, and when
	deleted  []string // at the end
	events   []string // of the engine, without their order
	outputs  map[string]any
	changes  []map[string]int
	history  []ops.Update
}

// live deploys a site, loses its production region, and fails over.
func live(t *testing.T, o scenario.Options) (r record) {
	t.Helper()
	stage, err := scenario.Open(o)
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	up := func(name string) {
		stack, err := stage.Stack(t.Context(), name, stage.Env())
		require.NoError(t, err)
		done, err := stack.Up(t.Context(), ops.Run{Event: func(e events.EngineEvent) {
			if out := e.ResOutputsEvent; out != nil {
				r.events = append(r.events, fmt.Sprintf("%s %s", out.Metadata.Op, out.Metadata.URN))
			}
		}})
		require.NoError(t, err)
		r.changes = append(r.changes, done.Changes)
	}
	up(scenario.Production)
	up(scenario.Recovery)
	up(scenario.Production)
	require.NoError(t, stage.Lose())
	staged.SetRole(t, stage.Dir(), scenario.Recovery, roles.Active)
	up(scenario.Recovery)

	for _, s := range stage.World.Journal() {
		when := s.Begin.Format("15:04:05.000") + " " + s.End.Format("15:04:05.000")
		if s.Kind == "provider" && s.Operation == "delete" {
			// It comes when the program has ended, and nothing shows any more that the engine works: two
			// deletions begin at once, or one after the other.
			r.deleted = append(r.deleted, fmt.Sprintf("%s %s %s", s.Region, s.Type, s.Name))
			continue
		}
		r.timeline = append(r.timeline, fmt.Sprintf("%s %s %s %s %s %s %s", when, s.Region, s.Kind, s.Operation, s.Type, s.Name, s.Err))
	}
	slices.Sort(r.deleted)
	slices.Sort(r.events)
	r.outputs = staged.Outputs(t, stage, scenario.Recovery)
	delete(r.outputs, stacks.OutputBalancer) // the engine gives it a random name
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	r.history, err = site.History(t.Context(), 10)
	require.NoError(t, err)
	for i := range r.history {
		r.history[i].Began = time.Time{}
	}
	slices.SortFunc(r.history, func(a, b ops.Update) int { return a.Version - b.Version })
	return r
}

// TestSameTimeline keeps the engine that stays and the pulumi command from drifting:
// the same site has the same fate in both, to the millisecond, also where engine and
// program, in turn, get nothing done for a while, as on a busy machine.
func TestSameTimeline(t *testing.T) {
	var command, server record
	t.Run("undisturbed", func(t *testing.T) {
		t.Run("command", func(t *testing.T) {
			t.Parallel()
			command = live(t, staged.CommandLine())
		})
		t.Run("server", func(t *testing.T) {
			t.Parallel()
			server = live(t, staged.Options())
		})
	})
	assert.Equal(t, command, server)
	t.Run("halting", func(t *testing.T) {
		halt(t, os.Getpid(), staged.Server.PID())
		assert.Equal(t, server, live(t, staged.Options()))
	})
}

// halt stops one of the processes after another for a moment, again and again until the
// test ends. Nothing else is slowed by that, as it would be by processes that keep the machine busy.
func halt(t *testing.T, pids ...int) {
	t.Helper()
	script := `while sleep 0.02; do for pid; do kill -STOP $pid; sleep 0.04; kill -CONT $pid || exit; done; done`
	args := []string{"-c", script, "sh"}
	for _, pid := range pids {
		args = append(args, strconv.Itoa(pid))
	}
	halting := exec.Command("sh", args...)
	require.NoError(t, halting.Start())
	t.Cleanup(func() {
		_ = halting.Process.Kill()
		_ = halting.Wait()
		for _, pid := range pids {
			assert.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
		}
	})
}
