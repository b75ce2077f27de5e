package staged

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
)

// A Point is where a kill may leave an operation: what lies in the project's folder
// then, lock included, and what AWS holds.
type Point struct {
	Name string
	At   time.Time // simulated
	scenario.Moment
}

var everywhere = flag.Bool("everywhere", false, "kill at every point, in place of a sample: it takes half an hour")

// Sample is a number of indices below n, spread evenly; all of them with -everywhere.
func Sample(n, cases int) (indices []int) {
	step := Step(n, cases)
	for i := step / 2; i < n; i += step {
		indices = append(indices, i)
	}
	return indices
}

// Step is the distance of the indices of Sample.
func Step(n, cases int) int {
	if *everywhere {
		return 1
	}
	return max(1, n/cases)
}

// Unlock takes the locks of all stacks away, as pilotlight unlock does. That command refuses
// here: the process that holds them, the engine of all tests, is alive.
func Unlock(t *testing.T, stage *scenario.Stage) {
	t.Helper()
	require.NoError(t, os.RemoveAll(filepath.Join(stage.Dir(), "state", ".pulumi", "locks")))
}

// Points has something done on a stage that goes on from a moment, and keeps every point
// at which a kill may end it, below a folder: before and after each write of a state, so that AWS did
// what the state does not know or both know, and whenever AWS has accepted a change. It
// returns the stage as it is afterwards, too.
func Points(t *testing.T, from scenario.Moment, dir string, do func(*scenario.Stage)) ([]Point, *scenario.Stage) {
	t.Helper()
	k := &keeper{dir: dir, held: map[string]int{}}
	stage, err := from.Open(Watched(t, k.write))
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	k.stage = stage
	stage.World.OnAccept(func(s sim.Step) {
		if !Reads(s.Operation) {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.keep(strings.Join(strings.Fields(fmt.Sprintf("accepted %s %s %s", s.Operation, s.Type, s.Name)), " "))
		}
	})
	do(stage)
	stage.World.OnAccept(func(sim.Step) {})
	require.NoError(t, k.err)
	return k.points, stage
}

// Reads reports whether an operation of AWS changes nothing.
func Reads(operation string) bool {
	_, name, _ := strings.Cut(operation, ":")
	for _, verb := range []string{"Describe", "Get", "List", "Head"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}

// keeper keeps points. While the engine writes the state nothing else is kept.
type keeper struct {
	dir    string
	stage  *scenario.Stage
	mu     sync.Mutex
	writes int
	held   map[string]int // the index of the point that is alike
	points []Point
	err    error
}

func (k *keeper) write(after bool) {
	if after {
		k.keep(fmt.Sprintf("after write %d", k.writes))
		k.mu.Unlock()
		return
	}
	k.mu.Lock()
	k.writes++
	k.keep(fmt.Sprintf("before write %d", k.writes))
}

func (k *keeper) keep(name string) {
	world := k.stage.World.Snapshot()
	at, err := fingerprint(world, k.stage.Dir())
	if i, known := k.held[at]; known && err == nil {
		k.points[i].Name += ", " + name
	} else if err == nil {
		k.held[at] = len(k.points)
		p := Point{Name: name, At: k.stage.World.Clock().Now(), Moment: scenario.Moment{World: world, Dir: filepath.Join(k.dir, fmt.Sprint(len(k.points)))}}
		k.points = append(k.points, p)
		err = keepFolder(k.stage.Dir(), p.Dir)
	}
	k.err = errors.Join(k.err, err)
}

// Keep keeps a stage as it is now in an empty folder.
func Keep(stage *scenario.Stage, dir string) (scenario.Moment, error) {
	m := scenario.Moment{World: stage.World.Snapshot(), Dir: dir}
	return m, keepFolder(stage.Dir(), dir)
}

// fingerprint tells points apart by what AWS and the states hold.
func fingerprint(world []byte, dir string) (string, error) {
	var held map[string]json.RawMessage
	if err := json.Unmarshal(world, &held); err != nil {
		return "", err
	}
	delete(held, "calls")
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(held)) {
		fmt.Fprintf(sum, "%s %s\n", name, held[name])
	}
	states, err := fs.Glob(os.DirFS(dir), "state/.pulumi/stacks/*/*.json")
	if err != nil {
		return "", err
	}
	for _, file := range states {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return "", err
		}
		_, _ = sum.Write(text)
	}
	return string(sum.Sum(nil)), nil
}

// keepFolder copies a project's folder, but for the backend's archive of old states.
// What the backend writes it replaces as a whole, so a link keeps it.
func keepFolder(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		inside, _ := filepath.Rel(from, path)
		target := filepath.Join(to, inside)
		switch {
		case errors.Is(err, fs.ErrNotExist): // a temporary file of somebody who writes
			return nil
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "backups":
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(target, 0o700)
		case strings.HasPrefix(inside, "state"+string(filepath.Separator)):
			err = os.Link(path, target)
		default:
			var text []byte
			if text, err = os.ReadFile(path); err == nil {
				err = os.WriteFile(target, text, 0o600)
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}
