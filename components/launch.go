package components

import (
	"cmp"
	"encoding/base64"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// LaunchArgs describes the instances that serve a site.
type LaunchArgs struct {
	Region    string
	AccountID string

	InstanceType string
	VolumeGiB    int
	// RootDevice is what the image calls its root volume; empty is what Amazon Linux does. Under
	// another name the volume would be a second one, and the root's size the image's.
	RootDevice      string
	ImageParameter  pulumi.StringInput // name of the SSM parameter that holds the image
	SecurityGroupID pulumi.StringInput
	UserData        pulumi.StringInput // as UserData makes it
	Tags            map[string]string  // of the instances and their volumes, which no provider's default tags reach

	// What instances may read and write.
	ParameterPath string // such as /blog/dr
	SecretARN     pulumi.StringInput
	BucketARN     pulumi.StringInput
	// LogGroupARN is of the log group that instances send their logs to.
	LogGroupARN pulumi.StringInput
	// PeerEpochARN is of the parameter that tells an instance that its site has moved;
	// empty when there is none.
	PeerEpochARN string
}

// Launch is the launch template of a site's instances, with the role they take on.
// It costs nothing.
type Launch struct {
	pulumi.ResourceState

	TemplateID pulumi.StringOutput
	Version    pulumi.StringOutput
}

// NewLaunch makes a launch template. The image is looked up when an instance
// starts, so a newer one needs no new version, and replaces nothing: see InstancesArgs.Triggers.
func NewLaunch(ctx *pulumi.Context, name string, args LaunchArgs, opts ...pulumi.ResourceOption) (*Launch, error) {
	l := &Launch{}
	if err := ctx.RegisterComponentResource("pilotlight:components:Launch", name, l, opts...); err != nil {
		return nil, err
	}
	part := name + "-instances"
	role, err := iam.NewRole(ctx, part, &iam.RoleArgs{
		Description:      pulumi.String("Instances of " + name),
		AssumeRolePolicy: trust(ec2Principal(args.Region)), // EC2 does not say for which account it asks
		Tags:             named(part),
	}, pulumi.Parent(l))
	if err != nil {
		return nil, err
	}
	policy, err := iam.NewRolePolicy(ctx, part, &iam.RolePolicyArgs{
		Role: role.ID(), Policy: policyDocument(instanceStatements(args)...),
	}, pulumi.Parent(l))
	if err != nil {
		return nil, err
	}
	profile, err := iam.NewInstanceProfile(ctx, part, &iam.InstanceProfileArgs{
		Role: role.Name, Tags: named(part),
	}, pulumi.Parent(l))
	if err != nil {
		return nil, err
	}

	tags := pulumi.ToStringMap(args.Tags)
	tags["Name"] = pulumi.String(name)
	var tagged ec2.LaunchTemplateTagSpecificationArray
	for _, kind := range []string{"instance", "volume"} {
		tagged = append(tagged, ec2.LaunchTemplateTagSpecificationArgs{ResourceType: pulumi.String(kind), Tags: tags})
	}
	template, err := ec2.NewLaunchTemplate(ctx, part, &ec2.LaunchTemplateArgs{
		Description:          pulumi.String("Instances of " + name),
		UpdateDefaultVersion: pulumi.Bool(true),
		ImageId:              pulumi.Sprintf("resolve:ssm:%s", args.ImageParameter),
		InstanceType:         pulumi.String(args.InstanceType),
		IamInstanceProfile:   ec2.LaunchTemplateIamInstanceProfileArgs{Arn: profile.Arn},
		VpcSecurityGroupIds:  pulumi.StringArray{args.SecurityGroupID},
		UserData:             packed(args.UserData),
		MetadataOptions: ec2.LaunchTemplateMetadataOptionsArgs{
			HttpEndpoint:            pulumi.String("enabled"),
			HttpTokens:              pulumi.String("required"),
			HttpPutResponseHopLimit: pulumi.Int(1),
		},
		// CPU figures every minute, so that scaling keeps up with visitors.
		Monitoring: ec2.LaunchTemplateMonitoringArgs{Enabled: pulumi.Bool(true)},
		BlockDeviceMappings: ec2.LaunchTemplateBlockDeviceMappingArray{ec2.LaunchTemplateBlockDeviceMappingArgs{
			DeviceName: pulumi.String(cmp.Or(args.RootDevice, "/dev/xvda")),
			Ebs: ec2.LaunchTemplateBlockDeviceMappingEbsArgs{
				VolumeType:          pulumi.String("gp3"),
				VolumeSize:          pulumi.Int(args.VolumeGiB),
				Encrypted:           pulumi.String("true"),
				DeleteOnTermination: pulumi.String("true"),
			},
		}},
		TagSpecifications: tagged,
		Tags:              named(part),
	}, pulumi.Parent(l), pulumi.DependsOn([]pulumi.Resource{policy}))
	if err != nil {
		return nil, err
	}
	l.TemplateID = template.ID().ToStringOutput()
	l.Version = pulumi.Sprintf("%d", template.LatestVersion)
	return l, ctx.RegisterResourceOutputs(l, pulumi.Map{"templateId": l.TemplateID, "version": l.Version})
}

// instanceStatements are what an instance may do: read where things are and the
// site's secrets, keep media, and be logged in to through Session Manager.
func instanceStatements(args LaunchArgs) []pulumi.Input {
	own := arn("ssm", args.Region, args.AccountID, "parameter"+args.ParameterPath+"/*")
	statements := []pulumi.Input{
		allow(pulumi.ToStringArray([]string{own}), "ssm:GetParameter", "ssm:GetParameters"),
		allow(pulumi.StringArray{args.SecretARN}, "secretsmanager:GetSecretValue"),
		allow(pulumi.StringArray{args.BucketARN}, "s3:ListBucket"),
		allow(pulumi.StringArray{pulumi.Sprintf("%s/*", args.BucketARN)},
			"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"),
		allow(pulumi.StringArray{pulumi.Sprintf("%s:*", args.LogGroupARN)}, "logs:CreateLogStream", "logs:PutLogEvents"),
		// AmazonSSMManagedInstanceCore would do it too, and open every parameter of the account.
		allow(pulumi.ToStringArray([]string{"*"}),
			"ssm:UpdateInstanceInformation",
			"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
			"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"),
	}
	if args.PeerEpochARN != "" {
		statements = append(statements, allow(pulumi.ToStringArray([]string{args.PeerEpochARN}), "ssm:GetParameter"))
	}
	return statements
}

// packed is user data in the form that launch templates take.
func packed(script pulumi.StringInput) pulumi.StringPtrOutput {
	return script.ToStringOutput().ApplyT(func(script string) (*string, error) {
		sent, err := compress(script)
		encoded := base64.StdEncoding.EncodeToString(sent)
		return &encoded, err
	}).(pulumi.StringPtrOutput)
}
