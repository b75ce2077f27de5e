package failover

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
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
)

// oneByOne asks for each id by itself, where a service takes one alone, or finds none of several when one is gone.
// absent is the code by which it says that there is no such thing: another one may be about something else.
func oneByOne(ids []string, absent string, there func(id string) (bool, error)) (found []string, err error) {
	for _, id := range ids {
		is, err := there(id)
		switch {
		case coded(err, map[string]struct{}{absent: {}}):
		case err != nil:
			return nil, err
		case is:
			found = append(found, id)
		}
	}
	return found, nil
}

// idsOf are the ids of what a service found.
func idsOf[T any](found []T, id func(T) *string) (ids []string) {
	for _, one := range found {
		ids = append(ids, aws.ToString(id(one)))
	}
	return ids
}

func groupsThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	out, err := autoscaling.NewFromConfig(cfg).DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: ids})
	if err != nil {
		return nil, err
	}
	return idsOf(out.AutoScalingGroups, func(g scalingtypes.AutoScalingGroup) *string { return g.AutoScalingGroupName }), nil
}

func policiesThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	out, err := autoscaling.NewFromConfig(cfg).DescribePolicies(ctx, &autoscaling.DescribePoliciesInput{PolicyNames: ids})
	if err != nil {
		return nil, err
	}
	return idsOf(out.ScalingPolicies, func(p scalingtypes.ScalingPolicy) *string { return p.PolicyName }), nil
}

func cachesThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	client := elasticache.NewFromConfig(cfg)
	return oneByOne(ids, "ReplicationGroupNotFoundFault", func(id string) (bool, error) {
		_, err := client.DescribeReplicationGroups(ctx, &elasticache.DescribeReplicationGroupsInput{ReplicationGroupId: &id})
		return true, err
	})
}

func cacheSubnetsThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	client := elasticache.NewFromConfig(cfg)
	return oneByOne(ids, "CacheSubnetGroupNotFoundFault", func(id string) (bool, error) {
		_, err := client.DescribeCacheSubnetGroups(ctx, &elasticache.DescribeCacheSubnetGroupsInput{CacheSubnetGroupName: &id})
		return true, err
	})
}

func listenersThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	client := elb.NewFromConfig(cfg)
	return oneByOne(ids, "ListenerNotFound", func(id string) (bool, error) {
		_, err := client.DescribeListeners(ctx, &elb.DescribeListenersInput{ListenerArns: []string{id}})
		return true, err
	})
}

func balancersThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	client := elb.NewFromConfig(cfg)
	return oneByOne(ids, "LoadBalancerNotFound", func(id string) (bool, error) {
		_, err := client.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{LoadBalancerArns: []string{id}})
		return true, err
	})
}

func targetGroupsThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	client := elb.NewFromConfig(cfg)
	return oneByOne(ids, "TargetGroupNotFound", func(id string) (bool, error) {
		_, err := client.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{id}})
		return true, err
	})
}

func profilesThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	client := iam.NewFromConfig(cfg)
	return oneByOne(ids, "NoSuchEntity", func(id string) (bool, error) {
		_, err := client.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &id})
		return true, err
	})
}

func rolesThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	client := iam.NewFromConfig(cfg)
	return oneByOne(ids, "NoSuchEntity", func(id string) (bool, error) {
		_, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &id})
		return true, err
	})
}

// keysThere leaves out keys that are to be deleted: what they encrypt can't be read.
func keysThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	client := kms.NewFromConfig(cfg)
	return oneByOne(ids, "NotFoundException", func(id string) (bool, error) {
		out, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
		if err != nil {
			return false, err
		}
		return out.KeyMetadata.KeyState != kmstypes.KeyStatePendingDeletion, nil
	})
}

// logGroupsThere asks by prefixes: a group may be among others whose names begin alike.
func logGroupsThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	client := cloudwatchlogs.NewFromConfig(cfg)
	return oneByOne(ids, "ResourceNotFoundException", func(id string) (bool, error) {
		out, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &id})
		if err != nil {
			return false, err
		}
		return slices.Contains(idsOf(out.LogGroups, func(g logtypes.LogGroup) *string { return g.LogGroupName }), id), nil
	})
}

func parameterGroupsThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	client := rds.NewFromConfig(cfg)
	return oneByOne(ids, "DBParameterGroupNotFound", func(id string) (bool, error) {
		_, err := client.DescribeDBParameterGroups(ctx, &rds.DescribeDBParameterGroupsInput{DBParameterGroupName: &id})
		return true, err
	})
}

func databaseSubnetsThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	client := rds.NewFromConfig(cfg)
	return oneByOne(ids, "DBSubnetGroupNotFoundFault", func(id string) (bool, error) {
		_, err := client.DescribeDBSubnetGroups(ctx, &rds.DescribeDBSubnetGroupsInput{DBSubnetGroupName: &id})
		return true, err
	})
}

func bucketsThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	client := s3.NewFromConfig(cfg)
	return oneByOne(ids, "NotFound", func(id string) (bool, error) {
		_, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &id})
		return true, err
	})
}

// secretsThere leaves out secrets that are to be deleted: they can't be read.
func secretsThere(ctx context.Context, cfg aws.Config, ids []string) ([]string, error) {
	client := secretsmanager.NewFromConfig(cfg)
	return oneByOne(ids, "ResourceNotFoundException", func(id string) (bool, error) {
		out, err := client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &id})
		if err != nil {
			return false, err
		}
		return out.DeletedDate == nil, nil
	})
}

func parametersThere(ctx context.Context, cfg aws.Config, ids []string) (there []string, err error) {
	pages := ssm.NewDescribeParametersPaginator(ssm.NewFromConfig(cfg), &ssm.DescribeParametersInput{
		ParameterFilters: []ssmtypes.ParameterStringFilter{{Key: aws.String("Name"), Option: aws.String("Equals"), Values: ids}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		there = append(there, idsOf(page.Parameters, func(p ssmtypes.ParameterMetadata) *string { return p.Name })...)
	}
	return there, nil
}
