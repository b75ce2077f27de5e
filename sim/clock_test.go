package sim_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pilotlight-dr/pilotlight/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newWorld is a world that jumps as soon as it may.
func newWorld(t *testing.T) *sim.World {
	t.Helper()
	w := sim.New(1)
	w.Clock().SetQuiet(2 * time.Millisecond)
	t.Cleanup(w.Close)
	return w
}

func TestSleepersWakeInTheirOrder(t *testing.T) {
	t.Parallel()
	clock := newWorld(t).Clock()
	var mu sync.Mutex
	var woken []string
	var wg sync.WaitGroup
	ctx, release := clock.Hold(t.Context(), "nobody moves before all sleep")
	for _, s := range []struct {
		name string
		due  time.Duration
	}{{"late", time.Hour}, {"b at one", time.Minute}, {"first", time.Second}, {"a at one", time.Minute}, {"c at one", time.Minute}} {
		held, done := clock.Hold(context.WithoutCancel(t.Context()), s.name)
		wg.Go(func() {
			defer done()
			assert.NoError(t, clock.Sleep(held, s.due))
			assert.Equal(t, sim.Epoch.Add(s.due), clock.Now())
			mu.Lock()
			defer mu.Unlock()
			woken = append(woken, s.name)
		})
	}
	release()
	wg.Wait()
	assert.NoError(t, ctx.Err())
	assert.Equal(t, []string{"first", "a at one", "b at one", "c at one", "late"}, woken)
}

func TestHundredsOfSleepersEndAtTheLatest(t *testing.T) {
	t.Parallel()
	clock := newWorld(t).Clock()
	var wg sync.WaitGroup
	for i := range 100 {
		ctx, done := clock.Hold(t.Context(), fmt.Sprint(i))
		wg.Go(func() {
			defer done()
			for range 2 {
				assert.NoError(t, clock.Sleep(ctx, time.Duration(i+1)*time.Second))
			}
		})
	}
	wg.Wait()
	assert.Equal(t, sim.Epoch.Add(200*time.Second), clock.Now())
}

func TestTimeStandsStillWhileSomebodyIsAwake(t *testing.T) {
	t.Parallel()
	clock := newWorld(t).Clock()
	_, release := clock.Hold(t.Context(), "awake")
	slept := make(chan error)
	go func() { slept <- clock.Sleep(t.Context(), time.Minute) }()
	assert.Never(t, func() bool { return clock.Now().After(sim.Epoch) }, 50*time.Millisecond, 5*time.Millisecond)
	release()
	assert.NoError(t, <-slept)
	assert.Equal(t, sim.Epoch.Add(time.Minute), clock.Now())
}

func TestAHoldInsideAHoldCountsOnce(t *testing.T) {
	t.Parallel()
	clock := newWorld(t).Clock()
	ctx, release := clock.Hold(t.Context(), "outer")
	defer release()
	ctx, inner := clock.Hold(ctx, "inner")
	assert.NoError(t, clock.Sleep(ctx, time.Minute), "the outer hold must be given up too")
	inner()
}

func TestTheEngineHoldsTheClock(t *testing.T) {
	t.Parallel()
	clock := newWorld(t).Clock()
	var doing atomic.Int32
	doing.Store(int32(sim.Working))
	clock.SetEngine(func() (sim.Activity, uint64) { return sim.Activity(doing.Load()), 0 })
	slept := make(chan error)
	go func() { slept <- clock.Sleep(t.Context(), time.Minute) }()
	assert.Never(t, func() bool { return clock.Now().After(sim.Epoch) }, 50*time.Millisecond, 5*time.Millisecond)
	doing.Store(int32(sim.Waiting))
	assert.NoError(t, <-slept)
}

func TestACancelledSleeperLeaves(t *testing.T) {
	t.Parallel()
	clock := newWorld(t).Clock()
	_, release := clock.Hold(t.Context(), "awake")
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	slept := make(chan error)
	go func() { slept <- clock.Sleep(ctx, time.Minute) }()
	cancel()
	assert.ErrorIs(t, <-slept, context.Canceled)
	assert.Equal(t, sim.Epoch, clock.Now())
}

func TestAdvanceWakesWhoeverFallsDue(t *testing.T) {
	t.Parallel()
	clock := newWorld(t).Clock()
	_, release := clock.Hold(t.Context(), "awake")
	defer release()
	slept := make(chan error, 1)
	go func() { slept <- clock.Sleep(t.Context(), time.Minute) }()
	require.Eventually(t, func() bool {
		clock.Advance(time.Minute)
		return len(slept) == 1
	}, time.Second, time.Millisecond)
	assert.NoError(t, <-slept)
}

func TestCloseWakesEverybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, release := w.Clock().Hold(t.Context(), "awake")
	defer release()
	slept := make(chan error)
	go func() { slept <- w.Clock().Sleep(t.Context(), time.Minute) }()
	w.Close()
	assert.ErrorIs(t, <-slept, sim.ErrClosed)
	assert.ErrorIs(t, w.Clock().Sleep(t.Context(), time.Minute), sim.ErrClosed)
}

func TestTimePassesWhileNobodyIsThere(t *testing.T) {
	t.Parallel()
	clock := newWorld(t).Clock()
	assert.True(t, clock.Pass(time.Hour))
	assert.Equal(t, sim.Epoch.Add(time.Hour), clock.Now())

	ctx, release := clock.Hold(t.Context(), "awake")
	assert.False(t, clock.Pass(time.Hour), "somebody is awake")
	var asleep sync.WaitGroup
	bed, leave := context.WithCancel(ctx)
	_, guard := clock.Hold(context.WithoutCancel(t.Context()), "guard") // or the sleeper would be woken
	asleep.Go(func() { assert.ErrorIs(t, clock.Sleep(bed, time.Minute), context.Canceled) })
	leave()
	asleep.Wait()
	guard()
	release()
	assert.True(t, clock.Pass(time.Hour))
	assert.Equal(t, sim.Epoch.Add(2*time.Hour), clock.Now())
}
