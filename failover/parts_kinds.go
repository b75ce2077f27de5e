package failover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/checks"
)

// partKind is a kind of parts, and how AWS is asked which of some there are.
type partKind struct {
	name  string // in a sentence
	there existing
}

// existing finds those of some ids that AWS has. What it finds beside them does not matter.
type existing func(ctx context.Context, cfg aws.Config, ids []string) ([]string, error)

// partKinds are the kinds by the service and the first word of their ARNs. Of a network interface the
// state holds the id: it stands for its NAT gateway, which has no ARN. So does the id of an address for one without an interface.
var partKinds = map[string]partKind{
	"autoscaling autoScalingGroup": {"group of instances", together(autoscaling.NewFromConfig, (*autoscaling.Client).DescribeAutoScalingGroups,
		func(in *autoscaling.DescribeAutoScalingGroupsInput, ids []string) { in.AutoScalingGroupNames = ids },
		func(out *autoscaling.DescribeAutoScalingGroupsOutput) []scalingtypes.AutoScalingGroup {
			return out.AutoScalingGroups
		},
		func(g scalingtypes.AutoScalingGroup) *string { return g.AutoScalingGroupName })},
	"autoscaling scalingPolicy": {"scaling policy", together(autoscaling.NewFromConfig, (*autoscaling.Client).DescribePolicies,
		func(in *autoscaling.DescribePoliciesInput, ids []string) { in.PolicyNames = ids },
		func(out *autoscaling.DescribePoliciesOutput) []scalingtypes.ScalingPolicy { return out.ScalingPolicies },
		func(p scalingtypes.ScalingPolicy) *string { return p.PolicyName })},
	"ec2 elastic-ip": {"address", inEC2((*ec2.Client).DescribeAddresses,
		func(in *ec2.DescribeAddressesInput, ids []string) { in.AllocationIds = ids },
		func(out *ec2.DescribeAddressesOutput) []types.Address { return out.Addresses }, func(a types.Address) *string { return a.AllocationId })},
	"ec2 internet-gateway": {"internet gateway", inEC2((*ec2.Client).DescribeInternetGateways,
		func(in *ec2.DescribeInternetGatewaysInput, ids []string) { in.InternetGatewayIds = ids },
		func(out *ec2.DescribeInternetGatewaysOutput) []types.InternetGateway { return out.InternetGateways },
		func(i types.InternetGateway) *string { return i.InternetGatewayId })},
	"ec2 launch-template": {"launch template", inEC2((*ec2.Client).DescribeLaunchTemplates,
		func(in *ec2.DescribeLaunchTemplatesInput, ids []string) { in.LaunchTemplateIds = ids },
		func(out *ec2.DescribeLaunchTemplatesOutput) []types.LaunchTemplate { return out.LaunchTemplates },
		func(l types.LaunchTemplate) *string { return l.LaunchTemplateId })},
	"ec2 network-interface": {"NAT gateway with interface", natGateways(types.NatGatewayStateAvailable, types.NatGatewayStatePending)},
	"ec2 route-table": {"route table", inEC2((*ec2.Client).DescribeRouteTables,
		func(in *ec2.DescribeRouteTablesInput, ids []string) { in.RouteTableIds = ids },
		func(out *ec2.DescribeRouteTablesOutput) []types.RouteTable { return out.RouteTables }, func(r types.RouteTable) *string { return r.RouteTableId })},
	"ec2 security-group": {"security group", inEC2((*ec2.Client).DescribeSecurityGroups,
		func(in *ec2.DescribeSecurityGroupsInput, ids []string) { in.GroupIds = ids },
		func(out *ec2.DescribeSecurityGroupsOutput) []types.SecurityGroup { return out.SecurityGroups }, func(s types.SecurityGroup) *string { return s.GroupId })},
	"ec2 security-group-rule": {"rule of a security group", inEC2((*ec2.Client).DescribeSecurityGroupRules,
		func(in *ec2.DescribeSecurityGroupRulesInput, ids []string) { in.SecurityGroupRuleIds = ids },
		func(out *ec2.DescribeSecurityGroupRulesOutput) []types.SecurityGroupRule {
			return out.SecurityGroupRules
		},
		func(s types.SecurityGroupRule) *string { return s.SecurityGroupRuleId })},
	"ec2 subnet": {"subnet", inEC2((*ec2.Client).DescribeSubnets,
		func(in *ec2.DescribeSubnetsInput, ids []string) { in.SubnetIds = ids },
		func(out *ec2.DescribeSubnetsOutput) []types.Subnet { return out.Subnets }, func(s types.Subnet) *string { return s.SubnetId })},
	"ec2 vpc": {"network", inEC2((*ec2.Client).DescribeVpcs,
		func(in *ec2.DescribeVpcsInput, ids []string) { in.VpcIds = ids },
		func(out *ec2.DescribeVpcsOutput) []types.Vpc { return out.Vpcs }, func(v types.Vpc) *string { return v.VpcId })},
	"ec2 vpc-endpoint": {"endpoint", inEC2((*ec2.Client).DescribeVpcEndpoints,
		func(in *ec2.DescribeVpcEndpointsInput, ids []string) { in.VpcEndpointIds = ids },
		func(out *ec2.DescribeVpcEndpointsOutput) []types.VpcEndpoint { return out.VpcEndpoints }, func(v types.VpcEndpoint) *string { return v.VpcEndpointId })},
	"elasticache replicationgroup": {"Redis group", caches(false)},
	"elasticache subnetgroup": {"subnet group of Redis", oneByOne(elasticache.NewFromConfig, (*elasticache.Client).DescribeCacheSubnetGroups, "CacheSubnetGroupNotFoundFault",
		func(in *elasticache.DescribeCacheSubnetGroupsInput, id string) { in.CacheSubnetGroupName = &id }, nil)},
	"elasticloadbalancing listener": {"listener", oneByOne(elb.NewFromConfig, (*elb.Client).DescribeListeners, "ListenerNotFound",
		func(in *elb.DescribeListenersInput, id string) { in.ListenerArns = []string{id} }, nil)},
	"elasticloadbalancing loadbalancer": {"balancer", balancers(false)},
	"elasticloadbalancing targetgroup": {"target group", oneByOne(elb.NewFromConfig, (*elb.Client).DescribeTargetGroups, "TargetGroupNotFound",
		func(in *elb.DescribeTargetGroupsInput, id string) { in.TargetGroupArns = []string{id} }, nil)},
	"iam instance-profile": {"instance profile", oneByOne(iam.NewFromConfig, (*iam.Client).GetInstanceProfile, "NoSuchEntity",
		func(in *iam.GetInstanceProfileInput, id string) { in.InstanceProfileName = &id }, nil)},
	"iam role": {"role", oneByOne(iam.NewFromConfig, (*iam.Client).GetRole, "NoSuchEntity",
		func(in *iam.GetRoleInput, id string) { in.RoleName = &id }, nil)},
	"kms alias":      {checks.KeyAlias, keysThere},
	"kms key":        {checks.Key, keysThere},
	"logs log-group": {"log group", logGroupsThere},
	"rds pg": {"parameter group", oneByOne(rds.NewFromConfig, (*rds.Client).DescribeDBParameterGroups, "DBParameterGroupNotFound",
		func(in *rds.DescribeDBParameterGroupsInput, id string) { in.DBParameterGroupName = &id }, nil)},
	"rds subgrp": {"subnet group of the database", oneByOne(rds.NewFromConfig, (*rds.Client).DescribeDBSubnetGroups, "DBSubnetGroupNotFoundFault",
		func(in *rds.DescribeDBSubnetGroupsInput, id string) { in.DBSubnetGroupName = &id }, nil)},
	"s3 bucket": {checks.Bucket, oneByOne(awsclient.S3, (*s3.Client).HeadBucket, "NotFound",
		func(in *s3.HeadBucketInput, id string) { in.Bucket = &id }, nil)},
	"secretsmanager secret": {"secret", secretsThere},
	"ssm parameter":         {"parameter", parametersThere},
}

