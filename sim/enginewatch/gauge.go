// Package enginewatch tells whether a Pulumi engine that drives this process works or
// waits, by balancing its calls: what the program asked of the engine, minus
// what the engine asked of providers and hooks, is what the engine itself has
// in hand. A simulated clock may move when that is nothing, and when the program
// has nothing in hand either: on a busy machine it may take long from one answer
// to what it asks next.
//
// The program's side is seen through OpenTelemetry: Pulumi's SDK traces its gRPC
// calls with the global tracer provider.
package enginewatch

import (
	"context"
	"runtime/metrics"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// shutdown is the call that a program ends with. It lasts as long as the engine
// deletes what the program no longer has, so nothing balances any more.
const shutdown = "pulumirpc.ResourceMonitor/SignalAndWaitForShutdown"

// patience is how long the engine may seem to work while nothing moves; a busy disk
// alone takes seconds for the state. After a failure the engine may never answer what
// the program asked, and with more to do than it has workers only time can free one;
// from then on nothing balances until the program ends.
const patience = 30 * time.Second

// balance counts what is under way in this process, over all its engines.
var balance struct {
	sync.Mutex
	programs, ending       int
	asked, provided, hooks int
	moves                  uint64
	moved                  time.Time // the last move
	off                    bool      // it does not balance any more
}

// install puts the tracer in place once.
var install = sync.OnceFunc(func() { otel.SetTracerProvider(tracers{}) })

// Install begins to count, taking the place of the process's global tracer
// provider, and returns what Clock.SetEngine wants. It may be called again.
func Install() func() (doing sim.Activity, moves uint64) {
	install()
	return look
}

// look tells what the engines of this process are doing, and counts their moves.
func look() (doing sim.Activity, moves uint64) {
	balance.Lock()
	defer balance.Unlock()
	switch inHand := balance.asked - balance.provided - balance.hooks; {
	case balance.programs == 0:
		balance.off = false
	case balance.off || balance.ending > 0:
	case inHand > 0 && time.Since(balance.moved) > patience:
		balance.off = true
	case inHand > 0:
		doing = sim.Working
	case inHand == 0 && busy() && time.Since(balance.moved) < patience:
		doing = sim.Working
	case inHand == 0:
		doing = sim.Waiting
	}
	return doing, balance.moves
}

// busy tells whether anything in this process runs, or is about to, beside the caller.
func busy() bool {
	goroutines := []metrics.Sample{{Name: "/sched/goroutines/running:goroutines"}, {Name: "/sched/goroutines/runnable:goroutines"}}
	metrics.Read(goroutines)
	return goroutines[0].Value.Uint64()+goroutines[1].Value.Uint64() > 1
}

// Cancelled notes that an engine was interrupted: it may leave unanswered what its
// program asked, so nothing balances until the program ends.
func Cancelled() {
	balance.Lock()
	defer balance.Unlock()
	balance.off = balance.programs > 0
	balance.moves++
	balance.moved = time.Now()
}

// Serving counts a provider call until done.
func Serving() (done func()) { return count(&balance.provided) }

func count(what *int) (done func()) {
	add := func(n int) {
		balance.Lock()
		defer balance.Unlock()
		if balance.programs == 0 {
			balance.off = false // a program that begins is counted from nothing
		}
		*what += n
		balance.moves++
		balance.moved = time.Now()
	}
	add(1)
	return sync.OnceFunc(func() { add(-1) })
}

// counter finds what a span counts as.
func counter(name string, kind trace.SpanKind) *int {
	switch {
	case kind == trace.SpanKindServer && name == "pulumirpc.Callbacks/Invoke":
		return &balance.hooks
	case kind == trace.SpanKindServer && name == "pulumirpc.LanguageRuntime/Run":
		return &balance.programs
	case kind == trace.SpanKindClient && name == shutdown:
		return &balance.ending
	case kind == trace.SpanKindClient && strings.HasPrefix(name, "pulumirpc.ResourceMonitor/"):
		return &balance.asked
	}
	return nil
}

type tracers struct{ noop.TracerProvider }

// Tracer gives the counting tracer to whoever asks.
func (tracers) Tracer(string, ...trace.TracerOption) trace.Tracer { return tracer{} }

type tracer struct{ noop.Tracer }

// Start counts a span if it is one of the engine's.
func (t tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	ctx, plain := t.Tracer.Start(ctx, name, opts...)
	config := trace.NewSpanStartConfig(opts...)
	what := counter(name, config.SpanKind())
	if what == nil {
		return ctx, plain
	}
	s := span{Span: plain, done: count(what)}
	return trace.ContextWithSpan(ctx, s), s
}

type span struct {
	trace.Span
	done func()
}

// End counts the span out.
func (s span) End(options ...trace.SpanEndOption) {
	s.done()
	s.Span.End(options...)
}
