package readiness

import (
	"testing"
	"time"
	"fmt"

	"github.com/stretchr/testify/require"
	"github.com/pilotlight-dr/pilotlight/ops"
)

func TestOne(t *testing.T) {
	all, err := references()
	require.NoError(t, err)
	for _, r := range all {
		for seed := range uint64(3) {
		a := time.Now()
		w, err := r.open(seed, false)
		require.NoError(t, err)
		b := time.Now()
		w.live(30*time.Minute)
		c := time.Now()
		ready, err := w.site.CheckWith(t.Context(), ops.ForFailover, "", ops.Evidence{Sides: w.sides, Plan: w.plan})
		require.NoError(t, err)
		fmt.Println(ready.Err())
		d := time.Now()
		w.lost = w.sim.Clock().Now()
		w.sim.LoseRegion(w.peer().Config.Region, "hang")
		w.sim.Clock().Advance(15*time.Minute)
		began := w.sim.Clock().Now()
		re, err := w.failOver(t.Context())
		e := time.Now()
		fmt.Println(err, re.switched.Sub(began), w.wrong(re, began, err))
		f := time.Now()
		fmt.Println("open", b.Sub(a), "live", c.Sub(b), "check", d.Sub(c), "fail", e.Sub(d), "judge", f.Sub(e))
		w.close()
		}
	}
}
