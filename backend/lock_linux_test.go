package backend_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pilotlight-dr/pilotlight/backend"
)

// TestHolderThatExited holds that a process which has ended holds no lock, also while its
// parent has not asked for its exit status.
func TestHolderThatExited(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	require.NoError(t, err)
	cmd := exec.Command("cat")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lock := backend.Lock{Host: host, PID: cmd.Process.Pid}
	assert.Equal(t, backend.HolderLives, lock.Holder())
	require.NoError(t, stdin.Close())
	require.NoError(t, unix.Waitid(unix.P_PID, lock.PID, nil, unix.WEXITED|unix.WNOWAIT, nil))
	assert.Equal(t, backend.HolderDied, lock.Holder())
	require.NoError(t, cmd.Wait())
	assert.Equal(t, backend.HolderDied, lock.Holder())
}
