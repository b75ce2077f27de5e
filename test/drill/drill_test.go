// Package drill holds drills under the real engine, on simulated AWS.
package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

func TestMain(m *testing.M) { staged.Main(m) }

// open opens the site of a stage.
func open(t *testing.T, stage *scenario.Stage) *ops.Site {
	t.Helper()
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	return site
}

// quiet is a site in its steady state, of which there is a snapshot.
func quiet(t *testing.T, o scenario.Options) *scenario.Stage {
	t.Helper()
	stage := staged.Steady(t, o)
	stage.World.Clock().Advance(time.Hour)
	return stage
}

// pilotLight is all that a drill must leave as it is: the states of both stacks, their
// files and what is beside them, and what AWS holds, but for what a drill made.
func pilotLight(t *testing.T, stage *scenario.Stage) map[string]string {
	t.Helper()
	held := map[string]string{}
	for _, name := range []string{scenario.Production, scenario.Recovery} {
		stack, err := stage.Stack(t.Context(), name, stage.Env())
		require.NoError(t, err)
		state, err := stack.Export(t.Context())
		require.NoError(t, err)
		held["state of "+name] = string(state)
	}
	entries, err := os.ReadDir(stage.Dir())
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.Type().IsRegular() {
			text, err := os.ReadFile(filepath.Join(stage.Dir(), entry.Name()))
			require.NoError(t, err)
			held["file "+entry.Name()] = string(text)
		}
	}
	var world struct {
		Objects map[string]json.RawMessage
	}
	require.NoError(t, json.Unmarshal(stage.World.Snapshot(), &world))
	for key, object := range world.Objects {
		if !strings.Contains(string(object), "dr-drill") {
			held[key] = string(object)
		}
	}
	return held
}

func TestDrill(t *testing.T) {
	t.Parallel()
	stage := quiet(t, staged.Options())
	before, inventory := pilotLight(t, stage), staged.Inventory(stage.World)

	d, err := open(t, stage).Drill(t.Context(), ops.DrillOptions{}, ops.Run{})
	require.NoError(t, err)
	assert.Equal(t, report.Done, d.Report.Outcome)
	assert.Contains(t, d.Report.Reached, report.Healthy)
	assert.NotContains(t, d.Report.Reached, report.Switched, "no name moves")
	var measured []string
	for _, piece := range d.Timings {
		assert.Positive(t, piece.Seconds, piece.What)
		measured = append(measured, piece.What)
	}
	assert.Equal(t, []string{"database, restored", "way out (NAT)", "balancer", "cache", "instances", "verification in depth"}, measured)
	assert.Empty(t, d.Balancer)
	assert.Zero(t, d.Expires)

	assert.Equal(t, before, pilotLight(t, stage), "the pilot light is not touched")
	assert.Equal(t, inventory, staged.Inventory(stage.World), "nothing is left over")
	left, err := open(t, stage).Drills(t.Context())
	require.NoError(t, err)
	assert.Empty(t, left)
}

// TestDrillKept holds that the copy which is left is a copy, and no more than that.
func TestDrillKept(t *testing.T) {
	t.Parallel()
	stage := quiet(t, staged.Options())
	post(t, stage, "before the snapshot")
	stage.World.Clock().Advance(24 * time.Hour)
	post(t, stage, "after the snapshot")
	before, inventory := pilotLight(t, stage), staged.Inventory(stage.World)
	began := stage.World.Clock().Now()

	site := open(t, stage)
	d, err := site.Drill(t.Context(), ops.DrillOptions{Keep: 2 * time.Hour}, ops.Run{})
	require.NoError(t, err)
	assert.WithinDuration(t, began.Add(2*time.Hour), d.Expires, time.Minute)
	rows := stage.World.Rows("us-east-2", "blog-dr-drill")
	assert.Contains(t, rows, "before the snapshot")
	assert.NotContains(t, rows, "after the snapshot")
	assert.Equal(t, before, pilotLight(t, stage), "the pilot light is not touched")

	visit := httptest.NewRequest(http.MethodPost, "http://"+d.Balancer+"/?post=in+the+copy", http.NoBody)
	visit.Host = "www.example.com"
	answer, err := stage.World.Visit(visit)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, answer.StatusCode)
	assert.NotContains(t, stage.World.Rows("us-west-2", "blog-prod-1"), "in the copy")
	target, _ := stage.World.Resolve("www.example.com")
	assert.Contains(t, target, "us-west-2", "no name leads to the copy")

	_, err = site.Drill(t.Context(), ops.DrillOptions{}, ops.Run{})
	assert.ErrorContains(t, err, "the copy of an earlier drill is still there")
	for _, moment := range []struct {
		after time.Duration
		ended []string
	}{{0, []string{}}, {2 * time.Hour, []string{"dr-drill"}}, {0, []string{}}} {
		stage.World.Clock().Advance(moment.after)
		ended, err := site.EndDrill(t.Context(), true, ops.Run{})
		require.NoError(t, err)
		assert.Equal(t, moment.ended, ended)
	}
	assert.Equal(t, inventory, staged.Inventory(stage.World), "nothing is left over")
}

