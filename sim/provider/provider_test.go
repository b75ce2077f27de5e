package provider_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/provider"
)

type props = map[string]any

const region = "eu-west-1"

func TestMain(m *testing.M) {
	// Pulumi's logger never stops.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

// client is an engine's connection to a provider of one region.
type client struct {
	t   *testing.T
	rpc pulumirpc.ResourceProviderClient
}

// serve starts a world and its provider, and connects to it for a region.
func serve(t *testing.T, config props) (*sim.World, client) {
	t.Helper()
	w := sim.New(1)
	w.Clock().SetQuiet(2 * time.Millisecond)
	t.Cleanup(w.Close)
	server, err := provider.Serve(w)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	return w, connect(t, server, config)
}

func connect(t *testing.T, server *provider.Server, config props) client {
	t.Helper()
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", server.Port()), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	c := client{t, pulumirpc.NewResourceProviderClient(conn)}
	if config != nil {
		require.NoError(t, c.configure(config))
	}
	return c
}

func (c client) configure(config props) error {
	_, err := c.rpc.Configure(c.t.Context(), &pulumirpc.ConfigureRequest{
		AcceptSecrets: true, AcceptResources: true, Args: c.marshalled(resource.NewPropertyMapFromMap(config)),
	})
	return err
}

func urn(typ, name string) string { return "urn:pulumi:test::test::" + typ + "::" + name }

func (c client) marshalled(m resource.PropertyMap) *structpb.Struct {
	out, err := plugin.MarshalProperties(m, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	require.NoError(c.t, err)
	return out
}

func (c client) unmarshalled(s *structpb.Struct) resource.PropertyMap {
	m, err := plugin.UnmarshalProperties(s, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	require.NoError(c.t, err)
	return m
}

// check returns the completed inputs and what is wrong with them.
func (c client) check(typ, name string, olds, news resource.PropertyMap) (resource.PropertyMap, []string) {
	c.t.Helper()
	res, err := c.rpc.Check(c.t.Context(), &pulumirpc.CheckRequest{
		Urn: urn(typ, name), Olds: c.marshalled(olds), News: c.marshalled(news), RandomSeed: []byte("seed"),
	})
	require.NoError(c.t, err)
	var reasons []string
	for _, f := range res.Failures {
		reasons = append(reasons, f.Reason)
	}
	return c.unmarshalled(res.Inputs), reasons
}

// create makes a resource that must be accepted.
func (c client) create(typ, name string, inputs props) (id string, checked, outputs resource.PropertyMap) {
	c.t.Helper()
	checked, failures := c.check(typ, name, nil, resource.NewPropertyMapFromMap(inputs))
	require.Empty(c.t, failures, typ)
	res, err := c.rpc.Create(c.t.Context(), &pulumirpc.CreateRequest{Urn: urn(typ, name), Properties: c.marshalled(checked)})
	require.NoError(c.t, err, typ)
	require.NotEmpty(c.t, res.Id)
	return res.Id, checked, c.unmarshalled(res.Properties)
}

func (c client) diff(typ, id string, olds, news resource.PropertyMap) *pulumirpc.DiffResponse {
	c.t.Helper()
	res, err := c.rpc.Diff(c.t.Context(), &pulumirpc.DiffRequest{
		Urn: urn(typ, "x"), Id: id, OldInputs: c.marshalled(olds), Olds: c.marshalled(olds), News: c.marshalled(news),
	})
	require.NoError(c.t, err)
	return res
}

func policy(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}
