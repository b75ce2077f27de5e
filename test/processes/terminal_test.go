// Package processes holds what needs commands in processes of their own: signals, locks,
// two operations at once, and states that are older than AWS.
package processes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/server"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// scratch is a folder for what tests share.
var scratch string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pilotlight-processes-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	scratch = dir
	staged.MainEachStep(m, func() { _ = os.RemoveAll(dir) })
}

// binary is the command, built once.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "pilotlight")
	output, err := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", path, "../../cmd/pilotlight").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	return path, nil
})

// deployed is the folder of a world with a site in its steady state, made once and copied
// by every test.
var deployed = sync.OnceValues(func() (string, error) {
	t := &terminal{dir: filepath.Join(scratch, "deployed")}
	if err := t.serve(); err != nil {
		return "", err
	}
	err := errors.Join(t.working("deploy")(), t.world(func(ctx context.Context, p *server.Client) error { return p.Sleep(ctx, time.Hour) }))
	return t.dir, errors.Join(err, t.server.Close())
})

// terminal is an operator's, on a simulated AWS that is served for it.
type terminal struct {
	dir    string
	server *server.Server
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
	t.server, err = server.Serve(server.Options{Dir: t.dir, Listen: "127.0.0.1:0"})
	return err
}

// world does something to the simulated AWS.
func (t *terminal) world(do func(context.Context, *server.Client) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := server.Connect(ctx, t.server.URL())
	if err != nil {
		return err
	}
	defer p.Close()
	return do(ctx, p)
}

// lose takes the production region away, and waits until somebody decides to fail over.
func (t *terminal) lose(test *testing.T) {
	test.Helper()
	require.NoError(test, t.losing())
}

func (t *terminal) losing() error {
	return t.world(func(ctx context.Context, p *server.Client) error {
		return errors.Join(p.Lose(ctx, "us-west-2", sim.Refuse), p.Sleep(ctx, 15*time.Minute))
	})
}

func (t *terminal) giveBack(test *testing.T) {
	test.Helper()
	require.NoError(test, t.returning())
}

func (t *terminal) returning() error {
	return t.world(func(ctx context.Context, p *server.Client) error {
		return errors.Join(p.Return(ctx, "us-west-2"), p.Sleep(ctx, 10*time.Minute))
	})
}

// serving is what a visitor sees.
func (t *terminal) serving(test *testing.T) (seen string) {
	test.Helper()
	require.NoError(test, t.world(func(ctx context.Context, p *server.Client) error {
		s, err := p.Status(ctx)
		seen = s.Visitors
		return err
	}))
	return seen
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