// post writes into the site's database, as a visitor of production does.
func post(t *testing.T, stage *scenario.Stage, text string) {
	t.Helper()
	answer, err := stage.World.Visit(httptest.NewRequest(http.MethodPost, "http://www.example.com/?post="+strings.ReplaceAll(text, " ", "+"), http.NoBody))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, answer.StatusCode)
}

// slow is what AWS creates over minutes: a drill that is killed is most likely killed then.
var slow = []string{
	"aws:rds/instance:Instance", "aws:ec2/natGateway:NatGateway", "aws:lb/loadBalancer:LoadBalancer",
	"aws:elasticache/replicationGroup:ReplicationGroup", "aws:autoscaling/group:Group",
}

// moment is how long the engine may still save what AWS creates at once beside them.
const moment = time.Minute

// opaque is an engine with a backend that tells of no locks.
type opaque struct {
	auto.PulumiCommand
	backend string
}

func (c opaque) Run(ctx context.Context, dir string, in io.Reader, out, errOut []io.Writer, env []string, args ...string) (stdout, stderr string, code int, err error) {
	return c.PulumiCommand.Run(ctx, dir, in, out, errOut, append(slices.Clone(env), "PULUMI_BACKEND_URL="+c.backend), args...)
}

// TestKilledDrill kills drills while AWS creates what no state knows of yet, and at points of their first minute, when most
// is made. A drill can be ended then, and it can be resumed.
func TestKilledDrill(t *testing.T) {
	t.Parallel()
	start := quiet(t, staged.Options())
	before, inventory := pilotLight(t, start), staged.Inventory(start.World)
	from, err := staged.Keep(start, t.TempDir())
	require.NoError(t, err)
	points, _ := staged.Points(t, from, t.TempDir(), func(stage *scenario.Stage) {
		_, err := open(t, stage).Drill(t.Context(), ops.DrillOptions{}, ops.Run{})
		require.NoError(t, err)
	})
	late := func(p staged.Point) bool { return p.At.Sub(points[0].At) >= moment }
	kills := staged.Sample(slices.IndexFunc(points, late), 8)
	for _, typ := range slow {
		at := slices.IndexFunc(points, func(p staged.Point) bool { return strings.Contains(p.Name, "accepted create "+typ) })
		require.GreaterOrEqual(t, at, 0, typ)
		for began := points[at].At; points[at+1].At.Sub(began) < moment; {
			at++
		}
		kills = append(kills, at)
	}
	t.Run("unseen", func(t *testing.T) {
		t.Parallel()
		at := slices.IndexFunc(points, func(p staged.Point) bool { return strings.Contains(p.Name, "accepted create aws:ec2/natGateway") })
		stage, err := points[at].Open(staged.Options())
		require.NoError(t, err)
		t.Cleanup(stage.Close)
		staged.Unlock(t, stage)
		o := stage.Options(stage.Env())
		o.Command = opaque{o.Command, o.EnvVars["PULUMI_BACKEND_URL"]}
		o.EnvVars["PULUMI_BACKEND_URL"] = "https://api.pulumi.com"
		site, err := ops.OpenSite(o)
		require.NoError(t, err)
		made := stage.World.Gateways("us-east-2")
		require.NotEmpty(t, made)
		var said []string
		_, _ = site.EndDrill(t.Context(), false, ops.Run{Say: func(line string) { said = append(said, line) }}) // it keeps the network
		assert.Len(t, stage.World.Gateways("us-east-2"), len(made), "a drill that runs may be making it")
		assert.Contains(t, strings.Join(said, "\n"), "a killed run may have left a NatGateway")
	})
	for _, at := range kills {
		for name, then := range map[string]func(*testing.T, *ops.Site){
			"ended": func(t *testing.T, site *ops.Site) {
				t.Helper()
				_, err := site.EndDrill(t.Context(), false, ops.Run{})
				require.NoError(t, err)
			},
			"resumed": func(t *testing.T, site *ops.Site) {
				t.Helper()
				d, err := site.Drill(t.Context(), ops.DrillOptions{}, ops.Run{})
				require.NoError(t, err)
				assert.Equal(t, report.Done, d.Report.Outcome)
			},
		} {
			t.Run(fmt.Sprintf("%d %s %s", at, points[at].Name, name), func(t *testing.T) {
				t.Parallel()
				stage, err := points[at].Open(staged.Options())
				require.NoError(t, err)
				t.Cleanup(stage.Close)
				staged.Unlock(t, stage)
				site := open(t, stage)
				then(t, site)
				assert.Equal(t, before, pilotLight(t, stage), "the pilot light is not touched")
				assert.Equal(t, inventory, staged.Inventory(stage.World), "nothing is left over")
				left, err := site.Drills(t.Context())
				require.NoError(t, err)
				assert.Empty(t, left)
			})
		}
	}
}

