package processes

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim/server"
)

// TestSwitchoverToALockedStack finds the lock before visitors see the maintenance page.
func TestSwitchoverToALockedStack(t *testing.T) {
	t.Parallel()
	at := newTerminal(t)
	lock := filepath.Join(at.dir, "state", ".pulumi", "locks", "organization", "pilotlight", "dr", "1.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(lock), 0o700))
	require.NoError(t, os.WriteFile(lock, []byte(`{"pid": 7, "username": "ann", "hostname": "laptop", "timestamp": "2026-03-01T12:00:00Z"}`), 0o600))
	assert.Contains(t, at.run(t, 4, "switchover dr --yes"), "stack dr is locked by ann@laptop")
	assert.Contains(t, at.run(t, 3, "check --for switchover --to dr"), "NO  lock         stack dr is locked by ann@laptop")
	assert.Equal(t, "visitors are served from us-west-2", at.serving(t))
}

// TestInterruptedSwitchovers ends a switchover while the site shows its maintenance page. A
// lost terminal does not stop it. After anything else, thaw takes the freeze back at once.
func TestInterruptedSwitchovers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		meet func(*running) error
		code int
		// usual is tried by every run of the tests; -update tries all.
		usual bool
	}{
		{"Ctrl-C", interrupted(syscall.SIGINT), 130, true},
		{"SIGTERM", interrupted(syscall.SIGTERM), 130, false},
		{"lost connection", interrupted(syscall.SIGHUP), 0, true},
		{"closed pipe", func(r *running) error { return r.reader.Close() }, 0, false},
		{"power loss", func(r *running) error { return killAll(r.cmd.Process.Pid) }, -1, true},
	} {
		if !tc.usual && !*update {
			continue
		}
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			at := newTerminal(t)
			run := at.commandAlone("switchover", "dr", "--yes")
			run.when("wait for the database to be read-only", func() { assert.NoError(t, tc.meet(run)) })
			said, code, err := run.output()
			require.NoError(t, err)
			require.Empty(t, run.unmet(), said)
			require.Equal(t, tc.code, code, said)
			if code == 0 {
				assert.Equal(t, "visitors are served from us-east-2", at.serving(t))
				return
			}
			at.run(t, 0, "thaw --yes")
			require.NoError(t, at.world(func(ctx context.Context, p *server.Client) error { return p.Sleep(ctx, 2*time.Minute) })) // instances look every minute
			assert.Equal(t, "visitors are served from us-west-2", at.serving(t))
			assert.Contains(t, at.run(t, 0, "status"), "verdict    protected")
		})
	}
}
