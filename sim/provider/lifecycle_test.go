package provider_test

import (
	"context"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/provider"
)

const vpc = "aws:ec2/vpc:Vpc"

func TestAPreviewMakesNothing(t *testing.T) {
	t.Parallel()
	w, c := serve(t, props{"region": region})
	calls := w.CallsTo(region)
	res, err := c.rpc.Create(t.Context(), &pulumirpc.CreateRequest{
		Urn: urn(vpc, "x"), Preview: true, Properties: c.marshalled(resource.NewPropertyMapFromMap(props{"cidrBlock": "10.0.0.0/16", "tags": props{"a": "b"}}))})
	require.NoError(t, err)
	outputs := c.unmarshalled(res.Properties)
	assert.Empty(t, res.Id)
	assert.Equal(t, "10.0.0.0/16", outputs["cidrBlock"].StringValue())
	assert.True(t, outputs["arn"].IsComputed())
	assert.Equal(t, outputs["tags"], outputs["tagsAll"])

	id, checked, made := c.create("aws:ec2/launchTemplate:LaunchTemplate", "x", props{"imageId": "ami-1"})
	calls++
	changed := checked.Copy()
	changed["imageId"] = resource.NewProperty("ami-2")
	update, err := c.rpc.Update(t.Context(), &pulumirpc.UpdateRequest{
		Urn: urn("aws:ec2/launchTemplate:LaunchTemplate", "x"), Id: id, Preview: true,
		OldInputs: c.marshalled(checked), Olds: c.marshalled(made), News: c.marshalled(changed)})
	require.NoError(t, err)
	outputs = c.unmarshalled(update.Properties)
	assert.Equal(t, made["arn"], outputs["arn"])
	assert.True(t, outputs["latestVersion"].IsComputed(), "the next version has no number yet")
	assert.Equal(t, calls, w.CallsTo(region))
}

func TestAnUpdateIsSeenByARead(t *testing.T) {
	t.Parallel()
	_, c := serve(t, props{"region": region})
	id, checked, made := c.create(vpc, "x", props{"cidrBlock": "10.0.0.0/16", "tags": props{"a": "1"}})
	changed := checked.Copy()
	changed["enableDnsHostnames"] = resource.NewProperty(true)
	delete(changed, "tags")
	res, err := c.rpc.Update(t.Context(), &pulumirpc.UpdateRequest{
		Urn: urn(vpc, "x"), Id: id, OldInputs: c.marshalled(checked), Olds: c.marshalled(made), News: c.marshalled(changed)})
	require.NoError(t, err)
	outputs := c.unmarshalled(res.Properties)
	assert.True(t, outputs["enableDnsHostnames"].BoolValue())
	assert.NotContains(t, outputs, resource.PropertyKey("tags"))
	read, err := c.rpc.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(vpc, "x"), Id: id, Inputs: c.marshalled(changed), Properties: res.Properties})
	require.NoError(t, err)
	assert.Equal(t, outputs, c.unmarshalled(read.Properties))
	assert.Equal(t, changed, c.unmarshalled(read.Inputs))

	imported, err := c.rpc.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(vpc, "x"), Id: id})
	require.NoError(t, err)
	assert.Equal(t, "10.0.0.0/16", c.unmarshalled(imported.Inputs)["cidrBlock"].StringValue())
}

// TestObjectsAreShownWhole: an object has all its fields, as in Terraform's state,
// and a refresh takes none of them for an input.
func TestObjectsAreShownWhole(t *testing.T) {
	t.Parallel()
	const typ = "aws:lb/targetGroup:TargetGroup"
	_, c := serve(t, props{"region": region})
	network, _, _ := c.create(vpc, "x", props{"cidrBlock": "10.0.0.0/16"})
	id, checked, made := c.create(typ, "x", props{"vpcId": network, "healthCheck": props{"path": "/"}})
	check := made["healthCheck"].ObjectValue()
	assert.Equal(t, "HTTP", check["protocol"].StringValue(), "AWS works it out")
	assert.Empty(t, check["matcher"].StringValue(), "nobody knows")
	read, err := c.rpc.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(typ, "x"), Id: id, Inputs: c.marshalled(checked), Properties: c.marshalled(made)})
	require.NoError(t, err)
	assert.Equal(t, checked, c.unmarshalled(read.Inputs))
	assert.Equal(t, made, c.unmarshalled(read.Properties))
}

