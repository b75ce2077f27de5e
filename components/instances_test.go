package components

import (
	"encoding/base64"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

func launch(region string) LaunchArgs {
	partition := awsregion.Partition(region)
	return LaunchArgs{
		Region: region, AccountID: account, InstanceType: "t3.small", VolumeGiB: 20,
		ImageParameter: pulumi.String("/blog/dr/image"), SecurityGroupID: pulumi.String("sg-1"),
		UserData: pulumi.String("#!/bin/bash\n"), Tags: map[string]string{"site": "blog"},
		ParameterPath: "/blog/dr", SecretARN: pulumi.String("arn:" + partition + ":secret"),
		BucketARN: pulumi.String("arn:" + partition + ":s3:::media"), LogGroupARN: pulumi.String("arn:" + partition + ":logs:" + region + ":" + account + ":log-group:/pilotlight/blog/dr"),
		PeerEpochARN: "arn:" + partition + ":ssm:elsewhere:" + account + ":parameter/blog/prod/epoch",
	}
}

func TestVolumeIsTheRootOfTheImage(t *testing.T) {
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		args := launch("us-west-2")
		args.RootDevice = "/dev/sda1"
		_, err := NewLaunch(ctx, "blog-dr", args)
		return err
	})
	assert.Equal(t, "/dev/sda1", at(t, c.one(t, "ec2/launchTemplate:LaunchTemplate").Inputs, "blockDeviceMappings", 0, "deviceName"))
}

func TestLaunchTemplate(t *testing.T) {
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		_, err := NewLaunch(ctx, "blog-dr", launch("us-west-2"))
		return err
	})
	template := c.one(t, "ec2/launchTemplate:LaunchTemplate")
	assert.Equal(t, "resolve:ssm:/blog/dr/image", template.Inputs["imageId"])
	assert.Equal(t, "required", at(t, template.Inputs, "metadataOptions", "httpTokens"))
	assert.Equal(t, "true", at(t, template.Inputs, "blockDeviceMappings", 0, "ebs", "encrypted"))
	assert.Equal(t, "/dev/xvda", at(t, template.Inputs, "blockDeviceMappings", 0, "deviceName"), "as Amazon Linux has it")
	sent, err := base64.StdEncoding.DecodeString(template.Inputs["userData"].(string))
	require.NoError(t, err)
	assert.Equal(t, "#!/bin/bash\n", unpacked(t, sent))
	for i, kind := range []string{"instance", "volume"} {
		assert.Equal(t, kind, at(t, template.Inputs, "tagSpecifications", i, "resourceType"))
		assert.Equal(t, map[string]any{"site": "blog", "Name": "blog-dr"}, at(t, template.Inputs, "tagSpecifications", i, "tags"))
	}
	assert.True(t, template.needs("iam/rolePolicy:RolePolicy", "blog-dr-instances"), "an instance must not start without its rights")
}

