package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// waitCapacity is the provider's wait for a group's instances, from began on
// (internal/service/autoscaling/group.go, waitGroupCapacitySatisfied). A limit of 0
// switches it off.
func (w *World) waitCapacity(ctx context.Context, c Call, o *Object, operation string, began time.Time) error {
	limit, err := time.ParseDuration(o.text("waitForCapacityTimeout"))
	if o.Type != scalingType || err != nil || limit <= 0 || operation == "update" && !resized(c) {
		return nil
	}
	last, ended := "", false
	start := w.clock.Now()
	for at := range (poll{}).looks(&ended) {
		if err := w.clock.Sleep(ctx, start.Add(min(at, limit)).Sub(w.clock.Now())); err != nil {
			return fmt.Errorf("waiting for Auto Scaling Group (%s) capacity satisfied: %w", o.ID, err)
		}
		if at > limit {
			break
		}
		if last, err = w.lacking(c, o, operation, began); err != nil {
			return fmt.Errorf("waiting for Auto Scaling Group (%s) capacity satisfied: %w", o.ID, err)
		}
		if last == "" {
			return nil
		}
	}
	return fmt.Errorf("waiting for Auto Scaling Group (%s) capacity satisfied: timeout while waiting for state to become 'ok' (last state: '%s', timeout: %s)", o.ID, last, limit)
}

// resized reports whether an update changes what makes the provider wait.
func resized(c Call) bool {
	for _, prop := range []string{"minSize", "desiredCapacity"} {
		if fmt.Sprint(plain(c.Inputs)[prop]) != fmt.Sprint(plain(c.Old)[prop]) {
			return true
		}
	}
	return false
}

// lacking is one look of the wait: what is lacking, empty for nothing. After an update
// the provider wants exactly what it takes for the group's capacity: the one that it
// last read, which a change of the sizes may just have changed
// (hashicorp/terraform-provider-aws#5241, #26230).
func (w *World) lacking(c Call, asked *Object, operation string, began time.Time) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.clock.Now()
	o := w.find(scalingType, asked.Region, asked.ID)
	if o == nil {
		return "", errors.New("couldn't find resource")
	}
	w.launch(o, now)
	if ignored, _ := o.Props["ignoreFailedScalingActivities"].(bool); !ignored {
		var failed []error
		for _, a := range o.Activities {
			if a.Problem != "" && !a.Began.Before(began) && !strings.Contains(a.Problem, "Invalid IAM Instance Profile") {
				failed = append(failed, fmt.Errorf("scaling activity (%s): Failed: %s", a.ID, a.Problem))
			}
		}
		if err := errors.Join(failed...); err != nil {
			return "", err
		}
	}
	inputs := &Object{Props: plain(c.Inputs)}
	want, have := inputs.number("desiredCapacity"), w.inService(o, now)
	if operation == "create" {
		if want == 0 {
			want = inputs.number("minSize")
		}
		if have < want {
			return fmt.Sprintf("want at least %d healthy instance(s) in Auto Scaling Group, have %d", want, have), nil
		}
		return "", nil
	}
	if _, given := inputs.Props["desiredCapacity"]; !given {
		want = (&Object{Props: plain(c.State)}).number("desiredCapacity")
	}
	if want = max(want, inputs.number("minSize")); have != want {
		return fmt.Sprintf("want exactly %d healthy instance(s) in Auto Scaling Group, have %d", want, have), nil
	}
	return "", nil
}