// TestDrillSigkill kills the pulumi process in the middle of a drill, while AWS creates what
// no state knows of yet. The next run in the folder releases its lock, whether that resumes the drill or ends it.
func TestDrillSigkill(t *testing.T) {
	t.Parallel()
	o := staged.CommandLine()
	o.EngineRoot = staged.KillableEngine(t)
	stage := quiet(t, o)
	before, inventory := pilotLight(t, stage), staged.Inventory(stage.World)
	site := open(t, stage)
	_, err := site.Drill(t.Context(), ops.DrillOptions{}, ops.Run{Event: func(e events.EngineEvent) {
		if out := e.ResOutputsEvent; out != nil && out.Metadata.Type == "aws:lb/loadBalancer:LoadBalancer" {
			staged.Kill(t, o.EngineRoot)
		}
	}})
	require.Error(t, err)
	left, err := site.Drills(t.Context())
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Empty(t, left[0].Balancer)
	locks, err := site.Locks(t.Context(), "dr-drill")
	require.NoError(t, err)
	require.Len(t, locks, 1)
	assert.True(t, locks[0].LeftHere)
	ended, err := stage.Fork(staged.Options())
	require.NoError(t, err)
	t.Cleanup(ended.Close)
	_, err = open(t, ended).EndDrill(t.Context(), false, ops.Run{})
	require.NoError(t, err)
	assert.Equal(t, inventory, staged.Inventory(ended.World), "nothing is left over")

	resumed, err := stage.Fork(staged.Options())
	require.NoError(t, err)
	t.Cleanup(resumed.Close)
	d, err := open(t, resumed).Drill(t.Context(), ops.DrillOptions{}, ops.Run{})
	require.NoError(t, err)
	assert.Equal(t, report.Done, d.Report.Outcome)
	assert.Contains(t, d.Report.String(), "an earlier run was stopped")
	assert.Equal(t, before, pilotLight(t, resumed), "the pilot light is not touched")
	assert.Equal(t, inventory, staged.Inventory(resumed.World), "nothing is left over")
}

