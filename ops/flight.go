package ops

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
)

// flight is a step that the engine has begun at AWS and that has not ended.
type flight struct {
	urn, step string
	began     time.Time
}

// track notes the steps that an event begins or ends.
func (w *observer) track(e events.EngineEvent) {
	w.flying.Lock()
	defer w.flying.Unlock()
	land := func(urn string) {
		w.flights = slices.DeleteFunc(w.flights, func(f flight) bool { return f.urn == urn })
	}
	switch {
	case e.ResourcePreEvent != nil:
		if step, ok := begun(e); ok {
			w.flights = append(w.flights, flight{urn: e.ResourcePreEvent.Metadata.URN, step: step.String(), began: time.Now()})
		}
	case e.ResOutputsEvent != nil:
		land(e.ResOutputsEvent.Metadata.URN)
	case e.ResOpFailedEvent != nil:
		land(e.ResOpFailedEvent.Metadata.URN)
	}
}

// aloft names what is in flight, the longest first.
func (w *observer) aloft(now time.Time) string {
	w.flying.Lock()
	defer w.flying.Unlock()
	names := make([]string, len(w.flights))
	for i, f := range w.flights {
		names[i] = fmt.Sprintf("%s (for %s)", f.step, now.Sub(f.began).Round(time.Second))
	}
	return strings.Join(names, ", ")
}

// stillWaiting is how often an interrupted operation says what it waits for.
const stillWaiting = 15 * time.Second

// tellFlights says what an operation waits for once its context has ended: AWS does not
// stop what it has begun.
func (w *observer) tellFlights(ctx context.Context) (stop func()) {
	ended := make(chan struct{})
	go func() {
		select {
		case <-ended:
			return
		case <-ctx.Done():
		}
		ticker := time.NewTicker(stillWaiting)
		defer ticker.Stop()
		for {
			if steps := w.aloft(time.Now()); steps != "" {
				w.say("interrupted; waiting until AWS has done what it began: " + steps)
			}
			select {
			case <-ended:
				return
			case <-ticker.C:
			}
		}
	}()
	return func() { close(ended) }
}
