package readiness

import (
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

// warm has the standby keep warm what AWS may accept and fail to make.
var warm = map[string]string{"keepWarm": `["nat", "balancer", "cache"]`}

// failing are faults by which AWS accepts that, and fails to make it.
var failing = []string{"fails=elasticache:CreateReplicationGroup", "fails=ec2:CreateNatGateway", "fails=elasticloadbalancing:CreateLoadBalancer"}

// TestUnmade: check says NO where AWS has failed to make a part, deploy makes another, and destroy ends it.
func TestUnmade(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	staged.Inject(t, stage, failing...)
	require.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, warm), "unexpected state 'create-failed'")
	assert.Empty(t, stage.World.Unmet())
	staged.Inject(t, stage, "error=elasticache:DescribeReplicationGroups:InvalidParameterValue:99")
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil), "a cache of which AWS tells nothing holds up no update")
	stage.World.Heal()
	_, codes := check(t, stage)
	assert.Contains(t, codes, ops.Undone, "it is still to be read")
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	_, err = site.Deploy(t.Context(), ops.Run{})
	require.NoError(t, err)
	ready, codes := check(t, stage)
	assert.Empty(t, codes, ready.Err())
	staged.NothingLeft(t, stage)

	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, map[string]string{"keepWarm": "[]"}))
	staged.Inject(t, stage, failing...)
	require.Error(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, warm))
	changed := len(stage.World.Journal())
	_, err = site.Destroy(t.Context(), ops.Run{})
	require.NoError(t, err)
	for _, step := range stage.World.Journal()[changed:] {
		assert.False(t, step.Operation == "create" && step.Region == "us-east-2" && step.Type == cacheType, "what is to be deleted is not made again first")
	}
	stage.World.ByHand(func(o *sim.Object) bool {
		assert.NotRegexp(t, `^aws:(elasticache|ec2/eip|ec2/natGateway|lb)`, o.Type)
		return true
	})
}

const cacheType = "aws:elasticache/replicationGroup:ReplicationGroup"

// TestUnmadeAndBelieved: a refresh takes a balancer or a gateway that failed for one that serves, and plain pulumi up is refused
// before anything is touched. On the night the command makes others.
func TestUnmadeAndBelieved(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, warm))
	stage.World.ByHand(func(o *sim.Object) bool {
		switch o.Type {
		case cacheType, "aws:ec2/natGateway:NatGateway", "aws:lb/loadBalancer:LoadBalancer":
			if o.Region == "us-east-2" {
				o.Times["failed"] = stage.World.Clock().Now().Add(-time.Hour)
			}
		}
		return true
	})
	keyed{t, stage, stage.Options(stage.Env())}.pulumi("refresh", "-s", scenario.Recovery, "--yes", "--skip-preview", "--target", "**natGateway**")
	ready, codes := check(t, stage)
	assert.Equal(t, []string{checks.PartsMissing}, codes)
	for _, says := range []string{"AWS in us-east-2 had accepted NAT gateway with address eipalloc-", "Redis group blog-dr-cache-", "balancer app/blog-dr-lb-"} {
		require.ErrorContains(t, ready.Err(), says)
	}
	require.NoError(t, stage.Lose())
	before := staged.Changes(stage.World)
	assert.Contains(t, staged.FailOver(t, stage).Refusal, "and failed to make that")
	assert.Equal(t, before, staged.Changes(stage.World), "nothing was changed")
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	assert.Contains(t, stage.Visit(), "visitors are served from us-east-2")
	for _, g := range stage.World.Gateways("us-east-2") {
		assert.Equal(t, "available", g.State)
	}
	for _, b := range stage.World.Balancers("us-east-2") {
		assert.Equal(t, "active", b.State)
	}
	for _, c := range stage.World.Caches("us-east-2") {
		assert.Equal(t, "available", c.Status)
	}
	staged.NothingLeft(t, stage)
}

// TestUnmadeAndReplacedMeanwhile: of two updates at once that both saw what AWS had failed to make, the one that comes second
// leaves alone what the first has made in its place.
func TestUnmadeAndReplacedMeanwhile(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, warm))
	stage.World.ByHand(func(o *sim.Object) bool {
		if o.Type == cacheType && o.Region == "us-east-2" {
			o.Times["failed"] = stage.World.Clock().Now().Add(-time.Hour)
		}
		return true
	})
	remove(stage, deleted["parameters"]) // which the second says once it has looked
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	change := ops.Change{Stack: scenario.Recovery}
	before, first := len(stage.World.Journal()), sync.OnceFunc(func() {
		_, err := site.Apply(t.Context(), change, ops.Run{})
		assert.NoError(t, err)
	})
	_, err = site.Apply(t.Context(), change, ops.Run{Say: func(line string) {
		if strings.HasPrefix(line, "AWS no longer has") {
			first()
		}
	}})
	require.NoError(t, err)
	made := 0
	for _, step := range stage.World.Journal()[before:] {
		if step.Operation == "create" && step.Type == cacheType && step.Err == "" {
			made++
		}
	}
	assert.Equal(t, 1, made)
	staged.NothingLeft(t, stage)
}