// TestNoEndBesideADrill holds that a copy which somebody else is making, or ending, is left alone: nothing is even asked of AWS.
func TestNoEndBesideADrill(t *testing.T) {
	t.Parallel()
	stage := quiet(t, staged.Options())
	site := open(t, stage)
	_, err := site.Drill(t.Context(), ops.DrillOptions{Keep: 2 * time.Hour}, ops.Run{})
	require.NoError(t, err)
	store, err := backend.OpenStore(t.Context(), stage.EngineEnv()["PULUMI_BACKEND_URL"], stage.Dir(), nil)
	require.NoError(t, err)
	require.NoError(t, store.PutLock(t.Context(), config.Project, "dr-drill", backend.Lock{PID: 1, User: "anna", Host: "elsewhere", Since: time.Now()}))
	calls := stage.World.CallsTo("us-east-2")
	_, err = site.EndDrill(t.Context(), false, ops.Run{})
	assert.Equal(t, refusal.CodeLocked, refusal.CodeOf(err), err)
	assert.Equal(t, calls, stage.World.CallsTo("us-east-2"))
	locks, err := site.Locks(t.Context(), "dr-drill")
	require.NoError(t, err)
	require.NoError(t, site.Unlock(t.Context(), locks))
	ended, err := site.EndDrill(t.Context(), false, ops.Run{})
	require.NoError(t, err)
	assert.Equal(t, []string{"dr-drill"}, ended)
}

// TestDrillInterrupted cancels a drill, as Ctrl-C does. It leaves no lock.
func TestDrillInterrupted(t *testing.T) {
	t.Parallel()
	stage := quiet(t, staged.Watched(t, nil))
	before, inventory := pilotLight(t, stage), staged.Inventory(stage.World)
	site := open(t, stage)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := site.Drill(ctx, ops.DrillOptions{}, ops.Run{Event: func(e events.EngineEvent) {
		if out := e.ResOutputsEvent; out != nil && out.Metadata.Type == "aws:ec2/natGateway:NatGateway" {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	_, err = site.EndDrill(t.Context(), false, ops.Run{})
	require.NoError(t, err)
	assert.Equal(t, before, pilotLight(t, stage), "the pilot light is not touched")
	assert.Equal(t, inventory, staged.Inventory(stage.World), "nothing is left over")
}

// TestUnmadeDrill has a copy of which AWS accepts parts and fails to make them: neither that nor reading them keeps it from its end.
func TestUnmadeDrill(t *testing.T) {
	t.Parallel()
	stage := quiet(t, staged.Options())
	inventory := staged.Inventory(stage.World)
	for _, fault := range staged.Options("fails=elasticache:CreateReplicationGroup", "fails=ec2:CreateNatGateway", "fails=elasticloadbalancing:CreateLoadBalancer").Faults {
		require.NoError(t, stage.World.Inject(fault))
	}
	site := open(t, stage)
	_, err := site.Drill(t.Context(), ops.DrillOptions{}, ops.Run{})
	require.ErrorContains(t, err, "unexpected state 'create-failed'")
	assert.Empty(t, stage.World.Unmet())
	_, err = site.EndDrill(t.Context(), false, ops.Run{})
	require.NoError(t, err)
	assert.Equal(t, inventory, staged.Inventory(stage.World), "nothing is left over")
}

// TestFailedDrill has a copy that can't be made. What was made of it costs, so it can
// be ended.
func TestFailedDrill(t *testing.T) {
	t.Parallel()
	stage := quiet(t, staged.Options())
	inventory := staged.Inventory(stage.World)
	for _, fault := range staged.Options("error=rds:RestoreDBInstanceFromDBSnapshot:InsufficientDBInstanceCapacity:99").Faults {
		require.NoError(t, stage.World.Inject(fault))
	}
	site := open(t, stage)
	d, err := site.Drill(t.Context(), ops.DrillOptions{}, ops.Run{})
	require.ErrorContains(t, err, "InsufficientDBInstanceCapacity")
	require.NotNil(t, d.Report)
	assert.NotEqual(t, report.Done, d.Report.Outcome)
	assert.NotEqual(t, inventory, staged.Inventory(stage.World))
	_, err = site.EndDrill(t.Context(), false, ops.Run{})
	require.NoError(t, err)
	assert.Equal(t, inventory, staged.Inventory(stage.World), "nothing is left over")
}
