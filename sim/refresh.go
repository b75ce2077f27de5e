package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// States of an instance refresh (EC2 Auto Scaling API Reference, InstanceRefresh). There are more,
// for rollbacks and for checkpoints.
const (
	refreshRuns      = "InProgress"
	refreshEnded     = "Successful"
	refreshCancelled = "Cancelled"
)

// A Refresh is an instance refresh of a group: it replaces each instance that ran when it began. New ones
// are launched first, as many as the greatest healthy percentage leaves room for; an old one ends once a new one is in
// service and warm (EC2 Auto Scaling User Guide, "How an instance refresh works in an Auto Scaling group").
type Refresh struct {
	ID     string    `json:"id"`
	Status string    `json:"status"`
	Began  time.Time `json:"began"`
	Ended  time.Time `json:"ended,omitzero"`
	Total  int       `json:"total"` // instances to replace
	Left   int       `json:"left"`  // of them that are not yet
	Step   time.Time `json:"step"`  // when there was last room for a new one
}

// Percent is how much of it is done.
func (r Refresh) Percent() int {
	if r.Total == 0 {
		return 100
	}
	return 100 * (r.Total - r.Left) / r.Total
}

// A Successor is an instance that a refresh has launched beside the one that it replaces.
type Successor struct {
	Machine
	Of int `json:"of"` // the index among the group's machines
}

// startRefresh is what the provider does once it has changed a group of which the launch template, or what the program
// names as a trigger, is another one (internal/service/autoscaling/group.go, resourceGroupUpdate): it
// starts an instance refresh, and cancels one that runs. It does not wait for the end.
func (w *World) startRefresh(ctx context.Context, k *kind, c Call, operation string) error {
	if c.Type != scalingType || operation != "update" || !triggersRefresh(c) {
		return nil
	}
	for _, call := range []struct {
		operation string
		do        func(*Object)
		due       bool
	}{
		{"CancelInstanceRefresh", w.cancelRefresh, w.refreshes(c)},
		{"StartInstanceRefresh", w.beginRefresh, true},
	} {
		if !call.due {
			continue
		}
		step := c.step(call.operation)
		end := w.begin(step)
		err := w.admit(ctx, k, c.Region, call.operation, true)
		if err == nil {
			w.withGroup(c, call.do)
		}
		end(err)
		if err != nil {
			return fmt.Errorf("starting Auto Scaling Group (%s) instance refresh: %w", c.ID, err)
		}
	}
	return nil
}

// triggersRefresh reports whether an update changes the launch template, or a trigger.
func triggersRefresh(c Call) bool {
	inputs, old := plain(c.Inputs), plain(c.Old)
	settings, _ := inputs["instanceRefresh"].(map[string]any)
	if settings == nil {
		return false
	}
	props := []string{"launchTemplate", "launchConfiguration", "mixedInstancesPolicy"}
	for _, trigger := range textsAt(settings, "triggers") {
		if trigger == "tag" { // as the provider calls it
			trigger = "tags"
		}
		props = append(props, trigger)
	}
	return slices.ContainsFunc(props, func(prop string) bool { return asJSON(inputs[prop]) != asJSON(old[prop]) })
}

func asJSON(value any) string {
	text, _ := json.Marshal(value) // of what was JSON
	return string(text)
}

func (w *World) withGroup(c Call, do func(*Object)) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if o := w.find(scalingType, c.Region, c.ID); o != nil {
		w.launch(o, now)
		do(o)
		w.launch(o, now)
	}
}

// refreshes reports whether a refresh of the group runs.
func (w *World) refreshes(c Call) (runs bool) {
	w.withGroup(c, func(o *Object) { runs = o.refreshing() != nil })
	return runs
}

func (o *Object) refreshing() *Refresh {
	if n := len(o.Refreshes); n > 0 && o.Refreshes[n-1].Status == refreshRuns {
		return &o.Refreshes[n-1]
	}
	return nil
}

// cancelRefresh ends a refresh. What it has replaced stays so; what it has launched beside goes.
func (w *World) cancelRefresh(o *Object) {
	if r := o.refreshing(); r != nil {
		r.Status, r.Ended = refreshCancelled, w.clock.Now()
		o.Successors = nil
	}
}

