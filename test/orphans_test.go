package test

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/price"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// killed has AWS make what an update had asked for that was killed before AWS answered: like what the stack has of the
// type in its region, with some inputs of its own.
func killed(t *testing.T, w *sim.World, typ string, own map[string]any) sim.Object {
	t.Helper()
	return killedIn(t, w, "us-east-2", typ, own)
}

func killedIn(t *testing.T, w *sim.World, region, typ string, own map[string]any) sim.Object {
	t.Helper()
	inputs := map[string]any{}
	w.ByHand(func(o *sim.Object) bool {
		if o.Type == typ && o.Region == region {
			inputs = maps.Clone(o.Props)
		}
		return true
	})
	for _, made := range []string{"arn", "arnSuffix", "allocationId", "id", "memberClusters", "networkInterfaceId", "dnsName", "zoneId", "vpcId", "address", "endpoint"} {
		if typ != "aws:lb/targetGroup:TargetGroup" || made != "vpcId" {
			delete(inputs, made)
		}
	}
	maps.Copy(inputs, own)
	made, err := w.Create(t.Context(), sim.Call{Region: region, Type: typ, Name: "killed", Inputs: inputs})
	require.NoError(t, err)
	return made
}

// TestOrphans: a kill between a creation and its answer leaves what no state knows. status and check name it with the
// command that ends it, since when it is there and what it costs. destroy ends it, but for a database.
func TestOrphans(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	w := stage.World
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, map[string]string{"keepWarm": `["nat", "cache", "balancer"]`}))
	killed(t, w, "aws:elasticache/replicationGroup:ReplicationGroup", map[string]any{"replicationGroupId": "blog-dr-cache-0a1b2c3"})
	address := killed(t, w, "aws:ec2/eip:Eip", nil)
	killed(t, w, "aws:ec2/natGateway:NatGateway", map[string]any{"allocationId": address.ID})
	killed(t, w, "aws:ec2/eip:Eip", nil)
	killed(t, w, "aws:lb/loadBalancer:LoadBalancer", map[string]any{"name": "blog-dr-lb-0a1b2c3"})
	killed(t, w, "aws:lb/targetGroup:TargetGroup", map[string]any{"name": "blog-dr-tg-0a1b2c3"})
	killed(t, w, "aws:rds/instance:Instance", map[string]any{"identifier": "blog-dr-7"})
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	const ends = "aws elasticache delete-replication-group --replication-group-id blog-dr-cache-0a1b2c3 --region us-east-2"
	status, err := site.Status(t.Context())
	require.NoError(t, err)
	warned := strings.Join(status.Warnings, "\n")
	for _, command := range []string{
		ends, "aws ec2 release-address --allocation-id eipalloc-", "aws ec2 delete-nat-gateway --nat-gateway-id nat-",
		"aws elbv2 delete-load-balancer --load-balancer-arn arn:aws:elasticloadbalancing:us-east-2:123456789012:loadbalancer/app/blog-dr-lb-0a1b2c3/",
		"aws elbv2 delete-target-group --target-group-arn arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/blog-dr-tg-0a1b2c3/",
		"aws rds delete-db-instance --db-instance-identifier blog-dr-7 --skip-final-snapshot --region us-east-2",
	} {
		assert.Contains(t, warned, command)
	}
	orphans := status.Sides[0].Orphans
	require.Len(t, orphans, 6, "what the state holds is no orphan, and an address that is used shows when it is not")
	assert.Len(t, status.Warnings, 6)
	assert.Empty(t, status.Sides[1].Orphans)
	month := map[string]float64{}
	for _, o := range orphans {
		require.NotNil(t, o.Month, o.Kind)
		month[o.Kind] = *o.Month
		assert.Equal(t, o.Kind == checks.Address || o.Kind == checks.TargetGroup, o.Since.IsZero(), o.Kind)
	}
	hourly := func(item price.Item, count float64) float64 {
		p, known := price.BuiltIn().Of("us-east-2", item)
		require.True(t, known, item)
		if item.Unit() == price.Hour {
			count *= 730
		}
		return count * p.Amount
	}
	assert.InDelta(t, hourly(price.NATGateway, 1), month[checks.NATGateway], 0.001)
	assert.InDelta(t, hourly(price.Address, 1), month[checks.Address], 0.001)
	assert.InDelta(t, hourly(price.Balancer, 1)+hourly(price.Address, 2), month[checks.LoadBalancer], 0.001)
	assert.Zero(t, month[checks.TargetGroup])
	assert.Greater(t, month[checks.DatabaseInstance], month[checks.CacheGroup])

	left := backend.Lock{PID: 1, User: "anna", Host: "elsewhere", Since: w.Clock().Now()}
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
	assert.Equal(t, orphans, ready.Orphans)
	told := ""
	for _, q := range ready.Requirements {
		told += q.Reason + "\n"
	}
	assert.Contains(t, told, ends)

	before := staged.Inventory(w)
	_, err = site.Destroy(t.Context(), ops.Run{})
	require.ErrorContains(t, err, "database blog-dr-7 has the tags of this stack, and its state does not hold it")
	require.ErrorContains(t, err, "aws rds modify-db-instance --db-instance-identifier blog-dr-7 --no-deletion-protection")
	assert.Equal(t, before, staged.Inventory(w), "nothing was deleted")
	w.ByHand(func(o *sim.Object) bool { return o.Props["identifier"] != "blog-dr-7" })
	killedIn(t, w, "us-west-2", "aws:rds/instance:Instance", map[string]any{"identifier": "blog-prod-7"})
	before = staged.Inventory(w)
	_, err = site.Destroy(t.Context(), ops.Run{})
	require.ErrorContains(t, err, "database blog-prod-7 has the tags of this stack")
	assert.Equal(t, before, staged.Inventory(w), "nor is the standby deleted, which comes first")
	w.ByHand(func(o *sim.Object) bool { return o.Props["identifier"] != "blog-prod-7" })
	var said []string
	_, err = site.Destroy(t.Context(), ops.Run{Say: func(line string) { said = append(said, line) }})
	require.NoError(t, err)
	assert.Contains(t, strings.Join(said, "\n"), "deleting Redis group blog-dr-cache-0a1b2c3, which a killed update left")
	w.ByHand(func(o *sim.Object) bool {
		assert.NotRegexp(t, `^aws:(elasticache|ec2/eip|ec2/natGateway|lb)`, o.Type)
		return true
	})
}

// TestOrphansOfADrill names what a killed drill left when no drill is there to end it, and nothing of a state that does
// not belong to what AWS has.
func TestOrphansOfADrill(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	left := killed(t, stage.World, "aws:ec2/eip:Eip", map[string]any{"tags": map[string]any{"site": "blog", "stack": "dr-drill", "managed-by": "pilotlight", "drill": "dr"}})
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	status, err := site.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"stack dr: address " + left.ID + " has the tags of a drill of this stack, and no state holds it " +
		"(AWS does not say since when, about 3.65 USD a month): a killed update may have left it; to end it, aws ec2 release-address --allocation-id " + left.ID + " --region us-east-2"}, status.Warnings)
	const record = "/blog/dr/claim"
	claim, found := stage.World.ParameterValue("us-east-2", record)
	require.True(t, found)
	require.NoError(t, stage.World.PutParameter("us-east-2", record, strings.Replace(claim, `"serial":`, `"serial":9`, 1)))
	status, err = site.Status(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, status.Sides[0].Diverged)
	assert.Empty(t, status.Sides[0].Orphans, "to an old state the site looks like what was left")
}
