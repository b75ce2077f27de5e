package failover

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/smithy-go"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/images"
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

// findImage finds the image that is configured, or else the newest of the site in the region.
func (r *Runtime) findImage(ctx context.Context, client *ec2.Client) (*checks.Image, error) {
	if r.Site.Image != "" {
		return findImage(ctx, client, r.Site.Image)
	}
	all, err := images.Find(ctx, client, r.Site.Name)
	if err != nil {
		return nil, err
	}
	newest, found := images.Newest(all)
	if !found {
		return nil, fmt.Errorf("an available image with the tag %s=%s in %s: %w", images.SiteTag, r.Site.Name, r.Site.Region, ErrNotFound)
	}
	return findImage(ctx, client, newest.ID)
}

// findImage folds into ErrNotFound what EC2 says of an id that it does not know
// and of one that is not well-formed.
func findImage(ctx context.Context, client *ec2.Client, id string) (*checks.Image, error) {
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
	image := &checks.Image{
		ID: id, State: string(out.Images[0].State), RootDevice: aws.ToString(out.Images[0].RootDeviceName),
		Architecture: string(out.Images[0].Architecture), BootMode: string(out.Images[0].BootMode),
	}
	if image.Made, err = images.Made(out.Images[0]); err != nil {
		return nil, err
	}
	for _, device := range out.Images[0].BlockDeviceMappings {
		if device.Ebs != nil && aws.ToString(device.DeviceName) == aws.ToString(out.Images[0].RootDeviceName) {
			image.RootGiB, image.Snapshot = int(aws.ToInt32(device.Ebs.VolumeSize)), aws.ToString(device.Ebs.SnapshotId)
		}
	}
	return image, nil
}

// errNothingOffered is an answer that can't be right, and says nothing about a type.
var errNothingOffered = errors.New("EC2 shows no offer of any type in this region")

// findTypes asks with filters, which find nothing where a name would be an error.
func findTypes(ctx context.Context, client *ec2.Client, names, zones []string) (types []checks.InstanceType, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	types = make([]checks.InstanceType, len(names))
	for i, name := range names {
		types[i].Name = name
	}
	named := []ec2types.Filter{{Name: aws.String("instance-type"), Values: names}}
	offers := ec2.NewDescribeInstanceTypeOfferingsPaginator(client, &ec2.DescribeInstanceTypeOfferingsInput{LocationType: ec2types.LocationTypeAvailabilityZone, Filters: named})
	for page, err := range awsclient.Pages(ctx, offers) {
		if err != nil {
			return nil, fmt.Errorf("asking which zones offer %s: %w", strings.Join(names, ", "), err)
		}
		for _, o := range page.InstanceTypeOfferings {
			if i := slices.Index(names, string(o.InstanceType)); i >= 0 && slices.Contains(zones, aws.ToString(o.Location)) {
				types[i].Zones = append(types[i].Zones, aws.ToString(o.Location))
			}
		}
	}
	if !slices.ContainsFunc(types, func(t checks.InstanceType) bool { return len(t.Zones) > 0 }) {
		offered, err := client.DescribeInstanceTypeOfferings(ctx, &ec2.DescribeInstanceTypeOfferingsInput{LocationType: ec2types.LocationTypeAvailabilityZone, MaxResults: aws.Int32(5)})
		if err != nil {
			return nil, fmt.Errorf("asking what is offered at all: %w", err)
		}
		if len(offered.InstanceTypeOfferings) == 0 {
			return nil, errNothingOffered
		}
	}
	for page, err := range awsclient.Pages(ctx, ec2.NewDescribeInstanceTypesPaginator(client, &ec2.DescribeInstanceTypesInput{Filters: named})) {
		if err != nil {
			return nil, fmt.Errorf("describing %s: %w", strings.Join(names, ", "), err)
		}
		for _, d := range page.InstanceTypes {
			if i := slices.Index(names, string(d.InstanceType)); i >= 0 {
				describe(&types[i], d)
			}
		}
	}
	for i := range types {
		slices.Sort(types[i].Zones)
	}
	return types, nil
}

func describe(t *checks.InstanceType, d ec2types.InstanceTypeInfo) {
	if d.ProcessorInfo != nil {
		for _, a := range d.ProcessorInfo.SupportedArchitectures {
			t.Architectures = append(t.Architectures, string(a))
		}
	}
	for _, mode := range d.SupportedBootModes {
		t.BootModes = append(t.BootModes, string(mode))
	}
	if d.VCpuInfo != nil {
		t.VCPUs = int(aws.ToInt32(d.VCpuInfo.DefaultVCpus))
	}
}

