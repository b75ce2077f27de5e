package wire

import (
	"slices"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/pilotlight-dr/pilotlight/awssim"
)

var cloudwatchOperations = map[string]operation{
	"GetMetricData": {
		subject: func(in input) string {
			for _, query := range cborMaps(in.cbor, "MetricDataQueries") {
				return lagOf(query)
			}
			return ""
		},
		serve: getMetricData,
	},
}

// getMetricData knows one metric: ReplicaLag of a database, in the region of the
// replica.
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
		id := lagOf(query)
		if id == "" {
			return nil, unmodelled("a metric other than AWS/RDS ReplicaLag of a DBInstanceIdentifier is not modelled by the simulator")
		}
		stat, _ := query["MetricStat"].(cbor.Map)
		points, err := aggregated(r.world.Lags(r.region, id, from, to), stat)
		if err != nil {
			return nil, err
		}
		if cborText(r.in.cbor, "ScanBy") != "TimestampAscending" {
			slices.Reverse(points)
		}
		results = append(results, result(cborText(query, "Id"), points))
	}
	return cbor.Map{"MetricDataResults": results}, nil
}

// lagOf names the database whose lag a query is for; empty for anything else.
func lagOf(query cbor.Map) string {
	stat, _ := query["MetricStat"].(cbor.Map)
	metric, _ := stat["Metric"].(cbor.Map)
	dimensions := cborMaps(metric, "Dimensions")
	if cborText(metric, "Namespace") != "AWS/RDS" || cborText(metric, "MetricName") != "ReplicaLag" || len(dimensions) != 1 ||
		cborText(dimensions[0], "Name") != "DBInstanceIdentifier" {
		return ""
	}
	return cborText(dimensions[0], "Value")
}

// aggregated puts minutes together into periods.
func aggregated(points []awssim.Datapoint, stat cbor.Map) ([]awssim.Datapoint, error) {
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
	var out []awssim.Datapoint
	var values []float64
	for i, p := range points {
		values = append(values, p.Value)
		start := p.At.Truncate(period)
		if i+1 == len(points) || !points[i+1].At.Truncate(period).Equal(start) {
			out, values = append(out, awssim.Datapoint{At: start, Value: combine(values)}), nil
		}
	}
	return out, nil
}

func result(id string, points []awssim.Datapoint) cbor.Map {
	times, values := cbor.List{}, cbor.List{}
	for _, p := range points {
		times, values = append(times, cborTime(p.At)), append(values, cbor.Float64(p.Value))
	}
	return cbor.Map{
		"Id": cbor.String(id), "Label": cbor.String("ReplicaLag"), "StatusCode": cbor.String("Complete"), "Timestamps": times, "Values": values,
	}
}

func malformed(name string) error {
	return &awssim.Error{Status: 400, Code: "InvalidParameterValue", Message: "The value of parameter " + name + " is invalid."}
}
