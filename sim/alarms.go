package sim

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
)

const (
	dashboardType    = "aws:cloudwatch/dashboard:Dashboard"
	alarmType        = "aws:cloudwatch/metricAlarm:MetricAlarm"
	topicType        = "aws:sns/topic:Topic"
	subscriptionType = "aws:sns/topicSubscription:TopicSubscription"
)

func alarmKinds() map[string]*kind {
	return map[string]*kind{
		alarmType: {
			service: "cloudwatch", sdk: "CloudWatch", noun: "CloudWatch Metric Alarm",
			create: "PutMetricAlarm", update: "PutMetricAlarm", delete: "DeleteAlarms", id: named("name"),
			check:    validAlarm,
			made:     func(_ *World, o *Object) { o.fill(map[string]any{"arn": arn("cloudwatch", o, "alarm:"+o.ID)}) },
			defaults: map[string]any{"actionsEnabled": true, "treatMissingData": "missing"},
		},
		dashboardType: {
			service: "cloudwatch", sdk: "CloudWatch", noun: "CloudWatch Dashboard",
			create: "PutDashboard", update: "PutDashboard", delete: "DeleteDashboards", id: named("dashboardName"),
			check: validDashboard,
			made: func(_ *World, o *Object) { // of the account, in no region (API Reference, PutDashboard)
				o.fill(map[string]any{"dashboardArn": strings.Replace(arn("cloudwatch", o, "dashboard/"+o.ID), ":"+o.Region+":", "::", 1)})
			},
		},
		topicType: {
			service: "sns", sdk: "SNS", noun: "SNS Topic", create: "CreateTopic", update: "SetTopicAttributes", delete: "DeleteTopic",
			id: func(_ *World, o *Object) string { return arn("sns", o, o.text("name")) },
			// CreateTopic of a name that is taken answers with the topic that is there (SNS API Reference), as the SDK finds when it
			// asks again. Pulumi's provider looks before it asks, unlike Terraform's (patches/0017-non-idempotent-sns-topic-creation.patch
			// of pulumi-aws; pulumi/pulumi-aws#3809).
			same: sameTopic,
			refuses: func(w *World, o *Object) error {
				if sameTopic(w, o) != nil {
					return fmt.Errorf("SNS Topic (%s) already exists", o.text("name"))
				}
				return nil
			},
			check: validTopic,
			made:  func(_ *World, o *Object) { o.fill(map[string]any{"arn": o.ID, "owner": o.Account}) },
			removed: func(w *World, o *Object) error {
				for _, s := range w.all(subscriptionType, o.Region) {
					if s.text("topic") == o.ID {
						w.drop(s)
					}
				}
				return nil
			},
			defaults: map[string]any{"fifoTopic": false, "contentBasedDeduplication": false},
		},
		subscriptionType: {
			service: "sns", sdk: "SNS", noun: "SNS Topic Subscription", create: "Subscribe", update: "SetSubscriptionAttributes", delete: "Unsubscribe",
			id:    func(w *World, o *Object) string { return o.text("topic") + ":" + w.madeID(o, 12) },
			refs:  []ref{{path: "topic", to: topicType, by: "arn", loose: true, missing: noTopic}},
			same:  sameSubscription,
			check: validSubscription,
			made: func(_ *World, o *Object) {
				o.fill(map[string]any{"arn": o.ID, "ownerId": o.Account, "pendingConfirmation": true, "confirmationWasAuthenticated": false})
			},
			defaults: map[string]any{"confirmationTimeoutInMinutes": 1.0, "endpointAutoConfirms": false, "rawMessageDelivery": false},
		},
	}
}

func noTopic(string) error { return refuse("NotFound", "Topic does not exist") }

// Limits of an alarm (CloudWatch API Reference, PutMetricAlarm).
const (
	alarmName        = 255
	alarmDescription = 1024
	alarmActions     = 5
	anHour           = 3600
	aDay             = 24 * anHour
)

