package sim

import (
	"maps"
	"slices"
	"time"
)

// Published is a value of a metric that a caller of CloudWatch has put there.
type Published struct {
	Region     string            `json:"region"`
	Metric     string            `json:"metric"` // namespace and name
	Dimensions map[string]string `json:"dimensions"`
	Value      float64           `json:"value"`
	At         time.Time         `json:"at"`
}

// PutMetrics keeps values of metrics. CloudWatch takes none of more than two weeks ago or two hours ahead
// (PutMetricData), and no namespace of AWS's own.
func (w *World) PutMetrics(values []Published) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.clock.Now()
	for _, v := range values {
		if v.At.Before(now.Add(-14*24*time.Hour)) || v.At.After(now.Add(2*time.Hour)) {
			return refuse("InvalidParameterValue", "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks or no more than 2 hours in the future.")
		}
	}
	for _, v := range values { // a caller may tell of the past
		w.state.Metrics = slices.Insert(w.state.Metrics, w.metricsBefore(v.At.Add(1)), v)
	}
	return nil
}

// Metrics are the values of a metric that were put into a region, the oldest first.
func (w *World) Metrics(region, metric string) (values []Published) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range w.state.Metrics {
		if v.Region == region && v.Metric == metric {
			values = append(values, v)
		}
	}
	return values
}

// PutBetween are the values of a metric that were put into a region with these dimensions, from a moment until another,
// the oldest first.
func (w *World) PutBetween(region, metric string, dimensions map[string]string, from, to time.Time) []Datapoint {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.putBetween(region, metric, func(of map[string]string) bool { return maps.Equal(of, dimensions) }, from, to)
}

func (w *World) putBetween(region, metric string, of func(dimensions map[string]string) bool, from, to time.Time) (points []Datapoint) {
	first, end := w.metricsBefore(from), w.metricsBefore(to)
	for _, v := range w.state.Metrics[first:max(first, end)] {
		if v.Region == region && v.Metric == metric && of(v.Dimensions) {
			points = append(points, Datapoint{v.At, v.Value})
		}
	}
	return points
}

// metricsBefore is how many values are from before a moment: they are kept the oldest first.
func (w *World) metricsBefore(at time.Time) int {
	n, _ := slices.BinarySearchFunc(w.state.Metrics, at, func(v Published, at time.Time) int { return v.At.Compare(at) })
	return n
}
