package roundtrip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// visitors post to the site all the time, under its own name, and remember what
// it took.
type visitors struct {
	stage *scenario.Stage

	mu       sync.Mutex
	posts    int
	accepted []string
	refused  int
}

func (v *visitors) post() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.posts++
	text := fmt.Sprintf("post-%d", v.posts)
	answer, err := v.stage.World.Visit(httptest.NewRequest(http.MethodPost, "http://www.example.com/?post="+text, http.NoBody))
	if err == nil && answer.StatusCode == http.StatusCreated {
		v.accepted = append(v.accepted, text)
		return
	}
	v.refused++
}

// count is how many posts the site took so far.
func (v *visitors) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.accepted)
}

// env is the stage's, in which visitors post whenever somebody waits.
func (v *visitors) env() failover.Env {
	env := v.stage.Env()
	sleep := env.Sleep
	env.Sleep = func(ctx context.Context, d time.Duration) error {
		v.post()
		return sleep(ctx, d)
	}
	return env
}

// found are the accepted posts that a database holds.
func (v *visitors) found(region, database string) (found []string) {
	held := map[string]bool{}
	for _, row := range v.stage.World.Rows(region, database) {
		held[row] = true
	}
	for _, text := range v.accepted {
		if held[text] {
			found = append(found, text)
		}
	}
	return found
}

// TestSwitchover moves the site in the planned way, while visitors go on writing,
// and counts what they wrote.
func TestSwitchover(t *testing.T) {
	t.Parallel()
	t.Run("in step", func(t *testing.T) {
		t.Parallel()
		switchover(t, staged.Steady(t, staged.Options()))
	})
	// Longer than all that is made meanwhile: only looking tells when it has caught up,
	// and where the metric shows nothing, only the marker does.
	for name, lag := range map[string]string{"far behind": "lag=12m", "far behind, which the metric hides": "lag=hidden:12m"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := staged.Steady(t, staged.Options())
			staged.Inject(t, stage, lag)
			staged.Set(t, stage.Dir(), scenario.Recovery, "failover", `{"maxLag": "30m"}`)
			switchover(t, stage)
		})
	}
}

func switchover(t *testing.T, stage *scenario.Stage) {
	t.Helper()
	stage.World.Clock().Advance(time.Hour)
	v := &visitors{stage: stage}
	for range 50 {
		v.post()
		stage.World.Clock().Advance(time.Second)
	}
	before := v.count()
	require.Equal(t, 50, before)

	require.NoError(t, staged.Up(t, stage, v.env(), scenario.Production, map[string]string{"role": "frozen"}))
	frozen := v.count()
	assert.Greater(t, frozen, before, "some instance has not heard of it at once, and takes what visitors write")
	assert.Positive(t, v.refused)
	assert.Equal(t, "frozen", staged.Outputs(t, stage, scenario.Production)[stacks.OutputRole])
	require.NoError(t, staged.Up(t, stage, v.env(), scenario.Production, nil), "again changes nothing")

	require.NoError(t, staged.Up(t, stage, v.env(), scenario.Recovery, map[string]string{"role": "active"}))
	v.post()
	require.Greater(t, v.count(), frozen, "the other side takes what visitors write")
	assert.Equal(t, v.accepted, v.found("us-east-2", "blog-dr-1"), "no write is lost")
	out := staged.Outputs(t, stage, scenario.Recovery)
	assert.Equal(t, "active", out[stacks.OutputRole])
	assert.InDelta(t, 2, out[stacks.OutputEpoch], 0)

	require.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Production, map[string]string{"role": "active"}), "the site moved on to epoch 2")
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, map[string]string{"role": "standby"}))
	stage.World.Clock().Advance(time.Hour)
	assert.Equal(t, v.accepted, v.found("us-west-2", "blog-prod-2"), "the new replica has it all")
	assert.Len(t, v.found("us-west-2", "blog-prod-1"), frozen, "the former database took nothing since")
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil), "the active side learns of its new peer")
	staged.NothingLeft(t, stage)
}

