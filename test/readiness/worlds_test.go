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

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

var (
	howMany  = flag.Int("worlds", 2000, "how many worlds are made")
	onlySeed = flag.Uint64("world", 0, "the seed of the one world to make, as a failure names it")
)

// day is what a world is made of.
type day struct {
	seed  uint64
	of    *reference
	sizes *sizes // nil for those of the reference
	has   []condition
	often time.Duration // at most so often a wait looks; zero for as often as in life
	// without are codes that neither check nor the gate of a failover knows: the rows are taken out that say them.
	without []string
}

// rarely is how often most worlds look. With 15 seconds some take longer than their estimate.
const rarely = 9 * time.Second

func (d day) String() string {
	names := make([]string, len(d.has))
	for i, c := range d.has {
		names[i] = c.name
	}
	return fmt.Sprintf("world %d (%s): %s", d.seed, d.of.name, strings.Join(names, " + "))
}

// draw makes a day of a seed. The first seeds are the shapes without any condition, and the next have
// one condition each, so that all are met.
func draw(seed uint64, all []*reference) day {
	random := rand.New(rand.NewPCG(seed, 0))
	d := day{seed: seed, of: all[random.IntN(len(all))]}
	d.sizes = drawSizes(random)
	if plain := int(seed) - 1; plain < len(all) {
		d.of = all[plain]
		return d
	}
	if number := int(seed) - 1 - len(all); number < len(conditions) {
		d = onlyWith(conditions[number], all, random)
		d.seed = seed
		return d
	}
	var survived, others []condition
	for _, c := range conditions {
		switch {
		case !c.suits(d.config()):
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
		if !slices.ContainsFunc(d.has, c.excludes) {
			d.has = append(d.has, c)
		}
	}
	return d
}

// onlyWith is a day with one condition alone, at a site that it fits.
func onlyWith(c condition, all []*reference, random *rand.Rand) day {
	d := day{has: []condition{c}}
	for d.of == nil || !c.suits(d.config()) || d.of.stranded() {
		d.of, d.sizes = all[random.IntN(len(all))], drawSizes(random)
	}
	return d
}

// excludes reports whether two conditions can't be so on the same day.
func (c condition) excludes(other condition) bool {
	return c.name == other.name || c.of != "" && c.of == other.of
}

// stranded reports whether no failover of a site can move its name without the lost region.
func (r *reference) stranded() bool {
	return r.recovery.PeerRegion() == awsregion.ControlPlane("route53", r.recovery.Region) && routed(r.recovery)
}

// config is the standby's configuration.
func (d day) config() config.Config { return d.sizes.in(d.of.recovery) }

// suits reports whether a condition fits a configuration of the standby.
func (c condition) suits(standby config.Config) bool { return c.fits == nil || c.fits(standby) }

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
	took             time.Duration // until the name was moved
	codes            []string      // of what check says NO to, those included that the day is without
	broken           string        // how the day breaks the property; empty when it does not
}

// backend is what is wrong with the day's backend: the first of several things.
func (d day) backend() string {
	for _, c := range d.has {
		if c.backend != "" {
			return c.backend
		}
	}
	return ""
}

// try makes a day's world, checks it, loses production, and fails over where check was green.
func (d day) try(ctx context.Context) (o outcome, err error) {
	w, err := d.of.open(d.seed, d.backend())
	if err != nil {
		return o, err
	}
	defer w.close()
	w.often, w.without = d.often, d.without
	w.resize(d.sizes)
	if err := w.become(d); err != nil {
		return o, err
	}
	if code := w.unread(ctx); code != "" { // neither check nor a failover gets further
		o.codes = []string{code}
	} else {
		ready, err := w.site.CheckWith(ctx, ops.ForFailover, "", ops.Evidence{Sides: w.sides, Plan: w.plan})
		if err != nil {
			return o, err
		}
		o.codes = said(ready)
	}
	left := slices.DeleteFunc(slices.Clone(o.codes), func(code string) bool { return slices.Contains(d.without, code) })
	if o.green = len(left) == 0; !o.green {
		o.broken = d.unexplained(left)
		return o, nil
	}
	began := w.lose(d)
	r, err := w.failOver(ctx)
	o.took = r.switched.Sub(began)
	if why := w.wrong(r.switched, began, err); why != "" {
		o.broken = "check is green, and the site does not recover: " + why
	}
	o.recovered = o.broken == ""
	if o.recovered && len(d.has) == 1 && len(d.has[0].codes) > 0 {
		o.broken = "check does not tell it"
	}
	return o, nil
}