func TestInstancesMayDoWhatTheyMust(t *testing.T) {
	for region, want := range map[string]struct{ principal, parameters string }{
		"us-west-2":      {"ec2.amazonaws.com", "arn:aws:ssm:us-west-2:123456789012:parameter/blog/dr/*"},
		"cn-northwest-1": {"ec2.amazonaws.com.cn", "arn:aws-cn:ssm:cn-northwest-1:123456789012:parameter/blog/dr/*"},
	} {
		c := deploy(t, region, func(ctx *pulumi.Context) error {
			_, err := NewLaunch(ctx, "blog-dr", launch(region))
			return err
		})
		trusted := statements(t, c.one(t, "iam/role:Role").Inputs["assumeRolePolicy"])
		assert.Equal(t, want.principal, at(t, trusted[0], "Principal", "Service"))

		may := map[string][]string{}
		for _, s := range statements(t, c.one(t, "iam/rolePolicy:RolePolicy").Inputs["policy"]) {
			assert.Equal(t, "Allow", s["Effect"])
			for _, on := range s["Resource"].([]any) {
				for _, action := range s["Action"].([]any) {
					may[on.(string)] = append(may[on.(string)], action.(string))
				}
			}
		}
		args, partition := launch(region), awsregion.Partition(region)
		assert.Equal(t, []string{"ssm:GetParameter", "ssm:GetParameters"}, may[want.parameters])
		assert.Equal(t, []string{"ssm:GetParameter"}, may[args.PeerEpochARN])
		assert.Equal(t, []string{"secretsmanager:GetSecretValue"}, may["arn:"+partition+":secret"])
		assert.Equal(t, []string{"s3:ListBucket"}, may["arn:"+partition+":s3:::media"])
		assert.Equal(t, []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"}, may["arn:"+partition+":s3:::media/*"])
		assert.Equal(t, []string{"logs:CreateLogStream", "logs:PutLogEvents"}, may["arn:"+partition+":logs:"+region+":"+account+":log-group:/pilotlight/blog/dr:*"])
		for _, action := range may["*"] {
			assert.Regexp(t, "^(ssmmessages:|ssm:UpdateInstanceInformation$)", action, "everything else is for named resources")
		}
		assert.Len(t, may, 7)
	}
}

func TestLaunchWithoutPeerReadsNothingElsewhere(t *testing.T) {
	args := launch("us-west-2")
	args.PeerEpochARN = ""
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		_, err := NewLaunch(ctx, "blog-dr", args)
		return err
	})
	assert.NotContains(t, c.one(t, "iam/rolePolicy:RolePolicy").Inputs["policy"], "elsewhere")
}

// group makes a launch template and a group of it that waits for a resource.
func group(t *testing.T, least, most int, types ...string) *cloud {
	t.Helper()
	return deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		l, err := NewLaunch(ctx, "blog-dr", launch("us-west-2"))
		if err != nil {
			return err
		}
		first, err := ssm.NewParameter(ctx, "first", &ssm.ParameterArgs{Type: pulumi.String("String")})
		if err != nil {
			return err
		}
		_, err = NewInstances(ctx, "blog-dr", InstancesArgs{
			Launch: l, Types: types, Min: least, Max: most, SubnetIDs: pulumi.ToStringArray([]string{"subnet-1"}),
			TargetGroupARN: pulumi.String("arn:targets"), Tags: map[string]string{"site": "blog"}, Triggers: map[string]string{"image": "ami-1"},
			After: []pulumi.Resource{first},
		})
		return err
	})
}

func TestInstancesAreAGroupOfAnySize(t *testing.T) {
	for _, size := range [][2]int{{0, 0}, {2, 6}} {
		g := group(t, size[0], size[1]).one(t, "autoscaling/group:Group")
		assert.EqualValues(t, size[0], g.Inputs["minSize"])
		assert.EqualValues(t, size[1], g.Inputs["maxSize"])
		assert.NotContains(t, g.Inputs, "desiredCapacity", "it belongs to the scaling policy")
		assert.Equal(t, "ELB", g.Inputs["healthCheckType"])
		assert.Equal(t, map[string]any{"id": "blog-dr-instances-id", "version": "7"}, g.Inputs["launchTemplate"])
		assert.Equal(t, []any{"arn:targets"}, g.Inputs["targetGroupArns"])
		assert.Equal(t, "Name", at(t, g.Inputs, "tags", 0, "key"))
		assert.Equal(t, map[string]any{"key": "image", "value": "ami-1", "propagateAtLaunch": false}, at(t, g.Inputs, "tags", 1), "it is not the instances'")
		assert.Equal(t, map[string]any{"key": "site", "value": "blog", "propagateAtLaunch": true}, at(t, g.Inputs, "tags", 2))
		assert.Equal(t, []any{"tag"}, at(t, g.Inputs, "instanceRefresh", "triggers"))
		assert.Equal(t, map[string]any{"minHealthyPercentage": 100.0, "maxHealthyPercentage": 150.0}, g.Inputs["instanceMaintenancePolicy"], "an ill one goes first")
		assert.True(t, g.needs("ssm/parameter:Parameter", "first"))
	}
}

// TestInstancesOfSeveralTypes: EC2 takes the first that it has room for, and no spot instance.
func TestInstancesOfSeveralTypes(t *testing.T) {
	g := group(t, 2, 6, "t3.medium", "m6i.large").one(t, "autoscaling/group:Group")
	assert.NotContains(t, g.Inputs, "launchTemplate")
	policy := g.Inputs["mixedInstancesPolicy"]
	assert.Equal(t, "prioritized", at(t, policy, "instancesDistribution", "onDemandAllocationStrategy"))
	assert.EqualValues(t, 100, at(t, policy, "instancesDistribution", "onDemandPercentageAboveBaseCapacity"))
	assert.Equal(t, map[string]any{"launchTemplateId": "blog-dr-instances-id", "version": "7"}, at(t, policy, "launchTemplate", "launchTemplateSpecification"))
	assert.Equal(t, []any{map[string]any{"instanceType": "t3.medium"}, map[string]any{"instanceType": "m6i.large"}}, at(t, policy, "launchTemplate", "overrides"))
	assert.NotContains(t, group(t, 2, 6, "t3.medium").one(t, "autoscaling/group:Group").Inputs, "mixedInstancesPolicy")
}

func TestInstancesRefuseSizesThatCannotBe(t *testing.T) {
	assert.Contains(t, refusal(t, func(ctx *pulumi.Context) error {
		_, err := NewInstances(ctx, "blog-dr", InstancesArgs{Min: 2, Max: 1})
		return err
	}), "instances blog-dr: between 2 and 1 instances cannot run")
}
