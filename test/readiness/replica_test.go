package readiness

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// promote promotes the standby's replica outside of a run.
func promote(t *testing.T, stage *scenario.Stage) {
	t.Helper()
	_, err := stage.World.Promote("us-east-2", "blog-dr-1", nil)
	require.NoError(t, err)
	stage.World.Clock().Advance(time.Hour)
}

// databaseOf is a database of the standby; none where there is none.
func databaseOf(stage *scenario.Stage, identifier string) sim.Database {
	found, err := stage.World.Databases("us-east-2", identifier)
	if err != nil {
		return sim.Database{}
	}
	return found[0]
}

// TestReplicaIsReplaced: what RDS can't go on with is said by check and status, and reprotect makes another one.
func TestReplicaIsReplaced(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*testing.T, *scenario.Stage)
		code  string
	}{
		"promoted outside of a run": {promote, checks.ReplicaPromoted},
		"stopped by its applier": {func(t *testing.T, stage *scenario.Stage) {
			staged.Inject(t, stage, "replication=broken")
			stage.World.Clock().Advance(time.Hour)
		}, checks.ReplicaApplier},
		"without its binary log": {func(t *testing.T, stage *scenario.Stage) {
			staged.Inject(t, stage, "replication=purged")
			stage.World.Clock().Advance(time.Hour)
		}, checks.LagTooHigh},
		"failed": {func(t *testing.T, stage *scenario.Stage) {
			staged.Inject(t, stage, "database=failed")
			stage.World.Clock().Advance(time.Hour)
		}, checks.ReplicaState},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := staged.Steady(t, staged.Options())
			tc.spoil(t, stage)
			ready, codes := check(t, stage)
			assert.Contains(t, codes, tc.code)
			require.ErrorContains(t, ready.Err(), "pilotlight reprotect")
			site, err := ops.OpenSite(stage.Options(stage.Env()))
			require.NoError(t, err)
			status, err := site.Status(t.Context())
			require.NoError(t, err)
			assert.False(t, status.Protected)
			assert.Equal(t, "pilotlight reprotect, which makes another one", status.Next, status.Verdict)
			out, err := site.Deploy(t.Context(), ops.Run{})
			require.NoError(t, err, "it changes nothing about that")
			assert.Empty(t, out.Reports)
			out, err = site.Reprotect(t.Context(), ops.Run{})
			require.NoError(t, err)
			assert.Contains(t, out.Next, "once status says protected, the replica that was replaced is needed no longer: pilotlight retire dr 1")
			stage.World.Heal()
			stage.World.Clock().Advance(time.Hour)
			assert.Equal(t, "arn:aws:rds:us-west-2:123456789012:db:blog-prod-1", databaseOf(stage, "blog-dr-2").Source)
			_, codes = check(t, stage)
			assert.Empty(t, codes)
			status, err = site.Status(t.Context())
			require.NoError(t, err)
			assert.True(t, status.Protected, status.Verdict)
			out, err = site.Reprotect(t.Context(), ops.Run{})
			require.NoError(t, err)
			assert.Equal(t, "us-east-2 (dr) is a standby of us-west-2 (prod)", out.NothingToDo)
			_, err = site.Retire(t.Context(), "dr", 1, ops.Accepted{}, ops.Run{})
			require.NoError(t, err)
			assert.Empty(t, databaseOf(stage, "blog-dr-1"))
			require.NoError(t, stage.Lose())
			_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
			require.NoError(t, err)
			staged.NothingLeft(t, stage)
		})
	}
}

// TestDeletedReplicaIsMadeAgain: deploy copies it again, and a failover does not: it would be of the lost region.
func TestDeletedReplicaIsMadeAgain(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	stage.World.ByHand(func(o *sim.Object) bool { return o.Name != "blog-dr-1-instance" })
	_, codes := check(t, stage)
	assert.Equal(t, []string{checks.ReplicaMissing}, codes)
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	status, err := site.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "pilotlight deploy dr, which makes it again", status.Next)
	_, err = site.Deploy(t.Context(), ops.Run{})
	require.NoError(t, err)
	stage.World.Clock().Advance(time.Hour)
	assert.Equal(t, "arn:aws:rds:us-west-2:123456789012:db:blog-prod-1", databaseOf(stage, "blog-dr-1").Source)
	ready, codes := check(t, stage)
	assert.Empty(t, codes, ready.Err())
	staged.NothingLeft(t, stage)
}

// TestPromotedReplicaIsNoStandby: a failover serves no old data without a word, and does so by consent.
func TestPromotedReplicaIsNoStandby(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	promote(t, stage)
	require.NoError(t, stage.Lose())
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	before := staged.Changes(stage.World)
	_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.ErrorContains(t, err, "database blog-dr-1 is no replica any more")
	assert.Equal(t, before, staged.Changes(stage.World), "nothing was changed")
	out, err := site.Failover(t.Context(), ops.Accepted{DataLoss: 2}, ops.Run{})
	require.NoError(t, err)
	require.Len(t, out.Reports, 1)
	assert.Equal(t, "which writes a failover loses is unknown: database blog-dr-1 is no replica any more", out.Reports[0].Verdict.Loss)
	assert.Contains(t, stage.Visit(), "visitors are served from us-east-2")
	sides, err := site.Sides(t.Context())
	require.NoError(t, err)
	assert.Equal(t, roles.Active, sides[0].State.Claim.Role)
}
