package failover_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/sim"
)

// orphaned is a network with one resource of each kind that a killed update may leave, by kind.
func orphaned(t *testing.T, w *sim.World, n *network) map[string]string {
	t.Helper()
	ids, held := map[string]string{}, n.put("aws:ec2/eip:Eip", map[string]any{"tags": n.other})
	n.put("aws:elasticache/subnetGroup:SubnetGroup", map[string]any{"name": "caches", "subnetIds": n.subnets})
	ids[checks.CacheGroup] = n.put("aws:elasticache/replicationGroup:ReplicationGroup", map[string]any{
		"replicationGroupId": "blog-dr-cache-1", "description": "x", "nodeType": "cache.t4g.small", "numCacheClusters": 2, "subnetGroupName": "caches", "tags": n.tags})
	ids[checks.Address] = n.put("aws:ec2/eip:Eip", map[string]any{"tags": n.tags})
	ids[checks.NATGateway] = n.put("aws:ec2/natGateway:NatGateway", map[string]any{"allocationId": held, "subnetId": n.subnets[0], "tags": n.tags})
	ids[checks.LoadBalancer] = n.put("aws:lb/loadBalancer:LoadBalancer", map[string]any{
		"name": "blog-dr-lb-1234567", "subnets": n.subnets, "securityGroups": []any{n.group}, "tags": n.tags})
	ids[checks.TargetGroup] = n.put("aws:lb/targetGroup:TargetGroup", map[string]any{"name": "blog-dr-tg-1234567", "vpcId": n.vpc, "port": 80, "protocol": "HTTP", "tags": n.tags})
	database := map[string]any{"identifier": "blog-dr-2", "engine": "mysql", "username": "root", "password": "correct horse", "allocatedStorage": 20,
		"instanceClass": "db.t4g.medium", "deletionProtection": true, "multiAz": true, "tags": n.tags}
	ids[checks.DatabaseInstance] = n.put("aws:rds/instance:Instance", database)
	for name, suffix := range map[string]string{"blog-dr-1": "-final-0a1b2c3d", "blog-dr-0": "-before-the-upgrade"} { // a person took the second
		old := maps.Clone(database)
		maps.Copy(old, map[string]any{"identifier": name, "deletionProtection": false, "finalSnapshotIdentifier": name + suffix, "copyTagsToSnapshot": true, "skipFinalSnapshot": false})
		o, err := w.Create(t.Context(), sim.Call{Region: recovery, Type: "aws:rds/instance:Instance", Name: name, Inputs: old})
		require.NoError(t, err)
		require.NoError(t, w.Delete(t.Context(), sim.Call{Region: recovery, Type: o.Type, Name: name, ID: o.ID}))
	}
	return ids
}

