package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/pulumi/pulumi/pkg/v3/backend"
	"github.com/pulumi/pulumi/pkg/v3/backend/diy"
	backendsecrets "github.com/pulumi/pulumi/pkg/v3/backend/secrets"
	cmdBackend "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/backend"
	sdkDisplay "github.com/pulumi/pulumi/pkg/v3/display"
	"github.com/pulumi/pulumi/pkg/v3/engine"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy"
	"github.com/pulumi/pulumi/pkg/v3/resource/plugin"
	"github.com/pulumi/pulumi/pkg/v3/secrets"
	"github.com/pulumi/pulumi/pkg/v3/util/cancel"
	pkgWorkspace "github.com/pulumi/pulumi/pkg/v3/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/env"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// All commands find their backend through this.
func init() { cmdBackend.DefaultLoginManager = login{cmdBackend.DefaultLoginManager} }

// login opens backends whose operations run beside each other.
type login struct{ cmdBackend.LoginManager }

// Current opens a backend.
func (l login) Current(ctx context.Context, ws pkgWorkspace.Context, sink diag.Sink, url string, project *workspace.Project, setCurrent bool) (backend.Backend, error) {
	url = watched(ctx, url)
	b, err := l.LoginManager.Current(ctx, ws, sink, url, project, setCurrent)
	return beside(b, err)
}

// Login opens a backend.
func (l login) Login(
	ctx context.Context, ws pkgWorkspace.Context, sink diag.Sink, url string, project *workspace.Project, setCurrent, insecure bool, color colors.Colorization,
) (backend.Backend, error) {
	url = watched(ctx, url)
	b, err := l.LoginManager.Login(ctx, ws, sink, url, project, setCurrent, insecure, color)
	return beside(b, err)
}

func beside(b backend.Backend, err error) (backend.Backend, error) {
	d, ok := b.(diy.Backend)
	if err != nil || !ok {
		return b, err
	}
	return local{d}, nil
}

// local is a backend whose operations leave the process to other commands.
type local struct{ diy.Backend }

// GetStack returns a stack of this backend.
func (l local) GetStack(ctx context.Context, ref backend.StackReference) (backend.Stack, error) {
	s, err := l.Backend.GetStack(ctx, ref)
	if s == nil || err != nil {
		return nil, err
	}
	return localStack{s, l}, nil
}

// CreateStack makes a stack of this backend.
func (l local) CreateStack(
	ctx context.Context, ref backend.StackReference, root string, state *apitype.UntypedDeployment, o *backend.CreateStackOptions,
) (backend.Stack, error) {
	s, err := l.Backend.CreateStack(ctx, ref, root, state, o)
	if s == nil || err != nil {
		return nil, err
	}
	return localStack{s, l}, nil
}

type localStack struct {
	backend.Stack
	of local
}

// Backend is the one whose operations leave the process to other commands.
func (s localStack) Backend() backend.Backend { return s.of }

// Preview runs without the process.
func (l local) Preview(
	ctx context.Context, s backend.Stack, op backend.UpdateOperation, events chan<- engine.Event,
) (plan *deploy.Plan, changes sdkDisplay.ResourceChanges, err error) {
	op.Opts.PreviewOnly = true
	l.run(ctx, apitype.PreviewUpdate, s, &op, func() { plan, changes, err = l.Backend.Preview(ctx, s, op, events) })
	return plan, changes, err
}

// Update runs without the process.
func (l local) Update(ctx context.Context, s backend.Stack, op backend.UpdateOperation, events chan<- engine.Event) (changes sdkDisplay.ResourceChanges, err error) {
	l.run(ctx, apitype.UpdateUpdate, s, &op, func() { changes, err = l.Backend.Update(ctx, s, op, events) })
	return changes, err
}

// Refresh runs without the process.
func (l local) Refresh(ctx context.Context, s backend.Stack, op backend.UpdateOperation) (changes sdkDisplay.ResourceChanges, err error) {
	l.run(ctx, apitype.RefreshUpdate, s, &op, func() { changes, err = l.Backend.Refresh(ctx, s, op) })
	return changes, err
}

// Destroy runs without the process.
func (l local) Destroy(ctx context.Context, s backend.Stack, op backend.UpdateOperation) (changes sdkDisplay.ResourceChanges, err error) {
	l.run(ctx, apitype.DestroyUpdate, s, &op, func() { changes, err = l.Backend.Destroy(ctx, s, op) })
	return changes, err
}

// run makes of an operation one that asks the process for nothing, but as its command,
// and has it done.
func (l local) run(ctx context.Context, kind apitype.UpdateKind, s backend.Stack, op *backend.UpdateOperation, do func()) {
	c := of(ctx)
	op.Opts.Display.Stdout, op.Opts.Display.Stderr = c.out, c.err
	op.SecretsProvider = secretsProvider{op.SecretsProvider, c}
	// The backend writes this one line to the standard output of the process.
	op.Scopes = scopes{c, fmt.Sprintf("%s (%s):\n", backend.ActionLabel(kind, op.Opts.PreviewOnly), s.Ref())}
	factory := backend.DefaultHostFactory(l.GetReadOnlyCloudRegistry())
	op.Opts.Engine.HostFactory = func(ctx context.Context, d, status diag.Sink, debug plugin.DebugContext) (plugin.Host, error) {
		h, err := factory(ctx, d, status, debug)
		return host{h, c}, err
	}
	process.without(c, do)
}

// host finds providers in the command's environment: PULUMI_DEBUG_PROVIDERS.
type host struct {
	plugin.Host
	command *command
}

// Provider connects to a provider.
func (h host) Provider(ctx *plugin.Context, descriptor workspace.PluginDescriptor, e env.Env) (p plugin.Provider, err error) {
	process.as(h.command, func() { p, err = h.Host.Provider(ctx, descriptor, e) })
	return p, err
}

// secretsProvider finds passphrases and credentials in the command's environment.
type secretsProvider struct {
	secrets.Provider
	command *command
}

// OfType makes a manager of secrets.
func (p secretsProvider) OfType(ctx context.Context, of string, state json.RawMessage) (m secrets.Manager, err error) {
	process.as(p.command, func() { m, err = backendsecrets.DefaultProvider.OfType(ctx, of, state) })
	return m, err
}

// scopes cancel an operation when the client asks, and end it when it has gone.
type scopes struct {
	command *command
	banner  string
}

type scope struct {
	context *cancel.Context
	done    chan struct{}
}

// NewScope begins an operation.
func (s scopes) NewScope(ctx context.Context, _ chan<- engine.Event, _ bool) backend.CancellationScope {
	_, _ = io.WriteString(s.command.out, s.banner)
	cancelled, source := cancel.NewContext(ctx)
	done := make(chan struct{})
	go func() {
		select {
		case <-s.command.client.interrupted:
			source.Cancel()
		case <-s.command.client.gone:
			source.Terminate()
			return
		case <-done:
			return
		}
		select {
		case <-s.command.client.gone:
			source.Terminate()
		case <-done:
		}
	}()
	return scope{cancelled, done}
}

// Context is what the operation is cancelled by.
func (s scope) Context() *cancel.Context { return s.context }

// Close ends the scope.
func (s scope) Close() { close(s.done) }
