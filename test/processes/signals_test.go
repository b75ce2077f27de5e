package processes

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	ps "github.com/mitchellh/go-ps"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// moment is a point of a failover, with the words of its output by which it is known.
type moment struct{ name, words string }

var moments = []moment{
	{"before the claim", "pulumi up -s dr"},
	{"while promoting", "wait for the promotion of blog-dr-1 …"},
	{"while AWS creates", "the instances: 0 of 2"},
	{"while switching", "verify the site in depth: done"},
}

// ending is a way in which a command meets its end, or should have.
type ending struct {
	name string
	meet func(r *running) error
	// usual is the moment at which every run of the tests tries it; -update tries all.
	usual int
}

var endings = []ending{
	{"Ctrl-C", interrupted(syscall.SIGINT), 1},
	{"Ctrl-C twice", func(r *running) error {
		if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
			return err
		}
		r.when("second interrupt", func() { _ = r.cmd.Process.Signal(syscall.SIGINT) })
		return nil
	}, 2},
	{"SIGTERM", interrupted(syscall.SIGTERM), 2},
	{"lost connection (SIGHUP)", interrupted(syscall.SIGHUP), 1},
	{"closed pipe", func(r *running) error { return r.reader.Close() }, 3},
	{"kill -9 of the command", interrupted(syscall.SIGKILL), 0},
	{"power loss", func(r *running) error { return killAll(r.cmd.Process.Pid) }, 2},
}

func interrupted(signal os.Signal) func(*running) error {
	return func(r *running) error { return r.cmd.Process.Signal(signal) }
}

// killAll kills a process and all that it has started.
func killAll(pid int) error {
	all, err := ps.Processes()
	if err != nil {
		return err
	}
	tree := []int{pid}
	for at := 0; at < len(tree); at++ {
		for _, p := range all {
			if p.PPid() == tree[at] {
				tree = append(tree, p.Pid())
			}
		}
	}
	for _, pid := range tree {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return nil
}

// TestInterruptedFailovers ends failovers in every way and at every moment. The same
// command finishes each. docs/interruptions.md says how.
func TestInterruptedFailovers(t *testing.T) {
	t.Parallel()
	p := openPage(t, "../../docs/interruptions.md")
	t.Run("each", func(t *testing.T) {
		for _, e := range endings {
			for at, m := range moments {
				p.row(t, e.name+" "+m.name, at == e.usual, func(t *testing.T) string {
					t.Helper()
					return interruptedFailover(t, e, m)
				})
			}
		}
	})
	p.close(t, interruptionsHead)
}

const interruptionsHead = `# What an interrupted failover leaves

Each row is tested: a ` + "`pilotlight failover`" + ` in a process of its own is ended in this way at this moment, and then the same command is
given again. ` + "`go test ./test/processes -run Interrupted -update`" + ` writes this page.

| it meets | at the moment | that run | then ` + "`status`" + ` says | the same command |
|---|---|---|---|---|
`

// interruptedFailover is the row of one cell.
func interruptedFailover(t *testing.T, e ending, m moment) string {
	at := newTerminal(t)
	at.lose(t)
	run := at.commandAlone("failover", "--yes")
	run.when(m.words, func() { assert.NoError(t, e.meet(run)) })
	said, code, err := run.output()
	require.NoError(t, err)
	require.Empty(t, run.unmet(), said)

	first := fmt.Sprintf("stops, exit status %d", code)
	switch {
	case code == 0:
		first = "goes on to its end"
		assert.Equal(t, "visitors are served from us-east-2", at.serving(t))
		assert.NotEmpty(t, at.logged(t, "site is verified"), "its log goes on")
	case code < 0:
		first = "is dead"
	}
	verdict := line(at.run(t, 0, "status"), "verdict")
	again := "goes through"
	said = at.run(t, 0, "failover --yes")
	if strings.Contains(said, "nothing to do") {
		again = "has nothing to do"
	} else if strings.Contains(said, "released the lock") {
		again = "releases the lock that was left, and goes through"
	}
	assert.Equal(t, "visitors are served from us-east-2", at.serving(t))
	assert.Empty(t, at.locks("dr"))
	assert.Contains(t, at.run(t, 0, "status"), "unprotected until us-west-2 (prod) is a standby again")
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", e.name, m.name, first, verdict, again)
}

// passing is what a line has that differs from run to run.
var passing = regexp.MustCompile(` ?\([^()]*@[^)]*\)|; a failover loses.*`)

// TestLostTerminal loses the connection of a failover. It goes on, and a status on another
// terminal shows that.
func TestLostTerminal(t *testing.T) {
	t.Parallel()
	at := newTerminal(t)
	at.lose(t)
	run := at.commandAlone("failover", "--yes")
	var status, check string
	run.when("wait for the promotion of blog-dr-1 …", func() { assert.NoError(t, run.cmd.Process.Signal(syscall.SIGHUP)) })
	run.when("the terminal is gone; this goes on", func() {
		assert.NoError(t, run.cmd.Process.Signal(syscall.SIGSTOP)) // or it would be over before status has looked
		var err error
		status, _, err = at.command("status").output()
		assert.NoError(t, err)
		check, _, err = at.command("check").output()
		assert.NoError(t, errors.Join(err, run.cmd.Process.Signal(syscall.SIGCONT)))
	})
	said, code, err := run.output()
	require.NoError(t, err)
	require.Zero(t, code, said)
	assert.Contains(t, said, "the terminal is gone; this goes on")
	assert.Contains(t, status, "an update of stack dr is under way (")
	assert.Contains(t, status, "its log is below .pilotlight/logs")
	assert.Contains(t, check, "NO  lock         stack dr is locked by an update that runs on this machine")
	assert.NotEmpty(t, at.logged(t, "the terminal is gone"), "its log goes on")
	assert.NotContains(t, said, "[DEBUG]", "what the provider says to itself is not for people")
	assert.NotEmpty(t, at.logged(t, "debug: [DEBUG]"), "and in the log")
	reports, err := filepath.Glob(filepath.Join(at.dir, ".pilotlight", "reports", "*.json"))
	require.NoError(t, err)
	assert.NotEmpty(t, reports)
	assert.Contains(t, at.run(t, 0, "report"), "switched", "its report goes on")
}

// logged is what the last log of the folder has from some words on; empty when they are not there.
func (t *terminal) logged(test *testing.T, words string) string {
	test.Helper()
	logs, err := filepath.Glob(filepath.Join(t.dir, ".pilotlight", "logs", "*-failover.log"))
	require.NoError(test, err)
	require.NotEmpty(test, logs)
	text, err := os.ReadFile(logs[len(logs)-1])
	require.NoError(test, err)
	_, rest, _ := strings.Cut(string(text), words)
	return rest
}

// line is what a line of status says, without what differs from run to run.
func line(status, head string) string {
	for text := range strings.Lines(status) {
		if rest, found := strings.CutPrefix(text, head); found {
			return passing.ReplaceAllString(strings.TrimSpace(rest), "")
		}
	}
	return ""
}
