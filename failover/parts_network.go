package failover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
)

// byIDs asks EC2 which of some ids there are. It answers about all of them, or with an error of the kind
// InvalidSubnetID.NotFound when one is gone, which names only one: then each is asked for by itself. A filter would
// need one call alone, but an answer without an id is the same for a part that is gone and for an endpoint
// that does not know the filter. So an answer that lacks an id, without that error, tells nothing.
func byIDs(ids []string, ask func(ids []string) ([]string, error)) (there []string, err error) {
	found, err := ask(ids)
	if err != nil && !absent(err) {
		return nil, err
	}
	for _, id := range ids {
		if err == nil && slices.Contains(found, id) {
			there = append(there, id)
			continue
		}
		switch alone, err := ask([]string{id}); {
		case absent(err):
		case err != nil:
			return nil, err
		case !slices.Contains(alone, id):
			return nil, fmt.Errorf("EC2 does not say whether there is %s", id)
		default:
			there = append(there, id)
		}
	}
	return there, nil
}

// absent reports whether EC2 says that there is no such thing. Its codes differ by the kind, and all end alike.
func absent(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && strings.HasSuffix(api.ErrorCode(), ".NotFound")
}

func addressesThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	return byIDs(ids, func(ids []string) ([]string, error) {
		out, err := ec2.NewFromConfig(cfg).DescribeAddresses(ctx, &ec2.DescribeAddressesInput{AllocationIds: ids})
		if err != nil {
			return nil, err
		}
		return idsOf(out.Addresses, func(a types.Address) *string { return a.AllocationId }), nil
	})
}

func internetGatewaysThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	return byIDs(ids, func(ids []string) ([]string, error) {
		out, err := ec2.NewFromConfig(cfg).DescribeInternetGateways(ctx, &ec2.DescribeInternetGatewaysInput{InternetGatewayIds: ids})
		if err != nil {
			return nil, err
		}
		return idsOf(out.InternetGateways, func(g types.InternetGateway) *string { return g.InternetGatewayId }), nil
	})
}

func launchTemplatesThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	return byIDs(ids, func(ids []string) ([]string, error) {
		out, err := ec2.NewFromConfig(cfg).DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{LaunchTemplateIds: ids})
		if err != nil {
			return nil, err
		}
		return idsOf(out.LaunchTemplates, func(t types.LaunchTemplate) *string { return t.LaunchTemplateId }), nil
	})
}

// natGatewaysThere finds gateways by their network interfaces.
func natGatewaysThere(ctx context.Context, cfg aws.Config, _ []string) (there []string, err error) {
	pages := ec2.NewDescribeNatGatewaysPaginator(ec2.NewFromConfig(cfg), &ec2.DescribeNatGatewaysInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, g := range page.NatGateways {
			if g.State == types.NatGatewayStateAvailable || g.State == types.NatGatewayStatePending {
				there = append(there, idsOf(g.NatGatewayAddresses, func(a types.NatGatewayAddress) *string { return a.NetworkInterfaceId })...)
			}
		}
	}
	return there, nil
}

func routeTablesThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	return byIDs(ids, func(ids []string) ([]string, error) {
		out, err := ec2.NewFromConfig(cfg).DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: ids})
		if err != nil {
			return nil, err
		}
		return idsOf(out.RouteTables, func(t types.RouteTable) *string { return t.RouteTableId }), nil
	})
}

func securityGroupsThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	return byIDs(ids, func(ids []string) ([]string, error) {
		out, err := ec2.NewFromConfig(cfg).DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: ids})
		if err != nil {
			return nil, err
		}
		return idsOf(out.SecurityGroups, func(g types.SecurityGroup) *string { return g.GroupId }), nil
	})
}

func securityGroupRulesThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	return byIDs(ids, func(ids []string) ([]string, error) {
		out, err := ec2.NewFromConfig(cfg).DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{SecurityGroupRuleIds: ids})
		if err != nil {
			return nil, err
		}
		return idsOf(out.SecurityGroupRules, func(r types.SecurityGroupRule) *string { return r.SecurityGroupRuleId }), nil
	})
}

func subnetsThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	return byIDs(ids, func(ids []string) ([]string, error) {
		out, err := ec2.NewFromConfig(cfg).DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: ids})
		if err != nil {
			return nil, err
		}
		return idsOf(out.Subnets, func(s types.Subnet) *string { return s.SubnetId }), nil
	})
}

func networksThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	return byIDs(ids, func(ids []string) ([]string, error) {
		out, err := ec2.NewFromConfig(cfg).DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: ids})
		if err != nil {
			return nil, err
		}
		return idsOf(out.Vpcs, func(v types.Vpc) *string { return v.VpcId }), nil
	})
}

func endpointsThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	return byIDs(ids, func(ids []string) ([]string, error) {
		out, err := ec2.NewFromConfig(cfg).DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{VpcEndpointIds: ids})
		if err != nil {
			return nil, err
		}
		return idsOf(out.VpcEndpoints, func(e types.VpcEndpoint) *string { return e.VpcEndpointId }), nil
	})
}
