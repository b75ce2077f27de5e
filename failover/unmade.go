package failover

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// AWS accepts some things, and fails to make them minutes later. They keep their ids, and never become what was asked for.

// unmakable are the kinds of what AWS accepts and may fail to make minutes later, by Pulumi's types.
var unmakable = map[string]string{
	"aws:elasticache/replicationGroup:ReplicationGroup": "elasticache replicationgroup",
	"aws:ec2/natGateway:NatGateway":                     "ec2 network-interface",
	"aws:lb/loadBalancer:LoadBalancer":                  "elasticloadbalancing loadbalancer",
}

// unmade find, by the kinds of partKinds, those of some ids that AWS failed to make.
var unmade = map[string]existing{
	"elasticache replicationgroup":      caches(true),
	"ec2 network-interface":             natGateways(types.NatGatewayStateFailed),
	"elasticloadbalancing loadbalancer": balancers(true),
}

// MayBeUnmade reports whether AWS may accept a resource of a type, and fail to make it.
func MayBeUnmade(typ string) bool { return unmakable[typ] != "" }

// Unmade are those of some resources that AWS failed to make, by the ids that the state holds, which are given by Pulumi's types. What
// AWS does not tell of is not among them.
func (r *Runtime) Unmade(ctx context.Context, ids map[string][]string) (failed []string) {
	ctx, cancel := context.WithTimeout(ctx, partsLimit)
	defer cancel()
	cfg, err := r.aws(ctx)
	if err != nil {
		return nil
	}
	for _, typ := range slices.Sorted(maps.Keys(ids)) {
		if !MayBeUnmade(typ) {
			continue
		}
		found, err := unmade[unmakable[typ]](ctx, cfg, ids[typ])
		if err != nil {
			continue
		}
		for _, id := range ids[typ] {
			if slices.Contains(found, id) {
				failed = append(failed, id)
			}
		}
	}
	return failed
}

// caches finds the Redis groups that AWS has failed to make, or the others. One that ran into a lack of capacity, say, is
// create-failed minutes after ElastiCache has accepted it.
func caches(unmade bool) existing {
	return oneByOne(elasticache.NewFromConfig, (*elasticache.Client).DescribeReplicationGroups, "ReplicationGroupNotFoundFault",
		func(in *elasticache.DescribeReplicationGroupsInput, id string) { in.ReplicationGroupId = &id },
		func(_ string, out *elasticache.DescribeReplicationGroupsOutput) (bool, error) {
			return slices.ContainsFunc(out.ReplicationGroups, func(g cachetypes.ReplicationGroup) bool {
				return (aws.ToString(g.Status) == "create-failed") == unmade
			}), nil
		})
}

// balancers finds the balancers that AWS has failed to make, or the others.
func balancers(unmade bool) existing {
	return oneByOne(elb.NewFromConfig, (*elb.Client).DescribeLoadBalancers, "LoadBalancerNotFound",
		func(in *elb.DescribeLoadBalancersInput, id string) { in.LoadBalancerArns = []string{id} },
		func(_ string, out *elb.DescribeLoadBalancersOutput) (bool, error) {
			return slices.ContainsFunc(out.LoadBalancers, func(b elbtypes.LoadBalancer) bool {
				return (b.State != nil && b.State.Code == elbtypes.LoadBalancerStateEnumFailed) == unmade
			}), nil
		})
}

// natGateways finds the gateways in some states, by their ids, their network interfaces and their addresses.
func natGateways(states ...types.NatGatewayState) existing {
	return func(ctx context.Context, cfg aws.Config, _ []string) (there []string, err error) {
		for page, err := range awsclient.Pages(ctx, ec2.NewDescribeNatGatewaysPaginator(ec2.NewFromConfig(cfg), &ec2.DescribeNatGatewaysInput{})) {
			if err != nil {
				return nil, err
			}
			for _, g := range page.NatGateways {
				if slices.Contains(states, g.State) {
					there = append(there, aws.ToString(g.NatGatewayId))
					there = append(there, idsOf(g.NatGatewayAddresses, func(a types.NatGatewayAddress) *string { return a.NetworkInterfaceId })...)
					there = append(there, idsOf(g.NatGatewayAddresses, func(a types.NatGatewayAddress) *string { return a.AllocationId })...)
				}
			}
		}
		return there, nil
	}
}
