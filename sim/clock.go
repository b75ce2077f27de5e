package sim

import (
	"container/heap"
	"context"
	"errors"
	"sync"
	"time"
)

// Epoch is when every world begins: a Monday, three in the morning.
var Epoch = time.Date(2026, time.March, 2, 3, 0, 0, 0, time.UTC)

// ErrClosed is what sleepers get when their clock is closed.
var ErrClosed = errors.New("the simulated world has been closed")

// How long nothing must have moved before time jumps. With an engine that is
// watched a few milliseconds are enough; without one, 50 ms gave the same
// timeline on every run, on a busy machine too.
const (
	quietWatched = 7 * time.Millisecond
	quietAlone   = 50 * time.Millisecond
	lookEvery    = time.Millisecond
)

// Activity is what an engine that drives a world is doing.
type Activity int

// What an engine may be doing. Unknown is when its calls cannot be balanced:
// outside programs, and after something failed.
const (
	Unknown Activity = iota
	Working
	Waiting
)

// A Clock is virtual. It stands still while anybody is awake, and when
// everybody sleeps it jumps to the earliest time that somebody waits for and
// wakes that one sleeper. So simulated time holds nothing of the machine's own
// speed.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	waiters waiters
	awake   int    // holds that are not asleep
	moves   uint64 // counts everything that happens here
	arrival uint64
	engine  func() (Activity, uint64)
	quiet   time.Duration // 0: by what is known of the engine
	running bool
	closed  bool
	ended   chan struct{} // closed by Close
}

func newClock() *Clock { return &Clock{now: Epoch, ended: make(chan struct{})} }

// Now is the simulated time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// SetEngine makes the clock stand still while the engine works. look also
// counts the engine's moves, so that the clock sees when it last stirred.
func (c *Clock) SetEngine(look func() (doing Activity, moves uint64)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.engine = look
}

// SetQuiet fixes the real time for which nothing must move before a jump.
func (c *Clock) SetQuiet(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quiet = d
}

// Sleep parks the caller for a simulated while. A hold carried by the context
// is given up meanwhile. Of two that are due at the same time, the one whose
// hold has the lower name wakes first.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := c.park(ctx, d)
	if w == nil {
		return ErrClosed
	}
	select {
	case <-w.woken:
	case <-ctx.Done():
		if c.leave(w) {
			return ctx.Err()
		}
	}
	if w.closed {
		return ErrClosed
	}
	return nil
}

// Await blocks until done is closed, for as long as that takes in real time. A hold
// carried by the context is given up meanwhile, so that the time of others goes on.
func (c *Clock) Await(ctx context.Context, done <-chan struct{}) error {
	resume, closed := c.suspend(ctx)
	defer resume()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-closed:
		return ErrClosed
	}
}

// suspend gives up the context's hold until resume.
func (c *Clock) suspend(ctx context.Context) (resume func(), closed <-chan struct{}) {
	held := c.heldBy(ctx) != nil
	step := func(n int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.moves++
		if held {
			c.awake += n
		}
	}
	step(-1)
	return func() { step(1) }, c.ended
}

// Advance moves time on, waking those who fall due on the way in their order.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	until := c.now.Add(d)
	for len(c.waiters) > 0 && !c.waiters[0].due.After(until) {
		c.wakeFirst()
	}
	c.now = until
}

// Pass moves time on while none is awake and none sleeps; otherwise it does
// nothing, and says so.
func (c *Clock) Pass(d time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.awake > 0 || len(c.waiters) > 0 {
		return false
	}
	c.now = c.now.Add(d)
	return true
}

// Close wakes every sleeper with ErrClosed, and lets none sleep any more.
func (c *Clock) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		close(c.ended)
	}
	c.closed = true
	for len(c.waiters) > 0 {
		w := heap.Pop(&c.waiters).(*waiter)
		w.closed = true
		c.wake(w)
	}
}

// setNow is for restoring a world.
func (c *Clock) setNow(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func (c *Clock) park(ctx context.Context, d time.Duration) *waiter {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.arrival++
	c.moves++
	w := &waiter{due: c.now.Add(max(d, 0)), arrival: c.arrival, woken: make(chan struct{}), hold: c.heldBy(ctx)}
	if w.hold != nil {
		w.name = w.hold.name
		c.awake--
	}
	heap.Push(&c.waiters, w)
	if !c.running {
		c.running = true
		go c.run()
	}
	return w
}

// leave takes a waiter out before its time; false if it has been woken.
func (c *Clock) leave(w *waiter) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.index < 0 {
		return false
	}
	heap.Remove(&c.waiters, w.index)
	c.moves++
	if w.hold != nil {
		c.awake++
	}
	return true
}

func (c *Clock) wakeFirst() {
	w := heap.Pop(&c.waiters).(*waiter)
	if w.due.After(c.now) {
		c.now = w.due
	}
	c.wake(w)
}

func (c *Clock) wake(w *waiter) {
	c.moves++
	if w.hold != nil {
		c.awake++ // before it runs: no jump may come in between
	}
	close(w.woken)
}

// run lives as long as somebody waits.
func (c *Clock) run() {
	still := stillness{since: time.Now()}
	for {
		time.Sleep(lookEvery)
		if !c.jump(&still) {
			return
		}
	}
}

// jump wakes the first sleeper if the world is quiet; false when none sleeps.
func (c *Clock) jump(still *stillness) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiters) == 0 {
		c.running = false
		return false
	}
	doing, engineMoves := Unknown, uint64(0)
	if c.engine != nil {
		doing, engineMoves = c.engine()
	}
	rest := still.lasted(c.moves, engineMoves)
	quiet := quietAlone
	if doing == Waiting {
		quiet = quietWatched
	}
	if c.quiet > 0 {
		quiet = c.quiet
	}
	if c.awake == 0 && doing != Working && rest >= quiet {
		c.wakeFirst()
	}
	return true
}

// stillness remembers when something was last seen to move.
type stillness struct {
	clock, engine uint64
	since         time.Time
}

func (s *stillness) lasted(clock, engine uint64) time.Duration {
	if clock != s.clock || engine != s.engine {
		s.clock, s.engine, s.since = clock, engine, time.Now()
	}
	return time.Since(s.since)
}
