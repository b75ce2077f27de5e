package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/smithy-go"

	"github.com/pilotlight-dr/pilotlight/failover/decide"
)

// ErrNotFound is what a finder returns, wrapped, for something that is not there.
var ErrNotFound = errors.New("not found")

func findDatabase(ctx context.Context, client *rds.Client, id string) (*rdstypes.DBInstance, error) {
	out, err := client.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &id})
	_, gone := errors.AsType[*rdstypes.DBInstanceNotFoundFault](err)
	switch {
	case gone, err == nil && len(out.DBInstances) == 0:
		return nil, fmt.Errorf("database %s: %w", id, ErrNotFound)
	case err != nil:
		return nil, fmt.Errorf("describing database %s: %w", id, err)
	}
	return &out.DBInstances[0], nil
}

// findImage folds into ErrNotFound what EC2 says of an id that it does not know
// and of one that is not well-formed.
func findImage(ctx context.Context, client *ec2.Client, id string) (*decide.Image, error) {
	out, err := client.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{id}})
	if api, ok := errors.AsType[smithy.APIError](err); ok && (api.ErrorCode() == "InvalidAMIID.NotFound" || api.ErrorCode() == "InvalidAMIID.Malformed") {
		return nil, fmt.Errorf("image %s: %w", id, ErrNotFound)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("describing image %s: %w", id, err)
	case len(out.Images) == 0:
		return nil, fmt.Errorf("image %s: %w", id, ErrNotFound)
	}
	image := &decide.Image{ID: id, State: string(out.Images[0].State)}
	for _, device := range out.Images[0].BlockDeviceMappings {
		if device.Ebs != nil && aws.ToString(device.DeviceName) == aws.ToString(out.Images[0].RootDeviceName) {
			image.RootGiB = int(aws.ToInt32(device.Ebs.VolumeSize))
		}
	}
	return image, nil
}

// findLag returns the newest measurement of ReplicaLag in the window before now
// that is not -1 (replication not running), or nil. The metric is published in
// the replica's region, so it outlives the source's.
func findLag(ctx context.Context, client *cloudwatch.Client, id string, now time.Time, window time.Duration) (*decide.Lag, error) {
	pages := cloudwatch.NewGetMetricDataPaginator(client, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-window)), EndTime: aws.Time(now), ScanBy: cwtypes.ScanByTimestampDescending,
		MetricDataQueries: []cwtypes.MetricDataQuery{{
			Id: aws.String("lag"),
			MetricStat: &cwtypes.MetricStat{
				Metric: &cwtypes.Metric{
					Namespace: aws.String("AWS/RDS"), MetricName: aws.String("ReplicaLag"),
					Dimensions: []cwtypes.Dimension{{Name: aws.String("DBInstanceIdentifier"), Value: &id}},
				},
				Period: aws.Int32(60), Stat: aws.String("Maximum"),
			},
		}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the replication lag of %s: %w", id, err)
		}
		for _, result := range page.MetricDataResults {
			for i, seconds := range result.Values {
				if seconds >= 0 {
					return &decide.Lag{Value: time.Duration(seconds * float64(time.Second)), At: result.Timestamps[i]}, nil
				}
			}
		}
	}
	return nil, nil //nolint:nilnil // no measurement is an answer: decide.Blockers has a case for it
}
