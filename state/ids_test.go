package state

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIDsOf(t *testing.T) {
	t.Parallel()
	const gateway, cache = "aws:ec2/natGateway:NatGateway", "aws:elasticache/replicationGroup:ReplicationGroup"
	for name, tc := range map[string]struct {
		typ     string
		outputs map[string]any
		ids     []string
	}{
		"an ARN":                        {cache, map[string]any{"arn": "arn:cache", "replicationGroupId": "c"}, []string{"arn:cache"}},
		"a gateway":                     {gateway, map[string]any{"networkInterfaceId": "eni-1", "allocationId": "eipalloc-1"}, []string{"eni-1"}},
		"a gateway that EC2 never made": {gateway, map[string]any{"networkInterfaceId": "", "allocationId": "eipalloc-1"}, []string{"eipalloc-1"}},
		"a cache that was never read":   {cache, map[string]any{"replicationGroupId": "c"}, []string{"c"}},
		"a balancer that was not":       {"aws:lb/loadBalancer:LoadBalancer", map[string]any{"name": "b"}, []string{"b"}},
		"a route":                       {"aws:ec2/route:Route", map[string]any{"networkInterfaceId": "", "name": "r"}, nil},
		"a component":                   {"pilotlight:components:Targets", map[string]any{"arn": "arn:targets"}, nil},
	} {
		assert.Equal(t, tc.ids, idsOf(tc.typ, tc.outputs), name)
	}
}