func validAlarm(_ *World, o *Object) error {
	invalid := func(format string, args ...any) error { return refuse("ValidationError", format, args...) }
	period := o.number("period")
	queries, _ := o.Props["metricQueries"].([]any)
	for _, query := range queries {
		q, _ := query.(map[string]any)
		metric, _ := q["metric"].(map[string]any)
		if seconds, given := metric["period"].(float64); given {
			period = int(seconds)
		}
	}
	looks := period * o.number("evaluationPeriods")
	switch {
	case len(o.text("name")) > alarmName:
		return invalid("1 validation error detected: Value at 'alarmName' failed to satisfy constraint: Member must have length less than or equal to %d", alarmName)
	case len(o.text("alarmDescription")) > alarmDescription:
		return invalid("1 validation error detected: Value at 'alarmDescription' failed to satisfy constraint: Member must have length less than or equal to %d", alarmDescription)
	case (o.text("metricName") == "") == (len(queries) == 0):
		return invalid("The parameters MetricName and Metrics are mutually exclusive, and one of them is required")
	case period < anHour && looks > aDay:
		return invalid("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= %d)", aDay)
	case looks > 7*aDay:
		return invalid("Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= %d)", 7*aDay)
	case len(o.texts("alarmActions")) > alarmActions:
		return invalid("1 validation error detected: Value at 'alarmActions' failed to satisfy constraint: Member must have length less than or equal to %d", alarmActions)
	}
	dimensions, _ := o.Props["dimensions"].(map[string]any)
	for name, value := range dimensions {
		if value == "" {
			return invalid("The parameter Dimensions (%s) must have a value of at least one character", name)
		}
	}
	for _, action := range append(o.texts("alarmActions"), o.texts("okActions")...) {
		if parts := strings.Split(action, ":"); len(parts) < 6 || parts[3] != o.Region {
			return invalid("Invalid region in ARN: %s. Only %s is supported.", action, o.Region)
		}
	}
	return nil
}

var dashboardName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

// relativeStart is how far back from now a dashboard begins (CloudWatch API Reference, "Dashboard Body Structure and Syntax").
var relativeStart = regexp.MustCompile(`^-P(\d+[DWM]|T\d+[MH])$`)

// mostWidgets is how many a dashboard may have, and mostMetrics how many lines one of them (CloudWatch User Guide, "CloudWatch
// service quotas").
const (
	mostWidgets = 500
	mostMetrics = 500
)

func validDashboard(_ *World, o *Object) error {
	invalid := func(format string, args ...any) error {
		return refuse("InvalidParameterInput", "The dashboard body is invalid, there are 1 validation errors: "+format, args...)
	}
	if !dashboardName.MatchString(o.text("dashboardName")) {
		return refuse("InvalidParameterValue", "The value %s for field DashboardName contains invalid characters.", o.text("dashboardName"))
	}
	var body struct {
		Start, PeriodOverride string
		Widgets               []struct {
			Type          string
			X, Y          int
			Width, Height int
			Properties    struct {
				Region  string
				Alarms  []string
				Metrics [][]any
			}
		}
	}
	if err := json.Unmarshal([]byte(o.text("dashboardBody")), &body); err != nil {
		return invalid("%s", err)
	}
	if len(body.Widgets) > mostWidgets {
		return invalid("Should NOT have more than %d items", mostWidgets)
	}
	if body.Start != "" && !relativeStart.MatchString(body.Start) {
		return fmt.Errorf("a dashboard that starts at %q is %w", body.Start, ErrNotModelled)
	}
	if !slices.Contains([]string{"", "auto", "inherit"}, body.PeriodOverride) {
		return invalid("/periodOverride Should be equal to one of the allowed values")
	}
	for i, w := range body.Widgets {
		switch {
		case w.X < 0 || w.Width < 1 || w.X+w.Width > 24 || w.Height < 1:
			return invalid("/widgets/%d does not lie within the grid", i)
		case w.Type == "metric" && (w.Properties.Region == "" || len(w.Properties.Metrics) == 0 || len(w.Properties.Metrics) > mostMetrics):
			return invalid("/widgets/%d/properties Should have a region and metrics", i)
		case w.Type == "alarm" && len(w.Properties.Alarms) == 0:
			return invalid("/widgets/%d/properties Should have required property 'alarms'", i)
		case w.Type != "metric" && w.Type != "alarm":
			return fmt.Errorf("a widget of type %q is %w", w.Type, ErrNotModelled)
		}
	}
	return nil
}

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

func validTopic(_ *World, o *Object) error {
	switch policy := o.text("policy"); {
	case !topicName.MatchString(o.text("name")):
		return refuse("InvalidParameter", "Invalid parameter: Topic Name")
	case policy != "" && !json.Valid([]byte(policy)):
		return refuse("InvalidParameter", "Invalid parameter: Policy Error: null")
	}
	return nil
}

func validSubscription(_ *World, o *Object) error {
	if o.text("protocol") != "email" {
		return refuse("InvalidParameter", "Invalid parameter: Does not support this protocol string: %s", o.text("protocol"))
	}
	if address, err := mail.ParseAddress(o.text("endpoint")); err != nil || address.Address != o.text("endpoint") {
		return refuse("InvalidParameter", "Invalid parameter: Email address")
	}
	return nil
}

func sameTopic(w *World, o *Object) *Object {
	return w.findBy(topicType, o.Region, "name", o.text("name"))
}

// sameSubscription: Subscribe of an address that a topic has already answers with that (SNS API Reference).
func sameSubscription(w *World, o *Object) *Object {
	for _, there := range w.all(subscriptionType, o.Region) {
		if there.text("topic") == o.text("topic") && there.text("endpoint") == o.text("endpoint") {
			return there
		}
	}
	return nil
}
