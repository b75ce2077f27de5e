// Package ops operates a site through Pulumi's Automation API. The command stands on it, and
// other tools embed it.
//
// A Site is the two stacks of a site with the operator's verbs: see what is (Status), what
// would be (Plan) and whether all is ready (Check), and move the site (Failover, Switchover
// and what follows). A Stack is one of them, for what pulumi up, preview and destroy do.
//
// Cancelling a context is like Ctrl-C: AWS finishes what has begun, nothing new begins, and
// the same call resumes later. A program may operate several sites at once, each by a Site.
package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops/engine"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/state"
)

// Stack is one side of a site, opened.
//
// An operation whose context ends begins nothing new, and waits until AWS has done what
// was begun: then the state knows of it, and the lock is released. Closing
// Options.Abandon ends that wait. The engine and its providers are killed then, their
// lock is released, and the next operation looks for what AWS was making.
//
// Its many methods are steps of few operations: each needs the engine, the options and the
// observer of the one stack, and no two may run at once.
type Stack struct {
	stack     auto.Stack
	options   Options
	observer  *observer
	takesOver map[string]string // what is taken over from a killed update: the inputs that are the id, by type
	where     func() (failover.Site, error)
	one       turn // operation at a time
}

// Open selects a stack. It never creates one: a mistyped name is an error, not
// a new stack, and errors.Is finds ErrNoStack in it.
func Open(ctx context.Context, stack string, o Options) (*Stack, error) {
	return open(ctx, stack, o, auto.SelectStackInlineSource, stacks.In)
}

// Create is Open for a stack that may not exist yet. Its secrets are encrypted by what its file names, or else by what the file of its
// peer does: the one stack reads what the other holds.
func Create(ctx context.Context, stack string, o Options) (*Stack, error) {
	var with []auto.LocalWorkspaceOption
	if provider := newProvider(o.Dir, stack); provider != "" {
		with = append(with, auto.SecretsProvider(provider))
	}
	return open(ctx, stack, o, auto.UpsertStackInlineSource, stacks.In, with...)
}

// program is what a stack is made by, in an environment.
type program func(failover.Env) pulumi.RunFunc

type opener func(ctx context.Context, stack, project string, program pulumi.RunFunc, opts ...auto.LocalWorkspaceOption) (auto.Stack, error)

func open(ctx context.Context, stack string, o Options, by opener, program program, with ...auto.LocalWorkspaceOption) (*Stack, error) {
	if err := o.requireSameAWS(); err != nil {
		return nil, err
	}
	if o.EngineRoot == "" && o.Command == nil {
		root, err := engine.Find(ctx, o.progress())
		if err != nil {
			return nil, err
		}
		o.EngineRoot = root
	}
	command, err := o.command()
	if err != nil {
		return nil, err
	}
	if o.located == nil {
		o.located = newLocated()
	}
	w := &observer{}
	with = append(with, auto.WorkDir(o.Dir), auto.EnvVars(o.EnvVars), auto.Pulumi(engine.WithoutSelecting(engine.WithoutRefresh(command))))
	opened, err := by(ctx, stack, config.Project, w.program(program, o.Env, o.Dir), with...)
	switch {
	case auto.IsSelectStack404Error(err): // it knows its own errors only as they are
		return nil, fmt.Errorf("opening stack %s: %w", stack, ErrNoStack)
	case err != nil && strings.Contains(err.Error(), "PULUMI_ACCESS_TOKEN must be set"):
		return nil, fmt.Errorf("opening stack %s: %w", stack, notLoggedIn(o.Dir, stack))
	case err != nil:
		return nil, fmt.Errorf("opening stack %s: %w", stack, cause(ctx, err))
	}
	made := &Stack{stack: opened, options: o, observer: w, one: make(turn, 1), takesOver: takeoverIDs, where: func() (failover.Site, error) {
		c, err := config.ReadFile(filepath.Join(o.Dir, config.FileName(stack)))
		return stacks.RuntimeSite(c, roles.Claim{}, state.State{}), err
	}}
	if c, ok := command.(*engine.Command); ok {
		c.Started, c.Ended = made.engineBegins, made.engineEnds
	}
	return made, nil
}

// store opens the files of the backend.
func (s *Stack) store(ctx context.Context) (*backend.Store, error) {
	address, err := backendURL(ctx, s.options)
	if err != nil {
		return nil, err
	}
	return backend.OpenStore(ctx, address, s.options.Dir, s.options.Env.AWS)
}

