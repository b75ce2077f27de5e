package components

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// alarmPrincipal is how CloudWatch names itself when an alarm writes to a topic, in China too.
const alarmPrincipal = "cloudwatch.amazonaws.com"

// AlarmsArgs describes what is watched, and who is told.
type AlarmsArgs struct {
	Region, AccountID string
	// KeyARN is of the key that the topic is encrypted with. Its policy lets CloudWatch use it.
	KeyARN pulumi.StringInput
	// Email are the addresses that each alarm is sent to.
	Email []string
	// Alarms are what is watched.
	Alarms []Alarm
	// After is what comes before all alarms, and must not wait for them.
	After []pulumi.Resource
}

// Alarms is a topic, the addresses that it writes to, and the alarms that write to it. All names are
// fixed, so what a killed update has made is found again by them.
type Alarms struct {
	pulumi.ResourceState

	TopicARN pulumi.StringOutput
}

// NewAlarms makes a topic, subscriptions and alarms.
func NewAlarms(ctx *pulumi.Context, name string, args AlarmsArgs, opts ...pulumi.ResourceOption) (*Alarms, error) {
	a := &Alarms{}
	if err := ctx.RegisterComponentResource("pilotlight:components:Alarms", name, a, opts...); err != nil {
		return nil, err
	}
	part := name + "-alarms"
	topic, err := sns.NewTopic(ctx, part, &sns.TopicArgs{
		Name:           pulumi.String(part),
		KmsMasterKeyId: args.KeyARN.ToStringOutput().ToStringPtrOutput(),
		// In place of SNS's own, which lets all of the account in. IAM lets in who has rights there.
		Policy: policyDocument(pulumi.Map{
			"Effect":    pulumi.String("Allow"),
			"Principal": pulumi.Map{"Service": pulumi.String(alarmPrincipal)},
			"Action":    pulumi.String("sns:Publish"),
			"Resource":  pulumi.String(arn("sns", args.Region, args.AccountID, part)),
			"Condition": pulumi.Map{
				"ArnLike":      pulumi.Map{"aws:SourceArn": pulumi.String(arn("cloudwatch", args.Region, args.AccountID, "alarm:"+name+"-*"))},
				"StringEquals": pulumi.Map{"aws:SourceAccount": pulumi.String(args.AccountID)},
			},
		}),
		Tags: named(part),
	}, pulumi.Parent(a))
	if err != nil {
		return nil, err
	}
	for _, address := range args.Email {
		if _, err := sns.NewTopicSubscription(ctx, part+"-"+address, &sns.TopicSubscriptionArgs{
			Topic: topic.Arn, Protocol: pulumi.String("email"), Endpoint: pulumi.String(address),
		}, pulumi.Parent(a)); err != nil {
			return nil, err
		}
	}
	for _, alarm := range args.Alarms {
		if _, err := cloudwatch.NewMetricAlarm(ctx, name+"-"+alarm.Name, alarm.args(name, topic.Arn), pulumi.Parent(a), pulumi.DependsOn(args.After)); err != nil {
			return nil, err
		}
	}
	a.TopicARN = topic.Arn
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"topicArn": a.TopicARN})
}

// An Alarm watches one metric, and tells when it leaves its bounds and when it is back.
type Alarm struct {
	// Name is what follows the stack's in the alarm's, and the row in the runbook.
	Name string
	// Happened and Remedy are what the e-mail says: a sentence about what is wrong, and one about what to do.
	Happened, Remedy string

	// Metric is a namespace and a name in it, such as "AWS/RDS ReplicaLag"; Of are its dimensions.
	Metric string
	Of     map[string]pulumi.StringInput
	// Ratio, in place of Metric, is an expression of CloudWatch over Metrics, by their ids in it, all summed
	// up over a period and of the same dimensions.
	Ratio   string
	Metrics map[string]string

	// Statistic is what is taken of the values in a period: Maximum, Minimum, Average, Sum or SampleCount.
	Statistic string
	// Is compares it with Threshold: Above, AtLeast or Below.
	Is        Comparison
	Threshold pulumi.Float64Input
	// PeriodSeconds is how long a period is, and Periods how many in a row have to be wrong. CloudWatch looks
	// back a day at most, and a week where a period is an hour or more.
	PeriodSeconds, Periods int
	// Silence is what missing data means; empty is SilenceGood.
	Silence Silence
}

// A Silence is one of CloudWatch's ways to treat missing data (CloudWatch User Guide, "Configuring how CloudWatch alarms treat
// missing data").
type Silence string

// The silences.
const (
	SilenceGood Silence = "notBreaching"
	SilenceBad  Silence = "breaching"
	SilenceKeep Silence = "ignore" // the alarm stays as it is
)

// A Comparison is one of CloudWatch's.
type Comparison string

// The comparisons.
const (
	Above   Comparison = "GreaterThanThreshold"
	AtLeast Comparison = "GreaterThanOrEqualToThreshold"
	Below   Comparison = "LessThanThreshold"
)

// alarmSection is where the runbook has each alarm.
const alarmSection = `docs/runbook.md, "An alarm"`

// Description is what the e-mail says.
func (a Alarm) Description(stack string) string {
	return fmt.Sprintf("%s: %s. What to do: %s. More: %s, %s.", stack, a.Happened, a.Remedy, alarmSection, a.Name)
}

func (a Alarm) args(stack string, topic pulumi.StringInput) *cloudwatch.MetricAlarmArgs {
	name := stack + "-" + a.Name
	args := &cloudwatch.MetricAlarmArgs{
		Name: pulumi.String(name), AlarmDescription: pulumi.String(a.Description(stack)),
		ComparisonOperator: pulumi.String(a.Is), Threshold: a.Threshold.ToFloat64Output().ToFloat64PtrOutput(),
		EvaluationPeriods: pulumi.Int(a.Periods), TreatMissingData: pulumi.String(cmp.Or(a.Silence, SilenceGood)),
		AlarmActions: pulumi.Array{topic}, OkActions: pulumi.Array{topic}, Tags: named(name),
	}
	if a.Ratio != "" {
		args.MetricQueries = a.queries()
		return args
	}
	namespace, metric, _ := strings.Cut(a.Metric, " ")
	args.Namespace, args.MetricName, args.Dimensions = pulumi.String(namespace), pulumi.String(metric), pulumi.StringMap(a.Of)
	args.Statistic, args.Period = pulumi.String(a.Statistic), pulumi.Int(a.PeriodSeconds)
	return args
}

func (a Alarm) queries() cloudwatch.MetricAlarmMetricQueryArray {
	queries := cloudwatch.MetricAlarmMetricQueryArray{cloudwatch.MetricAlarmMetricQueryArgs{
		Id: pulumi.String("ratio"), Expression: pulumi.String(a.Ratio), Label: pulumi.String(a.Name), ReturnData: pulumi.Bool(true),
	}}
	for _, id := range slices.Sorted(maps.Keys(a.Metrics)) {
		namespace, metric, _ := strings.Cut(a.Metrics[id], " ")
		queries = append(queries, cloudwatch.MetricAlarmMetricQueryArgs{Id: pulumi.String(id), Metric: cloudwatch.MetricAlarmMetricQueryMetricArgs{
			Namespace: pulumi.String(namespace), MetricName: pulumi.String(metric), Dimensions: pulumi.StringMap(a.Of),
			Stat: pulumi.String(a.Statistic), Period: pulumi.Int(a.PeriodSeconds),
		}})
	}
	return queries
}
