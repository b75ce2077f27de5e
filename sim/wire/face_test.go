package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	home  = "eu-west-1"
	other = "eu-central-1"
)

type props = map[string]any

// world is a database at home with a replica in the other region.
func world(t *testing.T) (*sim.World, *wire.Face) {
	t.Helper()
	w := sim.New(1)
	w.Clock().SetQuiet(2 * time.Millisecond)
	face := wire.NewFace(w)
	t.Cleanup(func() { face.Close(); w.Close() })
	w.AddImage(other, "ami-1", sim.Epoch.Add(-time.Hour))
	source := create(t, w, home, "primary", props{
		"identifier": "site", "engine": "mysql", "instanceClass": "db.t4g.medium", "username": "root",
		"password": "correct horse", "allocatedStorage": 20, "backupRetentionPeriod": 7,
	})
	create(t, w, other, "replica", props{"identifier": "site-dr", "instanceClass": "db.t4g.medium", "replicateSourceDb": source.Props["arn"]})
	w.Clock().Advance(10 * time.Minute)
	return w, face
}

func create(t *testing.T, w *sim.World, region, name string, inputs props) sim.Object {
	t.Helper()
	o, err := w.Create(t.Context(), sim.Call{Region: region, Type: "aws:rds/instance:Instance", Name: name, Inputs: inputs})
	require.NoError(t, err)
	return o
}

func inject(t *testing.T, w *sim.World, text string) {
	t.Helper()
	f, err := sim.ParseFault(text)
	require.NoError(t, err)
	require.NoError(t, w.Inject(f))
}

func codeOf(t *testing.T, err error) string {
	t.Helper()
	api, ok := errors.AsType[smithy.APIError](err)
	require.True(t, ok, "%v", err)
	return api.ErrorCode()
}

func TestRDS(t *testing.T) {
	t.Parallel()
	w, face := world(t)
	client := rds.NewFromConfig(face.Config(other))
	out, err := client.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String("site-dr")})
	require.NoError(t, err)
	d := out.DBInstances[0]
	assert.Equal(t, "available", *d.DBInstanceStatus)
	assert.Equal(t, "arn:aws:rds:eu-west-1:123456789012:db:site", *d.ReadReplicaSourceDBInstanceIdentifier)
	assert.Equal(t, []rdstypes.DBInstanceStatusInfo{
		{Normal: aws.Bool(true), Status: aws.String("replicating"), StatusType: aws.String("read replication")}}, d.StatusInfos)
	assert.NotEmpty(t, *d.Endpoint.Address)
	assert.Equal(t, int32(3306), *d.Endpoint.Port)

	all, err := rds.NewFromConfig(face.Config(home)).DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
	require.NoError(t, err)
	require.Len(t, all.DBInstances, 1)
	assert.Equal(t, []string{*d.DBInstanceArn}, all.DBInstances[0].ReadReplicaDBInstanceIdentifiers)

	promote := func(id string) error {
		_, err := client.PromoteReadReplica(t.Context(), &rds.PromoteReadReplicaInput{DBInstanceIdentifier: &id, BackupRetentionPeriod: aws.Int32(7)})
		return err
	}
	_, unknown := errors.AsType[*rdstypes.DBInstanceNotFoundFault](promote("nobody"))
	assert.True(t, unknown)
	require.NoError(t, promote("site-dr"))
	w.Clock().Advance(time.Hour)
	_, refused := errors.AsType[*rdstypes.InvalidDBInstanceStateFault](promote("site-dr"))
	assert.True(t, refused)
	out, err = client.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
	require.NoError(t, err)
	assert.Nil(t, out.DBInstances[0].ReadReplicaSourceDBInstanceIdentifier)
	assert.Equal(t, int32(7), *out.DBInstances[0].BackupRetentionPeriod)
}

