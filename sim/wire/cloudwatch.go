package wire

import (
	"slices"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/pilotlight-dr/pilotlight/sim"
)

var cloudwatchOperations = map[string]operation{
	"GetMetricData": {
		subject: func(in input) string {
			for _, query := range cborMaps(in.cbor, "MetricDataQueries") {
				return metricOf(query).subject()
			}
			return ""
		},
		serve: getMetricData,
	},
	"PutMetricData": {
		subject: func(in input) string { return cborText(in.cbor, "Namespace") },
		serve:   putMetricData,
	},
}

// putMetricData takes single values, as the program sends them.
func putMetricData(r request) (any, error) {
	namespace := cborText(r.in.cbor, "Namespace")
	var values []sim.Published
	for _, datum := range cborMaps(r.in.cbor, "MetricData") {
		value, err := cbor.AsFloat64(datum["Value"])
		if err != nil {
			return nil, unmodelled("metrics without a single value are not modelled by the simulator")
		}
		at, err := cbor.AsTime(datum["Timestamp"])
		if err != nil {
			return nil, malformed("Timestamp")
		}
		v := sim.Published{Region: r.region, Metric: namespace + " " + cborText(datum, "MetricName"), Dimensions: map[string]string{}, Value: value, At: at}
		for _, d := range cborMaps(datum, "Dimensions") {
			v.Dimensions[cborText(d, "Name")] = cborText(d, "Value")
		}
		values = append(values, v)
	}
	return cbor.Map{}, r.world.PutMetrics(values)
}

// getMetricData knows ReplicaLag of a database, in the region of the replica, its free storage, and what
// a bucket has yet to copy, in its own region.
func getMetricData(r request) (any, error) {
	from, err := cbor.AsTime(r.in.cbor["StartTime"])
	if err != nil {
		return nil, malformed("StartTime")
	}
	to, err := cbor.AsTime(r.in.cbor["EndTime"])
	if err != nil {
		return nil, malformed("EndTime")
	}
	results := cbor.List{}
	for _, query := range cborMaps(r.in.cbor, "MetricDataQueries") {
		m := metricOf(query)
		points, known := m.points(r, from, to)
		if !known {
			return nil, unmodelled("the metric %s is not modelled by the simulator", m.name)
		}
		stat, _ := query["MetricStat"].(cbor.Map)
		points, err := aggregated(points, stat)
		if err != nil {
			return nil, err
		}
		if cborText(r.in.cbor, "ScanBy") != "TimestampAscending" {
			slices.Reverse(points)
		}
		results = append(results, result(cborText(query, "Id"), m.name, points))
	}
	return cbor.Map{"MetricDataResults": results}, nil
}

// metric is what a query asks for.
type metric struct {
	name       string // with its namespace
	dimensions map[string]string
}

func metricOf(query cbor.Map) metric {
	stat, _ := query["MetricStat"].(cbor.Map)
	asked, _ := stat["Metric"].(cbor.Map)
	m := metric{name: cborText(asked, "Namespace") + " " + cborText(asked, "MetricName"), dimensions: map[string]string{}}
	for _, d := range cborMaps(asked, "Dimensions") {
		m.dimensions[cborText(d, "Name")] = cborText(d, "Value")
	}
	return m
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
	return nil, false
}

// aggregated puts minutes together into periods.
func aggregated(points []sim.Datapoint, stat cbor.Map) ([]sim.Datapoint, error) {
	seconds, err := cbor.AsInt64(stat["Period"])
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
	}[cborText(stat, "Stat")]
	if !ok {
		return nil, unmodelled("statistic %q is not modelled by the simulator", cborText(stat, "Stat"))
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

func result(id, label string, points []sim.Datapoint) cbor.Map {
	times, values := cbor.List{}, cbor.List{}
	for _, p := range points {
		times, values = append(times, cborTime(p.At)), append(values, cbor.Float64(p.Value))
	}
	return cbor.Map{
		"Id": cbor.String(id), "Label": cbor.String(label), "StatusCode": cbor.String("Complete"), "Timestamps": times, "Values": values,
	}
}

func malformed(name string) error {
	return &sim.Error{Status: 400, Code: "InvalidParameterValue", Message: "The value of parameter " + name + " is invalid."}
}
