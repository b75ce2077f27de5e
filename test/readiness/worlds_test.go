package readiness

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
)

var (
	howMany  = flag.Int("worlds", 2000, "how many worlds are made")
	onlySeed = flag.Uint64("world", 0, "the seed of the one world to make, as a failure names it")
)

// day is what a world is made of.
type day struct {
	seed uint64
	of   *reference
	has  []condition
}

func (d day) String() string {
	names := make([]string, len(d.has))
	for i, c := range d.has {
		names[i] = c.name
	}
	return fmt.Sprintf("world %d (%s): %s", d.seed, d.of.name, strings.Join(names, " + "))
}

// draw makes a day of a seed. The first seeds have one condition each, so that all are met.
func draw(seed uint64, all []*reference) day {
	random := rand.New(rand.NewPCG(seed, 0))
	d := day{seed: seed, of: all[random.IntN(len(all))]}
	if alone := int(seed) - 1; alone < len(conditions) {
		c := conditions[alone]
		for !c.suits(d.of) {
			d.of = all[random.IntN(len(all))]
		}
		d.has = []condition{c}
		return d
	}
	var survived, others []condition
	for _, c := range conditions {
		switch {
		case !c.suits(d.of):
		case len(c.codes) == 0:
			survived = append(survived, c)
		default:
			others = append(others, c)
		}
	}
	for range []int{0, 1, 1, 2, 2, 3}[random.IntN(6)] {
		from := survived
		if random.IntN(2) == 0 {
			from = others
		}
		c := from[random.IntN(len(from))]
		if !slices.ContainsFunc(d.has, func(other condition) bool { return other.name == c.name }) {
			d.has = append(d.has, c)
		}
	}
	return d
}

// suits reports whether a condition fits a site.
func (c condition) suits(r *reference) bool { return c.fits == nil || c.fits(r.recovery) }

// found counts the findings that a day is about.
func (d day) found() (count int) {
	for _, c := range d.has {
		if c.finding != "" {
			count++
		}
	}
	return count
}

// outcome is what came of a day.
type outcome struct {
	green, recovered bool
	codes            []string
	broken           string // how the day breaks the property; empty when it does not
}

// try makes a day's world, checks it, loses production, and fails over where check was green.
func (d day) try(ctx context.Context) (o outcome, err error) {
	locked := slices.ContainsFunc(d.has, func(c condition) bool { return c.name == "lock held" })
	w, err := d.of.open(d.seed, locked)
	if err != nil {
		return o, err
	}
	defer w.close()
	w.live(6 * time.Minute)
	for _, c := range d.has {
		if err := c.spoil1(w); err != nil {
			return o, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	w.live(24 * time.Minute)
	ready, err := w.site.CheckWith(ctx, ops.ForFailover, "", ops.Evidence{Sides: w.sides, Plan: w.plan})
	if err != nil {
		return o, err
	}
	for _, q := range ready.Requirements {
		if !q.OK {
			o.codes = append(o.codes, cmp.Or(q.Code, q.What))
		}
	}
	if o.green = len(o.codes) == 0; !o.green {
		o.broken = d.unexplained(o.codes)
		return o, nil
	}
	for _, c := range d.has {
		if c.later != nil {
			c.later(w)
		}
	}
	w.live(15 * time.Minute)
	w.lost = w.sim.Clock().Now()
	w.sim.LoseRegion(w.peer().Config.Region, sim.Hang)
	w.sim.Clock().Advance(15 * time.Minute)
	began := w.sim.Clock().Now()
	r, err := w.failOver(ctx)
	if why := w.wrong(r, began, err); why != "" {
		o.broken = "check is green, and the site does not recover: " + why
	}
	o.recovered = o.broken == ""
	return o, nil
}

func (c condition) spoil1(w *world) error {
	if c.spoil == nil {
		return nil
	}
	return c.spoil(w)
}

// unexplained is which codes nothing in the world explains.
func (d day) unexplained(codes []string) string {
	var known []string
	if d.of.production == "us-east-1" && routed(d.of.recovery) {
		known = append(known, checks.ControlPlaneLost)
	}
	for _, c := range d.has {
		known = append(known, c.codes...)
	}
	for _, code := range codes {
		if !slices.Contains(known, code) {
			return fmt.Sprintf("check says NO (%s), and nothing explains it", code)
		}
	}
	return ""
}

// TestGreenMeansItRecovers: of many worlds, none has a green check and a failover that does not
// recover within its estimate, and none a red check that nothing in it explains.
func TestGreenMeansItRecovers(t *testing.T) {
	all, err := references()
	require.NoError(t, err)
	var days []day
	for seed := range uint64(*howMany) {
		days = append(days, draw(seed+1, all))
	}
	if *onlySeed != 0 {
		days = []day{draw(*onlySeed, all)}
	}
	findings := map[int]int{} // worlds by how many findings they are about
	for _, d := range days {
		findings[d.found()]++
	}
	if *howMany >= 2000 && *onlySeed == 0 {
		assert.GreaterOrEqual(t, findings[1], 10)
		assert.GreaterOrEqual(t, findings[2], 10)
	}
	var green, next atomic.Int64
	var mu sync.Mutex
	var broken []string
	var group sync.WaitGroup
	for range 8 * runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(days) || t.Context().Err() != nil {
					return
				}
				o, err := days[i].try(t.Context())
				if err != nil {
					o.broken = err.Error()
				}
				if o.green {
					green.Add(1)
				}
				if o.broken != "" {
					mu.Lock()
					broken = append(broken, fmt.Sprintf("%s: %s", days[i], o.broken))
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	slices.Sort(broken)
	for _, line := range broken {
		t.Error(line)
	}
	t.Logf("%d worlds, %d of them green; about one finding %d, about two %d", len(days), green.Load(), findings[1], findings[2])
}