// TestOrphansOfEachKind finds each kind by its tags, and by nothing else.
func TestOrphansOfEachKind(t *testing.T) {
	t.Parallel()
	w, rt, _ := standby(t)
	rt.Site.Tags = map[string]string{"site": "blog", "stack": "dr"}
	n := newNetwork(t, w)
	began := w.Clock().Now()
	ids := orphaned(t, w, n)
	names := func(owners ...map[string]string) map[string]checks.Found {
		left, err := rt.Orphans(t.Context(), "blog-dr-", owners...)
		require.NoError(t, err)
		assert.Empty(t, left.Unseen)
		require.Len(t, left.Kept, 1)
		assert.Equal(t, "blog-dr-1-final-0a1b2c3d", left.Kept[0].ID)
		assert.Equal(t, "aws rds delete-db-snapshot --db-snapshot-identifier blog-dr-1-final-0a1b2c3d --region us-east-2", left.Kept[0].End)
		by := map[string]checks.Found{}
		for _, o := range left.Orphans {
			assert.NotContains(t, by, o.Kind)
			by[o.Kind] = o
			if o.Kind != checks.Address && o.Kind != checks.TargetGroup { // AWS does not say
				assert.WithinRange(t, o.Since, began, w.Clock().Now(), o.Kind)
			}
		}
		return by
	}
	all := names()
	require.Len(t, all, len(ids))
	for kind, end := range map[string]string{
		checks.CacheGroup:   "aws elasticache delete-replication-group --replication-group-id blog-dr-cache-1",
		checks.Address:      "aws ec2 release-address --allocation-id " + ids[checks.Address],
		checks.NATGateway:   "aws ec2 delete-nat-gateway --nat-gateway-id " + ids[checks.NATGateway],
		checks.LoadBalancer: "aws elbv2 delete-load-balancer --load-balancer-arn " + ids[checks.LoadBalancer],
		checks.TargetGroup:  "aws elbv2 delete-target-group --target-group-arn " + ids[checks.TargetGroup],
		checks.DatabaseInstance: "aws rds modify-db-instance --db-instance-identifier blog-dr-2 --no-deletion-protection --apply-immediately --region us-east-2 && " +
			"aws rds delete-db-instance --db-instance-identifier blog-dr-2 --final-db-snapshot-identifier blog-dr-2-last",
	} {
		assert.Equal(t, end+" --region us-east-2", all[kind].End)
	}
	assert.Equal(t, checks.Size{Class: "cache.t4g.small", Nodes: 2}, all[checks.CacheGroup].Size)
	assert.Equal(t, checks.Size{Nodes: 1, Zones: 2}, all[checks.LoadBalancer].Size)
	assert.Equal(t, checks.Size{Class: "db.t4g.medium", Nodes: 2, StorageGiB: 20}, all[checks.DatabaseInstance].Size)
	for kind, id := range ids {
		rt.Site.ResourceIDs = []string{all[kind].ARN}
		if kind == checks.Address {
			rt.Site.ResourceIDs = []string{"arn:aws:ec2:us-east-2:123456789012:elastic-ip/" + id}
		}
		assert.NotContains(t, names(), kind, "the state holds it")
	}
	rt.Site.ResourceIDs = nil
	assert.Len(t, names(map[string]string{"site": "blog", "stack": "prod"}), len(ids), "the address of another stack is used")
	n.put("aws:ec2/route:Route", map[string]any{"routeTableId": n.rtb, "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": ids[checks.NATGateway]})
	n.put("aws:lb/listener:Listener", map[string]any{"loadBalancerArn": ids[checks.LoadBalancer], "port": 80, "protocol": "HTTP", "defaultActions": []any{
		map[string]any{"type": "forward", "targetGroupArn": ids[checks.TargetGroup]}}})
	for _, kind := range []string{checks.NATGateway, checks.LoadBalancer, checks.TargetGroup} {
		assert.NotContains(t, names(), kind, "it is used")
	}
	rt.Site.Tags = map[string]string{"site": "blog", "stack": "standby"}
	left, err := rt.Orphans(t.Context(), "blog-dr-")
	require.NoError(t, err)
	assert.Empty(t, left, "a name alone makes no orphan")
}

// TestOrphansBeyondOnePage asks for the tags of more balancers than Elastic Load Balancing tells at once.
func TestOrphansBeyondOnePage(t *testing.T) {
	t.Parallel()
	w, rt, _ := standby(t)
	rt.Site.Tags = map[string]string{"site": "blog", "stack": "dr"}
	n := newNetwork(t, w)
	for i := range 21 {
		n.put("aws:lb/targetGroup:TargetGroup", map[string]any{"name": fmt.Sprintf("blog-dr-tg-%d", i), "vpcId": n.vpc, "port": 80, "protocol": "HTTP", "tags": n.tags})
	}
	left, err := rt.Orphans(t.Context(), "blog-dr-")
	require.NoError(t, err)
	assert.Len(t, left.Orphans, 21)
}

// TestOrphansThatMayNotBeAskedFor says which calls AWS refuses, and finds the rest. A region that does not answer is an
// error.
func TestOrphansThatMayNotBeAskedFor(t *testing.T) {
	t.Parallel()
	w, rt, _ := standby(t)
	rt.Site.Tags = map[string]string{"site": "blog", "stack": "dr"}
	ids := orphaned(t, w, newNetwork(t, w))
	for _, text := range []string{"error=elasticloadbalancing:DescribeTags:AccessDenied:9", "error=ec2:DescribeRouteTables:UnauthorizedOperation:9", "error=rds:DescribeDBSnapshots:AccessDenied:9"} {
		fault, err := sim.ParseFault(text)
		require.NoError(t, err)
		require.NoError(t, w.Inject(fault))
	}
	left, err := rt.Orphans(t.Context(), "blog-dr-")
	require.NoError(t, err)
	assert.Equal(t, []string{"Elastic Load Balancing v2 DescribeTags: AccessDenied", "RDS DescribeDBSnapshots: AccessDenied", "EC2 DescribeRouteTables: UnauthorizedOperation"}, left.Unseen)
	assert.Len(t, left.Orphans, len(ids)-3, "without balancers and target groups, and a gateway that may be used")
	fault, err := sim.ParseFault("error=elasticache:DescribeReplicationGroups:InternalFailure:99")
	require.NoError(t, err)
	require.NoError(t, w.Inject(fault))
	_, err = rt.Orphans(t.Context(), "blog-dr-")
	require.ErrorContains(t, err, "InternalFailure", "which may be over at the next look")
	w.LoseRegion(recovery, sim.Refuse)
	_, err = rt.Orphans(t.Context(), "blog-dr-")
	assert.ErrorContains(t, err, "looking for what killed updates left")
}