// Name is the stack's.
func (s *Stack) Name() string { return s.stack.Name() }

// parallel is enough workers for every wait of a failover at once: a hook or a
// slow creation holds one for minutes, and the engine's default is four a processor.
const parallel = 64

// Result is what an operation on a stack did, or would do.
type Result struct {
	// Changes counts the resources by what was done to them: create, update, same …
	Changes map[string]int
	// Verdict is what the checks found; nil when none had to be made.
	Verdict *checks.Verdict
	// Report is that of a change of role; nil when the role stayed, and of a preview.
	Report *report.Report
	// Notes say what is left to a person, such as to look for what a killed update may have left on AWS.
	Notes []string
}

// follows makes it the result of two updates, of which the later one ended as next. What that found in order is
// what the first had done, or was so before.
func (r *Result) follows(next Result) {
	for op, count := range r.Changes {
		if op != "same" {
			next.Changes[op] += count
		}
	}
	next.Notes = append(r.Notes, next.Notes...)
	next.Verdict, next.Report = cmp.Or(next.Verdict, r.Verdict), cmp.Or(next.Report, r.Report) // the second may have had none to make
	*r = next
}

// idle reports that the operation changed nothing.
func (r Result) idle() bool {
	for op, count := range r.Changes {
		if op != "same" && count > 0 {
			return false
		}
	}
	return true
}

// Up brings the stack to what its configuration says. What a killed update had asked for is taken over first, and
// what AWS made without being heard is taken over as soon as it is in the way. What it got done is in the result
// also when it fails, and the error is a *RefusedError or a *StoppedError, where it got as far as asking the engine.
func (s *Stack) Up(ctx context.Context, run Run) (result Result, err error) {
	defer noteEnd(ctx, &err)
	end, err := s.takeTurn(ctx)
	if err != nil {
		return result, err
	}
	defer end()
	s.observer.begin(ctx, run)
	s.releaseLeftLocks(ctx, run)
	left, err := s.prepare(ctx, run, nil)
	if err != nil {
		return Result{Notes: s.orphanNotes(ctx, left, false)}, err
	}
	unread := left.unread
	defer func() {
		notes, failed := s.markUndone(ctx, unread)
		result.Notes = append(result.Notes, notes...)
		if failed != nil {
			err = errors.Join(err, failed)
		}
	}()
	tried := map[urn.URN]bool{}
	for {
		var refused refusedNames
		done, err := s.up(ctx, run.With(Run{Event: refused.see}))
		result.follows(done)
		result.Notes = append(result.Notes, s.orphanNotes(ctx, left, err == nil)...)
		names := refused.untried(tried)
		if err == nil || ctx.Err() != nil || len(names) == 0 {
			return result, err
		}
		var failed error
		run.unmade = nil // it is replaced
		left, failed = s.prepare(ctx, run, names)
		unread = append(unread, left.unread...)
		if failed != nil || len(left.taken) == 0 { // AWS has others' things of these names
			result.Notes = append(result.Notes, s.orphanNotes(ctx, left, false)...)
			if failed != nil {
				err = errors.Join(err, failed)
			}
			return result, err
		}
		run.say("AWS had made without being heard, and the state has it now: " + strings.Join(left.taken, ", "))
	}
}

func (s *Stack) up(ctx context.Context, run Run) (Result, error) {
	replace, err := s.still(ctx, run.replace)
	if err != nil {
		return Result{}, err
	}
	// A part that cannot be had must not block those that need nothing of it:
	// a site serves without a cache.
	opts := []optup.Option{optup.ContinueOnError(), optup.Parallel(parallel), optup.SuppressOutputs()}
	if run.ConfigFile != "" {
		opts = append(opts, optup.ConfigFile(run.ConfigFile))
	}
	if len(replace) > 0 {
		opts = append(opts, optup.Replace(replace))
	}
	var changes *map[string]int
	err = s.operate(ctx, run, "updating", func(stream chan<- events.EngineEvent) error {
		up, err := s.stack.Up(ctx, append(opts, optup.EventStreams(stream))...)
		changes = up.Summary.ResourceChanges
		return err
	})
	return s.result(changes), err
}