func (w *World) beginRefresh(o *Object) {
	now := w.clock.Now()
	r := Refresh{ID: w.requestID("refresh", o.Region, o.ID, fmt.Sprint(len(o.Refreshes))), Status: refreshRuns, Began: now, Step: now}
	for i := range o.Machines {
		m := &o.Machines[i]
		if m.Outdated = m.ID != ""; m.Outdated {
			r.Total++
		}
	}
	r.Left = r.Total
	o.Refreshes = append(o.Refreshes, r)
}

// refresh brings a refresh that runs to where it is by now.
func (w *World) refresh(o *Object, now time.Time) {
	r := o.refreshing()
	if r == nil {
		return
	}
	for {
		w.succeed(o, r)
		next := -1
		for i := range o.Successors {
			s := &o.Successors[i]
			w.attempt(o, s.Of, &s.Machine, now)
			if at := w.warm(o, *s); !at.After(now) && (next < 0 || at.Before(w.warm(o, o.Successors[next]))) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		done := o.Successors[next]
		r.Step = w.warm(o, done)
		done.Served = o.Machines[done.Of].served()
		o.Machines[done.Of] = done.Machine
		o.Successors = slices.Delete(o.Successors, next, next+1)
	}
	if r.Left = o.outdated(); r.Left == 0 {
		r.Status, r.Ended = refreshEnded, r.Step
	}
}

// succeed launches as many new instances beside the old ones as there is room for: one, if the percentage leaves none.
func (w *World) succeed(o *Object, r *Refresh) {
	room := max(1, len(o.Machines)*(o.mostHealthy()-100)/100)
	for i, m := range o.Machines {
		has := slices.ContainsFunc(o.Successors, func(s Successor) bool { return s.Of == i })
		if m.Outdated && !has && len(o.Successors) < room {
			o.Successors = append(o.Successors, Successor{Machine: Machine{Next: r.Step}, Of: i})
		}
	}
}

// warm is from when a successor counts; far away for one that is not launched, or never gets healthy.
func (w *World) warm(o *Object, s Successor) time.Time {
	if s.ID == "" {
		return never
	}
	return w.boots(o, s.Of, s.Machine).Add(time.Duration(o.number("defaultInstanceWarmup")) * time.Second)
}

// never is when something comes that does not come.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func (o *Object) outdated() (count int) {
	for _, m := range o.Machines {
		if m.Outdated {
			count++
		}
	}
	return count
}

// mostHealthy is the greatest healthy percentage of the group's refreshes.
func (o *Object) mostHealthy() int {
	settings, _ := o.Props["instanceRefresh"].(map[string]any)
	preferences, _ := settings["preferences"].(map[string]any)
	percent, _ := preferences["maxHealthyPercentage"].(float64)
	return max(100, int(percent))
}

// validRefresh refuses what is not modelled.
func validRefresh(o *Object) error {
	settings, _ := o.Props["instanceRefresh"].(map[string]any)
	if settings == nil {
		return nil
	}
	preferences, _ := settings["preferences"].(map[string]any)
	for _, key := range []string{"autoRollback", "skipMatching", "instanceWarmup", "checkpointPercentages", "alarmSpecification"} {
		if value := preferences[key]; value != nil && value != false {
			return fmt.Errorf("the preference %s of an instance refresh is %w", key, ErrNotModelled)
		}
	}
	if least, _ := preferences["minHealthyPercentage"].(float64); least != 100 {
		return fmt.Errorf("an instance refresh that ends instances before others are there is %w", ErrNotModelled)
	}
	return nil
}

// InstanceRefreshes lists the refreshes of a group, the newest first.
func (w *World) InstanceRefreshes(region, group string) ([]Refresh, error) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.find(scalingType, region, group)
	if o == nil {
		return nil, refuse("ValidationError", "AutoScalingGroup name not found - AutoScalingGroup %s not found", group)
	}
	w.launch(o, now)
	newest := slices.Clone(o.Refreshes)
	slices.Reverse(newest)
	return newest, nil
}
