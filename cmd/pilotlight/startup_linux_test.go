package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestStartAsksNothing starts this test's own program, which holds all that the
// command holds, on a terminal that gives no answers.
func TestStartAsksNothing(t *testing.T) {
	keyboard, terminal := openTerminal(t)
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), started+"=1", "TERM=xterm-256color", "CI=")
	command.Stdin, command.Stdout, command.Stderr = terminal, terminal, terminal
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, command.Start())
	require.NoError(t, terminal.Close())
	shown, _ := io.ReadAll(keyboard) // ends with an error once nobody has the terminal
	require.NoError(t, command.Wait(), "%s", shown)
	assert.NotContains(t, string(shown), "\x1b", "it asked or told the terminal something")
	assert.Contains(t, string(shown), "TERM is xterm-256color", "the environment is not as it was")
}

// started is set in the program that the test starts, which is over once it has started.
const started = "PILOTLIGHT_TEST_STARTED"

func init() {
	if os.Getenv(started) != "" {
		fmt.Fprintf(os.Stderr, "TERM is %s\n", os.Getenv("TERM"))
		os.Exit(0)
	}
}

// openTerminal opens a pseudo terminal, from both sides.
func openTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { keyboard.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	return keyboard, terminal
}
