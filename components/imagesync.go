package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/images"
)

// ImageSyncArgs describes the function that copies images from another region into this one.
type ImageSyncArgs struct {
	Region, AccountID string
	Site, Stack       string
	// From is the other region.
	From string
	// Package is the path of the function's zip file; empty has no function now.
	Package string
	// ParameterPath is of the stack, such as /blog/dr: the claim and the image are below it.
	ParameterPath string
	// Points reports that the function points the parameter "image" to the newest one.
	Points bool
	// CopyMinutes is how long EC2 may take for a copy; 0 for as long as it takes.
	CopyMinutes int
	// LogDays is for how long its logs are kept.
	LogDays int
}

// ImageSync is a Lambda function that runs every quarter of an hour, and when an image has been made in either region,
// with its role, its log and the rules that run it. It does nothing in a stack that serves.
type ImageSync struct {
	pulumi.ResourceState
}

// ImageSyncFunction is the name of the function that copies images for a stack.
func ImageSyncFunction(name string) string { return name + "-images" }

const (
	syncEvery   = "rate(15 minutes)"
	syncSeconds = 120 // a run makes some dozen calls, and waits for none of what it starts
	syncMiB     = 256
)

// imageEvents are of images that have become available, or failed, in any region that sends them here
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-ami-events.html).
const imageEvents = `{"source":["aws.ec2"],"detail-type":["EC2 AMI State Change"],"detail":{"State":["available","failed"]}}`

// NewImageSync makes the function, what it may do, and what runs it.
func NewImageSync(ctx *pulumi.Context, name string, args ImageSyncArgs, opts ...pulumi.ResourceOption) (*ImageSync, error) {
	part := ImageSyncFunction(name)
	s := &ImageSync{}
	if err := ctx.RegisterComponentResource("pilotlight:components:ImageSync", name, s, opts...); err != nil {
		return nil, err
	}
	below := pulumi.Parent(s)
	logs, err := newLogGroup(ctx, part, "/aws/lambda/"+part, args.LogDays, below) // where Lambda writes to by itself
	if err != nil {
		return nil, err
	}
	role, err := iam.NewRole(ctx, part, &iam.RoleArgs{
		Description: pulumi.String("Copies images of " + args.Site + " to " + args.Region), AssumeRolePolicy: trustFor("lambda.amazonaws.com", args.AccountID), Tags: named(part),
	}, below)
	if err != nil {
		return nil, err
	}
	policy, err := iam.NewRolePolicy(ctx, part, &iam.RolePolicyArgs{Role: role.ID(), Policy: policyDocument(syncStatements(args, logs.Arn)...)}, below)
	if err != nil {
		return nil, err
	}
	var allowed []pulumi.Resource
	if args.Package != "" {
		function, err := lambda.NewFunction(ctx, part, &lambda.FunctionArgs{
			Name: pulumi.String(part), Description: pulumi.String("Copies images of " + args.Site + " from " + args.From),
			Code: pulumi.NewFileArchive(args.Package), Handler: pulumi.String("bootstrap"), Runtime: pulumi.String("provided.al2023"),
			Architectures: pulumi.StringArray{pulumi.String(images.Architecture)}, Role: role.Arn, Timeout: pulumi.Int(syncSeconds), MemorySize: pulumi.Int(syncMiB),
			Environment: lambda.FunctionEnvironmentArgs{Variables: pulumi.ToStringMap(args.environment())}, Tags: named(part),
		}, below, pulumi.DependsOn([]pulumi.Resource{policy, logs}))
		if err != nil {
			return nil, err
		}
		// Its policy goes with the function.
		permission, err := lambda.NewPermission(ctx, part, &lambda.PermissionArgs{
			StatementId: pulumi.String(part), Action: pulumi.String("lambda:InvokeFunction"), Principal: pulumi.String("events.amazonaws.com"), // in China too
			Function: function.Name, SourceArn: pulumi.String(arn("events", args.Region, args.AccountID, "rule/"+part+"-*")),
		}, below, pulumi.DeletedWith(function))
		if err != nil {
			return nil, err
		}
		allowed = append(allowed, permission)
	}
	for _, rule := range []struct {
		name string
		args cloudwatch.EventRuleArgs
	}{
		{"sweep", cloudwatch.EventRuleArgs{ScheduleExpression: pulumi.String(syncEvery), Description: pulumi.String("what events have missed")}},
		{"made", cloudwatch.EventRuleArgs{EventPattern: pulumi.String(imageEvents), Description: pulumi.String("images made in either region")}},
	} {
		if err := runOn(ctx, part+"-"+rule.name, rule.args, arn("lambda", args.Region, args.AccountID, "function:"+part), below, pulumi.DependsOn(allowed)); err != nil {
			return nil, err
		}
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{})
}

