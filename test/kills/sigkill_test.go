package kills

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestSigkill kills the pulumi process itself in the middle of each procedure. What a dead
// process leaves is a lock, files that are half written, and requests to AWS whose answers
// are lost. The same verb, given again, finds the lock of a dead process, releases it, and
// ends as undisturbed.
func TestSigkill(t *testing.T) {
	t.Parallel()
	for _, p := range procedures {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			known := p.known(t)
			o := staged.CommandLine()
			o.EngineRoot = staged.KillableEngine(t)
			stage, err := known.start.Open(o)
			require.NoError(t, err)
			t.Cleanup(stage.Close)
			var changes atomic.Int32
			middle := (known.accepted() + 1) / 2
			stage.World.OnAccept(func(s sim.Step) {
				if !staged.Reads(s.Operation) && int(changes.Add(1)) == middle {
					staged.Kill(t, o.EngineRoot)
				}
			})
			require.Error(t, p.run(t.Context(), t, stage), "the engine was killed")

			resumed, err := stage.Fork(staged.Options())
			require.NoError(t, err)
			t.Cleanup(resumed.Close)
			site, err := ops.OpenSite(resumed.Options(resumed.Env()))
			require.NoError(t, err)
			_, err = p.give(t.Context(), site)
			require.NoError(t, err)
			assert.Equal(t, known.end, settled(t, resumed, known.end))
		})
	}
}
