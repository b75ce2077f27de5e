package awssim

import (
	"math"
	"time"
)

// A Datapoint is one value of a metric.
type Datapoint struct {
	At    time.Time
	Value float64
}

// lagPeriod is how often RDS reports ReplicaLag.
const lagPeriod = time.Minute

// lag is ReplicaLag of a replica in a minute: -1 when replication doesn't run,
// nothing where there is no replica or no measurement.
func (w *World) lag(o *Object, at time.Time) (seconds float64, measured bool) {
	born := o.Times["available"]
	if o.text("replicateSourceDb") == "" || o.past("promoted", at) || at.Before(born) || w.fault("lag", is("unmeasured")) != nil {
		return 0, false
	}
	if !w.replicating(o, at).Normal {
		return -1, true
	}
	if growing := w.fault("lag", is("growing")); growing != nil {
		return math.Floor(max(at.Sub(later(growing.Since, born)), 0).Seconds()), true
	}
	if fixed := w.fault("lag", isDuration); fixed != nil {
		d, _ := time.ParseDuration(fixed.Value) // parsed when it was injected
		return math.Floor(d.Seconds()), true
	}
	if source := w.sourceOf(o); source != nil && w.readOnly(source, at.Add(-lagPeriod)) {
		return 0, true // nothing is written that it could be behind with
	}
	return math.Floor(3 * w.draw(o.Region, o.text("identifier"), at.Format(time.RFC3339))), true
}

func isDuration(v string) bool {
	_, err := time.ParseDuration(v)
	return err == nil
}

// lags are the values of a replica's lag in a time, oldest first.
func (w *World) lags(o *Object, from, to time.Time) []Datapoint {
	if now := w.clock.Now(); to.After(now) {
		to = now
	}
	from = later(from, o.Times["available"])
	var points []Datapoint
	for at := from.Truncate(lagPeriod); at.Before(to); at = at.Add(lagPeriod) {
		if at.Before(from) {
			continue
		}
		if v, ok := w.lag(o, at); ok {
			points = append(points, Datapoint{at, v})
		}
	}
	return points
}