func TestSnapshots(t *testing.T) {
	t.Parallel()
	w, face := world(t)
	client := rds.NewFromConfig(face.Config(home))
	in := &rds.DescribeDBSnapshotsInput{DBInstanceIdentifier: aws.String("site"), SnapshotType: aws.String("automated")}
	found := func() []rdstypes.DBSnapshot {
		t.Helper()
		out, err := client.DescribeDBSnapshots(t.Context(), in)
		require.NoError(t, err)
		return out.DBSnapshots
	}
	w.Clock().Advance(48 * time.Hour)
	all := found()
	require.Len(t, all, 3)
	assert.Equal(t, "available", *all[0].Status)
	assert.Equal(t, "rds:site-"+all[0].SnapshotCreateTime.Format("2006-01-02-15-04"), *all[0].DBSnapshotIdentifier)
	assert.False(t, *all[0].Encrypted)
	_, err := client.DescribeDBSnapshots(t.Context(), &rds.DescribeDBSnapshotsInput{})
	assert.ErrorContains(t, err, "not modelled")
}

func TestParameterGroups(t *testing.T) {
	t.Parallel()
	w, face := world(t)
	client := rds.NewFromConfig(face.Config(other))
	const typ = "aws:rds/parameterGroup:ParameterGroup"
	inputs := props{"name": "site", "family": "mysql8.0", "parameters": []any{props{"name": "slow_query_log", "value": "1"}}}
	group, err := w.Create(t.Context(), sim.Call{Region: other, Type: typ, Name: "g", Inputs: inputs})
	require.NoError(t, err)
	create(t, w, other, "grouped", props{
		"identifier": "shop", "engine": "mysql", "instanceClass": "db.t4g.medium", "username": "root", "password": "correct horse",
		"allocatedStorage": 20, "parameterGroupName": group.ID,
	})
	groupOf := func(id string) rdstypes.DBParameterGroupStatus {
		out, err := client.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &id})
		require.NoError(t, err)
		require.Len(t, out.DBInstances[0].DBParameterGroups, 1)
		return out.DBInstances[0].DBParameterGroups[0]
	}
	status := func(name, status string) rdstypes.DBParameterGroupStatus {
		return rdstypes.DBParameterGroupStatus{DBParameterGroupName: &name, ParameterApplyStatus: &status}
	}
	assert.Equal(t, status("default.mysql8.0", "in-sync"), groupOf("site-dr"))
	assert.Equal(t, status("site", "in-sync"), groupOf("shop"))

	changed := props{"name": "site", "family": "mysql8.0", "parameters": []any{props{"name": "read_only", "value": "1", "applyMethod": "immediate"}}}
	_, err = w.Update(t.Context(), sim.Call{Region: other, Type: typ, Name: "g", ID: group.ID, Inputs: changed, Old: inputs})
	require.NoError(t, err)
	assert.Equal(t, status("site", "applying"), groupOf("shop"))
	w.Clock().Advance(40 * time.Second)
	assert.Equal(t, status("site", "in-sync"), groupOf("shop"))
	rebooted, err := client.RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: aws.String("shop")})
	require.NoError(t, err)
	assert.Equal(t, "rebooting", *rebooted.DBInstance.DBInstanceStatus)

	parameters := func(group, source string) ([]rdstypes.Parameter, error) {
		input := &rds.DescribeDBParametersInput{DBParameterGroupName: &group}
		if source != "" {
			input.Source = &source
		}
		out, err := client.DescribeDBParameters(t.Context(), input)
		if err != nil {
			return nil, err
		}
		assert.Nil(t, out.Marker)
		return out.Parameters, nil
	}
	set, err := parameters("site", "user")
	require.NoError(t, err)
	assert.Equal(t, []rdstypes.Parameter{{
		ParameterName: aws.String("read_only"), ParameterValue: aws.String("1"), Source: aws.String("user"),
		ApplyMethod: rdstypes.ApplyMethodImmediate, IsModifiable: aws.Bool(true),
	}}, set)
	set, err = parameters("default.mysql8.0", "user")
	require.NoError(t, err)
	assert.Empty(t, set)
	_, err = parameters("nobody", "user")
	_, unknown := errors.AsType[*rdstypes.DBParameterGroupNotFoundFault](err)
	assert.True(t, unknown, "%v", err)
	_, err = parameters("site", "")
	assert.Equal(t, "NotModelled", codeOf(t, err))
}

