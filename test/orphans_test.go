package test

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestOrphans: a kill between a creation and its answer leaves a Redis group and an address that no state knows.
// status and check name both with the command that ends them, and destroy ends them.
func TestOrphans(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, map[string]string{"keepWarm": `["nat", "cache"]`}))
	for _, typ := range []string{"aws:elasticache/replicationGroup:ReplicationGroup", "aws:ec2/eip:Eip"} {
		inputs := map[string]any{}
		stage.World.ByHand(func(o *sim.Object) bool {
			if o.Type == typ && o.Region == "us-east-2" {
				inputs = maps.Clone(o.Props)
			}
			return true
		})
		for _, made := range []string{"arn", "allocationId", "id", "memberClusters"} {
			delete(inputs, made)
		}
		if inputs["replicationGroupId"] != nil {
			inputs["replicationGroupId"] = "blog-dr-cache-0a1b2c3"
		}
		_, err := stage.World.Create(t.Context(), sim.Call{Region: "us-east-2", Type: typ, Name: "killed", Inputs: inputs})
		require.NoError(t, err)
	}
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	const ends = "aws elasticache delete-replication-group --replication-group-id blog-dr-cache-0a1b2c3 --region us-east-2"
	status, err := site.Status(t.Context())
	require.NoError(t, err)
	warned := strings.Join(status.Warnings, "\n")
	assert.Contains(t, warned, ends)
	assert.Contains(t, warned, "aws ec2 release-address --allocation-id eipalloc-")
	assert.Len(t, status.Warnings, 2, "what the state holds is no orphan")
	left := backend.Lock{PID: 1, User: "anna", Host: "elsewhere", Since: stage.World.Clock().Now()}
	store, err := backend.OpenStore(t.Context(), status.Backend, stage.Dir(), nil)
	require.NoError(t, err)
	require.NoError(t, store.PutLock(t.Context(), "pilotlight", scenario.Recovery, left))
	locked, err := site.Status(t.Context())
	require.NoError(t, err)
	assert.NotContains(t, strings.Join(locked.Warnings, "\n"), "aws ", "an update that runs makes what the state does not hold yet")
	locks, err := site.Locks(t.Context(), scenario.Recovery)
	require.NoError(t, err)
	require.NoError(t, site.Unlock(t.Context(), locks))
	ready, err := site.Check(t.Context(), ops.ForFailover, "", ops.Run{})
	require.NoError(t, err)
	require.NoError(t, ready.Err(), "an orphan is no reason against a failover")
	told := ""
	for _, q := range ready.Requirements {
		told += q.Seen + "\n"
	}
	assert.Contains(t, told, ends)
	_, err = site.Destroy(t.Context(), ops.Run{})
	require.NoError(t, err)
	stage.World.ByHand(func(o *sim.Object) bool {
		assert.NotContains(t, []string{"aws:elasticache/replicationGroup:ReplicationGroup", "aws:ec2/eip:Eip"}, o.Type)
		return true
	})
}