// Preview tells what Up would do, and changes nothing. What the checks find wrong
// is in the result, and no error; that they could not be made is a *RefusedError.
func (s *Stack) Preview(ctx context.Context, run Run) (_ Result, err error) {
	defer noteRead(ctx, &err)
	end, err := s.takeTurn(ctx)
	if err != nil {
		return Result{}, err
	}
	defer end()
	return s.preview(ctx, run)
}

func (s *Stack) preview(ctx context.Context, run Run) (Result, error) {
	opts := []optpreview.Option{optpreview.Parallel(parallel), optpreview.SuppressOutputs()}
	if run.ConfigFile != "" {
		opts = append(opts, optpreview.ConfigFile(run.ConfigFile))
	}
	changes := map[string]int{}
	err := s.operate(ctx, run, "previewing", func(stream chan<- events.EngineEvent) error {
		preview, err := s.stack.Preview(ctx, append(opts, optpreview.EventStreams(stream))...)
		for op, count := range preview.ChangeSummary {
			changes[string(op)] = count
		}
		return err
	})
	result := s.result(&changes)
	if err != nil {
		return result, err
	}
	if _, _, refused := s.observer.seen(); refused != nil {
		result.Verdict = nil
		return result, refused.Of(s.Name())
	}
	return result, nil
}

// Destroy ends the stack's resources. A stack refuses until its configuration
// holds teardown; the program says what is kept.
func (s *Stack) Destroy(ctx context.Context, run Run) (err error) {
	defer noteEnd(ctx, &err)
	end, err := s.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer end()
	s.releaseLeftLocks(ctx, run)
	return s.operate(ctx, run, "destroying", func(stream chan<- events.EngineEvent) error {
		_, err := s.stack.Destroy(ctx, optdestroy.Parallel(parallel), optdestroy.EventStreams(stream))
		return err
	})
}

// operate has the engine do something that a Run follows.
func (s *Stack) operate(ctx context.Context, run Run, doing string, do func(stream chan<- events.EngineEvent) error) error {
	stream, complaints := s.follow(ctx, run)
	err := do(stream)
	complained := complaints()
	if err != nil {
		return s.failed(ctx, doing, err, complained)
	}
	return nil
}

// follow begins an operation that a Run follows.
func (s *Stack) follow(ctx context.Context, run Run) (stream chan events.EngineEvent, complaints func() []string) {
	s.observer.begin(ctx, run)
	run.Say, run.Event = s.observer.say, s.observer.event
	stream, heard := listen(run)
	stop := s.observer.tellFlights(ctx)
	return stream, func() []string {
		stop()
		return heard()
	}
}

// result is what was seen of the operation that ended.
func (s *Stack) result(changes *map[string]int) Result {
	verdict, report, _ := s.observer.seen()
	r := Result{Changes: map[string]int{}, Verdict: verdict, Report: report}
	if changes != nil {
		r.Changes = *changes
	}
	return r
}

// cause is why a command of the engine failed: it says only in words that its context ended.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Export is the stack's checkpoint as the backend holds it, an update in
// progress or a killed one included. It holds the secrets in plain text.
func (s *Stack) Export(ctx context.Context) (_ []byte, err error) {
	defer noteRead(ctx, &err)
	return s.text(ctx)
}

// text is Export in the middle of something else.
func (s *Stack) text(ctx context.Context) ([]byte, error) {
	exported, err := s.export(ctx)
	if err != nil {
		return nil, err
	}
	return exported.Deployment, nil
}

func (s *Stack) export(ctx context.Context) (*apitype.UntypedDeployment, error) {
	exported, err := s.stack.Export(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the state of stack %s: %w", s.stack.Name(), cause(ctx, err))
	}
	return &exported, nil
}

// State is what the stack holds about itself and its peer.
func (s *Stack) State(ctx context.Context) (_ state.State, err error) {
	defer noteRead(ctx, &err)
	saved, err := s.saved(ctx)
	if err != nil {
		return state.State{}, err
	}
	return state.Of(saved)
}

// Outputs are what the stack exports, by the names in package stacks.
func (s *Stack) Outputs(ctx context.Context) (_ map[string]any, err error) {
	defer noteRead(ctx, &err)
	outputs, err := s.stack.Outputs(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the outputs of stack %s: %w", s.stack.Name(), cause(ctx, err))
	}
	plain := make(map[string]any, len(outputs))
	for name, output := range outputs {
		plain[name] = output.Value
	}
	return plain, nil
}
