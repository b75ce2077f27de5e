package backend_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pilotlight-dr/pilotlight/backend"
)

// TestHolderThatIsAnother holds that of a process which looks younger than a lock it is not known whether it holds it: its id may have been
// given away again, or the clock was put forward.
func TestHolderThatIsAnother(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		since time.Time
		want  backend.Holder
	}{
		"taken just now":            {time.Now(), backend.HolderLives},
		"taken an hour ago":         {time.Now().Add(-time.Hour), backend.HolderUnknown},
		"the clock was put forward": {time.Now().Add(-30 * time.Second), backend.HolderLives},
		"it is not known when":      {time.Time{}, backend.HolderLives},
	} {
		cmd := exec.Command("cat")
		stdin, err := cmd.StdinPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lock := backend.Lock{Host: host, PID: cmd.Process.Pid, Since: tc.since}
		assert.Equal(t, tc.want, lock.Holder(), name)
		assert.Equal(t, tc.want == backend.HolderUnknown, lock.Younger(), name)
		lock.Host = "elsewhere"
		assert.False(t, lock.Younger(), name)
		require.NoError(t, stdin.Close())
		require.NoError(t, cmd.Wait())
	}
}

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
