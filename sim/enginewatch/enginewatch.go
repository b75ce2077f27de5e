// Package enginewatch reports whether the Pulumi engine that drives a world works or
// waits. It counts calls: what the program asked of the engine, minus what the engine
// asked of providers and hooks, is the work that the engine itself still has. A simulated
// clock may advance only when the engine has no work and the program has none either: on
// a busy machine the program may need long from one answer to its next call.
//
// OpenTelemetry shows the program's side: Pulumi's SDK traces its gRPC calls with the
// global tracer provider. An engine that propagates the trace context marks each call
// with its world. The calls of engines that do not, such as the pulumi command, are
// counted together.
package enginewatch

import (
	"context"
	"crypto/rand"
	"runtime/metrics"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc/metadata"

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

// A Watch observes the engine of one world.
type Watch struct {
	trace trace.SpanContext
	own   balance
}

var (
	mu       sync.Mutex
	watches  = map[trace.TraceID]*Watch{}
	untraced balance // of engines that propagate no trace
)

// install puts the tracer in place once.
var install = sync.OnceFunc(func() {
	otel.SetTracerProvider(tracers{})
	otel.SetTextMapPropagator(propagation.TraceContext{})
})

// New starts to count for a world. It replaces the process's global tracer provider.
// Close the watch.
func New() *Watch {
	install()
	var config trace.SpanContextConfig
	_, _ = rand.Read(config.TraceID[:]) // it never fails
	_, _ = rand.Read(config.SpanID[:])
	w := &Watch{trace: trace.NewSpanContext(config)}
	mu.Lock()
	defer mu.Unlock()
	watches[config.TraceID] = w
	return w
}

// Close ends the count: later calls of this world count as those of an unknown world.
func (w *Watch) Close() {
	mu.Lock()
	defer mu.Unlock()
	delete(watches, w.trace.TraceID())
}

// Trace is the traceparent that an engine must propagate in its calls.
func (w *Watch) Trace() string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(trace.ContextWithSpanContext(context.Background(), w.trace), carrier)
	return carrier.Get("traceparent")
}

// Look reports what the engine of this world is doing and how many calls began and
// ended so far, for Clock.SetEngine.
func (w *Watch) Look() (doing sim.Activity, moves uint64) {
	doing, own, programs := w.own.look()
	other, others, _ := untraced.look()
	if programs == 0 {
		doing = other
	}
	return doing, own + others
}

// Serving counts a provider call until done.
func Serving(ctx context.Context) (done func()) {
	b := called(ctx)
	return b.count(&b.provided)
}

// Cancelled notes that an engine was interrupted, which told the provider so: it may
// leave unanswered what its program asked, so nothing balances until the program ends.
func Cancelled(ctx context.Context) {
	b := called(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.off = b.programs > 0
	b.moves++
	b.moved = time.Now()
}

// called finds the balance of the world that a provider call is about.
func called(ctx context.Context) *balance {
	carrier := propagation.MapCarrier{}
	if sent := metadata.ValueFromIncomingContext(ctx, "traceparent"); len(sent) > 0 {
		carrier.Set("traceparent", sent[0])
	}
	return of(propagation.TraceContext{}.Extract(ctx, carrier))
}

// of finds the balance of the world whose trace a context carries.
func of(ctx context.Context) *balance {
	mu.Lock()
	defer mu.Unlock()
	if w := watches[trace.SpanContextFromContext(ctx).TraceID()]; w != nil {
		return &w.own
	}
	return &untraced
}

// balance counts what is under way.
type balance struct {
	mu                     sync.Mutex
	programs, ending       int
	asked, provided, hooks int
	moves                  uint64
	moved                  time.Time // the last move
	off                    bool      // it does not balance any more
}

func (b *balance) look() (doing sim.Activity, moves uint64, programs int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch inHand := b.asked - b.provided - b.hooks; {
	case b.programs == 0:
		b.off = false
	case b.off || b.ending > 0:
	case inHand > 0 && time.Since(b.moved) > patience:
		b.off = true
	case inHand > 0:
		doing = sim.Working
	case inHand == 0 && busy() && time.Since(b.moved) < patience:
		doing = sim.Working
	case inHand == 0:
		doing = sim.Waiting
	}
	return doing, b.moves, b.programs
}

// busy reports whether anything in this process runs, or is about to, beside the caller.
func busy() bool {
	goroutines := []metrics.Sample{{Name: "/sched/goroutines/running:goroutines"}, {Name: "/sched/goroutines/runnable:goroutines"}}
	metrics.Read(goroutines)
	return goroutines[0].Value.Uint64()+goroutines[1].Value.Uint64() > 1
}

func (b *balance) count(what *int) (done func()) {
	add := func(n int) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.programs == 0 {
			b.off = false // a program that begins is counted from nothing
		}
		*what += n
		b.moves++
		b.moved = time.Now()
	}
	add(1)
	return sync.OnceFunc(func() { add(-1) })
}

// counter finds what a span counts as.
func (b *balance) counter(name string, kind trace.SpanKind) *int {
	switch {
	case kind == trace.SpanKindServer && name == "pulumirpc.Callbacks/Invoke":
		return &b.hooks
	case kind == trace.SpanKindServer && name == "pulumirpc.LanguageRuntime/Run":
		return &b.programs
	case kind == trace.SpanKindClient && name == shutdown:
		return &b.ending
	case kind == trace.SpanKindClient && strings.HasPrefix(name, "pulumirpc.ResourceMonitor/"):
		return &b.asked
	}
	return nil
}

type tracers struct{ noop.TracerProvider }

// Tracer gives the counting tracer to each caller.
func (tracers) Tracer(string, ...trace.TracerOption) trace.Tracer { return tracer{} }

type tracer struct{ noop.Tracer }

// Start counts a span if it is one of the engine's.
func (tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	b, config := of(ctx), trace.NewSpanStartConfig(opts...)
	// A span of its own: the embedded tracer would give back the parent, to be ended again.
	inside := trace.ContextWithSpanContext(ctx, trace.SpanContextFromContext(ctx))
	s := span{Span: trace.SpanFromContext(inside), done: func() {}}
	if what := b.counter(name, config.SpanKind()); what != nil {
		s.done = b.count(what)
	}
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
