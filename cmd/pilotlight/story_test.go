package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { staged.Main(m) }

// story is an operator at a terminal whose commands work on a simulated world.
type story struct {
	t     *testing.T
	name  string // of the folder with its golden files
	stage *scenario.Stage
	page  int
}

// run executes a command line, holds its exit status and what it prints on
// standard output to the next golden file, and returns what it printed.
func (s *story) run(code int, line string) string {
	s.t.Helper()
	return s.until(code, line, nil)
}

// until is run, in which somebody watches the progress and may press Ctrl-C, or pull
// the plug.
func (s *story) until(code int, line string, watch func(said string, interrupt func())) string {
	s.t.Helper()
	ctx, interrupt := context.WithCancel(s.t.Context())
	defer interrupt()
	args := strings.Fields(strings.ReplaceAll(line, "DIR", s.stage.Dir()))
	env := s.stage.Env()
	env.Report = nil // kept in files, as in life
	root := newRootCmd(func(context.Context) (ops.Options, error) { return s.stage.Options(env), nil })
	var out, progress bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&watched{to: &progress, watch: func(said string) {
		if watch != nil {
			watch(said, interrupt)
		}
	}})
	root.SetIn(strings.NewReader(""))
	root.SetArgs(append(args, "-C", s.stage.Dir()))
	cmd, err := root.ExecuteContextC(ctx)
	require.Equal(s.t, code, exitCode(err), "%s: %v\n%s%s", line, err, progress.String(), out.String())
	printed := fmt.Sprintf("$ pilotlight %s\n%s", line, out.String())
	if err != nil {
		printed += complaint(cmd, err) + "\n"
	}
	printed += fmt.Sprintf("exit status %d\n", code)
	s.page++
	golden := filepath.Join("testdata", s.name, fmt.Sprintf("%02d-%s.golden", s.page, args[0]))
	told := s.told(printed)
	if args[0] == "history" { // Pulumi dates updates to the second: those of two stacks may stand in either order
		lines := strings.Split(told, "\n")
		slices.Sort(lines)
		told = strings.Join(lines, "\n")
	}
	if *update {
		require.NoError(s.t, os.MkdirAll(filepath.Dir(golden), 0o755))
		require.NoError(s.t, os.WriteFile(golden, []byte(told), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(s.t, err)
	assert.Equal(s.t, string(want), told, "go test ./cmd/pilotlight -run Story -update writes it anew")
	return out.String()
}

// moveTo has the story go on with another engine.
func (s *story) moveTo(o scenario.Options) *scenario.Stage {
	s.t.Helper()
	stage, err := s.stage.Fork(o)
	require.NoError(s.t, err)
	s.t.Cleanup(stage.Close)
	s.stage = stage
	return stage
}

// watched passes on what is written, and shows it to somebody.
type watched struct {
	to    io.Writer
	watch func(said string)
}

func (w *watched) Write(said []byte) (int, error) {
	w.watch(string(said))
	return w.to.Write(said)
}

var (
	random   = regexp.MustCompile(`-[0-9a-f]{7}(-\d+)?\b|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	timeline = regexp.MustCompile(`(?s)    begin   took  \n.*?\*  on the longest path[^\n]*\n`) // a look may fall a little later on a busy machine
	holder   = regexp.MustCompile(`created by \S+ \(pid \d+\) at [^)]+`)                        // of a lock
	moment   = regexp.MustCompile(`(20\d\d-\d\d-\d\d )?\d\d:\d\d:\d\d UTC`)
	backup   = regexp.MustCompile(`UTC(: that is now, and a promotion waits for a backup that runs|, when a promotion may have to wait for that)`) // the window may be over or not
	padded   = regexp.MustCompile(`(?m)^took +`)                                                                                                   // to the right of its column
	took     = regexp.MustCompile(`\d+:\d\d( \(\d+ s\))?|\b(\d+[hms])+\b`)
)

// told is what a command printed, without what differs from run to run.
func (s *story) told(printed string) string {
	printed = strings.ReplaceAll(printed, s.stage.Dir(), "DIR")
	printed = strings.ReplaceAll(printed, s.stage.Options(failover.Env{}).EngineRoot, "ENGINE")
	for _, varies := range []struct {
		what *regexp.Regexp
		to   string
	}{{holder, "created by HOLDER"}, {backup, "UTC, WINDOW"}, {random, "-RANDOM"}, {timeline, "    TIMELINE\n"}, {moment, "MOMENT"}, {padded, "took  "}, {took, "TIME"}} {
		printed = varies.what.ReplaceAllString(printed, varies.to)
	}
	return printed
}

// TestStory tells of a site from its first deployment over a disaster and the way
// back to its end, in the operator's commands.
func TestStory(t *testing.T) {
	t.Parallel()
	o := staged.Options()
	o.Dir = staged.Shipped(t, "../..")
	stage, err := scenario.Open(o)
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	s := &story{t: t, name: "story", stage: stage}
	later := func(d time.Duration) { stage.World.Clock().Advance(d) }

	s.run(2, "bootstrap")
	s.run(4, "bootstrap --region us-west-2")
	s.run(0, "bootstrap --region us-west-1")
	s.run(0, "bootstrap --region us-west-1")
	s.run(0, "status")
	s.run(0, "deploy")
	later(time.Hour)
	s.run(0, "status")
	s.run(0, "check --rehearse")
	s.run(0, "plan")
	s.run(0, "plan -s prod --markdown")
	s.run(4, "failover")
	s.run(4, "failover --yes")
	assert.Contains(t, s.run(0, "status"), "dr       us-east-2        standby", "a refusal leaves everything as it was")

	stage.World.LoseRegion("us-west-2", sim.Hang)
	later(15 * time.Minute)
	s.run(0, "failover --yes")
	s.run(0, "failover --yes")
	s.run(0, "report")
	s.run(0, "status")

	stage.World.ReturnRegion("us-west-2")
	later(5 * time.Minute)
	s.run(0, "reprotect --yes")
	later(time.Hour)
	s.run(0, "reprotect --yes")
	s.run(0, "check --for switchover --to prod")
	s.run(0, "failback --yes")
	s.run(0, "failback --yes")
	later(time.Hour)
	s.run(0, "status")
	s.run(0, "media sync --from prod --to dr")
	s.run(0, "retire prod 1 --yes")
	s.run(0, "retire prod 1 --yes")
	s.run(0, "status")
	dates := regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`).FindAllString(s.run(0, "history -n 3"), -1)
	assert.Len(t, dates, 6)
	assert.True(t, slices.IsSortedFunc(dates, func(a, b string) int { return strings.Compare(b, a) }), "the newest is the first: %q", dates)
	s.run(0, "destroy --yes")
	s.run(0, "status")
}

// TestStoryOfRotation tells of secrets that are changed: in order, out of order, by somebody who is interrupted, and
// with a disaster in the middle.
func TestStoryOfRotation(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	s := &story{t: t, name: "rotation", stage: stage}
	later := func(d time.Duration) { stage.World.Clock().Advance(d) }
	after := func(words string) func(string, func()) {
		return func(said string, interrupt func()) {
			if strings.Contains(said, words) && !strings.HasPrefix(said, "to do") {
				interrupt()
			}
		}
	}
	later(time.Hour)

	s.run(2, "rotate passwords --yes")
	s.run(4, "rotate salts")
	s.run(0, "rotate all --yes")
	later(15 * time.Minute)
	s.run(0, "check")

	s.until(130, "rotate database --yes", after("pulumi up -s dr"))
	s.run(0, "status")
	s.run(3, "check")
	s.run(4, "rotate cache --yes")
	s.run(0, "rotate database --yes")
	s.run(0, "status")

	// A disaster in the middle: the failover takes what production held, and the way back ends the rotation.
	s.until(130, "rotate all --yes", after("pulumi up -s dr"))
	stage.World.LoseRegion("us-west-2", sim.Hang)
	later(15 * time.Minute)
	s.run(0, "failover --yes")
	assert.Equal(t, "visitors are served from us-east-2", stage.Visit())
	stage.World.ReturnRegion("us-west-2")
	later(5 * time.Minute)
	s.run(0, "reprotect --yes")
	later(time.Hour)
	s.run(0, "check")

	s.until(130, "failback --yes", after("pulumi up -s prod -c role=active"))
	s.run(4, "rotate cache --yes")
	s.run(0, "thaw")
	stage.World.LoseRegion("us-west-2", sim.Refuse)
	s.run(4, "rotate cache --yes")
	stage.World.ReturnRegion("us-west-2")
	require.NoError(t, os.Remove(filepath.Join(stage.Dir(), config.FileName(scenario.Production))))
	s.run(4, "rotate cache --yes")
}

// TestStoryOfSecondThoughts tells of operators who change their minds, are interrupted,
// and give up: each finds a way on.
func TestStoryOfSecondThoughts(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	s := &story{t: t, name: "second-thoughts", stage: stage}
	at := func(words string, do func(interrupt func())) func(string, func()) {
		var once sync.Once
		return func(said string, interrupt func()) {
			if strings.Contains(said, words) && !strings.HasPrefix(said, "to do") {
				once.Do(func() { do(interrupt) })
			}
		}
	}
	inject := func(text string) {
		fault, err := sim.ParseFault(text)
		require.NoError(t, err)
		require.NoError(t, stage.World.Inject(fault))
	}

	// Wrong words.
	s.run(2, "failoever")
	s.run(2, "switchover mars --yes")
	s.run(2, "retire prod one --yes")
	s.run(0, "thaw")
	s.run(0, "abort --yes")
	s.run(3, "check --for switchover --to prod")

	// A switchover that somebody thinks better of.
	s.until(130, "switchover dr --yes", at("pulumi up -s dr -c role=active", func(interrupt func()) { interrupt() }))
	s.run(0, "status")
	s.run(0, "thaw")
	s.run(0, "thaw")

	// A failover whose promotion is not allowed, and a production that comes back.
	stage.World.LoseRegion("us-west-2", sim.Refuse)
	stage.World.Clock().Advance(15 * time.Minute)
	s.run(4, "switchover dr --yes")
	inject("error=rds:PromoteReadReplica:AccessDenied:99")
	s.run(5, "failover --yes")
	s.run(0, "status")
	s.run(4, "abort --yes")
	s.run(4, "reprotect --yes")
	stage.World.ReturnRegion("us-west-2")
	stage.World.Clock().Advance(10 * time.Minute)
	stage.World.Heal()
	s.run(0, "abort --yes -o DIR/aborted")
	for _, kept := range []string{"report.json", "report.txt", "report.html"} {
		assert.FileExists(t, filepath.Join(stage.Dir(), "aborted", kept))
	}
	stage.World.Clock().Advance(time.Hour)
	s.run(0, "status")
	s.run(0, "retire dr 1 --yes")

	// A machine that dies in a failover, with the stack locked.
	stage.World.LoseRegion("us-west-2", sim.Refuse)
	stage.World.Clock().Advance(15 * time.Minute)
	o := staged.CommandLine()
	o.EngineRoot = staged.KillableEngine(t)
	stage = s.moveTo(o)
	s.until(5, "failover --yes", at("asked for", func(func()) { staged.Kill(t, o.EngineRoot) }))
	s.run(0, "unlock dr --yes")
	stage = s.moveTo(staged.Options())
	stage.World.Clock().Advance(time.Hour)
	resumed := s.run(0, "failover --yes")
	assert.Contains(t, resumed, "a failover loses", "what was found before is in the report")
	reports, err := report.ReadReports(stage.Dir())
	require.NoError(t, err)
	assert.Greater(t, reports[len(reports)-1].TimeToRecover, time.Hour.Seconds(), "it counts from when the failover was declared")
	s.run(0, "report --all")
	s.run(3, "check")

	// What was uploaded meanwhile is copied by hand.
	bucket, ok := staged.Outputs(t, stage, scenario.Recovery)["mediaBucket"].(string)
	require.True(t, ok)
	for i := range 3 {
		require.NoError(t, stage.World.Put(bucket, fmt.Sprintf("meanwhile-%d.jpg", i), 1000))
	}
	stage.World.ReturnRegion("us-west-2")
	s.run(2, "media sync --from dr --to mars")
	s.run(0, "media sync --from dr --to prod")
	s.run(0, "media sync --from dr --to prod")

	// An old file says what is not so.
	file := filepath.Join(stage.Dir(), config.FileName(scenario.Recovery))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, bytes.ReplaceAll(text, []byte("role: active"), []byte("role: standby")), 0o600))
	s.run(0, "status")
	s.run(4, "deploy")

	s.deletedMedia()
}
