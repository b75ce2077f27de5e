package readiness

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
)

// harmless are conditions that a failover survives where nothing says them, and why they are said all the same.
var harmless = map[string]string{
	"record of the certificate deleted":            "visitors notice when the certificate ends, which is months later",
	"one more zone in the file":                    "a failover builds it first, for which its credentials may have no right: TestZones",
	"upgrade of production, with a former replica": "it is the upgrade that RDS would refuse",
	"an update that did not end":                   "a failover reads it again first, for which its credentials may have no right: TestUnmade",
	"provider's plugin missing":                    "every operation is refused before anything else: ops, TestNoOperationWithoutTheProvider",
	"folder that can't be written":                 "what a failover leaves there is missing: its report, and the role in the file",
	"endpoint deleted":                             unsimulated,
	"log groups deleted":                           unsimulated,
	"profile deleted":                              unsimulated,
	"roles deleted":                                unsimulated,
	"rules deleted":                                unsimulated,
	"scaling policy deleted":                       unsimulated,
}

const unsimulated = "nothing in the simulator uses it, as AWS or the instances would"

// tries is in how many worlds a condition is tried that breaks nothing, such as one that breaks a site alone which requires Redis. A
// harmless one is tried in fewer.
const tries, fewer = 5, 2

// TestEachRowIsNeeded: without the rows of the check that say a condition, check is green and the site does not recover.
func TestEachRowIsNeeded(t *testing.T) {
	t.Parallel()
	all, err := references()
	require.NoError(t, err)
	var rows []row
	for _, c := range conditions {
		if len(c.codes) > 0 {
			rows = append(rows, row{c.name, c.codes, func(random *rand.Rand) day { return onlyWith(c, all, random) }})
		}
	}
	for _, r := range all {
		if r.stranded() {
			rows = append(rows, row{r.name, []string{checks.ControlPlaneLost}, func(*rand.Rand) day { return day{of: r} }})
		}
	}
	for name := range harmless {
		assert.True(t, slices.ContainsFunc(rows, func(r row) bool { return r.name == name }), "%s is no condition", name)
	}
	for i, found := range tryAll(t, len(rows), func(i int) need { return rows[i].needed(t.Context()) }) {
		reason, known := harmless[rows[i].name]
		switch {
		case found.unneeded == "" && known:
			assert.NotEmpty(t, reason)
			t.Errorf("%s: the site does not recover without %v, so it is not harmless: %s", rows[i].name, rows[i].codes, found.broken)
		case found.unneeded != "" && !known:
			t.Errorf("%s: %s", rows[i].name, found.unneeded)
		}
	}
}

// TestWhatIsSurvived: a condition that a failover survives changes something, so that there is something to survive.
func TestWhatIsSurvived(t *testing.T) {
	t.Parallel()
	all, err := references()
	require.NoError(t, err)
	for _, c := range conditions {
		if len(c.codes) > 0 { // TestEachRowIsNeeded sees it
			continue
		}
		d := onlyWith(c, all, rand.New(rand.NewPCG(1, 1)))
		w, err := d.of.open(1, d.backend())
		require.NoError(t, err)
		w.resize(d.sizes)
		world, sides := w.sim.Snapshot(), slices.Clone(w.sides)
		if c.spoil != nil {
			require.NoError(t, c.spoil(w), c.name)
		}
		if c.later != nil {
			c.later(w)
		}
		assert.False(t, bytes.Equal(world, w.sim.Snapshot()) && reflect.DeepEqual(sides, w.sides), "%s changes nothing", c.name)
		w.close()
	}
}

// TestSizes: the sizes that are drawn are valid in the files of both sides.
func TestSizes(t *testing.T) {
	t.Parallel()
	all, err := references()
	require.NoError(t, err)
	for seed := range uint64(200) {
		s := drawSizes(rand.New(rand.NewPCG(seed, 1)))
		for _, side := range all[int(seed)%len(all)].sides {
			require.Empty(t, s.in(side.Config).Problems(), "seed %d: %+v", seed, s)
		}
	}
}

// row is what check says of a condition, or of the shape of a site.
type row struct {
	name  string
	codes []string
	day   func(*rand.Rand) day
}

// need is how a world breaks without a row, or else why nothing needs it.
type need struct{ broken, unneeded string }

func (r row) needed(ctx context.Context) need {
	most := uint64(tries)
	if harmless[r.name] != "" {
		most = fewer
	}
	for seed := range most {
		d := r.day(rand.New(rand.NewPCG(seed, 1)))
		d.seed, d.without, d.often = seed, r.codes, rarely
		if d.sizes != nil { // what does not recover waits for all of it
			d.sizes.limits.Promote, d.sizes.limits.Healthy = config.Duration(30*time.Minute), config.Duration(10*time.Minute)
		}
		switch o := d.tried(ctx); {
		case !slices.ContainsFunc(o.codes, func(code string) bool { return slices.Contains(r.codes, code) }):
			return need{unneeded: fmt.Sprintf("check says none of %v in %s, and %v", r.codes, d, o)}
		case !o.green:
			return need{unneeded: fmt.Sprintf("check says something else: %v", o)}
		case !o.recovered:
			return need{broken: o.broken}
		}
	}
	return need{unneeded: fmt.Sprintf("the site recovers all the same without %v", r.codes)}
}