// runOn has a rule run a function, whenever there is one.
func runOn(ctx *pulumi.Context, name string, args cloudwatch.EventRuleArgs, function string, opts ...pulumi.ResourceOption) error {
	args.Name, args.Tags = pulumi.String(name), named(name)
	rule, err := cloudwatch.NewEventRule(ctx, name, &args, opts...)
	if err != nil {
		return err
	}
	_, err = cloudwatch.NewEventTarget(ctx, name, &cloudwatch.EventTargetArgs{Rule: rule.Name, TargetId: pulumi.String("images"), Arn: pulumi.String(function)}, opts...)
	return err
}

func (args ImageSyncArgs) environment() map[string]string {
	env := map[string]string{
		images.SiteVariable: args.Site, images.StackVariable: args.Stack, images.FromVariable: args.From,
		images.ClaimVariable: args.ParameterPath + "/claim", images.ImageVariable: args.ParameterPath + "/image", images.MinutesVariable: fmt.Sprint(args.CopyMinutes),
	}
	if args.Points {
		env[images.PointsVariable] = "true"
	}
	return env
}

// syncStatements are what the function may do: see images, copy those of the site, and end its own copies.
func syncStatements(args ImageSyncArgs, logs pulumi.StringInput) []pulumi.Input {
	everything := pulumi.ToStringArray([]string{"*"})
	here := []string{arn("ec2", args.Region, "", "image/*"), arn("ec2", args.Region, "", "snapshot/*")}
	site := "aws:ResourceTag/" + images.SiteTag
	image := arn("ssm", args.Region, args.AccountID, "parameter"+args.ParameterPath+"/image")
	statements := []pulumi.Input{
		allow(pulumi.StringArray{pulumi.Sprintf("%s:*", logs)}, "logs:CreateLogStream", "logs:PutLogEvents"),
		// EC2 has no smaller resource for these.
		allow(everything, "ec2:DescribeImages", "ec2:DescribeInstances", "ec2:DescribeSnapshots"),
		where(allow(everything, "cloudwatch:PutMetricData"), "cloudwatch:namespace", awsclient.Namespace),
		where(allow(pulumi.ToStringArray(append(here, arn("ec2", args.From, "", "image/*"), arn("ec2", args.From, "", "snapshot/*"))), "ec2:CopyImage"), "aws:RequestedRegion", args.Region),
		where(allow(pulumi.ToStringArray(here), "ec2:CreateTags"), "ec2:CreateAction", "CopyImage"),
		pulumi.Map{
			"Effect": pulumi.String("Allow"), "Action": pulumi.ToStringArray([]string{"ec2:CreateTags", "ec2:DeleteSnapshot", "ec2:DeregisterImage"}), "Resource": pulumi.ToStringArray(here),
			"Condition": pulumi.Map{
				"StringEquals": pulumi.Map{site: pulumi.String(args.Site)},
				"Null":         pulumi.Map{"aws:ResourceTag/" + images.CopyTag: pulumi.String("false")},
			},
		},
		// Images may be encrypted in either region, and with a key of the account's own, which EC2 uses for the function.
		pulumi.Map{
			"Effect": pulumi.String("Allow"), "Resource": pulumi.ToStringArray([]string{arn("kms", args.From, args.AccountID, "key/*"), arn("kms", args.Region, args.AccountID, "key/*")}),
			"Action": pulumi.ToStringArray([]string{
				"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo",
			}),
			"Condition": pulumi.Map{"StringEquals": pulumi.Map{"kms:ViaService": pulumi.ToStringArray([]string{
				"ec2." + args.From + "." + awsregion.DNSSuffix(args.From), "ec2." + args.Region + "." + awsregion.DNSSuffix(args.Region),
			})}},
		},
	}
	if args.Points {
		statements = append(statements, allow(pulumi.ToStringArray([]string{image}), "ssm:PutParameter"))
	}
	return append(statements, allow(pulumi.ToStringArray([]string{image, arn("ssm", args.Region, args.AccountID, "parameter"+args.ParameterPath+"/claim")}), "ssm:GetParameter"))
}

