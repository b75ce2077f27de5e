package readiness

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestFormerDatabase: one that AWS no longer has is kept no longer, and never made again. One that RDS takes no change of is
// left as it is, and ends without a final snapshot only by consent, where RDS takes none.
func TestFormerDatabase(t *testing.T) {
	t.Parallel()
	base := staged.Steady(t, staged.Options())
	require.NoError(t, base.Lose())
	site, err := ops.OpenSite(base.Options(base.Env()))
	require.NoError(t, err)
	_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	base.World.ReturnRegion("us-west-2")
	base.World.Clock().Advance(time.Hour)
	fork := func(t *testing.T) (*scenario.Stage, *ops.Site) {
		t.Helper()
		stage, err := base.Fork(staged.Options())
		require.NoError(t, err)
		t.Cleanup(stage.Close)
		site, err := ops.OpenSite(stage.Options(stage.Env()))
		require.NoError(t, err)
		return stage, site
	}
	reprotect := func(t *testing.T, stage *scenario.Stage, site *ops.Site) {
		t.Helper()
		ready, err := site.Check(t.Context(), ops.ForReprotect, "", ops.Run{})
		require.NoError(t, err)
		require.NoError(t, ready.Err())
		_, err = site.Reprotect(t.Context(), ops.Run{})
		require.NoError(t, err)
		stage.World.Clock().Advance(time.Hour)
	}

	t.Run("gone before the reprotect", func(t *testing.T) {
		stage, site := fork(t)
		become(stage, "")
		reprotect(t, stage, site)
		assert.Empty(t, formerOf(t, site))
		assert.Equal(t, []string{"blog-prod-2"}, databasesOf(t, stage))
		_, err := site.Failback(t.Context(), ops.Accepted{}, ops.Run{})
		require.NoError(t, err)
		staged.NothingLeft(t, stage)
	})
	t.Run("gone later", func(t *testing.T) {
		stage, site := fork(t)
		reprotect(t, stage, site)
		become(stage, "")
		_, err := site.Retire(t.Context(), scenario.Production, 1, ops.Accepted{}, ops.Run{})
		require.NoError(t, err)
		assert.Empty(t, formerOf(t, site))
		assert.Equal(t, []string{"blog-prod-2"}, databasesOf(t, stage))
		staged.NothingLeft(t, stage)
	})
	for _, status := range []string{"failed", "stopped"} {
		t.Run(status, func(t *testing.T) {
			stage, site := fork(t)
			become(stage, status)
			reprotect(t, stage, site)
			assert.Len(t, formerOf(t, site), 1)
			out, err := site.Deploy(t.Context(), ops.Run{})
			require.NoError(t, err)
			assert.Empty(t, out.Reports)
			if status == "failed" {
				before := staged.Changes(stage.World)
				_, err = site.Retire(t.Context(), scenario.Production, 1, ops.Accepted{}, ops.Run{})
				require.ErrorContains(t, err, "generation 1 of this stack is failed, and RDS takes no final snapshot of such a database: mend it first, or set acceptNoSnapshot to 1 (--accept-no-snapshot 1)")
				_, err = site.Retire(t.Context(), scenario.Production, 1, ops.Accepted{NoSnapshot: 2}, ops.Run{})
				require.ErrorContains(t, err, "set acceptNoSnapshot to 1", "of another one")
				assert.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Production, map[string]string{"teardown": "blog"}), "pilotlight retire prod 1 --accept-no-snapshot 1")
				assert.Equal(t, before, staged.Changes(stage.World), "a refusal changes nothing")
			}
			_, err = site.Retire(t.Context(), scenario.Production, 1, ops.Accepted{NoSnapshot: 1}, ops.Run{})
			require.NoError(t, err)
			assert.Equal(t, []string{"blog-prod-2"}, databasesOf(t, stage))
			assert.Equal(t, status == "stopped", len(stage.World.Snapshots("us-west-2")) == 1, "a consent that is not needed counts for nothing")
			staged.NothingLeft(t, stage)
		})
	}
}

// become brings production's first database into a state for a year; an empty one is that it is deleted.
func become(stage *scenario.Stage, status string) {
	until := stage.World.Clock().Now().AddDate(1, 0, 0)
	stage.World.ByHand(func(o *sim.Object) bool {
		if o.Name == "blog-prod-1-instance" {
			o.Phases = []sim.Phase{{Status: status, Until: until}}
			return status != ""
		}
		return true
	})
}

// formerOf are the former databases that production's state holds.
func formerOf(t *testing.T, site *ops.Site) []roles.Generation {
	t.Helper()
	sides, err := site.Sides(t.Context())
	require.NoError(t, err)
	at := slices.IndexFunc(sides, func(s ops.Side) bool { return s.Config.Stack == scenario.Production })
	return sides[at].State.Claim.Former
}

// databasesOf are the databases of production's region.
func databasesOf(t *testing.T, stage *scenario.Stage) (ids []string) {
	t.Helper()
	found, err := stage.World.Databases("us-west-2", "")
	require.NoError(t, err)
	for _, d := range found {
		ids = append(ids, d.Identifier)
	}
	return ids
}
