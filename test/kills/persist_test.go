package kills

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestKillAfterKill gives each verb again and again. Each time it is killed at a change of
// the state or of AWS to which it never came before, until it comes to its end, which is as
// undisturbed. With -everywhere it is killed at all of them.
func TestKillAfterKill(t *testing.T) {
	t.Parallel()
	for _, p := range procedures {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			known := p.known(t)
			stage, kills := persist(t, p, staged.Step(len(known.points), 3))
			assert.Equal(t, known.end, settled(t, stage, known.end))
			assert.Positive(t, kills)
			t.Logf("killed %d times", kills)
		})
	}
}

// persist gives a verb until it comes to its end, and returns the stage on which it did.
// Of so many new changes each, one kills it.
func persist(t *testing.T, p *procedure, each int) (stage *scenario.Stage, kills int) {
	t.Helper()
	now := p.start
	for seen := map[string]bool{}; ; kills++ {
		k := &killer{t: t, each: each, seen: seen}
		stage, err := now.Open(staged.Watched(t, k.write))
		require.NoError(t, err)
		staged.Unlock(t, stage)
		k.stage, k.states = stage, held(t, stage)
		stage.World.OnAccept(k.accept)
		ctx, cancel := context.WithCancel(t.Context())
		k.kill = func() {
			cancel()
			stage.World.Close()
		}
		err = p.run(ctx, t, stage)
		cancel()
		if !k.killed {
			require.NoError(t, err, "after %d kills", kills)
			ended, err := stage.Fork(staged.Options()) // where no change kills
			require.NoError(t, err)
			t.Cleanup(ended.Close)
			stage.Close()
			return ended, kills
		}
		now = k.left
		stage.Close()
		require.Less(t, kills, 400, "it never ends, the last kill %s", k.at)
	}
}

// killer ends the world of an operation at the first change that was never seen before.
type killer struct {
	t     *testing.T
	stage *scenario.Stage
	each  int             // one of so many new changes kills
	seen  map[string]bool // the changes of all runs so far
	kill  func()

	mu     sync.Mutex
	states map[string]string
	killed bool
	at     string
	left   scenario.Moment
}

// write is called around each write of a state.
func (k *killer) write(after bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !after || k.killed {
		return
	}
	now := held(k.t, k.stage)
	for what, sum := range now {
		if k.states[what] != sum {
			k.reach("saved " + what)
		}
	}
	for what := range k.states {
		if now[what] == "" {
			k.reach("forgot " + what)
		}
	}
	k.states = now
}

// accept is called for each call that AWS accepts.
func (k *killer) accept(s sim.Step) {
	if staged.Reads(s.Operation) {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reach(fmt.Sprintf("accepted %s %s %s", s.Operation, s.Type, s.Name))
}

func (k *killer) reach(what string) {
	fresh := !k.seen[what]
	k.seen[what] = true
	if fresh && !k.killed && len(k.seen)%k.each == 0 {
		k.killed, k.at = true, what
		var err error
		k.left, err = staged.Keep(k.stage, k.t.TempDir())
		assert.NoError(k.t, err)
		k.kill()
	}
}

// held are the resources and the pending operations of both states, each with a sum of
// what is held of it.
func held(t *testing.T, stage *scenario.Stage) map[string]string {
	sums := map[string]string{}
	for _, name := range []string{scenario.Production, scenario.Recovery} {
		text, err := os.ReadFile(filepath.Join(stage.Dir(), "state", ".pulumi", "stacks", "pilotlight", name+".json"))
		assert.NoError(t, err)
		var state struct {
			Checkpoint struct {
				Latest struct {
					Resources []heldResource
					Pending   []struct {
						Type     string
						Resource heldResource
					} `json:"pending_operations"`
				}
			}
		}
		assert.NoError(t, json.Unmarshal(text, &state))
		for _, r := range state.Checkpoint.Latest.Resources {
			sums[fmt.Sprintf("%s delete:%v", r.URN, r.Delete)] = r.sum()
		}
		for _, p := range state.Checkpoint.Latest.Pending {
			sums[p.Type+" "+p.Resource.URN] = "pending"
		}
	}
	return sums
}

type heldResource struct {
	URN, ID         string
	Delete          bool
	Inputs, Outputs json.RawMessage
}

func (r heldResource) sum() string {
	sum := sha256.Sum256(slices.Concat(r.Inputs, r.Outputs, []byte(r.ID)))
	return string(sum[:])
}
