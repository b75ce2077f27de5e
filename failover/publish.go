package failover

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// Readiness is what a check has found, as metrics of CloudWatch.
type Readiness struct {
	Site, Stack string // dimensions of all of them
	Ready       bool
	// Recover is how long a failover would take at the most that is usual; 0 is not known.
	Recover time.Duration
	// Loss is what it would lose, which may be nothing; nil is not known.
	Loss *time.Duration
	// Serving is with how many instances production serves; 0 is not known.
	Serving int
}

const (
	// ServingMetric is the metric of Readiness.Serving.
	ServingMetric = "ProductionInstances"
	// lately is how far back production's instances count: the busiest day of a week is one of them.
	lately = 7 * 24 * time.Hour
	// latelyLimit is short: a failover does not wait for what only makes its beginning better.
	latelyLimit = 10 * time.Second
)

// PublishReadiness writes what a check has found to CloudWatch, in the stack's region: Ready (1 or 0), TimeToRecover and
// DataLoss (in seconds), and ProductionInstances, in awsclient.Namespace.
func (r *Runtime) PublishReadiness(ctx context.Context, found Readiness) error {
	cfg, err := r.aws(ctx)
	if err != nil {
		return err
	}
	dimensions := []cwtypes.Dimension{{Name: aws.String("Site"), Value: &found.Site}, {Name: aws.String("Stack"), Value: &found.Stack}}
	datum := func(name string, value float64, unit cwtypes.StandardUnit) cwtypes.MetricDatum {
		return cwtypes.MetricDatum{MetricName: &name, Dimensions: dimensions, Value: &value, Unit: unit, Timestamp: aws.Time(r.env.Now())}
	}
	ready := map[bool]float64{true: 1, false: 0}[found.Ready]
	data := []cwtypes.MetricDatum{datum("Ready", ready, cwtypes.StandardUnitCount)}
	if found.Recover > 0 {
		data = append(data, datum("TimeToRecover", found.Recover.Seconds(), cwtypes.StandardUnitSeconds))
	}
	if found.Loss != nil {
		data = append(data, datum("DataLoss", found.Loss.Seconds(), cwtypes.StandardUnitSeconds))
	}
	if found.Serving > 0 {
		data = append(data, datum(ServingMetric, float64(found.Serving), cwtypes.StandardUnitCount))
	}
	_, err = awsclient.CloudWatch(cfg).PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String(awsclient.Namespace), MetricData: data})
	if err != nil {
		return fmt.Errorf("writing the readiness to CloudWatch in %s: %w", r.Site.Region, err)
	}
	return nil
}

// ServedLately is the most instances that production served with in the last week, by the checks that were published; 0
// for none. It asks in the stack's own region, so the region that may be lost does not have to answer.
func (r *Runtime) ServedLately(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, latelyLimit)
	defer cancel()
	cfg, err := r.aws(ctx)
	if err != nil {
		return 0, err
	}
	of := map[string]string{"Site": r.Site.Name, "Stack": r.Site.Tags["stack"]}
	all, err := measurements(ctx, awsclient.CloudWatch(cfg), awsclient.Namespace, ServingMetric, of, r.env.Now(), lately)
	if err != nil {
		return 0, fmt.Errorf("reading with how many instances production served: %w", err)
	}
	most := 0.0
	for _, m := range all {
		most = max(most, m.value)
	}
	return int(most), nil
}
