package sim

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

// How a lost region behaves.
type How string

// A lost region refuses connections, or lets them hang.
const (
	Refuse How = "refuse"
	Hang   How = "hang"
)

// Loss is one region's outage.
type Loss struct {
	How How       `json:"how"`
	At  time.Time `json:"at"`
}

// How long a caller without a deadline waits for a region that hangs: what
// Linux takes to give up a connection without an answer (tcp_syn_retries = 6); for
// the AWS provider with its retries, a few of those; for a visitor of a page,
// whose deadline doesn't show through a socket, what a probe usually allows.
const (
	hangCall     = 127 * time.Second
	hangProvider = 20 * time.Minute
	hangVisit    = 5 * time.Second
	// An answer is waited for without a limit: the SDK sets none, and a connection that lives shows nothing.
	hangForGood = 24 * time.Hour
)

// A Gap is the time between a region's loss and its return.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func (g Gap) holds(t time.Time) bool { return !t.Before(g.From) && t.Before(g.To) }

// LoseRegion makes a region's APIs, and whatever runs in it, unreachable. A
// region that is lost already only changes its behaviour.
func (w *World) LoseRegion(region string, how How) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if loss, gone := w.lost(region); gone {
		now = loss.At
	}
	w.state.Lost[region] = Loss{How: how, At: now}
}

// ReturnRegion ends an outage. What was in the region is there again.
func (w *World) ReturnRegion(region string) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if loss, gone := w.lost(region); gone {
		w.state.Gaps[region] = Gap{From: loss.At, To: now}
	}
	delete(w.state.Lost, region)
}

// Outages are the regions that are lost now.
func (w *World) Outages() map[string]Loss {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.state.Lost)
}

// Regions are those that hold something, and those whose control planes these need.
func (w *World) Regions() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := map[string]bool{}
	add := func(region string) {
		if region != global {
			for _, service := range []string{"iam", "route53"} {
				found[awsregion.ControlPlane(service, region)] = true
			}
			found[region] = true
		}
	}
	for _, o := range w.state.Objects {
		add(o.Region)
	}
	for image := range w.state.Images {
		region, _, _ := strings.Cut(image, "|")
		add(region)
	}
	return slices.Sorted(maps.Keys(found))
}

// lost tells since when a region is lost.
func (w *World) lost(region string) (Loss, bool) {
	l, ok := w.state.Lost[region]
	return l, ok
}

// reach answers a call to a region in the way of its outage, if it has one.
func (w *World) reach(ctx context.Context, region string, wait time.Duration) error {
	w.mu.Lock()
	loss, gone := w.lost(region)
	w.mu.Unlock()
	if !gone {
		return nil
	}
	if loss.How == Refuse {
		return &OutageError{Region: region}
	}
	return w.hang(ctx, region, wait)
}

// hang lets a caller wait, for as long as it means to, for an answer that does not come.
func (w *World) hang(ctx context.Context, region string, wait time.Duration) error {
	// A deadline is real time; here it is that much simulated time, or the
	// caller would wait for real while everybody else's time runs on.
	deadline, limited := ctx.Deadline()
	if limited {
		wait = time.Until(deadline)
	}
	if err := w.clock.Sleep(ctx, wait); err != nil {
		return err
	}
	if limited {
		return context.DeadlineExceeded
	}
	return &OutageError{Region: region, Hung: true}
}
