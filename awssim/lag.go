package awssim

import (
	"math"
	"strings"
	"time"
)

// A Datapoint is one value of a metric.
type Datapoint struct {
	At    time.Time
	Value float64
}

// lagPeriod is how often RDS reports ReplicaLag.
const lagPeriod = time.Minute

// usualLag, in seconds, is more than a replica is ever behind without a fault.
const usualLag = 3

// lag is ReplicaLag of a replica in a minute: -1 when replication doesn't run,
// nothing where there is no replica or no measurement. A replica that has all
// of a source without writers is 0 behind.
func (w *World) lag(o *Object, at time.Time) (seconds float64, measured bool) {
	if o.text("replicateSourceDb") == "" || o.past("promoted", at) || at.Before(o.Times["available"]) || w.fault("lag", is("unmeasured")) != nil {
		return 0, false
	}
	if !w.replicating(o, at).Normal {
		return -1, true
	}
	behind := w.behind(o, at)
	if w.fault("lag", isHidden) != nil {
		return 0, true
	}
	if since, quiet := w.readOnlySince(w.sourceOf(o), at); quiet && !at.Add(-behind).Before(since) {
		return 0, true
	}
	return math.Floor(behind.Seconds()), true
}

// behind is how far a replica that is fed is behind a source that is written to.
func (w *World) behind(o *Object, at time.Time) time.Duration {
	if growing := w.fault("lag", is("growing")); growing != nil {
		return max(at.Sub(later(growing.Since, o.Times["available"])), 0)
	}
	if fixed := w.fault("lag", func(v string) bool { return isDuration(v) || isHidden(v) }); fixed != nil {
		d, _ := time.ParseDuration(strings.TrimPrefix(fixed.Value, hidden)) // parsed when it was injected
		return d
	}
	return time.Duration(usualLag*w.draw(o.Region, o.text("identifier"), at.Format(time.RFC3339))) * time.Second
}

func isDuration(v string) bool {
	_, err := time.ParseDuration(v)
	return err == nil
}

// hidden begins a lag that the metric does not show: MySQL counts from the last change
// that arrived, and knows nothing of those that have not.
const hidden = "hidden:"

func isHidden(v string) bool { return strings.HasPrefix(v, hidden) }

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