func TestCloudWatch(t *testing.T) {
	t.Parallel()
	w, face := world(t)
	inject(t, w, "lag=12m")
	now := w.Clock().Now()
	input := &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-5 * time.Minute)), EndTime: &now, ScanBy: cwtypes.ScanByTimestampDescending,
		MetricDataQueries: []cwtypes.MetricDataQuery{{Id: aws.String("lag"), MetricStat: &cwtypes.MetricStat{
			Metric: &cwtypes.Metric{Namespace: aws.String("AWS/RDS"), MetricName: aws.String("ReplicaLag"),
				Dimensions: []cwtypes.Dimension{{Name: aws.String("DBInstanceIdentifier"), Value: aws.String("site-dr")}}},
			Period: aws.Int32(60), Stat: aws.String("Maximum"),
		}}},
	}
	client := cloudwatch.NewFromConfig(face.Config(other), func(o *cloudwatch.Options) { o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801) })
	out, err := client.GetMetricData(t.Context(), input)
	require.NoError(t, err)
	lag := out.MetricDataResults[0]
	assert.Equal(t, "lag", *lag.Id)
	assert.Equal(t, []float64{720, 720, 720, 720, 720}, lag.Values)
	assert.Equal(t, now.Truncate(time.Minute), lag.Timestamps[0].UTC(), "newest first")

	input.MetricDataQueries[0].MetricStat.Period = aws.Int32(3600)
	out, err = client.GetMetricData(t.Context(), input)
	require.NoError(t, err)
	assert.Equal(t, []float64{720}, out.MetricDataResults[0].Values)

	t.Run("media", func(t *testing.T) { pendingMedia(t, w, client) })
	input.MetricDataQueries[0].MetricStat.Metric.MetricName = aws.String("CPUUtilization")
	_, err = client.GetMetricData(t.Context(), input)
	assert.Equal(t, "NotModelled", codeOf(t, err))
}

// pendingMedia asks for what a bucket at home has yet to copy to one in the other
// region, before and after home is lost.
func pendingMedia(t *testing.T, w *sim.World, client *cloudwatch.Client) {
	t.Helper()
	enabled := props{"status": "Enabled"}
	role := make(map[string]string)
	for region, bucket := range map[string]string{home: "theirs", other: "ours"} {
		for typ, inputs := range map[string]props{"aws:s3/bucketV2:BucketV2": {"bucket": bucket}, "aws:iam/role:Role": {"name": bucket, "assumeRolePolicy": "{}"}} {
			o, err := w.Create(t.Context(), sim.Call{Region: region, Type: typ, Name: bucket, Inputs: inputs})
			require.NoError(t, err)
			if arn, ok := o.Props["arn"].(string); ok {
				role[typ] = arn
			}
		}
		_, err := w.Create(t.Context(), sim.Call{Region: region, Type: "aws:s3/bucketVersioningV2:BucketVersioningV2", Name: bucket,
			Inputs: props{"bucket": bucket, "versioningConfiguration": enabled}})
		require.NoError(t, err)
	}
	_, err := w.Create(t.Context(), sim.Call{Region: home, Type: "aws:s3/bucketReplicationConfig:BucketReplicationConfig", Name: "theirs", Inputs: props{
		"bucket": "theirs", "role": role["aws:iam/role:Role"], "rules": []any{props{"id": "media", "status": "Enabled", "priority": 1, "filter": props{},
			"deleteMarkerReplication": enabled, "destination": props{"bucket": "arn:aws:s3:::ours", "metrics": enabled}}},
	}})
	require.NoError(t, err)
	ask := func(metric string) []float64 {
		t.Helper()
		now := w.Clock().Now()
		dimensions := []cwtypes.Dimension{
			{Name: aws.String("SourceBucket"), Value: aws.String("theirs")}, {Name: aws.String("DestinationBucket"), Value: aws.String("ours")},
			{Name: aws.String("RuleId"), Value: aws.String("media")},
		}
		out, err := client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
			StartTime: aws.Time(now.Add(-3 * time.Minute)), EndTime: &now, ScanBy: cwtypes.ScanByTimestampDescending,
			MetricDataQueries: []cwtypes.MetricDataQuery{{Id: aws.String("asked"), MetricStat: &cwtypes.MetricStat{
				Metric: &cwtypes.Metric{Namespace: aws.String("AWS/S3"), MetricName: &metric, Dimensions: dimensions}, Period: aws.Int32(60), Stat: aws.String("Maximum"),
			}}},
		})
		require.NoError(t, err)
		return out.MetricDataResults[0].Values
	}
	w.Clock().Advance(5 * time.Minute)
	assert.Equal(t, []float64{0, 0, 0}, ask("OperationsPendingReplication")[:3])
	for _, key := range []string{"a", "b", "c", "d"} {
		require.NoError(t, w.Put("theirs", key, 1000))
	}
	w.Clock().Advance(2 * time.Minute)
	count := ask("OperationsPendingReplication")
	assert.Positive(t, count[0])
	assert.InDelta(t, 1000*count[0], ask("BytesPendingReplication")[0], 0)
	w.LoseRegion(home, sim.Refuse)
	w.Clock().Advance(time.Minute)
	assert.Len(t, ask("OperationsPendingReplication"), len(count)-1, "a lost region measures nothing more")
	w.Clock().Advance(time.Hour)
	assert.Empty(t, ask("OperationsPendingReplication"))
	w.ReturnRegion(home)
	w.Clock().Advance(time.Hour)
	assert.Zero(t, ask("OperationsPendingReplication")[0])
}