// TestFreezeIgnored has the database take writes in spite of the freeze: the switchover does not
// go on, and goes through once the user is bound.
func TestFreezeIgnored(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	stage.World.Clock().Advance(time.Hour)
	staged.Inject(t, stage, "freeze=ignored")
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	_, err = site.Switchover(t.Context(), scenario.Recovery, ops.Accepted{}, ops.Run{})
	require.ErrorContains(t, err, "REVOKE CONNECTION_ADMIN")
	assert.InDelta(t, 1, staged.Outputs(t, stage, scenario.Production)[stacks.OutputEpoch], 0)

	stage.World.Heal()
	_, err = site.Switchover(t.Context(), scenario.Recovery, ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	assert.Equal(t, "active", staged.Outputs(t, stage, scenario.Recovery)[stacks.OutputRole])
}

// TestSwitchoverOfASiteThatIsDown holds that nothing is frozen where no instance would show the maintenance page, although production's
// region answers and its database replicates.
func TestSwitchoverOfASiteThatIsDown(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	stage.World.Clock().Advance(time.Hour)
	env := stage.Env()
	env.Transport = env.Transport.Clone()
	env.Transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no instance is there")
	}
	site, err := ops.OpenSite(stage.Options(env))
	require.NoError(t, err)
	ready, err := site.Check(t.Context(), ops.ForSwitchover, scenario.Recovery, ops.Run{})
	require.NoError(t, err)
	assert.True(t, slices.ContainsFunc(ready.Requirements, func(q ops.Requirement) bool { return !q.OK && q.Code == checks.ProductionSilent }))
	before := staged.Changes(stage.World)
	_, err = site.Switchover(t.Context(), scenario.Recovery, ops.Accepted{}, ops.Run{})
	require.ErrorContains(t, err, "www.example.com does not answer, so a freeze would wait in vain for its maintenance page")
	assert.Regexp(t, `pilotlight failover --ignore-production 2, which waits for no last writes \(the replica was \ds behind at \d\d:\d\d:\d\d UTC\)`, err.Error())
	assert.Equal(t, before, staged.Changes(stage.World), "nothing was changed")
}

// TestThaw takes a freeze back, also one that was killed anywhere: AWS may have done what the
// state does not know.
func TestThaw(t *testing.T) {
	t.Parallel()
	steady, err := staged.Keep(staged.Steady(t, staged.Options()), t.TempDir())
	require.NoError(t, err)
	points, frozen := staged.Points(t, steady, t.TempDir(), func(stage *scenario.Stage) {
		require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, map[string]string{"role": "frozen"}))
	})
	v := &visitors{stage: frozen}
	v.post()
	require.Zero(t, v.count(), "the site shows its maintenance page")
	for _, p := range points { // all of them, since few are those at which AWS is ahead
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			stage, err := p.Open(staged.Options())
			require.NoError(t, err)
			t.Cleanup(stage.Close)
			staged.Unlock(t, stage)
			require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, map[string]string{"role": "active"}))
			thawed(t, stage)
		})
		if !strings.HasPrefix(p.Name, "accepted") {
			continue
		}
		t.Run(p.Name+", by pulumi up", func(t *testing.T) {
			t.Parallel()
			stage, err := p.Open(staged.Options())
			require.NoError(t, err)
			t.Cleanup(stage.Close)
			staged.Unlock(t, stage)
			plainUp(t, stage, scenario.Production, roles.Active)
			thawed(t, stage)
		})
	}
	t.Run("while AWS can't be read", func(t *testing.T) {
		t.Parallel()
		i := slices.IndexFunc(points, func(p staged.Point) bool {
			return strings.HasPrefix(p.Name, "accepted") && strings.Contains(p.Name, "-mode")
		})
		require.GreaterOrEqual(t, i, 0)
		stage, err := points[i].Open(staged.Options())
		require.NoError(t, err)
		t.Cleanup(stage.Close)
		staged.Unlock(t, stage)
		stage.World.LoseRegion("us-west-2", sim.Refuse)
		require.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Production, map[string]string{"role": "active"}), "reading again")
		stage.World.ReturnRegion("us-west-2")
		require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, nil))
		thawed(t, stage)
	})
	t.Run("frozen", func(t *testing.T) {
		t.Parallel()
		require.NoError(t, staged.Up(t, frozen, frozen.Env(), scenario.Production, map[string]string{"role": "active"}))
		thawed(t, frozen)
	})
}

// plainUp updates a stack as pulumi up -c role=… does, without package ops.
func plainUp(t *testing.T, stage *scenario.Stage, name string, role roles.Role) {
	t.Helper()
	o := stage.Options(stage.Env())
	stack, err := auto.SelectStackInlineSource(t.Context(), name, config.Project, stacks.In(o.Env),
		auto.WorkDir(o.Dir), auto.EnvVars(o.EnvVars), auto.Pulumi(o.Command))
	require.NoError(t, err)
	require.NoError(t, stack.SetConfig(t.Context(), config.Project+":role", auto.ConfigValue{Value: string(role)}))
	_, err = stack.Up(t.Context(), optup.Parallel(64))
	require.NoError(t, err)
}

// thawed holds that the site takes writes at the epoch that it had.
func thawed(t *testing.T, stage *scenario.Stage) {
	t.Helper()
	v := &visitors{stage: stage}
	stage.World.Clock().Advance(2 * time.Minute)
	v.post()
	assert.Equal(t, 1, v.count())
	assert.InDelta(t, 1, staged.Outputs(t, stage, scenario.Production)[stacks.OutputEpoch], 0)
}