// TestARefreshDropsThePromotedSource: what the state says of a replica that was
// promoted outside Pulumi.
func TestARefreshDropsThePromotedSource(t *testing.T) {
	t.Parallel()
	const typ = "aws:rds/instance:Instance"
	w, c := serve(t, props{"region": region})
	_, _, source := c.create(typ, "source", props{
		"identifier": "site", "engine": "mysql", "instanceClass": "db.t4g.medium", "username": "root", "password": "correct horse",
		"allocatedStorage": 20, "backupRetentionPeriod": 7, "skipFinalSnapshot": true})
	id, checked, made := c.create(typ, "replica", props{
		"identifier": "site-2", "instanceClass": "db.t4g.medium", "replicateSourceDb": source["arn"].StringValue(), "skipFinalSnapshot": true})
	_, err := w.Promote(region, "site-2", nil)
	require.NoError(t, err)
	w.Clock().Advance(time.Hour)
	read, err := c.rpc.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(typ, "replica"), Id: id, Inputs: c.marshalled(checked), Properties: c.marshalled(made)})
	require.NoError(t, err)
	assert.NotContains(t, c.unmarshalled(read.Inputs), resource.PropertyKey("replicateSourceDb"))
	assert.NotContains(t, c.unmarshalled(read.Properties), resource.PropertyKey("replicateSourceDb"))
}

func TestWhatIsNotModelledSaysSo(t *testing.T) {
	t.Parallel()
	_, c := serve(t, props{"region": region})
	_, err := c.rpc.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn("aws:sqs/queue:Queue", "x")})
	assert.ErrorContains(t, err, "resource type aws:sqs/queue:Queue is not modelled by the simulator")
	_, err = c.rpc.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "aws:ec2/getAmi:getAmi"})
	assert.ErrorContains(t, err, "function aws:ec2/getAmi:getAmi is not modelled by the simulator")
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	_, c := serve(t, props{"region": "cn-north-1"})
	for token, want := range map[string]props{
		"aws:index/getRegion:getRegion":                       {"name": "cn-north-1"},
		"aws:index/getPartition:getPartition":                 {"partition": "aws-cn", "dnsSuffix": "amazonaws.com.cn", "reverseDnsPrefix": "cn.com.amazonaws"},
		"aws:index/getCallerIdentity:getCallerIdentity":       {"accountId": sim.Account, "arn": "arn:aws-cn:iam::123456789012:user/simulated"},
		"aws:index/getAvailabilityZones:getAvailabilityZones": {"names": []any{"cn-north-1a", "cn-north-1b", "cn-north-1c"}, "state": "available"},
	} {
		args := resource.PropertyMap{}
		if _, asked := want["state"]; asked {
			args["state"] = resource.NewProperty("available")
		}
		res, err := c.rpc.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: token, Args: c.marshalled(args)})
		require.NoError(t, err, token)
		got := c.unmarshalled(res.Return)
		for key, v := range want {
			assert.Equal(t, v, got[resource.PropertyKey(key)].Mappable(), "%s %s", token, key)
		}
	}
	res, err := c.rpc.Invoke(t.Context(), &pulumirpc.InvokeRequest{
		Tok: "aws:index/getRegion:getRegion", Args: c.marshalled(resource.NewPropertyMapFromMap(props{"planet": "x"}))})
	require.NoError(t, err)
	assert.Len(t, res.Failures, 1)
}

// TestEachConnectionHasItsRegion: calls name no provider, so the caller's
// address must tell.
func TestEachConnectionHasItsRegion(t *testing.T) {
	t.Parallel()
	w := sim.New(1)
	w.Clock().SetQuiet(2 * time.Millisecond)
	t.Cleanup(w.Close)
	server, err := provider.Serve(w)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	for _, where := range []string{"eu-west-1", "eu-central-1"} {
		_, _, outputs := connect(t, server, props{"region": where}).create(vpc, "x", props{"cidrBlock": "10.0.0.0/16"})
		assert.Contains(t, outputs["arn"].StringValue(), ":"+where+":")
	}
}

// stuck starts a call whose wait the fault "stuck" holds up.
func stuck(t *testing.T, w *sim.World, operation string, call func() error) <-chan error {
	t.Helper()
	f, err := sim.ParseFault("stuck=" + operation)
	require.NoError(t, err)
	require.NoError(t, w.Inject(f))
	ended := make(chan error, 1)
	go func() { ended <- call() }()
	require.Eventually(t, func() bool { return len(w.Unmet()) == 0 }, 5*time.Second, time.Millisecond)
	return ended
}