// oneByOne asks for each id in a call of its own, for services that take only one id, or that fail for all ids when one
// of them is gone. absent is the error code that means that the resource does not exist; any other error is returned.
// is reports whether an answer means that it exists; nil means that every answer does.
func oneByOne[C, O, In, Out any](
	client func(aws.Config, ...func(*O)) *C, call func(*C, context.Context, *In, ...func(*O)) (*Out, error), absent string,
	ask func(in *In, id string), is func(id string, out *Out) (bool, error),
) existing {
	return func(ctx context.Context, cfg aws.Config, ids []string) (there []string, err error) {
		c := client(cfg)
		for _, id := range ids {
			var in In
			ask(&in, id)
			out, err := call(c, ctx, &in)
			if coded(err, absent) {
				continue
			}
			found := err == nil
			if found && is != nil {
				found, err = is(id, out)
			}
			if err != nil {
				return nil, err
			}
			if found {
				there = append(there, id)
			}
		}
		return there, nil
	}
}

// together asks for all ids by one call.
func together[C, O, In, Out, T any](
	client func(aws.Config, ...func(*O)) *C, call func(*C, context.Context, *In, ...func(*O)) (*Out, error), ask func(in *In, ids []string),
	found func(*Out) []T, id func(T) *string,
) existing {
	return func(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
		var in In
		ask(&in, ids)
		out, err := call(client(cfg), ctx, &in)
		if err != nil {
			return nil, err
		}
		return idsOf(found(out), id), nil
	}
}

