package test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// siteOn80 is a site on MySQL 8.0.
func siteOn80(t *testing.T) *scenario.Stage {
	t.Helper()
	base, err := scenario.Open(staged.Options())
	require.NoError(t, err)
	t.Cleanup(base.Close)
	for _, stack := range []string{scenario.Production, scenario.Recovery} {
		staged.Rewrite(t, base, stack, "storageGiB: ", `engineVersion: "8.0", storageGiB: `)
	}
	require.NoError(t, base.DeploySite(t.Context()))
	return base
}

// engineOf is the version of MySQL that a database runs.
func engineOf(t *testing.T, stage *scenario.Stage, region, id string) string {
	t.Helper()
	found, err := stage.World.Databases(region, id)
	require.NoError(t, err)
	return found[0].EngineVersion
}

// TestUpgradeMySQL goes the road of docs/runbook.md from 8.0 to 8.4 and on to a patch: the source
// first is refused and changes nothing, the replica first works, and a failover between the two
// works, with the way back.
func TestUpgradeMySQL(t *testing.T) {
	t.Parallel()
	base := siteOn80(t)
	assert.Equal(t, "8.0.42", engineOf(t, base, "us-west-2", "blog-prod-1"))
	fork := func(t *testing.T) *scenario.Stage {
		t.Helper()
		stage, err := base.Fork(staged.Options())
		require.NoError(t, err)
		t.Cleanup(stage.Close)
		return stage
	}
	ask := func(t *testing.T, stage *scenario.Stage, stack, from, to string) {
		t.Helper()
		staged.Rewrite(t, stage, stack, `engineVersion: "`+from+`"`, `engineVersion: "`+to+`"`)
	}

	t.Run("in order", func(t *testing.T) {
		stage := fork(t)
		ask(t, stage, scenario.Production, "8.0", "8.4")
		before := staged.Changes(stage.World)
		err := staged.Up(t, stage, stage.Env(), scenario.Production, nil)
		require.ErrorContains(t, err, "the replica is upgraded before its source, and it has MySQL 8.0: set database.engineVersion to 8.4 in Pulumi.dr.yaml")
		assert.Equal(t, before, staged.Changes(stage.World), "a refusal changes nothing")

		ask(t, stage, scenario.Recovery, "8.0", "8.4")
		site, err := ops.OpenSite(stage.Options(stage.Env()))
		require.NoError(t, err)
		_, err = site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		assert.Equal(t, "8.4.5", engineOf(t, stage, "us-east-2", "blog-dr-1"))
		assert.Equal(t, "8.4.5", engineOf(t, stage, "us-west-2", "blog-prod-1"))
		stage.World.Clock().Advance(15 * time.Minute)
		codes, ready, status := look(t, stage)
		assert.Equal(t, []string{checks.ParametersPending}, codes, "nothing reboots a database that has a new group")
		const reboot = "aws rds reboot-db-instance --db-instance-identifier blog-prod-1 --region us-west-2"
		assert.ErrorContains(t, ready.Err(), reboot)
		assert.Contains(t, status.Next, reboot)
		_, err = stage.World.Reboot("us-west-2", "blog-prod-1")
		require.NoError(t, err)
		stage.World.Clock().Advance(15 * time.Minute)
		codes, ready, status = look(t, stage)
		assert.Empty(t, codes)
		assert.True(t, status.Protected, status.Verdict)
		assert.Contains(t, fmt.Sprint(ready.Requirements), "those of blog-dr-1 are not all in force until it reboots")

		ask(t, stage, scenario.Recovery, "8.4", "8.0")
		assert.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil), "MySQL 8.4 can't be made 8.0")
		ask(t, stage, scenario.Recovery, "8.0", "8.4.6")
		ask(t, stage, scenario.Production, "8.4", "8.4.6")
		site, err = ops.OpenSite(stage.Options(stage.Env()))
		require.NoError(t, err)
		_, err = site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		assert.Equal(t, "8.4.6", engineOf(t, stage, "us-west-2", "blog-prod-1"), "a patch goes the same road")
	})
	t.Run("to a patch of extended support", func(t *testing.T) {
		stage := fork(t)
		const patch = "8.0.46-rds.20260908"
		stage.World.ByHand(func(o *sim.Object) bool {
			if o.Region == "us-west-2" && o.Type == "aws:rds/instance:Instance" {
				o.Props["engineVersionActual"] = patch
			}
			return true
		})
		codes, ready, _ := look(t, stage)
		assert.Equal(t, []string{checks.EngineOlder}, codes)
		require.ErrorContains(t, ready.Err(), `database.engineVersion: "`+patch+`"`)

		ask(t, stage, scenario.Recovery, "8.0", patch)
		site, err := ops.OpenSite(stage.Options(stage.Env()))
		require.NoError(t, err)
		_, err = site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		assert.Equal(t, patch, engineOf(t, stage, "us-east-2", "blog-dr-1"))
		stage.World.Clock().Advance(15 * time.Minute)
		codes, _, _ = look(t, stage)
		assert.Empty(t, codes)
	})
	t.Run("beside a former replica", func(t *testing.T) {
		stage := fork(t)
		staged.Inject(t, stage, "replication=broken")
		stage.World.Clock().Advance(time.Hour)
		site, err := ops.OpenSite(stage.Options(stage.Env()))
		require.NoError(t, err)
		_, err = site.Reprotect(t.Context(), ops.Run{})
		require.NoError(t, err)
		stage.World.Heal()
		stage.World.Clock().Advance(time.Hour)
		for _, stack := range []string{scenario.Production, scenario.Recovery} {
			ask(t, stage, stack, "8.0", "8.4")
		}
		before := staged.Changes(stage.World)
		site, err = ops.OpenSite(stage.Options(stage.Env()))
		require.NoError(t, err)
		const says = "former database 1 of stack dr may still be a replica of this one, and RDS upgrades no source before its replicas: end it first (pilotlight retire dr 1)"
		_, err = site.Deploy(t.Context(), ops.Run{})
		require.ErrorContains(t, err, says)
		_, ready, _ := look(t, stage)
		require.ErrorContains(t, ready.Err(), says)
		assert.Equal(t, before, staged.Changes(stage.World), "a refusal changes nothing")
		require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
		require.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Production, nil), says, "with Pulumi alone")
		stage.World.Clock().Advance(time.Hour)
		_, err = site.Retire(t.Context(), scenario.Recovery, 1, ops.Accepted{}, ops.Run{})
		require.NoError(t, err)
		_, err = site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		assert.Equal(t, "8.4.5", engineOf(t, stage, "us-west-2", "blog-prod-1"))
	})
	t.Run("a switchover before the reboot", func(t *testing.T) {
		stage := fork(t)
		for _, stack := range []string{scenario.Production, scenario.Recovery} {
			ask(t, stage, stack, "8.0", "8.4")
		}
		site, err := ops.OpenSite(stage.Options(stage.Env()))
		require.NoError(t, err)
		_, err = site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		stage.World.Clock().Advance(15 * time.Minute)
		_, err = site.Switchover(t.Context(), scenario.Recovery, ops.Accepted{}, ops.Run{})
		require.NoError(t, err, "what a freeze sets in a group that is not in force is: it is dynamic, and changed after the group was given")
		codes, _, _ := look(t, stage)
		assert.Empty(t, codes, "both databases have booted with their groups")
	})
	t.Run("a failover in the middle", func(t *testing.T) {
		stage := fork(t)
		ask(t, stage, scenario.Recovery, "8.0", "8.4")
		require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
		stage.World.Clock().Advance(15 * time.Minute)
		codes, _, status := look(t, stage)
		assert.Empty(t, codes, "a replica that is ahead is as good as one that is not")
		assert.True(t, status.Protected, status.Verdict)

		require.NoError(t, stage.Lose())
		report := staged.FailOver(t, stage)
		assert.True(t, report.Recovered, report.Refusal)
		assert.Equal(t, "8.4.5", engineOf(t, stage, "us-east-2", "blog-dr-1"))

		stage.World.ReturnRegion("us-west-2")
		stage.World.Clock().Advance(time.Hour)
		standBy := map[string]string{"role": "standby"}
		assert.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Production, standBy), `set it to "8.4" in Pulumi.prod.yaml: a replica is upgraded before its source`)
		before := staged.Changes(stage.World)
		ask(t, stage, scenario.Production, "8.0", "8.4.4")
		assert.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Production, standBy), "a new replica has MySQL 8.4.5, as its source, which can't be made the 8.4.4 of database.engineVersion")
		assert.Equal(t, before, staged.Changes(stage.World), "a refusal changes nothing")
		ask(t, stage, scenario.Production, "8.4.4", "8.4")
		require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, standBy))
		assert.Equal(t, "8.4.5", engineOf(t, stage, "us-west-2", "blog-prod-2"))
		assert.Equal(t, "8.0.42", engineOf(t, stage, "us-west-2", "blog-prod-1"), "the former database stays as it is")
	})
}
