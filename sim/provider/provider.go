// Package provider shows a simulated world to Pulumi as the resource provider of
// the package aws. A table made from the schema of pulumi-aws decides about
// properties, replacements and previews; the world decides about AWS.
package provider

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/enginewatch"
)

// version is the pulumi-aws release that the table was made from.
var version = semver.MustParse("6.83.0")

type provider struct {
	plugin.UnimplementedProvider
	world *sim.World

	mu          sync.Mutex
	connections map[string]*connection // by the caller's address
}

// Pkg is the package that is provided.
func (p *provider) Pkg() string { return "aws" }

// Attach is called by an engine that has found the provider running. It logs a line there, as
// the real provider logs many: its [DEBUG] and [TRACE] lines are diagnostics of severity debug.
func (p *provider) Attach(engine string) error {
	connection, err := grpc.NewClient(engine, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("connecting to the engine: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), logging)
	defer cancel()
	_, err = pulumirpc.NewEngineClient(connection).Log(ctx, &pulumirpc.LogRequest{Severity: pulumirpc.LogSeverity_DEBUG, Message: "[DEBUG] Configuring Terraform AWS Provider"})
	return errors.Join(err, connection.Close())
}

// logging bounds how long the engine may take for a line of the log.
const logging = time.Minute

// GetPluginInfo names the release that is imitated.
func (p *provider) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return plugin.PluginInfo{Version: &version}, nil
}

// CheckConfig brings a provider's configuration into the form of the state;
// Configure judges it.
func (p *provider) CheckConfig(_ context.Context, req plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	return plugin.CheckConfigResponse{Properties: encoded(req.News)}, nil
}

// DiffConfig: another region is another provider, with all that it made.
func (p *provider) DiffConfig(_ context.Context, req plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	before, _ := plainValue(req.OldInputs["region"])
	after, _ := plainValue(req.NewInputs["region"])
	if before != after {
		return plugin.DiffResult{Changes: plugin.DiffSome, ReplaceKeys: []resource.PropertyKey{"region"}}, nil
	}
	return plugin.DiffResult{Changes: plugin.DiffUnknown}, nil
}

// Configure ties the caller's connection to a region, and asks there who it is,
// as the provider does.
func (p *provider) Configure(ctx context.Context, req plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	c, err := connect(req.Inputs, p.world.Account())
	if err != nil {
		return plugin.ConfigureResponse{}, err
	}
	err = p.world.API(ctx, c.region, "sts", "GetCallerIdentity", "provider", func() error { return nil })
	if err != nil {
		return plugin.ConfigureResponse{}, fmt.Errorf("retrieving caller identity from STS: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.connections[address(ctx)] = c
	return plugin.ConfigureResponse{}, nil
}

// SignalCancellation ends nothing, as with the real provider: "For TF, this is a
// no-op" (pulumi-terraform-bridge, pkg/tfbridge/provider.go, Cancel; the same for
// resources of the plugin framework, pkg/pf/tfbridge/provider.go). Whatever it
// waits for, it waits for to its end.
func (p *provider) SignalCancellation(ctx context.Context) error {
	enginewatch.Cancelled(ctx)
	return nil
}

// Close has nothing to give back: the server ends with Server.Close.
func (p *provider) Close() error { return nil }

// open finds the caller's connection and a type's schema.
func (p *provider) open(ctx context.Context, typ string) (*connection, *resourceSchema, error) {
	p.mu.Lock()
	c := p.connections[address(ctx)]
	p.mu.Unlock()
	s := schema.Resources[typ]
	switch {
	case c == nil:
		return nil, nil, fmt.Errorf("%s: the aws provider has not been configured", typ)
	case s == nil || !sim.Models(typ):
		return nil, nil, fmt.Errorf("resource type %s is %w", typ, sim.ErrNotModelled)
	}
	return c, s, nil
}
