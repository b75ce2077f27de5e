package components

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// graceSeconds is how long a new instance may install, start and find its settings
	// before its health counts. Until then it gets no visitors: the target group asks
	// HealthPath, which is 503. After it, the group replaces the instance. One that waits
	// for a database to be made is healthy, and stays.
	graceSeconds = 900
	// warmUpSeconds is how long its figures are left out of scaling after that.
	warmUpSeconds = 120
	// least and most percent of the wanted instances run while one is replaced, because it is ill or for its template: a
	// new one comes first, then an old one goes. Without it an ill one goes first, and where a rush makes all ill, all go
	// (docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-maintenance-policy.html).
	leastHealthy, mostHealthy = 100, 150
	// cpuTarget is the percentage that scaling aims at. It needs no balancer to be there.
	cpuTarget = 60
)

// InstancesArgs describes a group of instances.
type InstancesArgs struct {
	Launch         *Launch
	SubnetIDs      pulumi.StringArray
	TargetGroupARN pulumi.StringInput
	// Types are the EC2 types to launch, in order of preference: each is tried in a zone before that
	// counts as full. With none or one it is the launch template's.
	Types []string
	// Min and Max bound how many run; with 0 and 0 the group is there and costs nothing.
	Min, Max int
	Tags     map[string]string
	// Triggers are tags of the group alone. When the value of one changes, all instances are replaced, one by one.
	Triggers map[string]string
	// After is what must be there before an instance starts, such as its way to the
	// internet. Name resources, not components: those cannot be waited for.
	After []pulumi.Resource
	// Hooks run before the group changes; nil for none.
	Hooks *pulumi.ResourceHookBinding
}

// Instances is an Auto Scaling group, replaced one by one when its template or a tag changes.
type Instances struct {
	pulumi.ResourceState

	GroupName pulumi.StringOutput
	// Group is what to wait for where running instances are needed.
	Group pulumi.Resource
}

// NewInstances makes the group and its scaling policy. How many instances are
// wanted between Min and Max is left to the policy.
func NewInstances(ctx *pulumi.Context, name string, args InstancesArgs, opts ...pulumi.ResourceOption) (*Instances, error) {
	if args.Min < 0 || args.Max < args.Min {
		return nil, fmt.Errorf("instances %s: between %d and %d instances cannot run", name, args.Min, args.Max)
	}
	i := &Instances{}
	if err := ctx.RegisterComponentResource("pilotlight:components:Instances", name, i, opts...); err != nil {
		return nil, err
	}
	one, several := args.templates()
	group, err := autoscaling.NewGroup(ctx, name+"-instances", &autoscaling.GroupArgs{
		MinSize:                pulumi.Int(args.Min),
		MaxSize:                pulumi.Int(args.Max),
		VpcZoneIdentifiers:     args.SubnetIDs,
		TargetGroupArns:        pulumi.StringArray{args.TargetGroupARN},
		LaunchTemplate:         one,
		MixedInstancesPolicy:   several,
		HealthCheckType:        pulumi.String("ELB"),
		HealthCheckGracePeriod: pulumi.Int(graceSeconds),
		DefaultInstanceWarmup:  pulumi.Int(warmUpSeconds),
		// The provider's own wait is off: for a group that goes to nothing, or a raised
		// minimum of one that has scaled out, it waits in vain, and one launch that fails
		// ends it (docs/provider-waits.md). Package failover waits.
		WaitForCapacityTimeout: pulumi.String("0"),
		InstanceRefresh: autoscaling.GroupInstanceRefreshArgs{
			Strategy: pulumi.String("Rolling"),
			// Beside the template, which does not change with the image: that is a parameter. Nor could AWS
			// skip instances that have it (SkipMatching), or roll back by itself (RollbackInstanceRefresh).
			Triggers: pulumi.ToStringArray([]string{"tag"}), // as the provider's schema has it
			Preferences: autoscaling.GroupInstanceRefreshPreferencesArgs{
				MinHealthyPercentage: pulumi.Int(leastHealthy),
				MaxHealthyPercentage: pulumi.Int(mostHealthy),
			},
		},
		InstanceMaintenancePolicy: autoscaling.GroupInstanceMaintenancePolicyArgs{
			MinHealthyPercentage: pulumi.Int(leastHealthy), MaxHealthyPercentage: pulumi.Int(mostHealthy),
		},
		Tags: groupTags(name, args.Tags, args.Triggers),
	}, append(hooked(args.Hooks), pulumi.Parent(i), pulumi.DependsOn(args.After),
		pulumi.IgnoreChanges([]string{"instanceMaintenancePolicy"}))...) // what stands for AWS may not keep it
	if err != nil {
		return nil, err
	}
	if _, err := autoscaling.NewPolicy(ctx, name+"-cpu", &autoscaling.PolicyArgs{
		AutoscalingGroupName: group.Name,
		PolicyType:           pulumi.String("TargetTrackingScaling"),
		TargetTrackingConfiguration: autoscaling.PolicyTargetTrackingConfigurationArgs{
			TargetValue: pulumi.Float64(cpuTarget),
			PredefinedMetricSpecification: autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs{
				PredefinedMetricType: pulumi.String("ASGAverageCPUUtilization"),
			},
		},
	}, pulumi.Parent(i)); err != nil {
		return nil, err
	}
	i.GroupName, i.Group = group.Name, group
	return i, ctx.RegisterResourceOutputs(i, pulumi.Map{"groupName": i.GroupName})
}

// templates are what the group launches: a template as it is, or for each of several types.
func (args InstancesArgs) templates() (one autoscaling.GroupLaunchTemplatePtrInput, several autoscaling.GroupMixedInstancesPolicyPtrInput) {
	if len(args.Types) < 2 {
		return autoscaling.GroupLaunchTemplateArgs{Id: args.Launch.TemplateID.ToStringPtrOutput(), Version: args.Launch.Version.ToStringPtrOutput()}, nil
	}
	var overrides autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArray
	for _, name := range args.Types {
		overrides = append(overrides, autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs{InstanceType: pulumi.String(name)})
	}
	return nil, autoscaling.GroupMixedInstancesPolicyArgs{
		InstancesDistribution: autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgs{
			OnDemandAllocationStrategy:          pulumi.String("prioritized"),
			OnDemandPercentageAboveBaseCapacity: pulumi.Int(100), // no spot instances
		},
		LaunchTemplate: autoscaling.GroupMixedInstancesPolicyLaunchTemplateArgs{
			LaunchTemplateSpecification: autoscaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs{
				LaunchTemplateId: args.Launch.TemplateID.ToStringPtrOutput(), Version: args.Launch.Version.ToStringPtrOutput(),
			},
			Overrides: overrides,
		},
	}
}

// groupTags are in a fixed order, so that the same tags are no change. Instances get those that are no triggers.
func groupTags(name string, tags, triggers map[string]string) autoscaling.GroupTagArray {
	all := map[string]string{}
	maps.Copy(all, tags)
	maps.Copy(all, triggers)
	all["Name"] = name
	var group autoscaling.GroupTagArray
	for _, key := range slices.Sorted(maps.Keys(all)) {
		_, trigger := triggers[key]
		group = append(group, autoscaling.GroupTagArgs{
			Key: pulumi.String(key), Value: pulumi.String(all[key]), PropagateAtLaunch: pulumi.Bool(!trigger),
		})
	}
	return group
}
