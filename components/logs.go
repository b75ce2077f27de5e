package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// LogsArgs names what keeps the logs of a site's instances.
type LogsArgs struct {
	Group string // see LogGroup
	Days  int    // that they are kept, one of those that CloudWatch Logs takes
}

// LogGroup is the name of the log group of instances that look below a path for their
// parameters. They know it by that path.
func LogGroup(parameterPath string) string { return "/pilotlight" + parameterPath }

// Logs is where instances send what they log: at boot, each minute, and what the web
// server, PHP and WordPress's jobs report.
type Logs struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput
}

// NewLogs makes the log group of a site's instances.
func NewLogs(ctx *pulumi.Context, name string, args LogsArgs, opts ...pulumi.ResourceOption) (*Logs, error) {
	l := &Logs{}
	if err := ctx.RegisterComponentResource("pilotlight:components:Logs", name, l, opts...); err != nil {
		return nil, err
	}
	group, err := newLogGroup(ctx, name+"-instances", args.Group, args.Days, pulumi.Parent(l))
	if err != nil {
		return nil, err
	}
	l.ARN = group.Arn
	return l, ctx.RegisterResourceOutputs(l, pulumi.Map{"arn": l.ARN})
}

func newLogGroup(ctx *pulumi.Context, name, group string, days int, opts ...pulumi.ResourceOption) (*cloudwatch.LogGroup, error) {
	return cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{
		Name: pulumi.String(group), RetentionInDays: pulumi.Int(days), Tags: named(name),
	}, opts...)
}