// become brings a world to a day.
func (w *world) become(d day) error {
	w.live(6 * time.Minute)
	has := slices.Clone(d.has)
	slices.SortStableFunc(has, func(a, b condition) int {
		if a.silences == b.silences {
			return 0
		} else if b.silences {
			return -1
		}
		return 1
	})
	for _, c := range has {
		if c.spoil == nil {
			continue
		}
		if err := c.spoil(w); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	w.live(24 * time.Minute)
	return nil
}

// lose lets a day go on, loses production's region, and returns when somebody decides to fail over.
func (w *world) lose(d day) (began time.Time) {
	for _, c := range d.has {
		if c.later != nil {
			c.later(w)
		}
	}
	w.live(15 * time.Minute)
	own := w.own().Config
	if found, err := w.sim.Databases(own.Region, own.DatabaseID(1)); err == nil {
		w.version = found[0].EngineVersion
	}
	w.lost = w.sim.Clock().Now()
	w.sim.LoseRegion(w.peer().Config.Region, sim.Hang)
	w.sim.Clock().Advance(15 * time.Minute)
	return w.sim.Clock().Now()
}

// said are the codes of what check says NO to, or the subject where there is no code.
func said(ready ops.Readiness) (codes []string) {
	for _, q := range ready.Requirements {
		if !q.OK {
			codes = append(codes, cmp.Or(q.Code, q.Subject))
		}
	}
	return codes
}

// unexplained is which codes nothing in the world explains.
func (d day) unexplained(codes []string) string {
	var known []string
	if d.of.stranded() {
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
	for i := range days {
		if i%10 != 0 { // a tenth looks as often as in life
			days[i].often = rarely
		}
	}
	green := 0
	var broken []string
	for i, o := range tryAll(t, len(days), func(i int) outcome { return days[i].tried(t.Context()) }) {
		if o.green {
			green++
		}
		if o.broken != "" {
			broken = append(broken, fmt.Sprintf("%s: %s", days[i], o.broken))
		}
	}
	slices.Sort(broken)
	for _, line := range broken {
		t.Error(line)
	}
	t.Logf("%d worlds, %d of them green; about one finding %d, about two %d", len(days), green, findings[1], findings[2])
}

// tried is what came of a day. That its world can't be made breaks the property, too.
func (d day) tried(ctx context.Context) outcome {
	o, err := d.try(ctx)
	if err != nil {
		o.broken = err.Error()
	}
	return o
}

// tryAll tries many things side by side: a world waits most of its time for its own clock.
func tryAll[T any](t *testing.T, count int, try func(i int) T) []T {
	t.Helper()
	all := make([]T, count)
	var next atomic.Int64
	var group sync.WaitGroup
	for range 8 * runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= count || t.Context().Err() != nil {
					return
				}
				all[i] = try(i)
			}
		})
	}
	group.Wait()
	return all
}

// TestReplay holds that the worlds are what the real engine would make of them: for a sample of those
// that files and states have no part in, check says the same and the failover ends alike.
func TestReplay(t *testing.T) {
	t.Parallel()
	all, err := references()
	require.NoError(t, err)
	const sample = 24
	tried := 0
	for seed := uint64(len(shapes) + len(conditions) + 1); tried < sample; seed += 7 {
		d := draw(seed, all)
		d.sizes = nil // those of the files that the real engine reads
		if len(d.has) == 0 || slices.ContainsFunc(d.has, func(c condition) bool { return c.here }) {
			continue
		}
		tried++
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			replayed, err := d.try(t.Context())
			require.NoError(t, err)
			o := staged.Options()
			o.Project = d.of.project
			stage, err := d.of.moment.Open(o)
			require.NoError(t, err)
			t.Cleanup(stage.Close)
			w := &world{reference: d.of, sim: stage.World, sides: slices.Clone(d.of.sides)}
			w.sim.Redraw(d.seed)
			require.NoError(t, w.become(d))
			ready, _ := check(t, stage)
			require.Equal(t, replayed.codes, said(ready))
			if !replayed.green {
				return
			}
			began := w.lose(d)
			report, err := stage.FailOver(t.Context())
			require.NoError(t, err)
			switched := w.moved()
			assert.Empty(t, w.wrong(switched, began, nil), report.Refusal)
			if d.of.recovery.DNS.ZoneID != "" {
				assert.InDelta(t, replayed.took.Seconds(), switched.Sub(began).Seconds(), 15)
			}
		})
	}
}

// moved is when the real engine moved the name, or a person did.
func (w *world) moved() (at time.Time) {
	for _, step := range w.sim.Journal() {
		if step.Type == recordType && step.Operation == "create" {
			at = step.End
		}
	}
	if w.own().Config.DNS.ZoneID == "" {
		at = w.lost.Add(30 * time.Minute)
	}
	return at
}
