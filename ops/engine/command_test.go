package engine

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	ps "github.com/mitchellh/go-ps"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// started calls do with the first line that an engine prints.
type started struct {
	once sync.Once
	do   func(line string)
}

func (s *started) Write(text []byte) (int, error) {
	s.once.Do(func() { s.do(strings.TrimSpace(string(text))) })
	return len(text), nil
}

// engineThat is the command of an engine that behaves as told.
func engineThat(t *testing.T, behaviour string, abandon <-chan struct{}) *Command {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, fake(filepath.Join(root, "bin", "pulumi"), behaviour))
	c, err := NewCommand(root, abandon)
	require.NoError(t, err)
	return c
}

func TestAnInterruptedEngineIsWaitedFor(t *testing.T) {
	t.Parallel()
	c := engineThat(t, letsGo, nil)
	var began, ended []int
	c.Started, c.Ended = func(pid int) { began = append(began, pid) }, func(pid int) { ended = append(ended, pid) }
	ctx, interrupt := context.WithCancel(t.Context())
	first := &started{do: func(string) { interrupt() }}
	out, _, code, err := c.Run(ctx, t.TempDir(), nil, []io.Writer{first}, nil, nil, "up", "--yes")
	require.Error(t, err)
	assert.Equal(t, 7, code, "it ended by itself")
	assert.Contains(t, out, "saved")
	assert.Equal(t, began, ended)
	require.Len(t, began, 1)
}

// TestAnAbandonedEngineIsKilled holds that nothing of an engine lives on that does not end.
func TestAnAbandonedEngineIsKilled(t *testing.T) {
	t.Parallel()
	abandon := make(chan struct{})
	c := engineThat(t, holdsOn, abandon)
	var ended []int
	c.Ended = func(pid int) { ended = append(ended, pid) }
	ctx, interrupt := context.WithCancel(t.Context())
	var pids []string
	first := &started{do: func(line string) {
		pids = strings.Fields(line)
		interrupt()
		close(abandon)
	}}
	_, _, code, err := c.Run(ctx, t.TempDir(), nil, []io.Writer{first}, nil, nil, "up", "--yes")
	require.Error(t, err)
	assert.Equal(t, -2, code)
	assert.Empty(t, ended, "it may have left its lock")
	require.Len(t, pids, 2)
	for _, text := range pids {
		pid, err := strconv.Atoi(text)
		require.NoError(t, err)
		assert.Eventually(t, func() bool { return gone(pid) }, 10*time.Second, 10*time.Millisecond, "process %d lives on", pid)
	}
}

// gone reports whether a process has ended. An orphan that its new parent has not
// collected yet has.
func gone(pid int) bool {
	process, err := ps.FindProcess(pid)
	if err != nil || process == nil {
		return true
	}
	state, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && strings.Contains(string(state), ") Z ")
}

func TestOnlySomeCommandsLock(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"up --yes": true, "destroy": true, "refresh --yes": true, "stack import": true,
		"preview": false, "stack export": false, "stack": false, "": false, "config set up": false,
	} {
		assert.Equal(t, want, locks(strings.Fields(line)), line)
	}
}

// TestEnvironment holds that what an operator has set for his own use of pulumi does not change what an operation does. It is not
// parallel: the environment is the process's.
func TestEnvironment(t *testing.T) {
	t.Setenv("PULUMI_OPTION_TARGET", "one alone")
	t.Setenv("PULUMI_SKIP_CHECKPOINTS", "true")
	t.Setenv("AWS_PROFILE", "night")
	c := engineThat(t, prints, nil)
	out, _, _, err := c.Run(t.Context(), t.TempDir(), nil, nil, nil, []string{"PULUMI_OPTION_REFRESH=true", "PULUMI_BACKEND_URL=file:///state", "PULUMI_OPTIONAL=1", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=false"}, "up", "--yes")
	require.NoError(t, err)
	given := strings.Split(out, "\n")
	for _, want := range []string{"AWS_PROFILE=night", "PULUMI_BACKEND_URL=file:///state", "PULUMI_OPTIONAL=1", "PULUMI_AUTOMATION_API=true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true"} {
		assert.Contains(t, given, want)
	}
	for _, setting := range given {
		assert.NotRegexp(t, "PULUMI_(OPTION_|SKIP_CHECKPOINTS|DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=false)", setting)
	}
}
