package kills

import (
	"slices"
	"strings"
	"sync"
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

// TestSigkillLeavesOrphans kills the pulumi process itself while AWS makes what a standby is to keep warm. status and check
// name what it left, though the dead process's lock is still there. destroy leaves none of it.
func TestSigkillLeavesOrphans(t *testing.T) {
	t.Parallel()
	o := staged.CommandLine()
	o.EngineRoot = staged.KillableEngine(t)
	stage := staged.Steady(t, o)
	warm := []string{"aws:ec2/natGateway:NatGateway", "aws:lb/loadBalancer:LoadBalancer", "aws:elasticache/replicationGroup:ReplicationGroup"}
	var mu sync.Mutex
	var accepted []string
	stage.World.OnAccept(func(s sim.Step) {
		mu.Lock()
		defer mu.Unlock()
		if s.Operation != "create" || !slices.Contains(warm, s.Type) {
			return
		}
		if accepted = append(accepted, s.Type); len(accepted) == len(warm) {
			staged.Kill(t, o.EngineRoot)
		}
	})
	require.Error(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, map[string]string{"keepWarm": `["nat", "cache", "balancer"]`}), "the engine was killed")
	require.ElementsMatch(t, warm, accepted)

	stage.World.Clock().Advance(30 * time.Minute) // whose a Redis group is, AWS says once it has made it
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	status, err := site.Status(t.Context())
	require.NoError(t, err)
	at := slices.IndexFunc(status.Sides, func(s ops.SideStatus) bool { return s.Stack == scenario.Recovery })
	require.Len(t, status.Sides[at].Locks, 1)
	assert.True(t, status.Sides[at].Locks[0].LeftHere)
	left := status.Sides[at].Orphans
	var kinds []string
	for _, orphan := range left {
		kinds = append(kinds, orphan.Kind)
		assert.False(t, orphan.Since.IsZero())
		require.NotNil(t, orphan.Month)
		assert.Positive(t, *orphan.Month)
		assert.True(t, slices.ContainsFunc(status.Warnings, func(w string) bool { return strings.Contains(w, orphan.End) }), orphan.End)
	}
	assert.ElementsMatch(t, []string{checks.NATGateway, checks.LoadBalancer, checks.CacheGroup}, kinds)
	ready, err := site.Check(t.Context(), ops.ForFailover, "", ops.Run{})
	require.NoError(t, err)
	assert.Equal(t, left, ready.Orphans)

	resumed, err := stage.Fork(staged.Options())
	require.NoError(t, err)
	t.Cleanup(resumed.Close)
	site, err = ops.OpenSite(resumed.Options(resumed.Env()))
	require.NoError(t, err)
	_, err = site.Destroy(t.Context(), ops.Run{})
	require.NoError(t, err)
	there := staged.Inventory(resumed.World)
	for _, typ := range append(warm, "aws:ec2/eip:Eip", "aws:ec2/vpc:Vpc") {
		assert.Zero(t, there["us-east-2 "+typ], typ)
	}
}