func TestEC2(t *testing.T) {
	t.Parallel()
	_, face := world(t)
	out, err := ec2.NewFromConfig(face.Config(other)).DescribeImages(t.Context(), &ec2.DescribeImagesInput{ImageIds: []string{"ami-1"}})
	require.NoError(t, err)
	assert.Equal(t, "ami-1", *out.Images[0].ImageId)
	assert.Equal(t, "available", string(out.Images[0].State))
	_, err = ec2.NewFromConfig(face.Config(home)).DescribeImages(t.Context(), &ec2.DescribeImagesInput{ImageIds: []string{"ami-1"}})
	assert.Equal(t, "InvalidAMIID.NotFound", codeOf(t, err), "an image is of one region")
	_, err = ec2.NewFromConfig(face.Config(home)).DescribeImages(t.Context(), &ec2.DescribeImagesInput{Owners: []string{"self"}})
	assert.Equal(t, "NotModelled", codeOf(t, err))
}

func TestSTS(t *testing.T) {
	t.Parallel()
	_, face := world(t)
	out, err := sts.NewFromConfig(face.Config("cn-north-1")).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	require.NoError(t, err)
	assert.Equal(t, sim.Account, *out.Account)
	assert.Equal(t, "arn:aws-cn:iam::123456789012:user/simulated", *out.Arn)
}

func TestAnUnknownOperationNamesItself(t *testing.T) {
	t.Parallel()
	_, face := world(t)
	_, err := rds.NewFromConfig(face.Config(home)).StopDBInstance(t.Context(), &rds.StopDBInstanceInput{DBInstanceIdentifier: aws.String("site")})
	assert.Equal(t, "NotModelled", codeOf(t, err))
	assert.ErrorContains(t, err, "rds:StopDBInstance is not modelled by the simulator")
}

func TestFaultsReachTheClient(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]string{
		"throttle=rds:DescribeDBInstances:2":              "", // the SDK tries three times
		"throttle=rds:DescribeDBInstances:3":              "Throttling",
		"error=rds:DescribeDBInstances:InternalFailure:2": "",
		"error=rds:DescribeDBInstances:AccessDenied":      "AccessDenied",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			w, face := world(t)
			inject(t, w, fault)
			_, err := rds.NewFromConfig(face.Config(home)).DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
			if want == "" {
				require.NoError(t, err)
				return
			}
			assert.Equal(t, want, codeOf(t, err))
		})
	}
}

func TestALostRegionFromOutside(t *testing.T) {
	t.Parallel()
	for _, how := range []sim.How{sim.Refuse, sim.Hang} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			w, face := world(t)
			w.LoseRegion(home, how)
			before := w.CallsTo(home)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			_, err := sts.NewFromConfig(face.Config(home)).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			require.Error(t, err)
			assert.Positive(t, w.CallsTo(home)-before, "calls are counted though nobody answers")
			_, err = sts.NewFromConfig(face.Config(other)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			assert.NoError(t, err)
		})
	}
}

func TestOverASocket(t *testing.T) {
	t.Parallel()
	w, face := world(t)
	address, stop, err := face.Listen()
	require.NoError(t, err)
	defer stop()
	config := face.Config(other)
	transport := &http.Transport{DisableKeepAlives: true}
	config.HTTPClient, config.BaseEndpoint = &http.Client{Transport: transport}, aws.String("http://"+address)
	out, err := rds.NewFromConfig(config).DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
	require.NoError(t, err)
	assert.Equal(t, "site-dr", *out.DBInstances[0].DBInstanceIdentifier)
	w.LoseRegion(other, sim.Refuse)
	_, err = rds.NewFromConfig(config).DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
	assert.Error(t, err)

	res, err := http.DefaultTransport.RoundTrip(get(t, "http://"+address+"/"))
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, http.StatusBadRequest, res.StatusCode)
}

