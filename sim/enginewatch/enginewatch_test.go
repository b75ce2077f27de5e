package enginewatch_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/enginewatch"
)

func watch(t *testing.T) (look func() (sim.Activity, uint64)) {
	t.Helper()
	g := enginewatch.New()
	t.Cleanup(g.Close)
	return g.Look
}

// TestTheBalance follows one update: the engine works whenever the program has
// asked for something that neither a provider nor a hook is busy with.
func TestTheBalance(t *testing.T) {
	look := watch(t)
	tracer := otel.Tracer("pulumi-cli")
	span := func(name string, kind trace.SpanKind) (end func()) {
		_, s := tracer.Start(t.Context(), name, trace.WithSpanKind(kind))
		return func() { s.End() }
	}
	_, before := look()
	expect := func(want sim.Activity, why string) {
		t.Helper()
		assert.Eventually(t, func() bool { // the runtime has work of its own, now and then
			doing, moves := look()
			before = moves
			return doing == want
		}, time.Second, 100*time.Microsecond, why)
	}
	expect(sim.Unknown, "no program runs")
	program := span("pulumirpc.LanguageRuntime/Run", trace.SpanKindServer)
	expect(sim.Waiting, "the program has asked for nothing")
	first := span("pulumirpc.ResourceMonitor/RegisterResource", trace.SpanKindClient)
	expect(sim.Working, "the engine has a resource in hand")
	served := enginewatch.Serving(t.Context())
	expect(sim.Waiting, "the provider has it")
	second := span("pulumirpc.ResourceMonitor/RegisterResource", trace.SpanKindClient)
	expect(sim.Working, "one of two is with the provider")
	hook := span("pulumirpc.Callbacks/Invoke", trace.SpanKindServer)
	expect(sim.Waiting, "a hook has the other")
	hook()
	second()
	served()
	served() // done twice counts once
	expect(sim.Working, "the engine writes the first down")
	first()
	expect(sim.Waiting, "all is done")
	other := span("pulumirpc.Engine/Log", trace.SpanKindClient)
	expect(sim.Waiting, "a log message is no work")
	other()
	ending := span("pulumirpc.ResourceMonitor/SignalAndWaitForShutdown", trace.SpanKindClient)
	deleting := enginewatch.Serving(t.Context())
	expect(sim.Unknown, "the engine deletes by itself")
	deleting()
	ending()
	program()
	expect(sim.Unknown, "the program is over")
	_, after := look()
	assert.Equal(t, before, after, "looking is no move")
}

// TestTheProgramsOwnWork is what lies between an answer and the next question. It
// takes a processor and tells nobody.
func TestTheProgramsOwnWork(t *testing.T) {
	look := watch(t)
	_, program := otel.Tracer("pulumi-cli").Start(t.Context(), "pulumirpc.LanguageRuntime/Run", trace.WithSpanKind(trace.SpanKindServer))
	defer program.End()
	var done atomic.Bool
	var working sync.WaitGroup
	working.Go(func() {
		for !done.Load() {
		}
	})
	for range 100 {
		doing, _ := look()
		assert.Equal(t, sim.Working, doing)
	}
	done.Store(true)
	working.Wait()
	assert.Eventually(t, func() bool { doing, _ := look(); return doing == sim.Waiting }, time.Second, 100*time.Microsecond)
}

// TestWorldsSideBySide: each clock looks every millisecond, which must not keep the
// others from moving.
func TestWorldsSideBySide(t *testing.T) {
	look := watch(t)
	_, program := otel.Tracer("pulumi-cli").Start(t.Context(), "pulumirpc.LanguageRuntime/Run", trace.WithSpanKind(trace.SpanKindServer))
	defer program.End()
	var asleep sync.WaitGroup
	for seed := range uint64(8) {
		w := sim.New(seed)
		defer w.Close()
		w.Clock().SetEngine(look)
		asleep.Go(func() {
			for range 10 {
				assert.NoError(t, w.Clock().Sleep(t.Context(), time.Minute))
			}
			assert.Equal(t, sim.Epoch.Add(10*time.Minute), w.Clock().Now())
		})
	}
	asleep.Wait()
}

// TestAfterAFailureNothingBalances: the engine never answers what failed, so the
// watch gives up on this program, and counts anew for the next.
func TestAfterAFailureNothingBalances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		look := watch(t)
		tracer := otel.Tracer("pulumi-cli")
		begin := func() (program, asked trace.Span) {
			_, program = tracer.Start(t.Context(), "pulumirpc.LanguageRuntime/Run", trace.WithSpanKind(trace.SpanKindServer))
			_, asked = tracer.Start(t.Context(), "pulumirpc.ResourceMonitor/RegisterResource", trace.WithSpanKind(trace.SpanKindClient))
			return program, asked
		}
		program, asked := begin()
		doing, _ := look()
		assert.Equal(t, sim.Working, doing)
		time.Sleep(31 * time.Second)
		doing, _ = look()
		assert.Equal(t, sim.Unknown, doing)
		enginewatch.Serving(t.Context())()
		doing, _ = look()
		assert.Equal(t, sim.Unknown, doing, "one move does not mend it")
		asked.End()
		program.End()

		program, asked = begin()
		doing, _ = look()
		assert.Equal(t, sim.Working, doing, "the next program is another matter")
		asked.End()
		enginewatch.Cancelled(t.Context())
		doing, _ = look()
		assert.Equal(t, sim.Unknown, doing, "nor does an interrupted engine answer all that it was asked")
		program.End()
	})
}