// TestACancellationEndsNoWait: the engine asks the provider to cancel, and the
// provider waits on, as the real one does.
func TestACancellationEndsNoWait(t *testing.T) {
	t.Parallel()
	w, c := serve(t, props{"region": region})
	var made *pulumirpc.CreateResponse
	ended := stuck(t, w, "ec2:CreateVpc", func() (err error) {
		made, err = c.rpc.Create(t.Context(), &pulumirpc.CreateRequest{
			Urn: urn(vpc, "x"), Properties: c.marshalled(resource.NewPropertyMapFromMap(props{"cidrBlock": "10.0.0.0/16"}))})
		return err
	})
	_, err := c.rpc.Cancel(t.Context(), &emptypb.Empty{})
	require.NoError(t, err)
	require.NoError(t, w.Clock().Sleep(t.Context(), time.Hour), "time passes for others")
	assert.Empty(t, ended)
	w.Heal()
	require.NoError(t, <-ended)
	assert.Equal(t, sim.Epoch.Add(time.Hour), w.Clock().Now(), "AWS had it long ago")

	ended = stuck(t, w, "ec2:DeleteVpc", func() error {
		_, err := c.rpc.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn(vpc, "x"), Id: made.Id})
		return err
	})
	_, err = c.rpc.Cancel(t.Context(), &emptypb.Empty{})
	require.NoError(t, err)
	assert.Empty(t, ended)
	w.Heal()
	require.NoError(t, <-ended)
}

// TestADeadEngineEndsACall: with the engine's connection its calls end, and AWS goes on.
func TestADeadEngineEndsACall(t *testing.T) {
	t.Parallel()
	w, c := serve(t, props{"region": region})
	ctx, kill := context.WithCancel(t.Context())
	ended := stuck(t, w, "ec2:CreateVpc", func() error {
		_, err := c.rpc.Create(ctx, &pulumirpc.CreateRequest{
			Urn: urn(vpc, "x"), Properties: c.marshalled(resource.NewPropertyMapFromMap(props{"cidrBlock": "10.0.0.0/16"}))})
		return err
	})
	kill()
	require.Error(t, <-ended)
	assert.Contains(t, string(w.Snapshot()), "10.0.0.0/16")
}

// TestAFailedUpdateLooksDone: the state has what was wanted, so the next update does
// nothing, and learns what there is.
func TestAFailedUpdateLooksDone(t *testing.T) {
	t.Parallel()
	const typ = "aws:ssm/parameter:Parameter"
	w, c := serve(t, props{"region": region})
	id, old, made := c.create(typ, "x", props{"name": "/x", "type": "String", "value": "1"})
	wanted := old.Copy()
	wanted["value"] = resource.NewProperty("2")
	f, err := sim.ParseFault("error=ssm:PutParameter:AccessDenied")
	require.NoError(t, err)
	require.NoError(t, w.Inject(f))
	value := func() string {
		read, err := c.rpc.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(typ, "x"), Id: id, Inputs: c.marshalled(old), Properties: c.marshalled(made)})
		require.NoError(t, err)
		return plain(t, c.unmarshalled(read.Properties)["value"])
	}
	update := func(inputs, outputs resource.PropertyMap) (*pulumirpc.UpdateResponse, error) {
		return c.rpc.Update(t.Context(), &pulumirpc.UpdateRequest{
			Urn: urn(typ, "x"), Id: id, OldInputs: c.marshalled(inputs), Olds: c.marshalled(outputs), News: c.marshalled(wanted)})
	}

	_, err = update(old, made)
	require.ErrorContains(t, err, "AccessDenied")
	var left *pulumirpc.ErrorResourceInitFailed
	rpc, ok := rpcerror.FromError(err)
	require.True(t, ok)
	for _, detail := range rpc.Details() {
		left, _ = detail.(*pulumirpc.ErrorResourceInitFailed)
	}
	require.NotNil(t, left, "the outputs are kept")
	outputs := c.unmarshalled(left.Properties)
	assert.Equal(t, "2", plain(t, outputs["value"]))
	assert.Equal(t, "1", value())

	res, err := c.rpc.Diff(t.Context(), &pulumirpc.DiffRequest{
		Urn: urn(typ, "x"), Id: id, OldInputs: c.marshalled(old), Olds: c.marshalled(outputs), News: c.marshalled(wanted)})
	require.NoError(t, err)
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, res.Changes)
	again, err := update(old, outputs)
	require.NoError(t, err, "and says that it is done")
	outputs = c.unmarshalled(again.Properties)
	assert.Equal(t, "1", plain(t, outputs["value"]))
	assert.Equal(t, "1", value())

	_, err = update(wanted, outputs)
	require.NoError(t, err)
	assert.Equal(t, "2", value(), "the third does it")
}

func plain(t *testing.T, v resource.PropertyValue) string {
	t.Helper()
	for v.IsSecret() {
		v = v.SecretValue().Element
	}
	require.True(t, v.IsString())
	return v.StringValue()
}