// where narrows a statement to what a key of its condition equals.
func where(statement pulumi.Map, key, value string) pulumi.Map {
	statement["Condition"] = pulumi.Map{"StringEquals": pulumi.Map{key: pulumi.String(value)}}
	return statement
}

// ImageNewsArgs says where the news of images goes.
type ImageNewsArgs struct {
	Region, AccountID string
	// To is the other region.
	To string
}

// ImageNews sends the events of images in this region to the other one, whose function copies them. EventBridge did
// that in 2021 between all regions but GovCloud's and China's
// (https://aws.amazon.com/blogs/compute/expanding-cross-region-event-routing-with-amazon-eventbridge/). China's guide describes it
// without an exception since (https://docs.amazonaws.cn/en_us/eventbridge/latest/userguide/eb-cross-region.html), and we have not
// tried it: so there the sweep finds them.
type ImageNews struct {
	pulumi.ResourceState
}

// NewImageNews makes the rule, and the role that EventBridge takes on for it.
func NewImageNews(ctx *pulumi.Context, name string, args ImageNewsArgs, opts ...pulumi.ResourceOption) (*ImageNews, error) {
	n := &ImageNews{}
	if err := ctx.RegisterComponentResource("pilotlight:components:ImageNews", name, n, opts...); err != nil {
		return nil, err
	}
	part, below := name+"-image-news", pulumi.Parent(n)
	bus := arn("events", args.To, args.AccountID, "event-bus/default")
	role, err := iam.NewRole(ctx, part, &iam.RoleArgs{
		Description: pulumi.String("Sends events of images to " + args.To), AssumeRolePolicy: trustFor("events.amazonaws.com", args.AccountID), Tags: named(part),
	}, below)
	if err != nil {
		return nil, err
	}
	policy, err := iam.NewRolePolicy(ctx, part, &iam.RolePolicyArgs{
		Role: role.ID(), Policy: policyDocument(allow(pulumi.ToStringArray([]string{bus}), "events:PutEvents")),
	}, below)
	if err != nil {
		return nil, err
	}
	rule, err := cloudwatch.NewEventRule(ctx, part, &cloudwatch.EventRuleArgs{
		Name: pulumi.String(part), Description: pulumi.String("tells " + args.To + " of images"), Tags: named(part),
		// Those of this region alone, or two stacks would send one event to and fro.
		EventPattern: pulumi.String(fmt.Sprintf(`{"region":[%q],%s`, args.Region, imageEvents[1:])),
	}, below)
	if err != nil {
		return nil, err
	}
	if _, err := cloudwatch.NewEventTarget(ctx, part, &cloudwatch.EventTargetArgs{
		Rule: rule.Name, TargetId: pulumi.String("bus"), Arn: pulumi.String(bus), RoleArn: role.Arn,
	}, below, pulumi.DependsOn([]pulumi.Resource{policy})); err != nil {
		return nil, err
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{})
}
