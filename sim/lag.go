package sim

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

// UsualLag is more than a replica is ever behind without a fault.
const UsualLag = usualLag * time.Second

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

// Pending are S3's metrics of what a bucket has yet to copy to another one, of this
// region: how many versions, and how many bytes, oldest first. There are none of a rule
// without metrics, and none from when the source was lost. They are published where the
// copies go (https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html).
func (w *World) Pending(region, bucket, to, rule string, from, until time.Time) (versions, size []Datapoint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	versions, size, _ = w.pending(region, bucket, to, rule, from, until)
	return versions, size
}

// pending is Pending, and for how many seconds the oldest of them has waited, where there is one.
func (w *World) pending(region, bucket, to, rule string, from, until time.Time) (versions, size, late []Datapoint) {
	source, target := w.at(bucketType, "bucket", bucket), w.findBy(bucketType, region, "bucket", to)
	if source == nil || target == nil || !w.measured(bucket, to, rule) {
		return nil, nil, nil
	}
	if now := w.clock.Now(); until.After(now) {
		until = now
	}
	if loss, gone := w.lost(source.Region); gone && until.After(loss.At) {
		until = loss.At
	}
	for at := from.Truncate(lagPeriod); at.Before(until); at = at.Add(lagPeriod) {
		count, total := 0, 0
		waited := time.Duration(0)
		for _, u := range w.state.Uploads {
			if u.Bucket == bucket && w.arrives(u, to) && !u.At.After(at) && at.Before(w.copied(u, target.Region)) {
				count, total, waited = count+1, total+u.Size, max(waited, at.Sub(u.At))
			}
		}
		if count > 0 {
			late = append(late, Datapoint{at, waited.Seconds()})
		}
		versions, size = append(versions, Datapoint{at, float64(count)}), append(size, Datapoint{at, float64(total)})
	}
	return versions, size, late
}

// measured reports whether a bucket's rule of that id, for another bucket, has metrics.
func (w *World) measured(bucket, to, id string) bool {
	for _, replication := range w.where(func(o *Object) bool { return o.Type == replicationType && o.text("bucket") == bucket }) {
		rules, _ := replication.Props["rules"].([]any)
		for _, rule := range rules {
			if textAt(rule, "id") == id && strings.HasSuffix(textAt(rule, "destination.bucket"), ":"+to) && textAt(rule, "destination.metrics.status") == "Enabled" {
				return true
			}
		}
	}
	return false
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
