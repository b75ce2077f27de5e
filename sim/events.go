package sim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	ruleType   = "aws:cloudwatch/eventRule:EventRule"
	targetType = "aws:cloudwatch/eventTarget:EventTarget"
)

func eventKinds() map[string]*kind {
	return map[string]*kind{
		ruleType: {
			service: "events", sdk: "EventBridge", noun: "EventBridge Rule", create: "PutRule", update: "PutRule", delete: "DeleteRule",
			id:    named("name"),
			check: validRule,
			made: func(_ *World, o *Object) {
				o.fill(map[string]any{"arn": arn("events", o, "rule/"+o.ID)})
			},
			// DeleteRule: "you must first remove all targets" (EventBridge API Reference).
			inUse: func(_, _ *Object) error {
				return refuse("ValidationException", "Rule can't be deleted since it has targets.")
			},
			defaults: map[string]any{"eventBusName": "default", "isEnabled": true, "state": "ENABLED"},
		},
		targetType: {
			service: "events", sdk: "EventBridge", noun: "EventBridge Target", create: "PutTargets", update: "PutTargets", delete: "RemoveTargets",
			id: func(_ *World, o *Object) string { return o.text("rule") + "-" + o.text("targetId") },
			refs: []ref{{path: "rule", to: ruleType, by: "name", missing: func(name string) error {
				return refuse("ResourceNotFoundException", "Rule %s does not exist on EventBus default.", name)
			}}},
			check:    validTarget,
			defaults: map[string]any{"eventBusName": "default"},
		},
	}
}

var rate = regexp.MustCompile(`^rate\((\d+) (minute|hour|day)s?\)$`)

func validRule(_ *World, o *Object) error {
	pattern, schedule := o.text("eventPattern"), o.text("scheduleExpression")
	switch {
	case pattern == "" && schedule == "":
		return refuse("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")
	case pattern != "" && !json.Valid([]byte(pattern)):
		return refuse("InvalidEventPatternException", "Event pattern is not valid. Reason: not JSON")
	case schedule != "" && !rate.MatchString(schedule):
		return ErrNotModelled // cron
	case len(o.text("name")) > 64:
		return refuse("ValidationException", "1 validation error detected: Value at 'name' failed to satisfy constraint: Member must have length less than or equal to 64")
	}
	return nil
}

// validTarget: another region's bus needs a role, and is none in China
// (https://aws.amazon.com/blogs/compute/expanding-cross-region-event-routing-with-amazon-eventbridge/).
func validTarget(_ *World, o *Object) error {
	parts := strings.Split(o.text("arn"), ":")
	switch {
	case len(parts) < 6:
		return refuse("ValidationException", "Parameter %s is not valid. Reason: Provided Arn is not in correct format.", o.text("arn"))
	case parts[2] == "events" && strings.HasPrefix(o.Region, "cn-") && parts[3] != o.Region:
		return refuse("ValidationException", "Cross-region targets are not supported in this region.")
	case parts[2] == "events" && o.text("roleArn") == "":
		return refuse("ValidationException", "RoleArn is required for target %s.", o.text("arn"))
	case parts[2] != "events" && parts[3] != o.Region:
		return refuse("ValidationException", "Provided Arn is not in the same region: %s", o.text("arn"))
	}
	return nil
}

// An Event is what a service tells EventBridge of its region.
type Event struct {
	Region string    `json:"region"`
	At     time.Time `json:"at"`
	Detail string    `json:"detail"` // the whole event, as JSON
}

// imageEvent has EC2 tell of an image
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-ami-events.html).
func (w *World) imageEvent(region, id, state string, at time.Time) {
	detail, _ := json.Marshal(map[string]any{
		"version": "0", "source": "aws.ec2", "detail-type": "EC2 AMI State Change", "account": w.state.Account, "region": region, "time": at.UTC().Format(time.RFC3339),
		"detail": map[string]any{"ImageId": id, "State": state},
	})
	w.state.Events = append(w.state.Events, Event{Region: region, At: at, Detail: string(detail)})
}

