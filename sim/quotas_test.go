package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestQuotas holds that the account has no more of anything than its quota, and in the region alone that it is for.
func TestQuotas(t *testing.T) {
	t.Parallel()
	subnets := func(n network) []any { return n.subnets }
	for name, tc := range map[string]struct {
		typ    string
		limit  string // that leaves room for one
		inputs func(t *testing.T, w *sim.World, n network, name string) props
		code   string
	}{
		"addresses": {"aws:ec2/eip:Eip", "1", func(*testing.T, *sim.World, network, string) props { return props{} }, "AddressLimitExceeded"},
		"gateways": {"aws:ec2/natGateway:NatGateway", "1", func(t *testing.T, w *sim.World, n network, name string) props {
			return props{"subnetId": n.subnets[0], "allocationId": create(t, w, home, "aws:ec2/eip:Eip", name, props{}).ID}
		}, "NatGatewayLimitExceeded"},
		"balancers": {"aws:lb/loadBalancer:LoadBalancer", "1", func(_ *testing.T, _ *sim.World, n network, name string) props {
			return props{"name": name, "subnets": subnets(n), "securityGroups": []any{n.group}}
		}, "TooManyLoadBalancers"},
		"target-groups": {"aws:lb/targetGroup:TargetGroup", "2", func(_ *testing.T, _ *sim.World, n network, name string) props {
			return props{"name": name, "vpcId": n.vpc, "port": 80, "protocol": "HTTP"}
		}, "TooManyTargetGroups"},
		"databases": {databaseType, "1", func(_ *testing.T, _ *sim.World, _ network, name string) props {
			return with(primary(), props{"identifier": name})
		}, "InstanceQuotaExceeded"},
		"storage": {databaseType, "39", func(_ *testing.T, _ *sim.World, _ network, name string) props {
			return with(primary(), props{"identifier": name})
		}, "StorageQuotaExceeded"},
		"cache-nodes": {"aws:elasticache/replicationGroup:ReplicationGroup", "3", func(_ *testing.T, _ *sim.World, _ network, name string) props {
			return props{"replicationGroupId": name, "numCacheClusters": 2}
		}, "NodeQuotaForCustomerExceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := newNetwork(t, w, home, "site")
			inject(t, w, "quota="+home+":"+name+":"+tc.limit)
			inject(t, w, "quota="+other+":"+name+":0")
			create(t, w, home, tc.typ, "first", tc.inputs(t, w, n, "first"))
			second := tc.inputs(t, w, n, "second")
			assert.Equal(t, tc.code, refused(t, w, home, tc.typ, second))
			w.Heal()
			create(t, w, home, tc.typ, "second", second)
		})
	}
}

// TestGatewaysByZone: the quota of NAT gateways is one of each zone.
func TestGatewaysByZone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	inject(t, w, "quota="+home+":gateways:1")
	for _, subnet := range n.subnets {
		create(t, w, home, "aws:ec2/natGateway:NatGateway", subnet.(string), props{"subnetId": subnet, "allocationId": create(t, w, home, "aws:ec2/eip:Eip", subnet.(string), props{}).ID})
	}
}

// TestVCPUs: a group gets as many instances as the quota allows, and the rest when it is raised.
func TestVCPUs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	inject(t, w, "quota="+home+":vcpus:5")
	create(t, w, home, scalingType, "site", sized(n, 3, 4, "0"))
	w.Clock().Advance(time.Hour)
	assert.Len(t, w.Launched(home), 2)
	activities, err := w.ScalingActivities(home, "site")
	require.NoError(t, err)
	assert.Contains(t, activities[0].Problem, "than your current vCPU limit of 5 allows")
	w.Heal()
	w.Clock().Advance(time.Hour)
	assert.Len(t, w.Launched(home), 3)
}

func TestFinalSnapshots(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inject(t, w, "quota="+home+":snapshots:0")
	o := create(t, w, home, databaseType, "primary", with(primary(), props{"skipFinalSnapshot": false, "finalSnapshotIdentifier": "last"}))
	err := w.Delete(t.Context(), sim.Call{Region: home, Type: databaseType, Name: "primary", ID: o.ID})
	assert.Equal(t, "SnapshotQuotaExceeded", codeOf(err))
	w.Heal()
	require.NoError(t, w.Delete(t.Context(), sim.Call{Region: home, Type: databaseType, Name: "primary", ID: o.ID}))
}

func TestIncreases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inject(t, w, "quota="+home+":addresses:1")
	const ec2, addresses = "ec2", "L-0263D0A3"
	value := func(standard bool) int {
		q, err := w.QuotaOf(home, ec2, addresses, standard)
		require.NoError(t, err)
		return q.Value
	}
	assert.Equal(t, 1, value(false))
	assert.Equal(t, 5, value(true))
	ask := func(service, code string, desired int) string {
		if _, err := w.RequestIncrease(home, service, code, desired); err != nil {
			return codeOf(err)
		}
		return ""
	}
	assert.Equal(t, "IllegalArgumentException", ask(ec2, addresses, 1))
	assert.Empty(t, ask(ec2, addresses, 7))
	assert.Equal(t, "ResourceAlreadyExistsException", ask(ec2, addresses, 8))
	assert.Empty(t, ask("rds", "L-7B6409FD", 41))
	assert.Equal(t, "QuotaExceededException", ask("elasticloadbalancing", "L-53DA6B97", 51))
	assert.Equal(t, "NoSuchResourceException", ask(ec2, "L-00000000", 1))
	assert.Equal(t, 1, value(false))
	_, statuses := w.Increases(home, ec2, addresses)
	assert.Equal(t, []string{"PENDING"}, statuses)
	w.Clock().Advance(24 * time.Hour)
	assert.Equal(t, 7, value(false))
	_, statuses = w.Increases(home, ec2, addresses)
	assert.Equal(t, []string{"APPROVED"}, statuses)
	_, err := w.QuotaOf(home, "elasticloadbalancing", "L-B22855CB", false)
	assert.Equal(t, "NoSuchResourceException", codeOf(err), "of some quotas there is the default alone")
}
