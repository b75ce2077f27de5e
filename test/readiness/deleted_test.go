package readiness

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// remove deletes what the standby has of a type, by hand. The versions of a secret go with it.
func remove(stage *scenario.Stage, typ string) {
	stage.World.ByHand(func(o *sim.Object) bool {
		return o.Region != "us-east-2" || o.Type != typ && (o.Type != secretType || typ != deleted["secret"])
	})
}

// TestDeletedPartIsMadeAgain: check names what somebody deleted of the standby, and deploy makes it again.
func TestDeletedPartIsMadeAgain(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"launch template": "launch template lt-", "target group": "target group blog-dr-tg", "secret": "secret blog-dr-application",
		"roles": "role blog-dr-instances", "subnets": "subnet subnet-", "parameters": "parameter /blog/dr/cache",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := staged.Steady(t, staged.Options())
			remove(stage, deleted[name])
			ready, codes := check(t, stage)
			assert.Contains(t, codes, checks.PartsMissing)
			require.ErrorContains(t, ready.Err(), "AWS in us-east-2 no longer has")
			require.ErrorContains(t, ready.Err(), says)
			site, err := ops.OpenSite(stage.Options(stage.Env()))
			require.NoError(t, err)
			_, err = site.Deploy(t.Context(), ops.Run{})
			require.NoError(t, err)
			ready, codes = check(t, stage)
			assert.Empty(t, codes, ready.Err())
			staged.NothingLeft(t, stage)
		})
	}
}

// TestFailoverWithDeletedParts: plain pulumi up is refused before anything is touched, and the command
// makes again on the night what no engine would miss. A bucket's files it does not make up.
func TestFailoverWithDeletedParts(t *testing.T) {
	t.Parallel()
	stage := staged.Disaster(t, staged.Options())
	for _, name := range []string{"launch template", "target group", "group", "secret"} {
		remove(stage, deleted[name])
	}
	before := staged.Changes(stage.World)
	report := staged.FailOver(t, stage)
	assert.Contains(t, report.Refusal, "AWS in us-east-2 no longer has group of instances blog-dr-instances-")
	assert.Equal(t, before, staged.Changes(stage.World), "nothing was changed")
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	assert.Contains(t, stage.Visit(), "visitors are served from us-east-2")
	staged.NothingLeft(t, stage)

	stage = staged.Disaster(t, staged.Options())
	remove(stage, bucketType)
	site, err = ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	before = staged.Changes(stage.World)
	_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.ErrorContains(t, err, "no longer has bucket blog-dr-media-")
	require.ErrorContains(t, err, "run pulumi refresh -s dr and then the same again")
	require.ErrorContains(t, err, "pilotlight media sync --from prod --to dr")
	assert.Equal(t, before, staged.Changes(stage.World), "nothing was changed")
	keyed{t, stage, stage.Options(stage.Env())}.pulumi("refresh", "-s", scenario.Recovery, "--yes", "--skip-preview")
	_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.ErrorContains(t, err, "PutBucketReplication", "S3 looks at the lost region's bucket")
	assert.Contains(t, stage.Visit(), "visitors are served from us-east-2")
	stage.World.ReturnRegion("us-west-2")
	_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.NoError(t, err, "the rule is made once that is back")
	staged.NothingLeft(t, stage)
}

// TestDeployOfOneStack: while production's region is lost, deploy says so before it waits for it, and the standby alone is mended.
func TestDeployOfOneStack(t *testing.T) {
	t.Parallel()
	stage := staged.Disaster(t, staged.Options())
	remove(stage, deleted["launch template"])
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	before := staged.Changes(stage.World)
	_, err = site.Deploy(t.Context(), ops.Run{})
	assert.Equal(t, refusal.CodeSilent, refusal.CodeOf(err))
	require.ErrorContains(t, err, "AWS in us-west-2 does not answer")
	require.ErrorContains(t, err, "pilotlight deploy dr updates the other stack alone")
	assert.Equal(t, before, staged.Changes(stage.World), "nothing was changed")

	done, err := site.DeployStack(t.Context(), scenario.Recovery, ops.Run{})
	require.NoError(t, err)
	assert.Equal(t, []ops.Change{{Stack: scenario.Recovery}}, done.Done)
	_, codes := check(t, stage)
	assert.NotContains(t, codes, checks.PartsMissing)
	_, err = site.DeployStack(t.Context(), "another", ops.Run{})
	assert.Equal(t, refusal.CodeNoStack, refusal.CodeOf(err))
	_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	assert.Contains(t, stage.Visit(), "visitors are served from us-east-2")
}

// TestEveryPartIsKnown: check asks for all parts of all kinds, and says so where it may not.
func TestEveryPartIsKnown(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, map[string]string{"keepWarm": `["nat", "balancer", "cache"]`}))
	ready, codes := check(t, stage)
	assert.Empty(t, codes, ready.Err())
	for _, name := range slices.Sorted(maps.Keys(warmParts)) {
		fork, err := stage.Fork(staged.Options())
		require.NoError(t, err)
		t.Cleanup(fork.Close)
		remove(fork, warmParts[name])
		_, codes := check(t, fork)
		assert.Contains(t, codes, checks.PartsMissing, name)
	}
	staged.Inject(t, stage, "error=ec2:DescribeVpcs:UnauthorizedOperation")
	ready, codes = check(t, stage)
	assert.Equal(t, []string{checks.PartsUnseen}, codes)
	assert.ErrorContains(t, ready.Err(), "EC2 DescribeVpcs: UnauthorizedOperation")
}

var warmParts = map[string]string{
	"gateways": "aws:ec2/natGateway:NatGateway", "addresses": "aws:ec2/eip:Eip", "balancer": "aws:lb/loadBalancer:LoadBalancer",
	"listener": "aws:lb/listener:Listener", "Redis": "aws:elasticache/replicationGroup:ReplicationGroup",
}
