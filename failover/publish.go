package failover

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight-dr/pilotlight/metrics"
)

// Readiness is what a check has found, as metrics of CloudWatch.
type Readiness struct {
	Site, Stack string // dimensions of all of them
	Ready       bool
	// Recover is how long a failover would take at the most that is usual, and Loss what it would lose; 0
	// is not known.
	Recover, Loss time.Duration
}

// PublishReadiness writes what a check has found to CloudWatch, in the stack's region: Ready (1 or 0), TimeToRecover and
// DataLoss (in seconds), in metrics.Namespace.
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
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"TimeToRecover", found.Recover}, {"DataLoss", found.Loss}} {
		if d.value > 0 {
			data = append(data, datum(d.name, d.value.Seconds(), cwtypes.StandardUnitSeconds))
		}
	}
	_, err = metrics.Client(cfg).PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String(metrics.Namespace), MetricData: data})
	if err != nil {
		return fmt.Errorf("writing the readiness to CloudWatch in %s: %w", r.Site.Region, err)
	}
	return nil
}
