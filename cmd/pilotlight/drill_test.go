package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestDrillStory tells of drills of a site in its steady state.
func TestDrillStory(t *testing.T) {
	t.Parallel()
	o := staged.Options()
	o.Dir = staged.Shipped(t, "../..")
	stage, err := scenario.Open(o)
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	require.NoError(t, stage.DeploySite(t.Context()))
	s := &story{t: t, name: "drill", stage: stage}
	later := func(d time.Duration) { stage.World.Clock().Advance(d) }

	s.run(2, "drill --expired")
	s.run(2, "drill --keep 5m")
	s.run(2, "drill --from everywhere")
	s.run(4, "drill")
	s.run(4, "drill --yes")
	later(time.Hour)
	s.run(0, "drill --yes")
	s.run(0, "drill --yes --keep 2h --from 192.0.2.7/32")
	s.run(4, "drill --yes")
	assert.Contains(t, s.run(0, "status"), "the copy of a drill (stack dr-drill) is there, and may be there until")
	s.run(0, "drill --end --expired")
	s.run(2, "unlock drill")
	s.run(0, "unlock dr-drill")
	later(2 * time.Hour)
	assert.Contains(t, s.run(0, "status"), "should have ended, and costs")
	s.run(0, "drill --end --expired --json")
	s.run(0, "drill --end")
	assert.NotContains(t, s.run(0, "status"), "drill")
}

func holdFor(d time.Duration) ops.DrillOptions { return ops.DrillOptions{Keep: d} }

func TestDrillFlags(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		o    drillOptions
		says string
	}{
		"a drill":          {drillOptions{}, ""},
		"its end":          {drillOptions{end: true, expired: true}, ""},
		"kept":             {drillOptions{hold: holdFor(2 * time.Hour)}, ""},
		"kept for no time": {drillOptions{hold: holdFor(-time.Hour)}, "--keep is -1h0m0s"},
		"too short":        {drillOptions{hold: holdFor(time.Minute)}, "--keep is 1m0s"},
		"expired alone":    {drillOptions{expired: true}, "--expired goes with --end"},
		"end and keep":     {drillOptions{end: true, hold: holdFor(2 * time.Hour)}, "--end takes no other flags"},
		"from a network":   {drillOptions{from: "192.0.2.0/24"}, ""},
		"from nowhere":     {drillOptions{from: "here"}, `--from is "here"`},
		"from IPv6":        {drillOptions{from: "2001:db8::/64"}, "give an IPv4 network"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tc.o.complete()
			if tc.says == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, tc.says)
		})
	}
}
