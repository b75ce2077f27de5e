// Package deploy drives the program through Pulumi's Automation API: it is what
// the command stands on, and what other tools embed.
package deploy

import (
	"context"
	"fmt"
	"io"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/deploy/engine"
	"github.com/pilotlight-dr/pilotlight/stacks"
)

// Project is the name of the Pulumi project, which is the namespace of its configuration.
const Project = stacks.Project

// Options say where a stack is and what runs it.
type Options struct {
	// Dir holds Pulumi.yaml and Pulumi.<stack>.yaml.
	Dir string
	// Program is run in this process; nil is stacks.Program.
	Program pulumi.RunFunc
	// EngineRoot is the folder whose bin/pulumi is the engine; empty finds or builds one, see engine.Find.
	EngineRoot string
	// EnvVars are added to the engine's environment, such as PULUMI_BACKEND_URL.
	EnvVars map[string]string
	// Progress is told when an engine has to be built; nil is nobody.
	Progress io.Writer
}

// Stack is one side of a site, opened.
type Stack struct {
	stack auto.Stack
}

// Open selects a stack. It never creates one: a mistyped name is an error, not
// a new stack.
func Open(ctx context.Context, stack string, o Options) (*Stack, error) {
	return open(ctx, stack, o, auto.SelectStackInlineSource)
}

// Create is Open for a stack that may not exist yet.
func Create(ctx context.Context, stack string, o Options) (*Stack, error) {
	return open(ctx, stack, o, auto.UpsertStackInlineSource)
}

type opener func(ctx context.Context, stack, project string, program pulumi.RunFunc, opts ...auto.LocalWorkspaceOption) (auto.Stack, error)

func open(ctx context.Context, stack string, o Options, by opener) (*Stack, error) {
	if o.Program == nil {
		o.Program = stacks.Program
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if o.EngineRoot == "" {
		root, err := engine.Find(ctx, o.Progress)
		if err != nil {
			return nil, err
		}
		o.EngineRoot = root
	}
	command, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{Root: o.EngineRoot})
	if err != nil {
		return nil, fmt.Errorf("using the Pulumi engine in %s: %w", o.EngineRoot, err)
	}
	opened, err := by(ctx, stack, Project, o.Program, auto.WorkDir(o.Dir), auto.EnvVars(o.EnvVars), auto.Pulumi(command))
	if err != nil {
		return nil, fmt.Errorf("opening stack %s: %w", stack, err)
	}
	return &Stack{stack: opened}, nil
}

// parallel is enough workers for every wait of a failover at once: a hook or a
// slow creation holds one for minutes, and the engine's default is four a processor.
const parallel = 64

// Run is what somebody wants to see of one operation.
type Run struct {
	// Event is told of the engine's events, one at a time; nil for none.
	Event func(events.EngineEvent)
	// Output receives what the pulumi command prints; nil for none.
	Output io.Writer
	// ConfigFile is used in place of Pulumi.<stack>.yaml; empty uses that. A
	// preview of another role takes a copy, so that the role is not saved.
	ConfigFile string
}

// SetRole writes the role into the stack's file, as pulumi up -c role=… does.
func (s *Stack) SetRole(ctx context.Context, role stacks.Role) error {
	return s.Set(ctx, "role", string(role))
}

// Set writes a key into the stack's file, as pulumi config set does.
func (s *Stack) Set(ctx context.Context, key, value string) error {
	if err := s.stack.SetConfig(ctx, Project+":"+key, auto.ConfigValue{Value: value}); err != nil {
		return fmt.Errorf("setting %s of stack %s: %w", key, s.stack.Name(), err)
	}
	return nil
}

// Up brings the stack to what its configuration says. The result counts the
// resources by what was done to them: create, update, same … A database that a
// killed update had asked for is taken over first.
func (s *Stack) Up(ctx context.Context, run Run) (map[string]int, error) {
	if err := s.adopt(ctx, run); err != nil {
		return nil, err
	}
	stream, complaints := listen(run)
	// A part that cannot be had must not hold up those that need nothing of it:
	// a site serves without a cache.
	opts := []optup.Option{optup.ContinueOnError(), optup.Parallel(parallel), optup.SuppressOutputs(), optup.EventStreams(stream)}
	if run.ConfigFile != "" {
		opts = append(opts, optup.ConfigFile(run.ConfigFile))
	}
	if run.Output != nil {
		opts = append(opts, optup.ProgressStreams(run.Output), optup.ErrorProgressStreams(run.Output))
	}
	result, err := s.stack.Up(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("updating stack %s: %w", s.stack.Name(), engineError(err, complaints()))
	}
	if result.Summary.ResourceChanges == nil {
		return map[string]int{}, nil
	}
	return *result.Summary.ResourceChanges, nil
}

// Preview tells what Up would do, and changes nothing.
func (s *Stack) Preview(ctx context.Context, run Run) (map[string]int, error) {
	stream, complaints := listen(run)
	opts := []optpreview.Option{optpreview.Parallel(parallel), optpreview.SuppressOutputs(), optpreview.EventStreams(stream)}
	if run.ConfigFile != "" {
		opts = append(opts, optpreview.ConfigFile(run.ConfigFile))
	}
	if run.Output != nil {
		opts = append(opts, optpreview.ProgressStreams(run.Output), optpreview.ErrorProgressStreams(run.Output))
	}
	result, err := s.stack.Preview(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("previewing stack %s: %w", s.stack.Name(), engineError(err, complaints()))
	}
	changes := map[string]int{}
	for op, count := range result.ChangeSummary {
		changes[string(op)] = count
	}
	return changes, nil
}

// Destroy ends the stack's resources. A stack refuses until its configuration
// holds teardown; the program says what is kept.
func (s *Stack) Destroy(ctx context.Context, run Run) error {
	stream, complaints := listen(run)
	opts := []optdestroy.Option{optdestroy.Parallel(parallel), optdestroy.EventStreams(stream)}
	if run.Output != nil {
		opts = append(opts, optdestroy.ProgressStreams(run.Output), optdestroy.ErrorProgressStreams(run.Output))
	}
	if _, err := s.stack.Destroy(ctx, opts...); err != nil {
		return fmt.Errorf("destroying stack %s: %w", s.stack.Name(), engineError(err, complaints()))
	}
	return nil
}

// Unlock removes the lock that a killed update left. Make sure that none is running.
func (s *Stack) Unlock(ctx context.Context) error {
	if err := s.stack.Cancel(ctx); err != nil {
		return fmt.Errorf("unlocking stack %s: %w", s.stack.Name(), err)
	}
	return nil
}

// State is the stack's checkpoint as the backend holds it, an update in
// progress or a killed one included.
func (s *Stack) State(ctx context.Context) ([]byte, error) {
	state, err := s.stack.Export(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the state of stack %s: %w", s.stack.Name(), err)
	}
	return state.Deployment, nil
}

// Outputs are what the stack exports, by the names in package stacks.
func (s *Stack) Outputs(ctx context.Context) (map[string]any, error) {
	outputs, err := s.stack.Outputs(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the outputs of stack %s: %w", s.stack.Name(), err)
	}
	plain := make(map[string]any, len(outputs))
	for name, output := range outputs {
		plain[name] = output.Value
	}
	return plain, nil
}
