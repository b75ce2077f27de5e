package sim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A Step is one call that the world served.
type Step struct {
	Begin     time.Time `json:"begin"`
	End       time.Time `json:"end"`
	Region    string    `json:"region"`
	Kind      string    `json:"kind"`      // provider, api or http
	Operation string    `json:"operation"` // create, update, delete, read, invoke; the API's action; GET
	Type      string    `json:"type,omitempty"`
	Name      string    `json:"name,omitempty"` // the resource's logical name, the database, the host
	Err       string    `json:"err,omitempty"`

	// Asked is what the provider asked for, of a step that OnAccept is called with; nil for calls of the SDK.
	Asked *Call `json:"-"`
}

// Journal is what has been served so far, in the order in which it began; what
// began at the same simulated time is ordered by what it is.
func (w *World) Journal() []Step {
	w.mu.Lock()
	steps := make([]Step, len(w.journal))
	for i, s := range w.journal {
		steps[i] = *s
	}
	w.mu.Unlock()
	slices.SortStableFunc(steps, compareSteps)
	return steps
}

// CallsTo is how many calls went to a region since the world began, whether or
// not it answered. Calls to global services count for "global", as they go to
// no region's endpoint.
func (w *World) CallsTo(region string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.Calls[region]
}

// OnAccept calls f whenever AWS has accepted a call, in the caller's goroutine and
// before what the call waits for: time stands still meanwhile.
func (w *World) OnAccept(f func(Step)) { w.accepted.Store(&f) }

func (w *World) accept(s Step) {
	if f := w.accepted.Load(); f != nil {
		(*f)(s)
	}
}

// begin writes a step down; the returned function ends it.
func (w *World) begin(s Step) (end func(error)) {
	now := w.clock.Now()
	s.Begin, s.End = now, now
	entry := &s
	w.mu.Lock()
	defer w.mu.Unlock()
	w.journal = append(w.journal, entry)
	w.state.Calls[s.Region]++
	return func(err error) {
		now := w.clock.Now()
		w.mu.Lock()
		defer w.mu.Unlock()
		entry.End = now
		if err != nil {
			entry.Err = err.Error()
		}
	}
}

func compareSteps(a, b Step) int {
	return cmp.Or(a.Begin.Compare(b.Begin), a.End.Compare(b.End), strings.Compare(a.Region, b.Region),
		strings.Compare(a.Type, b.Type), strings.Compare(a.Name, b.Name), strings.Compare(a.Operation, b.Operation))
}
