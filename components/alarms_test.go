package components

import (
	"cmp"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

// everyAlarm is each alarm once.
func everyAlarm(balancer, targets pulumi.StringInput) []Alarm {
	id := pulumi.String(longest + "-1")
	all := append(ReplicaAlarms(id, 5*time.Minute), MediaBehindAlarm("theirs", pulumi.String("ours"), "media"), MediaFailedAlarm("x", "y", pulumi.String("ours"), "theirs", "media"))
	return append(all, ReadinessAlarm("Pilotlight", "averylongsiten", "x", 26), StorageAlarm(id, pulumi.Int(50)), CertificateAlarm(pulumi.String("arn:certificate")), DrillAlarm("averylongsiten-drill"), FormerAlarm("x", longest+"-1", 1), ImageAlarms("averylongsiten", "x", "f")[0], ImageAlarms("averylongsiten", "x", "f")[1],
		ErrorsAlarm(balancer), SlowAlarm(balancer), InstancesAlarm(balancer, targets, 2), ConnectionsAlarm(id, 300))
}

// alarmed deploys each alarm, with one address, and answers what was registered.
func alarmed(t *testing.T, region string, after ...pulumi.Resource) *cloud {
	t.Helper()
	return deploy(t, region, func(ctx *pulumi.Context) error {
		_, err := NewAlarms(ctx, longest, AlarmsArgs{
			Region: region, AccountID: account, KeyARN: pulumi.String("arn:key"), Email: []string{"oncall@example.com", "boss@example.com"},
			Alarms: everyAlarm(pulumi.String("app/lb/1"), pulumi.String("targetgroup/tg/1")), After: after,
		})
		return err
	})
}

func TestAlarmsTellWhatHappenedAndWhatToDo(t *testing.T) {
	page, err := os.ReadFile("../docs/runbook.md")
	require.NoError(t, err)
	told := func(text string) bool { return strings.Contains(string(page), text) } // a failure shows no whole page
	require.True(t, told("\n## An alarm\n"), "the runbook has the section that the e-mails name")
	for _, alarm := range alarmed(t, "us-west-2").of("cloudwatch/metricAlarm:MetricAlarm") {
		name, text := alarm.Inputs["name"].(string), alarm.Inputs["alarmDescription"].(string)
		row := strings.TrimPrefix(name, longest+"-")
		assert.Equal(t, alarm.Name, name, "an alarm that is made twice is one")
		assert.True(t, told("\n| `"+strings.ReplaceAll(row, "former-1", "former-N")+"` |"), "the runbook has no row for %s", row)
		assert.LessOrEqual(t, len(text), 1024, "CloudWatch takes no more")
		assert.Regexp(t, `^`+longest+`: .+\. What to do: .+\. More: docs/runbook\.md, "An alarm", `+row+`\.$`, text)
		assert.Len(t, alarm.Inputs["alarmActions"], 1, name)
		assert.Len(t, alarm.Inputs["okActions"], 1, name)
		missing := map[string]string{
			"replica-stopped": "breaching", "instances": "breaching", "readiness": "breaching", "image-sync": "breaching",
			"certificate": "ignore", // ACM measures none that has expired
		}
		assert.Equal(t, cmp.Or(missing[row], "notBreaching"), alarm.Inputs["treatMissingData"], name)
	}
}

// TestAlarmsLookBackNoFurtherThanCloudWatch holds periods to what PutMetricAlarm takes.
func TestAlarmsLookBackNoFurtherThanCloudWatch(t *testing.T) {
	for _, a := range everyAlarm(pulumi.String("app/lb/1"), pulumi.String("targetgroup/tg/1")) {
		limit := 24 * time.Hour
		if a.PeriodSeconds >= hourly {
			limit *= 7
		}
		assert.LessOrEqual(t, time.Duration(a.PeriodSeconds*a.Periods)*time.Second, limit, a.Name)
	}
}

func TestReplicaAlarms(t *testing.T) {
	c := alarmed(t, "us-west-2")
	by := func(name string) map[string]any {
		all := c.of("cloudwatch/metricAlarm:MetricAlarm")
		return all[slices.IndexFunc(all, func(r registration) bool { return r.Name == longest+"-"+name })].Inputs
	}
	lag, stopped, errors := by("replica-lag"), by("replica-stopped"), by("errors")
	assert.InDelta(t, 5<<30, by("storage")["threshold"], 0, "a tenth of what the database has")
	assert.Equal(t, []any{"GreaterThanThreshold", 300.0}, []any{lag["comparisonOperator"], lag["threshold"]}, "failover.maxLag, in seconds")
	assert.Equal(t, []any{"LessThanThreshold", 0.0}, []any{stopped["comparisonOperator"], stopped["threshold"]}, "RDS shows -1")
	assert.Equal(t, longest+"-1", at(t, stopped, "dimensions", "DBInstanceIdentifier"))
	assert.Nil(t, errors["metricName"], "CloudWatch takes either a metric or an expression")
	for _, query := range errors["metricQueries"].([]any) {
		assert.NotEqual(t, at(t, query, "expression") == nil, at(t, query, "metric") == nil, "one of the two")
	}
}

// TestOnlyAlarmsOfTheStackWriteToItsTopic holds the policies of the topic and of the key to CloudWatch, in one account.
func TestOnlyAlarmsOfTheStackWriteToItsTopic(t *testing.T) {
	for _, region := range []string{"us-west-2", "cn-northwest-1"} {
		topic, partition := alarmed(t, region).one(t, "sns/topic:Topic"), awsregion.Partition(region)
		arn := "arn:" + partition + ":sns:" + region + ":" + account + ":" + longest + "-alarms"
		assert.Equal(t, longest+"-alarms", topic.Inputs["name"])
		assert.Equal(t, "arn:key", topic.Inputs["kmsMasterKeyId"])
		assert.Equal(t, []map[string]any{{
			"Effect": "Allow", "Action": "sns:Publish", "Resource": arn, "Principal": map[string]any{"Service": "cloudwatch.amazonaws.com"},
			"Condition": map[string]any{
				"ArnLike":      map[string]any{"aws:SourceArn": "arn:" + partition + ":cloudwatch:" + region + ":" + account + ":alarm:" + longest + "-*"},
				"StringEquals": map[string]any{"aws:SourceAccount": account},
			},
		}}, statements(t, topic.Inputs["policy"]))

		key := deploy(t, region, func(ctx *pulumi.Context) error {
			_, err := NewKey(ctx, "blog-dr", KeyArgs{Region: region, AccountID: account})
			return err
		}).one(t, "kms/key:Key")
		assert.Equal(t, map[string]any{
			"Effect": "Allow", "Action": []any{"kms:Decrypt", "kms:GenerateDataKey*"}, "Resource": "*", "Principal": map[string]any{"Service": "cloudwatch.amazonaws.com"},
			"Condition": map[string]any{"StringEqualsIfExists": map[string]any{"aws:SourceAccount": account}},
		}, statements(t, key.Inputs["policy"])[1])
	}
}

func TestEachAddressIsTold(t *testing.T) {
	var told []any
	for _, s := range alarmed(t, "us-west-2").of("sns/topicSubscription:TopicSubscription") {
		assert.Equal(t, "email", s.Inputs["protocol"])
		told = append(told, s.Inputs["endpoint"])
	}
	assert.ElementsMatch(t, []any{"oncall@example.com", "boss@example.com"}, told)
}
