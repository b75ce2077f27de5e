package failover

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// among is a filter of EC2, which takes 200 values: a stack has a few dozen of each kind.
func among(name string, ids []string) []types.Filter {
	return []types.Filter{{Name: &name, Values: ids}}
}

func addressesThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: among("allocation-id", ids)})
	if err != nil {
		return nil, err
	}
	return idsOf(out.Addresses, func(a types.Address) *string { return a.AllocationId }), nil
}

func internetGatewaysThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeInternetGateways(ctx, &ec2.DescribeInternetGatewaysInput{Filters: among("internet-gateway-id", ids)})
	if err != nil {
		return nil, err
	}
	return idsOf(out.InternetGateways, func(g types.InternetGateway) *string { return g.InternetGatewayId }), nil
}

// launchTemplatesThere asks by ids, since EC2 has no filter for them.
func launchTemplatesThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	client := ec2.NewFromConfig(cfg)
	return oneByOne(ids, "InvalidLaunchTemplateId.NotFound", func(id string) (bool, error) {
		_, err := client.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{LaunchTemplateIds: []string{id}})
		return true, err
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
	out, err := ec2.NewFromConfig(cfg).DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: among("route-table-id", ids)})
	if err != nil {
		return nil, err
	}
	return idsOf(out.RouteTables, func(t types.RouteTable) *string { return t.RouteTableId }), nil
}

func securityGroupsThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: among("group-id", ids)})
	if err != nil {
		return nil, err
	}
	return idsOf(out.SecurityGroups, func(g types.SecurityGroup) *string { return g.GroupId }), nil
}

func securityGroupRulesThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{Filters: among("security-group-rule-id", ids)})
	if err != nil {
		return nil, err
	}
	return idsOf(out.SecurityGroupRules, func(r types.SecurityGroupRule) *string { return r.SecurityGroupRuleId }), nil
}

func subnetsThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: among("subnet-id", ids)})
	if err != nil {
		return nil, err
	}
	return idsOf(out.Subnets, func(s types.Subnet) *string { return s.SubnetId }), nil
}

func networksThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: among("vpc-id", ids)})
	if err != nil {
		return nil, err
	}
	return idsOf(out.Vpcs, func(v types.Vpc) *string { return v.VpcId }), nil
}

func endpointsThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{Filters: among("vpc-endpoint-id", ids)})
	if err != nil {
		return nil, err
	}
	return idsOf(out.VpcEndpoints, func(e types.VpcEndpoint) *string { return e.VpcEndpointId }), nil
}