// An Invocation is a run of a Lambda function that EventBridge asks for.
type Invocation struct {
	Region, Function string
	At               time.Time
	Environment      map[string]string
	Payload          string
}

// Invocations are the runs of functions that fall due after since and until now, in their order: by events that match
// a rule, also one that another region sends here, and by rules with a rate, counted from their creation.
func (w *World) Invocations(since time.Time) (due []Invocation) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	between := func(at time.Time) bool { return at.After(since) && !at.After(now) }
	for _, e := range w.state.Events {
		if _, lost := w.state.Lost[e.Region]; between(e.At) && !lost {
			due = append(due, w.deliver(e, e.Region, 0)...)
		}
	}
	for _, rule := range w.where(func(o *Object) bool { return o.Type == ruleType && o.text("scheduleExpression") != "" }) {
		every := everyOf(rule.text("scheduleExpression"))
		first := rule.Ready.Add(every)
		if passed := since.Sub(first); passed > 0 {
			first = first.Add(passed.Truncate(every))
		}
		for at := first; !at.After(now); at = at.Add(every) {
			if between(at) {
				due = append(due, w.targets(rule, Event{Region: rule.Region, At: at, Detail: `{"source":"aws.events","detail-type":"Scheduled Event"}`}, 0)...)
			}
		}
	}
	slices.SortStableFunc(due, func(a, b Invocation) int { return a.At.Compare(b.At) })
	return due
}

func everyOf(schedule string) time.Duration {
	m := rate.FindStringSubmatch(schedule)
	n, _ := strconv.Atoi(m[1])
	return time.Duration(n) * map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[m[2]]
}

// deliver gives an event to the rules of a region's bus. One that another region sent is not sent on: no program here does.
func (w *World) deliver(e Event, region string, hops int) (due []Invocation) {
	for _, rule := range w.all(ruleType, region) {
		if pattern := rule.text("eventPattern"); pattern != "" && matches(pattern, e.Detail) {
			due = append(due, w.targets(rule, e, hops)...)
		}
	}
	return due
}

func (w *World) targets(rule *Object, e Event, hops int) (due []Invocation) {
	for _, target := range w.all(targetType, rule.Region) {
		if _, lost := w.state.Lost[rule.Region]; lost || target.text("rule") != rule.ID {
			continue
		}
		parts := strings.Split(target.text("arn"), ":")
		switch {
		case parts[2] == "events" && hops == 0:
			due = append(due, w.deliver(e, parts[3], 1)...)
		case parts[2] == "lambda":
			function := w.find(functionType, rule.Region, parts[len(parts)-1])
			if function == nil || !w.permitted(function, rule) {
				continue
			}
			run := Invocation{Region: rule.Region, Function: function.ID, At: e.At, Environment: map[string]string{}, Payload: e.Detail}
			environment, _ := function.Props["environment"].(map[string]any)
			variables, _ := environment["variables"].(map[string]any)
			for key, value := range variables {
				run.Environment[key] = fmt.Sprint(value)
			}
			due = append(due, run)
		}
	}
	return due
}

// matches reports whether an event fits a pattern of exact values (EventBridge User Guide, "Event patterns").
func matches(pattern, event string) bool {
	var p, e map[string]any
	return json.Unmarshal([]byte(pattern), &p) == nil && json.Unmarshal([]byte(event), &e) == nil && fits(p, e)
}

func fits(pattern, event map[string]any) bool {
	for key, wanted := range pattern {
		switch wanted := wanted.(type) {
		case map[string]any:
			inner, _ := event[key].(map[string]any)
			if !fits(wanted, inner) {
				return false
			}
		case []any:
			if !slices.Contains(wanted, event[key]) {
				return false
			}
		default:
			return false
		}
	}
	return true
}