// site puts a balancer with one workload into the world.
func site(t *testing.T, w *sim.World) (balancer string) {
	t.Helper()
	put := func(typ, name string, inputs props) sim.Object {
		o, err := w.Create(t.Context(), sim.Call{Region: other, Type: typ, Name: name, Inputs: inputs})
		require.NoError(t, err)
		return o
	}
	vpc := put("aws:ec2/vpc:Vpc", "v", props{"cidrBlock": "10.0.0.0/16"}).ID
	put("aws:ec2/internetGateway:InternetGateway", "i", props{"vpcId": vpc})
	var subnets []any
	for i := range 2 {
		subnets = append(subnets, put("aws:ec2/subnet:Subnet", fmt.Sprint(i), props{
			"vpcId": vpc, "cidrBlock": fmt.Sprintf("10.0.%d.0/24", i), "availabilityZone": sim.Zones(other)[i]}).ID)
	}
	lb := put("aws:lb/loadBalancer:LoadBalancer", "b", props{"name": "b", "subnets": subnets})
	targets := put("aws:lb/targetGroup:TargetGroup", "t", props{"name": "t", "vpcId": vpc, "port": 80}).ID
	put("aws:lb/listener:Listener", "l", props{"loadBalancerArn": lb.ID, "port": 80, "defaultActions": []any{props{"type": "forward", "targetGroupArn": targets}}})
	const certificate = "arn:aws:iam::123456789012:server-certificate/b" // of no region
	w.AddCertificate(sim.Certificate{ARN: certificate, Status: "ISSUED", Names: []string{"www.example.com"}, Until: sim.Epoch.AddDate(1, 0, 0)})
	put("aws:lb/listener:Listener", "s", props{"loadBalancerArn": lb.ID, "port": 443, "protocol": "HTTPS", "certificateArn": certificate,
		"defaultActions": []any{props{"type": "forward", "targetGroupArn": targets}}})
	template := put("aws:ec2/launchTemplate:LaunchTemplate", "t", props{"name": "t", "imageId": "ami-1"}).ID
	put("aws:autoscaling/group:Group", "g", props{
		"name": "g", "minSize": 1, "maxSize": 1, "vpcZoneIdentifiers": subnets, "targetGroupArns": []any{targets}, "launchTemplate": props{"id": template}})
	w.SetWorkload(func(_ sim.Instance, req *http.Request) sim.Answer {
		return sim.Answer{Status: http.StatusTeapot, Body: req.Host + req.URL.Path}
	})
	return lb.Props["dnsName"].(string)
}

func get(t *testing.T, address string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	return req
}

func TestWaysToABalancer(t *testing.T) {
	t.Parallel()
	w, face := world(t)
	balancer := site(t, w)
	address, stop, err := face.Listen()
	require.NoError(t, err)
	defer stop()
	secured, err := face.Transport()
	require.NoError(t, err)
	secured.DisableKeepAlives = true
	for name, transport := range map[string]http.RoundTripper{
		"in-process": face,
		"proxy":      &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: address}), DisableKeepAlives: true},
		"dialled":    &http.Transport{DialContext: face.DialContext, DisableKeepAlives: true},
		"by HTTPS":   secured,
	} {
		req := get(t, "http://"+balancer+"/page")
		if name == "by HTTPS" {
			req = get(t, "https://"+balancer+"/page")
		}
		if name != "proxy" { // a proxy goes to the host that the request names
			req.Host = "www.example.com"
		}
		res, err := transport.RoundTrip(req)
		require.NoError(t, err, name)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, http.StatusTeapot, res.StatusCode, name)
		assert.Equal(t, req.Host+"/page", string(body), name)
	}
	_, err = (&http.Transport{DialContext: face.DialContext}).RoundTrip(get(t, "http://nobody.example.com/"))
	assert.Error(t, err)
	face.Close()
	_, err = face.DialContext(t.Context(), "tcp", balancer+":80")
	assert.Error(t, err)
}
