package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A machine is one that the engine is looked for on.
type machine struct {
	finder
	dir      string
	progress *bytes.Buffer
}

// newMachine has a Go toolchain, and neither a pulumi on PATH nor a built one.
func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{dir: t.TempDir(), progress: &bytes.Buffer{}}
	m.finder = finder{
		lookPath: func(name string) (string, error) {
			path := filepath.Join(m.dir, name, "bin", name)
			if _, err := os.Stat(path); err != nil {
				return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
			}
			return path, nil
		},
		userCache: func() (string, error) { return filepath.Join(m.dir, "cache"), nil },
		environ:   append(os.Environ(), fakeLog+"="+m.dir),
		progress:  m.progress,
		beat:      time.Hour,
	}
	m.install(t, "go", "")
	return m
}

// install puts a fake command on PATH that behaves as told.
func (m *machine) install(t *testing.T, name, behaviour string) {
	t.Helper()
	require.NoError(t, fake(filepath.Join(m.dir, name, "bin", name), behaviour))
}

// builds are the runs of go, as go saw them.
func (m *machine) builds(t *testing.T) []goRun {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(m.dir, "run-*.json"))
	require.NoError(t, err)
	var runs []goRun
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		var run goRun
		require.NoError(t, json.Unmarshal(content, &run))
		runs = append(runs, run)
	}
	return runs
}

// root is where a built engine is kept.
func (m *machine) root() string {
	return filepath.Join(m.dir, "cache", "pilotlight", "pulumi-v"+Version)
}

func TestTakesThePulumiOnPathThatIsNewEnough(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.install(t, "pulumi", "v3.300.1")
	root, err := m.find(t.Context())
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(m.dir, "pulumi"), root)
	assert.Empty(t, m.builds(t))
	assert.Empty(t, m.progress.String())
}

func TestPassesOverAPulumiThatWillNotDo(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		behaviour, why string
	}{
		"too old": {"v3.258.1", "it is v3.258.1, older than v3.259.0"},
		"broken":  {fails, "it did not tell its version: exit status 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.install(t, "pulumi", tc.behaviour)
			root, err := m.find(t.Context())
			require.NoError(t, err)
			assert.Equal(t, m.root(), root)
			assert.Contains(t, m.progress.String(), "Not using "+filepath.Join(m.dir, "pulumi", "bin", "pulumi")+": "+tc.why+".\n")
		})
	}
}

func TestPassesOverAPulumiThatTheAutomationAPIWouldNotFind(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	shim := filepath.Join(m.dir, "shims", "pulumi")
	require.NoError(t, fake(shim, "v3.300.1"))
	lookPath := m.lookPath
	m.lookPath = func(name string) (string, error) {
		if name == "pulumi" {
			return shim, nil
		}
		return lookPath(name)
	}
	root, err := m.find(t.Context())
	require.NoError(t, err)
	assert.Equal(t, m.root(), root)
	assert.Contains(t, m.progress.String(), "must be in a folder named bin")
}

func TestBuildsOnceAndKeepsIt(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	root, err := m.find(t.Context())
	require.NoError(t, err)
	assert.Equal(t, m.root(), root)
	require.NoError(t, m.try(t.Context(), command(root)), "what is kept must be an engine that runs")
	assert.Contains(t, m.progress.String(), "once: it takes 4 to 7 minutes on two cores")
	left, err := filepath.Glob(filepath.Join(root, "*"))
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(root, "bin")}, left, "the build clears up after itself")

	m.progress.Reset()
	m.install(t, "go", fails)
	again, err := m.find(t.Context())
	require.NoError(t, err)
	assert.Equal(t, root, again)
	assert.Len(t, m.builds(t), 1)
	assert.Empty(t, m.progress.String())
}

// TestCacheNamedLikeAPattern holds that what a killed build left goes, whatever the folder's name.
func TestCacheNamedLikeAPattern(t *testing.T) {
	t.Parallel()
	c := cache{root: filepath.Join(t.TempDir(), "cache [2] *")}
	left := filepath.Join(c.root, "build-1")
	require.NoError(t, os.MkdirAll(left, 0o700))
	dir, err := c.workshop()
	require.NoError(t, err)
	assert.DirExists(t, dir)
	assert.NoDirExists(t, left)
}

