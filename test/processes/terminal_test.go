// Package processes holds what needs commands in processes of their own: signals, locks,
// two operations at once, and states that are older than AWS.
package processes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awssim"
	"github.com/pilotlight-dr/pilotlight/practice"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

func TestMain(m *testing.M) { staged.Main(m) }

// binary is the command, built once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pilotlight-processes-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "pilotlight")
	output, err := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", path, "../../cmd/pilotlight").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	return path, nil
})

// deployed is the folder of a world with a site in its steady state, made once and copied
// by every test.
var deployed = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pilotlight-processes-")
	if err != nil {
		return "", err
	}
	t := &terminal{dir: filepath.Join(dir, "site")}
	if err := t.serve(); err != nil {
		return "", err
	}
	if out, code, err := t.command(nil, "deploy").output(); err != nil || code != 0 {
		return "", fmt.Errorf("deploying ended with %d: %w\n%s", code, err, out)
	}
	if err := t.world(func(ctx context.Context, p *practice.Practice) error { return p.Sleep(ctx, time.Hour) }); err != nil {
		return "", err
	}
	return t.dir, t.server.Close()
})

// terminal is an operator's, on a simulated AWS that is served for it.
type terminal struct {
	dir    string
	server *practice.Server
}

// newTerminal is at a site in its steady state.
func newTerminal(t *testing.T) *terminal {
	t.Helper()
	from, err := deployed()
	require.NoError(t, err)
	at := &terminal{dir: filepath.Join(t.TempDir(), "site")}
	require.NoError(t, os.CopyFS(at.dir, os.DirFS(from)))
	require.NoError(t, at.serve())
	t.Cleanup(func() { assert.NoError(t, at.server.Close()) })
	return at
}

func (t *terminal) serve() (err error) {
	t.server, err = practice.Serve(practice.Options{Dir: t.dir, Listen: "127.0.0.1:0"})
	return err
}

// world does something to the simulated AWS.
func (t *terminal) world(do func(context.Context, *practice.Practice) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := practice.Connect(ctx, t.server.URL())
	if err != nil {
		return err
	}
	defer p.Close()
	return do(ctx, p)
}

// lose takes the production region away, and waits until somebody decides to fail over.
func (t *terminal) lose(test *testing.T) {
	test.Helper()
	require.NoError(test, t.world(func(ctx context.Context, p *practice.Practice) error {
		return errors.Join(p.Lose(ctx, "us-west-2", awssim.Refuse), p.Sleep(ctx, 15*time.Minute))
	}))
}

func (t *terminal) giveBack(test *testing.T) {
	test.Helper()
	require.NoError(test, t.world(func(ctx context.Context, p *practice.Practice) error {
		return errors.Join(p.Return(ctx, "us-west-2"), p.Sleep(ctx, 10*time.Minute))
	}))
}

// serving is what a visitor sees.
func (t *terminal) serving(test *testing.T) (seen string) {
	test.Helper()
	require.NoError(test, t.world(func(ctx context.Context, p *practice.Practice) error {
		s, err := p.Status(ctx)
		seen = s.Visitors
		return err
	}))
	return seen
}

// running is a command in a process of its own.
type running struct {
	cmd  *exec.Cmd
	mu   sync.Mutex
	said bytes.Buffer
	seen func(said string) // of all output so far, whenever there is more
}

// command is the command with arguments; watch sees all that it has printed, each time it prints.
func (t *terminal) command(watch func(said string), args ...string) *running {
	path, err := binary()
	if err != nil {
		panic(err)
	}
	r := &running{cmd: exec.Command(path, args...), seen: watch}
	r.cmd.Dir = t.dir
	r.cmd.Env = []string{
		"PATH=" + filepath.Join(staged.EngineRoot, "bin") + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME=" + filepath.Join(t.dir, "home"), "TMPDIR=" + os.TempDir(), practice.Variable + "=" + t.server.URL(),
	}
	r.cmd.Stdout, r.cmd.Stderr = r, r
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's signals are the test's own
	return r
}

// Write takes in what the command prints.
func (r *running) Write(text []byte) (int, error) {
	r.mu.Lock()
	r.said.Write(text)
	said := r.said.String()
	r.mu.Unlock()
	if r.seen != nil {
		r.seen(said)
	}
	return len(text), nil
}

// limit bounds a command: on a busy machine each takes some of the minutes that it stands for.
const limit = 10 * time.Minute

// output runs the command to its end.
func (r *running) output() (said string, code int, err error) {
	if err := r.cmd.Start(); err != nil {
		return "", 0, err
	}
	stop := time.AfterFunc(limit, func() { _ = r.cmd.Process.Kill() })
	defer stop.Stop()
	err = r.cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		err = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.String(), r.cmd.ProcessState.ExitCode(), err
}

// run executes a command line, which must end with a code, and returns all that it printed.
func (t *terminal) run(test *testing.T, code int, line string) string {
	test.Helper()
	said, ended, err := t.command(nil, strings.Fields(line)...).output()
	require.NoError(test, err, said)
	require.Equal(test, code, ended, "pilotlight %s\n%s", line, said)
	return said
}

// locks are those on a stack.
func (t *terminal) locks(stack string) []string {
	found, _ := filepath.Glob(filepath.Join(t.dir, "state", ".pulumi", "locks", "organization", "pilotlight", stack, "*.json"))
	return found
}

// stateFile is where the state of a stack lies.
func (t *terminal) stateFile(stack string) string {
	return filepath.Join(t.dir, "state", ".pulumi", "stacks", "pilotlight", stack+".json")
}

// keep returns what a file holds now, and a function that puts it back.
func keep(t *testing.T, path string) (text []byte, restore func()) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return text, func() {
		t.Helper()
		require.NoError(t, os.WriteFile(path, text, 0o600))
	}
}

// edit replaces text in a file.
func edit(t *testing.T, path, old, replacement string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), old)
	require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(text, []byte(old), []byte(replacement)), 0o600))
}

// waiting matches the words of a step that goes on.
func waiting(words string) *regexp.Regexp {
	return regexp.MustCompile(regexp.QuoteMeta(words) + `.* …`)
}

var _ io.Writer = (*running)(nil)
