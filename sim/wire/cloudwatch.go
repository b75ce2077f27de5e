package wire

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/sim"
)

var cloudwatchOperations = map[string]operation{
	"GetMetricData": {func(in input) string { return metricOf(in, "MetricDataQueries.member.1.MetricStat.Metric.").subject() }, getMetricData},
	"PutMetricData": {func(in input) string { return in.text("Namespace") }, putMetricData},
}

// putMetricData takes single values, as the program sends them.
func putMetricData(r request) (any, error) {
	var values []sim.Published
	for _, of := range r.in.structs("MetricData") {
		value, err := strconv.ParseFloat(r.in.text(of+"Value"), 64)
		if err != nil {
			return nil, unmodelled("metrics without a single value are not modelled by the simulator")
		}
		at, err := time.Parse(time.RFC3339Nano, r.in.text(of+"Timestamp"))
		if err != nil {
			return nil, malformed("Timestamp")
		}
		values = append(values, sim.Published{
			Region: r.region, Metric: r.in.text("Namespace") + " " + r.in.text(of+"MetricName"), Dimensions: dimensions(r.in, of), Value: value, At: at,
		})
	}
	return struct{}{}, r.world.PutMetrics(values)
}

// getMetricData knows ReplicaLag of a database, in the region of the replica, its free storage, what
// a bucket has yet to copy, in its own region, and what callers have put there.
func getMetricData(r request) (any, error) {
	from, err := time.Parse(time.RFC3339Nano, r.in.text("StartTime"))
	if err != nil {
		return nil, malformed("StartTime")
	}
	to, err := time.Parse(time.RFC3339Nano, r.in.text("EndTime"))
	if err != nil {
		return nil, malformed("EndTime")
	}
	var out resultsXML
	for _, query := range r.in.structs("MetricDataQueries") {
		m := metricOf(r.in, query+"MetricStat.Metric.")
		points, known := m.points(r, from, to)
		if !known {
			return nil, unmodelled("the metric %s is not modelled by the simulator", m.name)
		}
		points, err := aggregated(points, r.in.text(query+"MetricStat.Period"), r.in.text(query+"MetricStat.Stat"))
		if err != nil {
			return nil, err
		}
		if r.in.text("ScanBy") != "TimestampAscending" {
			slices.Reverse(points)
		}
		one := resultXML{Id: r.in.text(query + "Id"), Label: m.name, StatusCode: "Complete"}
		for _, p := range points {
			one.Timestamps, one.Values = append(one.Timestamps, p.At.UTC()), append(one.Values, p.Value)
		}
		out.Results = append(out.Results, one)
	}
	return out, nil
}

type resultsXML struct {
	Results []resultXML `xml:"MetricDataResults>member"`
}

type resultXML struct {
	Id, Label, StatusCode string
	Timestamps            []time.Time `xml:"Timestamps>member"`
	Values                []float64   `xml:"Values>member"`
}

// metric is what a query asks for.
type metric struct {
	name       string // with its namespace
	dimensions map[string]string
}

// metricOf reads a metric whose parameters begin with a prefix.
func metricOf(in input, prefix string) metric {
	return metric{in.text(prefix+"Namespace") + " " + in.text(prefix+"MetricName"), dimensions(in, prefix)}
}

func dimensions(in input, prefix string) map[string]string {
	all := map[string]string{}
	for _, d := range in.structs(prefix + "Dimensions") {
		all[in.text(d+"Name")] = in.text(d + "Value")
	}
	return all
}

// subject is what the metric is about.
func (m metric) subject() string {
	return m.dimensions["DBInstanceIdentifier"] + m.dimensions["SourceBucket"]
}

// points are the metric's values; false for one that is not modelled.
func (m metric) points(r request, from, to time.Time) (points []sim.Datapoint, known bool) {
	pending := func() (versions, size []sim.Datapoint) {
		return r.world.Pending(r.region, m.dimensions["SourceBucket"], m.dimensions["DestinationBucket"], m.dimensions["RuleId"], from, to)
	}
	switch m.name {
	case "AWS/RDS ReplicaLag":
		return r.world.Lags(r.region, m.dimensions["DBInstanceIdentifier"], from, to), true
	case "AWS/RDS FreeStorageSpace":
		return r.world.FreeStorage(r.region, m.dimensions["DBInstanceIdentifier"], from, to), true
	case "AWS/S3 OperationsPendingReplication":
		points, _ = pending()
		return points, true
	case "AWS/S3 BytesPendingReplication":
		_, points = pending()
		return points, true
	}
	return r.world.PutBetween(r.region, m.name, m.dimensions, from, to), !strings.HasPrefix(m.name, "AWS/")
}

// aggregated puts minutes together into periods.
func aggregated(points []sim.Datapoint, every, stat string) ([]sim.Datapoint, error) {
	seconds, err := strconv.Atoi(every)
	if err != nil || seconds <= 0 || seconds%60 != 0 {
		return nil, malformed("Period")
	}
	combine, ok := map[string]func([]float64) float64{
		"Maximum": slices.Max[[]float64],
		"Minimum": slices.Min[[]float64],
		"Average": func(v []float64) float64 {
			sum := 0.0
			for _, x := range v {
				sum += x
			}
			return sum / float64(len(v))
		},
	}[stat]
	if !ok {
		return nil, unmodelled("statistic %q is not modelled by the simulator", stat)
	}
	period := time.Duration(seconds) * time.Second
	var out []sim.Datapoint
	var values []float64
	for i, p := range points {
		values = append(values, p.Value)
		start := p.At.Truncate(period)
		if i+1 == len(points) || !points[i+1].At.Truncate(period).Equal(start) {
			out, values = append(out, sim.Datapoint{At: start, Value: combine(values)}), nil
		}
	}
	return out, nil
}

func malformed(name string) error {
	return &sim.Error{Status: 400, Code: "InvalidParameterValue", Message: "The value of parameter " + name + " is invalid."}
}
