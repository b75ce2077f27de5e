package sim_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestAlarmsThatCloudWatchRefuses holds each limit of an alarm, of its topic and of an address.
func TestAlarmsThatCloudWatchRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const topicType, subscriptionType, alarmType = "aws:sns/topic:Topic", "aws:sns/topicSubscription:TopicSubscription", "aws:cloudwatch/metricAlarm:MetricAlarm"
	create := func(typ string, inputs map[string]any) (string, error) {
		made, err := w.Create(t.Context(), sim.Call{Region: home, Type: typ, Name: "alarms", Inputs: inputs})
		return made.ID, err
	}
	topic, err := create(topicType, map[string]any{"name": "blog-alarms"})
	require.NoError(t, err)
	_, err = create(topicType, map[string]any{"name": "blog-alarms"})
	require.EqualError(t, err, "SNS Topic (blog-alarms) already exists", "Pulumi's provider looks first")
	fault, err := sim.ParseFault("answer=sns:CreateTopic")
	require.NoError(t, err)
	require.NoError(t, w.Inject(fault))
	again, err := create(topicType, map[string]any{"name": "blog-unheard"})
	require.NoError(t, err, "SNS gives a caller that asks again the topic that is there")
	assert.NotEmpty(t, again)

	alarm := func(change func(map[string]any)) error {
		inputs := map[string]any{
			"name": "blog-lag", "namespace": "AWS/RDS", "metricName": "ReplicaLag", "dimensions": map[string]any{"DBInstanceIdentifier": "blog-1"},
			"period": 60.0, "evaluationPeriods": 5.0, "alarmActions": []any{topic}, "okActions": []any{topic},
		}
		change(inputs)
		_, err := create(alarmType, inputs)
		return err
	}
	require.NoError(t, alarm(func(map[string]any) {}))
	require.NoError(t, alarm(func(map[string]any) {}), "one of the same name is replaced")
	for says, spoil := range map[string]func(map[string]any){
		"'alarmName' failed":              func(in map[string]any) { in["name"] = strings.Repeat("x", 256) },
		"'alarmDescription' failed":       func(in map[string]any) { in["alarmDescription"] = strings.Repeat("x", 1025) },
		"checked across more than a day":  func(in map[string]any) { in["period"], in["evaluationPeriods"] = 1800.0, 49.0 },
		"checked across more than a week": func(in map[string]any) { in["period"], in["evaluationPeriods"] = 86400.0, 8.0 },
		"mutually exclusive":              func(in map[string]any) { in["metricName"] = "" },
		"must have a value":               func(in map[string]any) { in["dimensions"] = map[string]any{"DBInstanceIdentifier": ""} },
		"'alarmActions' failed":           func(in map[string]any) { in["alarmActions"] = []any{topic, topic, topic, topic, topic, topic} },
		"Only " + home + " is supported":  func(in map[string]any) { in["okActions"] = []any{"arn:aws:sns:ap-south-1:1:x"} },
	} {
		assert.ErrorContains(t, alarm(spoil), says, says)
	}

	for says, inputs := range map[string]map[string]any{
		"Email address":                  {"topic": topic, "protocol": "email", "endpoint": "on call"},
		"Does not support this protocol": {"topic": topic, "protocol": "pigeon", "endpoint": "a@example.com"},
		"Topic does not exist":           {"topic": topic + "x", "protocol": "email", "endpoint": "a@example.com"},
	} {
		_, err := create(subscriptionType, inputs)
		assert.ErrorContains(t, err, says)
	}
	id, err := create(subscriptionType, map[string]any{"topic": topic, "protocol": "email", "endpoint": "a@example.com"})
	require.NoError(t, err)
	_, err = create(topicType, map[string]any{"name": "blog alarms"})
	assert.ErrorContains(t, err, "Invalid parameter: Topic Name")

	require.NoError(t, w.Delete(t.Context(), sim.Call{Region: home, Type: topicType, Name: "alarms", ID: topic}))
	_, found, err := w.Read(t.Context(), sim.Call{Region: home, Type: subscriptionType, Name: "alarms", ID: id})
	require.NoError(t, err)
	assert.False(t, found, "subscriptions go with their topic")
}
