package price

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestQuery(t *testing.T) {
	t.Parallel()
	assert.Equal(t, Query{"AmazonEC2", map[string]string{"productFamily": "NAT Gateway", "regionCode": "us-west-2"}, "NatGateway-Hours"}, NATGateway.Query("us-west-2"))
	assert.Equal(t, Query{"AWSDataTransfer", map[string]string{
		"productFamily": "Data Transfer", "transferType": "InterRegion Outbound", "fromRegionCode": "us-west-2", "toRegionCode": "us-east-2",
	}, ""}, Transfer("us-east-2").Query("us-west-2"))
	assert.Equal(t, Query{"AmazonElastiCache", map[string]string{
		"productFamily": "Cache Instance", "instanceType": "cache.t4g.small", "cacheEngine": "Redis", "regionCode": "us-east-1",
	}, "NodeUsage:cache.t4g.small"}, Item("cache.t4g.small").Query("us-east-1"))
	assert.Equal(t, Query{"AmazonCloudWatch", map[string]string{"productFamily": "Dashboard"}, "DashboardsUsageHour-Basic"}, Dashboard.Query("us-west-2"), "it is of no region")
	assert.True(t, ExtendedSupport.Query("us-east-1").ByUsage())
	assert.False(t, Balancer.Query("us-east-1").ByUsage())
}

// TestIs holds that a usage type is known with a region's prefix and without one, and is not taken
// for another that ends alike.
func TestIs(t *testing.T) {
	t.Parallel()
	for item, usages := range map[Item]map[string]bool{
		NATGateway: {"NatGateway-Hours": true, "USW2-NatGateway-Hours": true, "USW2-RegionalNatGateway-Hours": false, "USW2-NatGateway-Bytes": false},
		Balancer: {
			"LoadBalancerUsage": true, "USW2-LoadBalancerUsage": true, "EU-LoadBalancerUsage": true, "EUC1-LoadBalancerUsage": true, "CNN1-LoadBalancerUsage": true,
			"TS-LoadBalancerUsage": false, "USW2-TS-LoadBalancerUsage": false, "EU-TS-LoadBalancerUsage": false, "USW2-Outposts-LoadBalancerUsage": false, "USW2-LAX1-LoadBalancerUsage": false,
		},
		Media("STANDARD"): {"USW2-TimedStorage-ByteHrs": true, "USW2-Files-TimedStorage-ByteHrs": false, "Tables-TimedStorage-ByteHrs": false, "USW2-TimedStorage-SIA-ByteHrs": false},
		Key:               {"us-west-2-KMS-Keys": true, "KMS-Keys": true, "us-east-2-KMS-Keys": false},
	} {
		for usage, want := range usages {
			assert.Equal(t, want, item.Query("us-west-2").Is(usage), usage)
		}
	}
	assert.True(t, Secret.Query("us-west-2").Is("anything"))
}

// TestQueriesDiffer holds that no two items are the same product.
func TestQueriesDiffer(t *testing.T) {
	t.Parallel()
	for region, prices := range BuiltIn() {
		var seen []Query
		for item := range prices {
			q := item.Query(region)
			assert.NotContains(t, seen, q, item)
			seen = append(seen, q)
		}
	}
}

func TestListRegion(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "us-east-1", ListRegion("eu-central-1"))
	assert.Equal(t, "cn-northwest-1", ListRegion("cn-north-1"))
}