// TestOrphansWhereAListingIsUnknown finds the rest where a region, or what stands for AWS, does not know a call: else its
// stacks could not be destroyed. A stack of which the databases are not known is not.
func TestOrphansWhereAListingIsUnknown(t *testing.T) {
	t.Parallel()
	for call, says := range map[string]string{
		"elasticache:DescribeReplicationGroups:InvalidParameterCombination": "ElastiCache DescribeReplicationGroups: InvalidParameterCombination",
		"ec2:DescribeAddresses:UnsupportedOperation":                        "EC2 DescribeAddresses: UnsupportedOperation",
		"ec2:DescribeNatGateways:UnsupportedOperation":                      "EC2 DescribeNatGateways: UnsupportedOperation",
		"elasticloadbalancing:DescribeLoadBalancers:OperationNotPermitted":  "Elastic Load Balancing v2 DescribeLoadBalancers: OperationNotPermitted",
		"rds:DescribeDBSnapshots:ResourceNotFoundFault":                     "RDS DescribeDBSnapshots: ResourceNotFoundFault",
		"elasticloadbalancing:DescribeListeners:UnsupportedProtocol":        "Elastic Load Balancing v2 DescribeListeners: UnsupportedProtocol", // whether a balancer serves
		"rds:DescribeDBInstances:DBSecurityGroupNotSupported":               "",
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			w, rt, _ := standby(t, "error="+call+":99")
			rt.Site.Tags = map[string]string{"site": "blog", "stack": "dr"}
			ids := orphaned(t, w, newNetwork(t, w))
			left, err := rt.Orphans(t.Context(), "blog-dr-")
			if says == "" {
				require.ErrorContains(t, err, "looking for what killed updates left")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, []string{says}, left.Unseen)
			found := map[string]bool{}
			for _, o := range left.Orphans {
				found[o.Kind] = true
			}
			assert.True(t, found[checks.DatabaseInstance])
			assert.GreaterOrEqual(t, len(found), len(ids)-2)
		})
	}
}

// TestEndOrphans ends all but databases, and says so.
func TestEndOrphans(t *testing.T) {
	t.Parallel()
	w, rt, said := standby(t)
	rt.Site.Tags = map[string]string{"site": "blog", "stack": "dr"}
	n := newNetwork(t, w)
	ids := orphaned(t, w, n)
	assert.ErrorContains(t, rt.EndOrphans(t.Context(), func(context.Context) ([]string, error) { return nil, errors.New("locked") }, "blog-dr-"), "locked")
	assert.Empty(t, *said, "an update has begun, so nothing is deleted")
	held := func(context.Context) ([]string, error) { return rt.Site.ResourceIDs, nil }
	require.NoError(t, rt.EndOrphans(t.Context(), held, "blog-dr-"))
	left, err := rt.Orphans(t.Context(), "blog-dr-")
	require.NoError(t, err)
	require.Len(t, left.Orphans, 1)
	assert.Equal(t, checks.DatabaseInstance, left.Orphans[0].Kind)
	assert.Len(t, left.Kept, 1, "what was kept on purpose is kept")
	told := strings.Join(*said, "\n")
	assert.Contains(t, told, "deleting NAT gateway "+ids[checks.NATGateway]+", which a killed update left")
	assert.Len(t, w.Addresses(recovery), 1, "another stack's is left alone")
	before := len(*said)
	require.NoError(t, rt.EndOrphans(t.Context(), held, "blog-dr-"))
	assert.Len(t, *said, before, "there is nothing to end")
}
