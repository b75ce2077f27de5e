package sim

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A Wait is what the real provider waits for before a call of it returns.
type Wait struct {
	Type       string   // Pulumi's token
	Operations []string // create, update, delete
	For        string   // what it waits for; empty is nothing
	Source     string   // the file below internal/service of terraform-provider-aws
	// Unmodelled says why the simulator does not wait for that; empty when it does.
	Unmodelled string

	calls           []string      // the API's operations that it follows; empty for all of the operations
	polls           []poll        // one after the other; the first sees the end of what AWS does
	spread          time.Duration // up to this much is added to the delay of the first
	limit           time.Duration // the provider's own; 0 is none
	pending, target string        // the states that it names when it gives up
	unnamed         bool          // nothing is known of the resource before the wait is over
	apart           bool          // it has a function of its own
}

// Looks say how the wait looks, in words.
func (w Wait) Looks() string {
	var all []string
	for _, p := range w.polls {
		text := "every 0.1 to 10 s"
		switch {
		case p.every > 0:
			text = fmt.Sprintf("every %s", p.every)
		case p.least > 0:
			text = fmt.Sprintf("every %s", max(p.least, patient))
			if p.least < patient {
				text = fmt.Sprintf("every %s to %s", p.least, patient)
			}
		}
		if w.spread > 0 {
			text = fmt.Sprintf("after %s to %s, %s", p.delay, p.delay+w.spread, text)
		} else if p.delay > 0 {
			text = fmt.Sprintf("after %s, %s", p.delay, text)
		}
		if p.times > 1 {
			text += fmt.Sprintf(", %d times", p.times)
		}
		all = append(all, text)
	}
	return strings.Join(all, "; then ")
}

// waitFor finds what the provider waits for after a call; nil for nothing that is
// modelled. What stands behind a colon in a call is no part of its name.
func waitFor(typ, operation, call string) *Wait {
	call, _, _ = strings.Cut(call, ":")
	for i, wait := range waits {
		if wait.Type == typ && slices.Contains(wait.Operations, operation) && len(wait.polls) > 0 && !wait.apart && (wait.calls == nil || slices.Contains(wait.calls, call)) {
			return &waits[i]
		}
	}
	return nil
}

// seen is how long the provider waits in a region, for a resource of a name, for what
// AWS takes so long for.
func (w *World) seen(wait *Wait, region, name string, after time.Duration) time.Duration {
	if wait == nil {
		return max(after, 0)
	}
	var sum time.Duration
	for i, p := range wait.polls {
		if i == 0 && wait.spread > 0 {
			p.delay += time.Duration(math.Floor(w.draw("looks", region, wait.Type, name)*wait.spread.Seconds())) * time.Second
		}
		sum += p.sees(after)
		after = 0
	}
	return sum
}

// Waited is how long a call of the provider takes: what AWS does, and until the
// provider has seen that it is done.
func (w *World) Waited(region, typ, operation, name string) time.Duration {
	k := kinds[typ]
	call := map[string]string{"create": k.create, "update": k.update, "delete": k.delete}[operation]
	return w.seen(waitFor(typ, operation, call), region, name, w.Duration(region, k.service+":"+call, name))
}

// await lets the provider wait for a call of it, to the end or to its limit.
func (w *World) await(ctx context.Context, k *kind, c Call, operation, call string, after time.Duration) error {
	began := w.clock.Now()
	if err := w.stuck(ctx, k.service+":"+call); err != nil {
		return err
	}
	wait := waitFor(c.Type, operation, call)
	takes, limit := w.seen(wait, c.Region, c.Name, after), c.Limit
	if limit == 0 && wait != nil {
		limit = wait.limit
	}
	rest := min(takes, cmp.Or(limit, takes)) - w.clock.Now().Sub(began)
	if limit == 0 || takes <= limit {
		return w.clock.Sleep(ctx, rest)
	}
	if err := w.clock.Sleep(ctx, rest); err != nil {
		return err
	}
	if wait == nil || wait.target == "" {
		return fmt.Errorf("timeout while waiting for resource to be gone (last state: 'deleting', timeout: %s)", limit)
	}
	return fmt.Errorf("timeout while waiting for state to become '%s' (last state: '%s', timeout: %s)", wait.target, wait.pending, limit)
}
