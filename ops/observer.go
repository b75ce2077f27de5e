package ops

import (
	"context"
	"errors"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
)

// observer sees what the program does in this process. The engine, which runs in
// another, passes on mere text: no types, no report.
type observer struct {
	mu      sync.Mutex
	ctx     context.Context //nolint:containedctx // of the running operation, for hooks, which get none
	refusal *refusal.Error
	verdict *checks.Verdict
	report  *report.Report

	telling sync.Mutex
	run     Run // what is to be seen of it

	flying  sync.Mutex
	flights []flight
}

// begin forgets what was seen of the last operation.
func (w *observer) begin(ctx context.Context, run Run) {
	w.mu.Lock()
	w.ctx, w.refusal, w.verdict, w.report = ctx, nil, nil, nil
	w.mu.Unlock()
	w.flying.Lock()
	w.flights = nil
	w.flying.Unlock()
	w.telling.Lock()
	defer w.telling.Unlock()
	w.run = run
}

// program is the program of a stack, watched.
func (w *observer) program(of program, env failover.Env, dir string) pulumi.RunFunc {
	reported := env.Report
	if reported == nil {
		reported = report.KeepReports(dir, func(err error) { w.say("no report is kept: " + err.Error()) })
	}
	env.Project = dir
	if env.FindHalted == nil {
		env.FindHalted = report.Halted(dir)
	}
	env = env.Observing(w.step)
	env.Progress = w.progress
	env.Report = func(r report.Report) {
		reported(r)
		w.reported(r)
	}
	return func(ctx *pulumi.Context) error {
		err := onOwnStack(func() error { return of(w.wanted(env))(ctx) })
		w.ended(err)
		return err
	}
}

// onOwnStack runs a program in a goroutine, and returns or panics as it does. With each resource the SDK
// saves the calls that led to it: those of the Automation API and of gRPC below the program were
// half of a state, which is written at each step of an update.
func onOwnStack(program func() error) error {
	var panicked any
	ended, err := make(chan struct{}), errors.New("the program did not come to its end")
	go func() {
		defer close(ended)
		defer func() { panicked = recover() }()
		err = program()
	}()
	<-ended
	if panicked != nil {
		panic(panicked)
	}
	return err
}

// wanted is an environment that ends with the operation.
func (w *observer) wanted(env failover.Env) failover.Env {
	w.mu.Lock()
	defer w.mu.Unlock()
	env.Context = w.ctx
	return env
}

func (w *observer) step(step report.Step) {
	w.mu.Lock()
	switch v := step.Verdict; {
	case v != nil:
		w.verdict = v
	case step.Kind == report.CheckStep && step.Err != "": // they could not be made
		w.refusal = &refusal.Error{Code: refusal.CodeChecks, Reason: step.Err}
	}
	w.mu.Unlock()
	w.tell(func(run Run) {
		if run.Step != nil {
			run.Step(step)
		}
	})
}

// say passes a line on to the operation's Run, fit for a terminal.
func (w *observer) say(line string) {
	line = report.Escape(line)
	w.tell(func(run Run) { run.say(line) })
}

// progress passes on what was seen of something that is waited for.
func (w *observer) progress(awaits, seen string) {
	w.tell(func(run Run) { run.progress(Progress{Awaits: awaits, Seen: seen}) })
}

// event passes one of the engine's events on to the operation's Run.
func (w *observer) event(e events.EngineEvent) {
	w.track(e)
	w.tell(func(run Run) {
		if run.Event != nil {
			run.Event(e)
		}
	})
}

func (w *observer) reported(r report.Report) {
	w.mu.Lock()
	w.report = &r
	w.mu.Unlock()
	w.tell(func(run Run) {
		if run.Report != nil {
			run.Report(r)
		}
	})
}

// tell calls the operation's Run, one call at a time.
func (w *observer) tell(something func(Run)) {
	w.telling.Lock()
	defer w.telling.Unlock()
	something(w.run)
}

// end stops all calls: hooks and events may be late.
func (w *observer) end() {
	w.telling.Lock()
	defer w.telling.Unlock()
	w.run = Run{}
}

func (w *observer) ended(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if refused, ok := errors.AsType[*refusal.Error](refuseConfig(err)); ok {
		w.refusal = refused
	}
}

// seen is what there was to see of the operation.
func (w *observer) seen() (verdict *checks.Verdict, report *report.Report, refused *refusal.Error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.verdict, w.report, w.refusal
}