func TestBuildIsShieldedFromTheUsersGoSettings(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.environ = append(m.environ, "GOFLAGS=-mod=vendor", "GOWORK=/some/go.work", "GOOS=plan9", "GOARCH=wasm",
		"GO111MODULE=off", "CGO_ENABLED=1", "GOPROXY=https://goproxy.example")
	_, err := m.find(t.Context())
	require.NoError(t, err)
	runs := m.builds(t)
	require.Len(t, runs, 1)
	run := runs[0]
	for name, want := range map[string]string{
		"GOFLAGS": "-mod=readonly", "GOWORK": "off", "GOOS": runtime.GOOS, "GOARCH": runtime.GOARCH,
		"GO111MODULE": "on", "CGO_ENABLED": "0", "GOPROXY": "https://goproxy.example",
	} {
		assert.Equal(t, want, run.Environ[name], name)
	}
	assert.Equal(t, string(engineMod), run.Mod)
	assert.Equal(t, string(engineSum), run.Sum)
	assert.Contains(t, strings.Join(run.Args, " "), versionSymbol+"=v"+Version+" ")
}

func TestRefusesWithARemedy(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*testing.T, *machine)
		want  []string
	}{
		"no Go": {
			func(t *testing.T, m *machine) { require.NoError(t, os.RemoveAll(filepath.Join(m.dir, "go"))) },
			[]string{"no Go to build one with: install Go 1.26 or newer", install},
		},
		"no home": {
			func(_ *testing.T, m *machine) {
				m.userCache = func() (string, error) { return "", errors.New("neither $XDG_CACHE_HOME nor $HOME are defined") }
			},
			[]string{"neither $XDG_CACHE_HOME nor $HOME are defined; set it", install},
		},
		"cache cannot be written": { // a file in its place: root may write anywhere
			func(t *testing.T, m *machine) {
				require.NoError(t, os.WriteFile(filepath.Join(m.dir, "cache"), nil, 0o600))
			},
			[]string{"keeping the Pulumi engine in ", "not a directory; make that folder writable", install},
		},
		"build fails": {
			func(t *testing.T, m *machine) { m.install(t, "go", fails) },
			[]string{"exit status 1: no route to the proxy; see that the modules can be had", install},
		},
		"build makes something that does not run": {
			func(t *testing.T, m *machine) { m.install(t, "go", buildsTheWrongThing) },
			[]string{"trying the Pulumi engine just built", "it was built without a version", install},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			tc.spoil(t, m)
			_, err := m.find(t.Context())
			require.Error(t, err)
			for _, want := range tc.want {
				assert.ErrorContains(t, err, want)
			}
			assert.NotContains(t, err.Error(), "go: downloading")
			assert.NoFileExists(t, command(m.root()))
		})
	}
}

func TestBuildsOnceForAllWhoAsk(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.install(t, "go", takesAWhile)
	var all sync.WaitGroup
	for range 4 {
		f := m.finder
		f.progress = &bytes.Buffer{}
		all.Go(func() {
			root, err := f.find(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, m.root(), root)
		})
	}
	all.Wait()
	assert.Len(t, m.builds(t), 1)
}

func TestWaitingCanBeGivenUp(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	c, err := m.cache()
	require.NoError(t, err)
	require.NoError(t, c.make())
	unlock, err := c.lock(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = m.find(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	unlock()
	_, err = m.find(t.Context())
	require.NoError(t, err, "the one who gave up must not keep the lock")
}

func TestBuildingCanBeGivenUpAndTakenUpAgain(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.install(t, "go", neverEnds)
	m.beat = 10 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer cancel()
		for ctx.Err() == nil {
			if begun, _ := filepath.Glob(filepath.Join(m.dir, "run-*.json")); len(begun) > 0 {
				time.Sleep(5 * m.beat)
				return
			}
			time.Sleep(m.beat)
		}
	}()
	_, err := m.find(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.Contains(t, m.progress.String(), "Still building the Pulumi engine, ")
	assert.NoFileExists(t, command(m.root()))

	m.install(t, "go", "")
	_, err = m.find(t.Context())
	require.NoError(t, err)
}

func TestWhatAKilledBuildLeftIsClearedAway(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	half := filepath.Join(m.root(), "build-1234", "pulumi")
	require.NoError(t, os.MkdirAll(filepath.Dir(half), 0o755))
	require.NoError(t, os.WriteFile(half, []byte("half"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Dir(command(m.root())), 0o755))
	require.NoError(t, os.WriteFile(command(m.root()), nil, 0o755)) // as a power failure may leave it
	root, err := m.find(t.Context())
	require.NoError(t, err)
	require.NoError(t, m.try(t.Context(), command(root)))
	assert.NoDirExists(t, filepath.Dir(half))
}

// The engine that is built, the one that is asked for and the SDK that the
// program is compiled with move together.
func TestVersionsMoveTogether(t *testing.T) {
	t.Parallel()
	program, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	require.NoError(t, err)
	assert.Contains(t, string(program), "github.com/pulumi/pulumi/sdk/v3 v"+Version)
	assert.Contains(t, string(engineMod), "github.com/pulumi/pulumi/sdk/v3 v"+Version)
	assert.Contains(t, string(engineMod), "github.com/pulumi/pulumi/pkg/v3 v"+Version)
}
