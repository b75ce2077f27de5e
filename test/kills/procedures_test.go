package kills

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// procedure is a verb of the command, given in the state of a site that it is for.
type procedure struct {
	name   string
	before func(t *testing.T) *scenario.Stage
	give   func(context.Context, *ops.Site) (ops.Outcome, error)
	// claims reports whether the verb starts an activation of dr.
	claims bool
	points int // at which it may be killed, at least

	once sync.Once
	undisturbed
}

// undisturbed is a run of a procedure that nothing ends.
type undisturbed struct {
	start  scenario.Moment
	points []staged.Point
	end    end
}

var procedures = []*procedure{
	{name: "failover", before: lost, claims: true, points: 60,
		give: func(ctx context.Context, s *ops.Site) (ops.Outcome, error) {
			return s.Failover(ctx, ops.Accepted{}, ops.Run{})
		}},
	{name: "reprotect", before: failedOver, points: 80,
		give: func(ctx context.Context, s *ops.Site) (ops.Outcome, error) {
			return s.Reprotect(ctx, ops.Run{})
		}},
	{name: "switchover", before: steady, claims: true, points: 190,
		give: func(ctx context.Context, s *ops.Site) (ops.Outcome, error) {
			return s.Switchover(ctx, scenario.Recovery, ops.Accepted{}, ops.Run{})
		}},
	{name: "thaw", before: frozen, points: 15,
		give: func(ctx context.Context, s *ops.Site) (ops.Outcome, error) { return s.Thaw(ctx, ops.Run{}) }},
	{name: "abort", before: stuck, points: 60,
		give: func(ctx context.Context, s *ops.Site) (ops.Outcome, error) { return s.Abort(ctx, ops.Run{}) }},
	{name: "retire", before: protected, points: 30,
		give: func(ctx context.Context, s *ops.Site) (ops.Outcome, error) {
			return s.Retire(ctx, scenario.Production, 1, ops.Accepted{}, ops.Run{})
		}},
	rotation,
}

// rotation has all secrets rotated.
var rotation = &procedure{name: "rotate", before: steady, points: 20, give: func(ctx context.Context, s *ops.Site) (ops.Outcome, error) {
	return s.Rotate(ctx, "all", ops.Run{})
}}

// run gives the verb on a stage.
func (p *procedure) run(ctx context.Context, t *testing.T, stage *scenario.Stage) error {
	t.Helper()
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	_, err = p.give(ctx, site)
	return err
}

// known is the procedure undisturbed, run once for all tests.
func (p *procedure) known(t *testing.T) *undisturbed {
	t.Helper()
	p.once.Do(func() {
		before := p.before(t)
		var err error
		p.start, err = staged.Keep(before, filepath.Join(scratch, p.name))
		require.NoError(t, err)
		var stage *scenario.Stage
		p.undisturbed.points, stage = staged.Points(t, p.start, filepath.Join(scratch, p.name+" points"), func(stage *scenario.Stage) {
			require.NoError(t, p.run(t.Context(), t, stage))
		})
		p.end = endOf(t, stage)
	})
	require.NotNil(t, p.end.Outputs, "the undisturbed run failed")
	return &p.undisturbed
}

// accepted counts the changes that AWS accepts.
func (u *undisturbed) accepted() (count int) {
	for _, p := range u.points {
		if strings.Contains(p.Name, "accepted") {
			count++
		}
	}
	return count
}

// again is the stage on which a killed verb is given again: its locks are taken away.
func again(t *testing.T, from scenario.Moment) *scenario.Stage {
	t.Helper()
	stage, err := from.Open(staged.Options())
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	staged.Unlock(t, stage)
	return stage
}

func steady(t *testing.T) *scenario.Stage {
	t.Helper()
	stage := staged.Steady(t, staged.Options())
	stage.World.Clock().Advance(time.Hour)
	return stage
}

func lost(t *testing.T) *scenario.Stage {
	t.Helper()
	return staged.Disaster(t, staged.Options())
}

// failedOver is a site whose lost region is back.
func failedOver(t *testing.T) *scenario.Stage {
	t.Helper()
	stage := lost(t)
	require.Empty(t, staged.FailOver(t, stage).Refusal)
	stage.World.ReturnRegion("us-west-2")
	stage.World.Clock().Advance(10 * time.Minute)
	return stage
}

// protected is a site that was failed over and has a standby again.
func protected(t *testing.T) *scenario.Stage {
	t.Helper()
	stage := failedOver(t)
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, map[string]string{"role": "standby"}))
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	stage.World.Clock().Advance(time.Hour)
	return stage
}

// frozen is a site in the middle of a switchover.
func frozen(t *testing.T) *scenario.Stage {
	t.Helper()
	stage := steady(t)
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, map[string]string{"role": "frozen"}))
	return stage
}

// stuck is a site whose failover stopped before the promotion. Its lost region is back.
func stuck(t *testing.T) *scenario.Stage {
	t.Helper()
	stage := staged.Disaster(t, staged.Options("error=rds:PromoteReadReplica:AccessDenied:99"))
	require.Contains(t, staged.FailOver(t, stage).Refusal, "AccessDenied")
	stage.World.Heal()
	stage.World.ReturnRegion("us-west-2")
	stage.World.Clock().Advance(10 * time.Minute)
	return stage
}
