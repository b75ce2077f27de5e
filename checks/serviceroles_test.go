package checks

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestServiceRoles(t *testing.T) {
	t.Parallel()
	balancer := Planned{"create", "aws:lb/loadBalancer:LoadBalancer", "blog-dr-lb"}
	cache := Planned{"create", "aws:elasticache/replicationGroup:ReplicationGroup", "blog-dr-cache"}
	both := []string{"AWSServiceRoleForElasticLoadBalancing", "AWSServiceRoleForElastiCache"}
	for name, tc := range map[string]struct {
		production, region string
		planned            []Planned
		needed             []string
	}{
		"Beijing lost":            {"cn-north-1", "cn-northwest-1", []Planned{balancer, cache}, both},
		"the balancer is warm":    {"cn-north-1", "cn-northwest-1", []Planned{cache}, both[1:]},
		"both are warm":           {"cn-north-1", "cn-northwest-1", []Planned{{"update", balancer.Type, balancer.Name}}, nil},
		"Ningxia lost":            {"cn-northwest-1", "cn-north-1", []Planned{balancer, cache}, nil},
		"Virginia lost":           {"us-east-1", "us-west-2", []Planned{balancer, cache}, both},
		"another lost":            {"us-west-2", "us-east-2", []Planned{balancer, cache}, nil},
		"the pilot light in it":   {"us-west-2", "us-east-1", []Planned{balancer, cache}, nil},
		"subnet and target group": {"cn-north-1", "cn-northwest-1", []Planned{{"create", "aws:lb/targetGroup:TargetGroup", "t"}, {"create", "aws:elasticache/subnetGroup:SubnetGroup", "s"}}, nil},
	} {
		var names []string
		for _, role := range ServiceRoles(tc.production, tc.region, tc.planned) {
			names = append(names, role.Name)
		}
		assert.Equal(t, tc.needed, names, name)
	}
}

func TestMissingServiceRoles(t *testing.T) {
	t.Parallel()
	assert.Empty(t, MissingServiceRoles("cn-north-1", nil))
	missing := ServiceRoles("cn-north-1", "cn-northwest-1", []Planned{{"create", "aws:elasticache/replicationGroup:ReplicationGroup", "c"}})
	found := MissingServiceRoles("cn-north-1", missing)
	assert.Len(t, found, 1)
	assert.Equal(t, ServiceRoleMissing, found[0].Code)
	assert.Contains(t, found[0].Reason, "lacks AWSServiceRoleForElastiCache, which AWS makes")
	assert.Contains(t, found[0].Reason, "in cn-north-1")
	assert.Equal(t, "pilotlight drill, or aws iam create-service-linked-role --aws-service-name elasticache.amazonaws.com", found[0].Remedy)
}
