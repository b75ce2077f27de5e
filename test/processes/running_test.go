package processes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim/server"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// running is a command in a process of its own.
type running struct {
	cmd    *exec.Cmd
	reader *os.File // of the pipe that the command writes to
	read   chan struct{}

	mu      sync.Mutex
	said    bytes.Buffer
	awaited map[string]func() // what happens at the words that are printed next
}

// command is the command with arguments, on the engine that all tests share. It has not
// started.
func (t *terminal) command(args ...string) *running {
	root, err := staged.Server.EngineRoot(context.Background())
	if err != nil {
		panic(err)
	}
	return t.commandOn(root, args)
}

// commandAlone is command with updates in processes of their own: they can be killed, and
// their locks name them.
func (t *terminal) commandAlone(args ...string) *running {
	root, err := alone()
	if err != nil {
		panic(err)
	}
	return t.commandOn(root, args)
}

// alone is the engine root of commandAlone.
var alone = sync.OnceValues(func() (string, error) {
	root := filepath.Join(scratch, "alone")
	return root, staged.AloneEngine(root, ":")
})

func (t *terminal) commandOn(engine string, args []string) *running {
	path, err := binary()
	if err != nil {
		panic(err)
	}
	r := &running{cmd: exec.Command(path, args...), read: make(chan struct{}), awaited: map[string]func(){}}
	r.cmd.Dir = t.dir
	r.cmd.Env = []string{
		"PATH=" + filepath.Join(engine, "bin") + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME=" + filepath.Join(t.dir, "home"), "TMPDIR=" + os.TempDir(), server.Variable + "=" + t.server.URL(),
		"GOGC=400", // less to collect in what ends soon: a third of its start
	}
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's signals are the test's own
	return r
}

// when does something, once, as soon as the command has printed some words.
func (r *running) when(words string, do func()) {
	r.mu.Lock()
	r.awaited[words] = do
	r.mu.Unlock()
	r.meet()
}

// meet does what is awaited of the words that have been printed.
func (r *running) meet() {
	r.mu.Lock()
	var due []func()
	for words, do := range r.awaited {
		if strings.Contains(r.said.String(), words) {
			due = append(due, do)
			delete(r.awaited, words)
		}
	}
	r.mu.Unlock()
	for _, do := range due {
		do()
	}
}

// unmet are the words that were awaited and not printed.
func (r *running) unmet() (words []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for w := range r.awaited {
		words = append(words, w)
	}
	return words
}

// start begins the command.
func (r *running) start() error {
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	r.reader, r.cmd.Stdout, r.cmd.Stderr = reader, writer, writer
	if err := errors.Join(r.cmd.Start(), writer.Close()); err != nil {
		return err
	}
	go r.listen()
	return nil
}

// listen takes in what the command prints.
func (r *running) listen() {
	defer close(r.read)
	text := make([]byte, 4096)
	for {
		n, err := r.reader.Read(text)
		r.mu.Lock()
		r.said.Write(text[:n])
		r.mu.Unlock()
		r.meet()
		if err != nil {
			return
		}
	}
}

// limit bounds a command: on a busy machine each takes some of the minutes that it stands for.
const limit = 10 * time.Minute

// wait returns all that the command printed, and its exit status: -1 when a signal ended it.
func (r *running) wait() (said string, code int, err error) {
	stop := time.AfterFunc(limit, func() { _ = r.cmd.Process.Kill() })
	defer stop.Stop()
	err = r.cmd.Wait()
	<-r.read
	if _, ended := errors.AsType[*exec.ExitError](err); ended {
		err = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.String(), r.cmd.ProcessState.ExitCode(), errors.Join(err, closed(r.reader))
}

// closed closes a file that may be closed already.
func closed(file *os.File) error {
	if err := file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// output runs the command to its end.
func (r *running) output() (said string, code int, err error) {
	if err := r.start(); err != nil {
		return "", 0, err
	}
	return r.wait()
}

// working is a command that must work.
func (t *terminal) working(args ...string) func() error {
	return func() error {
		said, code, err := t.command(args...).output()
		if err == nil && code != 0 {
			err = fmt.Errorf("pilotlight %s ended with %d:\n%s", strings.Join(args, " "), code, said)
		}
		return err
	}
}

// run executes a command line, which must end with a code, and returns all that it printed.
func (t *terminal) run(test *testing.T, code int, line string) string {
	test.Helper()
	said, ended, err := t.command(strings.Fields(line)...).output()
	require.NoError(test, err, said)
	require.Equal(test, code, ended, "pilotlight %s\n%s", line, said)
	return said
}
