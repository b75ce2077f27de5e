package test

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestRotateSecrets rotates all secrets of a site, twice, and a part of them in the middle of other things. Visitors
// see the site at each event of the engine.
func TestRotateSecrets(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T) (*scenario.Stage, *ops.Site) {
		t.Helper()
		stage := staged.Steady(t, staged.Options())
		stage.World.Clock().Advance(time.Hour)
		site, err := ops.OpenSite(stage.Options(stage.Env()))
		require.NoError(t, err)
		return stage, site
	}
	const served = "visitors are served from us-west-2"
	t.Run("in order", func(t *testing.T) {
		t.Parallel()
		stage, site := open(t)
		for number := range 2 {
			looks := 0
			out, err := site.Rotate(t.Context(), "all", ops.Run{Event: func(events.EngineEvent) {
				assert.Equal(t, served, stage.Visit())
				looks++
			}})
			require.NoError(t, err)
			assert.Len(t, out.Done, 4)
			assert.Greater(t, looks, 100)
			stage.World.Clock().Advance(15 * time.Minute)
			codes, _, status := look(t, stage)
			assert.Empty(t, codes)
			assert.True(t, status.Protected, status.Verdict)
			assert.Empty(t, status.Warnings)
			sides, err := site.Sides(t.Context())
			require.NoError(t, err)
			for _, side := range sides {
				assert.Equal(t, number+1, side.State.Published.Rotation, side.Config.Stack)
				assert.Empty(t, side.State.Published.Rotating, side.Config.Stack)
			}
		}
		assert.Equal(t, map[string]int{"rds:ModifyDBInstance": 2, "elasticache:ModifyReplicationGroup": 4}, modified(stage))
	})
	t.Run("production that lives in the middle is seen to", func(t *testing.T) {
		t.Parallel()
		stage, site := open(t)
		_, err := site.Apply(t.Context(), ops.Change{Stack: scenario.Production, Rotate: "all-1"}, ops.Run{})
		require.NoError(t, err)
		stage.World.Clock().Advance(15 * time.Minute)
		_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
		assert.ErrorContains(t, err, "production still serves the site (epoch 1): its deep page says that all is well")
	})
	t.Run("a switchover in the middle ends it", func(t *testing.T) {
		t.Parallel()
		stage, site := open(t)
		_, err := site.Apply(t.Context(), ops.Change{Stack: scenario.Production, Rotate: "all-1"}, ops.Run{})
		require.NoError(t, err)
		stage.World.Clock().Advance(15 * time.Minute)
		_, err = site.Switchover(t.Context(), scenario.Recovery, ops.Accepted{}, ops.Run{})
		require.NoError(t, err)
		assert.Equal(t, "visitors are served from us-east-2", stage.Visit())
		sides, err := site.Sides(t.Context())
		require.NoError(t, err)
		assert.Equal(t, sides[0].State.Published.Secrets, sides[1].State.Published.Secrets)
		for _, side := range sides {
			if side.State.Claim.Leads() {
				assert.Empty(t, side.State.Published.Rotating)
				assert.True(t, side.State.Claim.Generation.PasswordSet)
			}
		}
	})
	t.Run("one that a warm cache was not part of makes it anew", func(t *testing.T) {
		t.Parallel()
		stage := staged.Disaster(t, staged.Options())
		require.Empty(t, staged.FailOver(t, stage).Refusal)
		site, err := ops.OpenSite(stage.Options(stage.Env()))
		require.NoError(t, err)
		_, err = site.Rotate(t.Context(), "cache", ops.Run{})
		require.NoError(t, err)
		stage.World.ReturnRegion("us-west-2")
		stage.World.Clock().Advance(15 * time.Minute)
		staged.Set(t, stage.Dir(), scenario.Production, "keepWarm", `["cache"]`)
		_, err = site.Reprotect(t.Context(), ops.Run{})
		require.NoError(t, err)
		assert.Equal(t, 1, staged.Inventory(stage.World)["us-west-2 aws:elasticache/replicationGroup:ReplicationGroup"])
	})
	t.Run("a standby rotates nothing", func(t *testing.T) {
		t.Parallel()
		stage, _ := open(t)
		before := staged.Changes(stage.World)
		err := staged.Up(t, stage, stage.Env(), scenario.Recovery, map[string]string{"rotate": "salts-1"})
		assert.ErrorContains(t, err, "an active side alone rotates secrets")
		assert.Equal(t, before, staged.Changes(stage.World), "a refusal changes nothing")
	})
}

// modified counts the changes of databases and caches since the site was deployed.
func modified(stage *scenario.Stage) map[string]int {
	count := map[string]int{}
	for _, step := range stage.World.Journal() {
		if step.Kind == "provider" && step.Operation == "update" {
			switch step.Type {
			case "aws:rds/instance:Instance":
				count["rds:ModifyDBInstance"]++
			case "aws:elasticache/replicationGroup:ReplicationGroup":
				count["elasticache:ModifyReplicationGroup"]++
			}
		}
	}
	return count
}