// findParameters are the parameters that a group sets. Those of a default group are RDS's own.
func findParameters(ctx context.Context, client *rds.Client, group string) (map[string]string, error) {
	set := map[string]string{}
	pages := rds.NewDescribeDBParametersPaginator(client, &rds.DescribeDBParametersInput{DBParameterGroupName: &group, Source: aws.String("user")})
	for page, err := range awsclient.Pages(ctx, pages) {
		if err != nil {
			return nil, fmt.Errorf("reading parameter group %s: %w", group, err)
		}
		for _, p := range page.Parameters {
			set[aws.ToString(p.ParameterName)] = aws.ToString(p.ParameterValue)
		}
	}
	return set, nil
}

// setsReadOnly reports whether parameters set read_only. Its default depends on whether the
// database is a replica, so a promotion lifts it.
func setsReadOnly(set map[string]string) bool {
	value := strings.ToUpper(set["read_only"])
	return value == "1" || value == "ON"
}

// findBalancer finds the ARN of the balancer with a DNS name.
func findBalancer(ctx context.Context, client *elb.Client, name string) (arn string, err error) {
	for page, err := range awsclient.Pages(ctx, elb.NewDescribeLoadBalancersPaginator(client, &elb.DescribeLoadBalancersInput{})) {
		if err != nil {
			return "", fmt.Errorf("looking for balancer %s: %w", name, err)
		}
		for _, b := range page.LoadBalancers {
			if strings.EqualFold(aws.ToString(b.DNSName), name) {
				return aws.ToString(b.LoadBalancerArn), nil
			}
		}
	}
	return "", fmt.Errorf("balancer %s: %w", name, ErrNotFound)
}

// findLag returns the newest measurement of ReplicaLag in the window before now
// that is not -1 (replication not running), or nil, and when the newest of all was made: zero for never. The metric is published in
// the replica's region, so it outlives the source's.
func findLag(ctx context.Context, client *cloudwatch.Client, id string, now time.Time, window time.Duration) (good *checks.Lag, measured time.Time, err error) {
	all, err := measurements(ctx, client, "AWS/RDS", "ReplicaLag", map[string]string{"DBInstanceIdentifier": id}, now, window)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading the replication lag of %s: %w", id, err)
	}
	if len(all) == 0 {
		return nil, time.Time{}, nil
	}
	if i := slices.IndexFunc(all, func(m measurement) bool { return m.value >= 0 }); i >= 0 {
		good = &checks.Lag{Value: time.Duration(all[i].value * float64(time.Second)), At: all[i].at}
	}
	return good, all[0].at, nil
}

// findFree returns what was last measured of a database's free storage, in the last hour, or nil.
func findFree(ctx context.Context, client *cloudwatch.Client, id string, now time.Time) (*checks.Free, error) {
	bytes, at, err := newest(ctx, client, "AWS/RDS", "FreeStorageSpace", map[string]string{"DBInstanceIdentifier": id}, now, time.Hour)
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the free storage of %s: %w", id, err)
	case at.IsZero():
		return nil, nil //nolint:nilnil // no measurement is an answer: checks.Alike leaves it out
	}
	return &checks.Free{GiB: bytes / (1 << 30), At: at}, nil
}

// newest is the newest value of a metric in the window before now that is not
// negative, and when it was measured: zero for never.
func newest(ctx context.Context, client *cloudwatch.Client, namespace, name string, of map[string]string, now time.Time, window time.Duration) (value float64, at time.Time, err error) {
	all, err := measurements(ctx, client, namespace, name, of, now, window)
	for _, m := range all {
		if m.value >= 0 {
			return m.value, m.at, nil
		}
	}
	return 0, time.Time{}, err
}

type measurement struct {
	value float64
	at    time.Time
}

// measurements are the values of a metric in the window before now, the newest first, of a minute the largest.
func measurements(ctx context.Context, client *cloudwatch.Client, namespace, name string, of map[string]string, now time.Time, window time.Duration) (all []measurement, err error) {
	metric := &cwtypes.Metric{Namespace: &namespace, MetricName: &name}
	for _, dimension := range slices.Sorted(maps.Keys(of)) {
		metric.Dimensions = append(metric.Dimensions, cwtypes.Dimension{Name: aws.String(dimension), Value: aws.String(of[dimension])})
	}
	pages := cloudwatch.NewGetMetricDataPaginator(client, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-window)), EndTime: aws.Time(now), ScanBy: cwtypes.ScanByTimestampDescending,
		MetricDataQueries: []cwtypes.MetricDataQuery{{
			Id: aws.String("asked"), MetricStat: &cwtypes.MetricStat{Metric: metric, Period: aws.Int32(60), Stat: aws.String("Maximum")},
		}},
	})
	for page, err := range awsclient.Pages(ctx, pages) {
		if err != nil {
			return nil, err
		}
		for _, result := range page.MetricDataResults {
			for i, at := range result.Timestamps[:min(len(result.Timestamps), len(result.Values))] {
				all = append(all, measurement{result.Values[i], at})
			}
		}
	}
	return all, nil
}
