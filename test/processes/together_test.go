package processes

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim/server"
)

// TestTwoFailoversAtOnce begins a second failover in the folder of a first one, at some
// moments of it; -update tries all. At least one succeeds, none says done that did nothing, and the file has what the claim has.
func TestTwoFailoversAtOnce(t *testing.T) {
	t.Parallel()
	for words, usual := range map[string]bool{"": true, "pulumi up -s dr": false, "wait for the promotion of blog-dr-1 …": true, "verify the site in depth: done": false} {
		if !usual && !*update {
			continue
		}
		t.Run("at "+words, func(t *testing.T) {
			t.Parallel()
			at := newTerminal(t)
			at.lose(t)
			first, second := at.commandAlone("failover", "--yes"), at.commandAlone("failover", "--yes")
			begun := make(chan error, 1)
			first.when(words, func() { begun <- second.start() })
			said, code, err := first.output()
			require.NoError(t, err)
			require.NoError(t, <-begun)
			said2, code2, err := second.wait()
			require.NoError(t, err)
			both := said + "\n=== the second:\n" + said2
			for _, c := range []struct {
				said string
				code int
			}{{said, code}, {said2, code2}} {
				switch c.code {
				case 0:
					assert.True(t, strings.Contains(c.said, "www.example.com is served from us-east-2") || strings.Contains(c.said, "nothing to do"), both)
				default:
					assert.Contains(t, c.said, "locked", both)
				}
			}
			assert.True(t, code == 0 || code2 == 0, both)
			assert.Equal(t, "visitors are served from us-east-2", at.serving(t))
			file, err := os.ReadFile(filepath.Join(at.dir, "Pulumi.dr.yaml"))
			require.NoError(t, err)
			assert.Contains(t, string(file), "pilotlight:role: active")
			assert.Contains(t, at.run(t, 0, "failover --yes"), "nothing to do")
		})
	}
}

// TestRefusedFailoversTogether begins two failovers at once while production lives: both are refused, and nothing that
// they leave makes a failover of the next plain update.
func TestRefusedFailoversTogether(t *testing.T) {
	t.Parallel()
	at := newTerminal(t)
	before, err := os.ReadFile(filepath.Join(at.dir, "Pulumi.dr.yaml"))
	require.NoError(t, err)
	one, other := at.commandAlone("failover", "--yes"), at.commandAlone("failover", "--yes")
	require.NoError(t, one.start())
	require.NoError(t, other.start())
	for _, r := range []*running{one, other} {
		said, code, err := r.wait()
		require.NoError(t, err)
		assert.NotZero(t, code, said)
	}
	after, err := os.ReadFile(filepath.Join(at.dir, "Pulumi.dr.yaml"))
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after))
	at.run(t, 0, "deploy")
	require.NoError(t, at.world(func(ctx context.Context, p *server.Client) error { return p.Sleep(ctx, time.Minute) }))
	assert.Equal(t, "visitors are served from us-west-2", at.serving(t))
	assert.Contains(t, at.run(t, 0, "status"), "verdict    protected")
}