// inEC2 is together for EC2, with what byIDs knows of its answers.
func inEC2[In, Out, T any](
	call func(*ec2.Client, context.Context, *In, ...func(*ec2.Options)) (*Out, error), ask func(in *In, ids []string), found func(*Out) []T, id func(T) *string,
) existing {
	once := together(ec2.NewFromConfig, call, ask, found, id)
	return func(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
		return byIDs(ids, func(ids []string) ([]string, error) { return once(ctx, cfg, ids) })
	}
}

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

// idsOf are the ids of what a service found.
func idsOf[T any](found []T, id func(T) *string) (ids []string) {
	for _, one := range found {
		ids = append(ids, aws.ToString(id(one)))
	}
	return ids
}

// keysThere leaves out keys that are to be deleted: what they encrypt can't be read.
var keysThere = oneByOne(kms.NewFromConfig, (*kms.Client).DescribeKey, "NotFoundException",
	func(in *kms.DescribeKeyInput, id string) { in.KeyId = &id },
	func(id string, out *kms.DescribeKeyOutput) (bool, error) {
		if out.KeyMetadata == nil {
			return false, fmt.Errorf("KMS does not say whether there is %s", id)
		}
		return out.KeyMetadata.KeyState != kmstypes.KeyStatePendingDeletion, nil
	})

// secretsThere leaves out secrets that are to be deleted: they can't be read.
var secretsThere = oneByOne(secretsmanager.NewFromConfig, (*secretsmanager.Client).DescribeSecret, "ResourceNotFoundException",
	func(in *secretsmanager.DescribeSecretInput, id string) { in.SecretId = &id },
	func(_ string, out *secretsmanager.DescribeSecretOutput) (bool, error) {
		return out.DeletedDate == nil, nil
	})

// logGroupsThere asks by prefixes: a group may be among others whose names begin alike.
var logGroupsThere = oneByOne(cloudwatchlogs.NewFromConfig, (*cloudwatchlogs.Client).DescribeLogGroups, "ResourceNotFoundException",
	func(in *cloudwatchlogs.DescribeLogGroupsInput, id string) { in.LogGroupNamePrefix = &id },
	func(id string, out *cloudwatchlogs.DescribeLogGroupsOutput) (bool, error) {
		return slices.Contains(idsOf(out.LogGroups, func(g logtypes.LogGroup) *string { return g.LogGroupName }), id), nil
	})

func parametersThere(ctx context.Context, cfg aws.Config, ids []string) (there []string, err error) {
	pages := ssm.NewDescribeParametersPaginator(ssm.NewFromConfig(cfg), &ssm.DescribeParametersInput{
		ParameterFilters: []ssmtypes.ParameterStringFilter{{Key: aws.String("Name"), Option: aws.String("Equals"), Values: ids}},
	})
	for page, err := range awsclient.Pages(ctx, pages) {
		if err != nil {
			return nil, err
		}
		there = append(there, idsOf(page.Parameters, func(p ssmtypes.ParameterMetadata) *string { return p.Name })...)
	}
	return there, nil
}