// TestAbort aborts an activation whose promotion fails for good, and lets
// production, which is back, reclaim the site.
func TestAbort(t *testing.T) {
	t.Parallel()
	o := staged.Options()
	stage := staged.Disaster(t, o)
	v := &visitors{stage: stage}
	// The promotion never comes to its end; meanwhile production does come back.
	env := stage.Env()
	sleep, now := env.Sleep, env.Now
	began := now()
	env.Sleep = func(ctx context.Context, d time.Duration) error {
		if now().Sub(began) > 3*time.Minute {
			return fmt.Errorf("interrupted")
		}
		return sleep(ctx, d)
	}
	require.ErrorContains(t, staged.Up(t, stage, env, scenario.Recovery, map[string]string{"role": "active"}), "interrupted")
	require.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, map[string]string{"role": "standby"}), "set abort to 2")
	require.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, map[string]string{"abort": "2"}), "production does not answer")
	stage.World.ReturnRegion("us-west-2")
	stage.World.Clock().Advance(5 * time.Minute)
	v.post()
	require.Zero(t, v.count(), "production has fenced itself")

	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	out := staged.Outputs(t, stage, scenario.Recovery)
	assert.Equal(t, "standby", out[stacks.OutputRole])
	assert.InDelta(t, 3, out[stacks.OutputEpoch], 0)
	assert.Equal(t, "blog-dr-2", out[stacks.OutputDatabase])
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, nil), "production claims again")
	assert.InDelta(t, 4, staged.Outputs(t, stage, scenario.Production)[stacks.OutputEpoch], 0)
	stage.World.Clock().Advance(2 * time.Minute)
	v.post()
	assert.Equal(t, 1, v.count())
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	assert.InDelta(t, 4, staged.Outputs(t, stage, scenario.Recovery)[stacks.OutputEpoch], 0)

	for range 2 { // unprotect, then end
		stage.World.Clock().Advance(10 * time.Minute)
		require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, map[string]string{"retire": "1"}))
	}
	assert.Empty(t, stage.World.Rows("us-east-2", "blog-dr-1"))
}

// TestTakeBack loses the region that a planned switchover goes to, once that has
// claimed: the frozen side must not wait for it. Nothing that visitors wrote is lost,
// and the lost side, when it is back, becomes a standby.
func TestTakeBack(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		at        string // the step at which the region is lost
		snapshots int    // that its database leaves in the end
	}{
		"before the promotion": {"wait until no write is missing", 0},
		"after the promotion":  {"verify the site in depth", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := staged.Steady(t, staged.Options())
			stage.World.Clock().Advance(time.Hour)
			v := &visitors{stage: stage}
			v.post()
			env := stage.Env()
			reported, sleep := env.Report, env.Sleep
			var lost atomic.Bool
			env.Report = func(r report.Report) {
				reported(r)
				if slices.ContainsFunc(r.Steps, func(s report.Step) bool { return s.Name == tc.at }) {
					lost.Store(true)
				}
			}
			env.Sleep = func(ctx context.Context, d time.Duration) error {
				if lost.Load() {
					return errors.New("the machine that ran it is lost, too")
				}
				return sleep(ctx, d)
			}
			site, err := ops.OpenSite(stage.Options(env))
			require.NoError(t, err)
			_, err = site.Switchover(t.Context(), scenario.Recovery, ops.Accepted{}, ops.Run{})
			require.ErrorContains(t, err, "the machine that ran it is lost")
			stage.World.LoseRegion("us-east-2", sim.Hang)
			stage.World.Clock().Advance(time.Hour)
			v.post()
			require.Equal(t, 1, v.count(), "the site shows its maintenance page")
			require.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Production, map[string]string{"role": "active"}), "abort set to 2 here")

			site, err = ops.OpenSite(stage.Options(stage.Env()))
			require.NoError(t, err)
			out, err := site.Abort(t.Context(), ops.Run{})
			require.NoError(t, err)
			assert.Equal(t, []ops.Change{{Stack: scenario.Production, Role: roles.Active, Abort: 2}}, out.Done)
			assert.Contains(t, strings.Join(out.Next, "\n"), "pilotlight reprotect, once its region is back")
			assert.InDelta(t, 3, staged.Outputs(t, stage, scenario.Production)[stacks.OutputEpoch], 0)
			v.post()
			require.Equal(t, 2, v.count(), "the site is back")
			out, err = site.Abort(t.Context(), ops.Run{})
			require.NoError(t, err)
			assert.Contains(t, out.NothingToDo, "nothing to abort")

			stage.World.ReturnRegion("us-east-2")
			require.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil), "the site moved on to epoch 3")
			_, err = site.Reprotect(t.Context(), ops.Run{})
			require.NoError(t, err)
			stage.World.Clock().Advance(time.Hour)
			v.post()
			assert.Equal(t, v.accepted, v.found("us-west-2", "blog-prod-1"))
			stage.World.Clock().Advance(time.Hour)
			assert.Equal(t, v.accepted, v.found("us-east-2", "blog-dr-2"), "the new replica has it all")
			staged.NothingLeft(t, stage)

			_, err = site.Retire(t.Context(), scenario.Recovery, 1, ops.Accepted{}, ops.Run{})
			require.NoError(t, err)
			assert.Len(t, stage.World.Snapshots("us-east-2"), tc.snapshots)
		})
	}
}
