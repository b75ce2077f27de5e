package sim

import (
	"context"
	"time"
)

type holdKey struct{}

// A hold is a party that is awake: while it is, time stands still.
type hold struct {
	clock *Clock
	name  string
}

// Hold marks the caller as awake until release: a provider call being served,
// a request being answered. Sleeping with the returned context gives the hold
// up for the time of the sleep. A context that holds the clock already is
// returned as it is, so that a party counts once. The name orders sleepers that
// are due at the same time, so it must not depend on who arrived first.
func (c *Clock) Hold(ctx context.Context, name string) (held context.Context, release func()) {
	if c.heldBy(ctx) != nil {
		return ctx, func() {}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awake++
	c.moves++
	h := &hold{clock: c, name: name}
	return context.WithValue(ctx, holdKey{}, h), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.awake--
		c.moves++
	}
}

// Carry gives a context the hold that another one carries, if any: what serves
// a request that a held party waits for sleeps in its place.
func Carry(from, to context.Context) context.Context {
	h, ok := from.Value(holdKey{}).(*hold)
	if !ok {
		return to
	}
	return context.WithValue(to, holdKey{}, h)
}

func (c *Clock) heldBy(ctx context.Context) *hold {
	if h, ok := ctx.Value(holdKey{}).(*hold); ok && h.clock == c {
		return h
	}
	return nil
}

// A waiter is somebody who sleeps on a clock.
type waiter struct {
	due     time.Time
	name    string
	arrival uint64
	index   int // in the heap; -1 outside
	woken   chan struct{}
	closed  bool
	hold    *hold
}

// waiters is a heap: the earliest first, then by name, then by arrival.
type waiters []*waiter

func (w waiters) Len() int { return len(w) }

func (w waiters) Less(i, j int) bool {
	a, b := w[i], w[j]
	switch {
	case !a.due.Equal(b.due):
		return a.due.Before(b.due)
	case a.name != b.name:
		return a.name < b.name
	}
	return a.arrival < b.arrival
}

func (w waiters) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].index, w[j].index = i, j
}

// Push is for container/heap.
func (w *waiters) Push(x any) {
	x.(*waiter).index = len(*w)
	*w = append(*w, x.(*waiter))
}

// Pop is for container/heap.
func (w *waiters) Pop() any {
	last := (*w)[len(*w)-1]
	last.index = -1
	*w = (*w)[:len(*w)-1]
	return last
}
