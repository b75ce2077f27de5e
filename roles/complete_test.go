package roles

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestComplete holds what the claim of a plan records, and that its serial rises with any change of it.
func TestComplete(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	replica := Generation{Number: 2, Origin: OriginReplica, Source: "arn:before"}
	own := Claim{Role: Active, Epoch: 2, Generation: replica, Former: []Generation{{Number: 1, Origin: OriginEmpty, Engine: "8.0"}}, Serial: 3, ClaimedAt: now.Add(-time.Hour), Progress: Switched}
	change := func(by func(*Claim)) Claim {
		claim := own
		claim.Serial = 0 // of a plan it means nothing
		by(&claim)
		return claim
	}
	same := change(func(c *Claim) { c.Progress = Claimed }) // which is not saved
	frozen := change(func(c *Claim) { c.Role = Frozen })
	next := change(func(c *Claim) { c.Epoch = 3 })
	made := change(func(c *Claim) {
		c.Role, c.Generation, c.Former = Standby, Generation{Number: 3, Origin: OriginReplica}, []Generation{c.Former[0], replica}
	})
	empty := change(func(c *Claim) { c.Generation.Origin, c.Generation.Source = OriginEmpty, "" })
	all := Facts{Now: now, Engine: "8.4", Source: "arn:now", SetsPassword: true}
	for name, tc := range map[string]struct {
		plan  Plan
		facts Facts
		want  func(*Claim) // of the plan's claim
	}{
		"nothing changes": {Plan{Do: Keep, Claim: same}, Facts{Now: now, Engine: "8.4", Source: "arn:now"}, func(c *Claim) { c.Serial = 3 }},
		"the role":        {Plan{Do: Freeze, Claim: frozen}, Facts{Now: now}, func(c *Claim) { c.Serial = 4 }},
		"an activation":   {Plan{Do: Activate, Claim: next}, Facts{Now: now}, func(c *Claim) { c.Serial, c.ClaimedAt = 4, now }},
		"a risk alone":    {Plan{Do: Keep, Claim: same}, Facts{Accepted: Accepted{DataLoss: 2}}, func(c *Claim) { c.Serial, c.Accepted = 4, []string{"acceptDataLoss"} }},
		"a password":      {Plan{Do: Keep, Claim: same}, all, func(c *Claim) { c.Serial, c.Generation.PasswordSet = 4, true }},
		"a new replica": {Plan{Do: StandBy, Claim: made}, all, func(c *Claim) {
			c.Serial, c.Generation.Source, c.Former[1].Engine = 4, "arn:now", "8.4"
		}},
		"an empty database": {Plan{Do: Keep, Claim: empty}, all, func(c *Claim) { c.Serial = 4 }},
	} {
		former := tc.plan.Claim.text()
		got, ignored := tc.plan.Complete(own, tc.facts)
		assert.Equal(t, former, tc.plan.Claim.text(), "%s: the plan is as it was", name)
		want := tc.plan.Claim
		want.Former = append([]Generation(nil), want.Former...)
		tc.want(&want)
		assert.Equal(t, want, got, name)
		assert.Empty(t, ignored, name)
	}
	first, _ := Plan{Do: Activate, Claim: Claim{Role: Active, Epoch: 1}}.Complete(Claim{}, Facts{}) // of a stack
	assert.Equal(t, 1, first.Serial)
	_, ignored := Plan{Do: Keep, Claim: same}.Complete(own, Facts{Accepted: Accepted{DataLoss: 1}})
	assert.Equal(t, []Risk{{"acceptDataLoss", 1}}, ignored)
}

// TestAccept holds that a risk counts for the epoch that it was accepted for, and is then kept.
func TestAccept(t *testing.T) {
	t.Parallel()
	active, standby := Claim{Role: Active, Epoch: 2}, Claim{Role: Standby, Epoch: 2}
	kept := active
	kept.Accepted = []string{"acceptStandby"}
	loss, both := []string{"acceptDataLoss"}, []string{"acceptStandby", "acceptDataLoss"}
	for name, tc := range map[string]struct {
		claim    Claim
		accepted Accepted
		want     []string
		ignored  []Risk
	}{
		"none":                  {active, Accepted{}, nil, nil},
		"for this epoch":        {active, Accepted{DataLoss: 2}, loss, nil},
		"for an earlier one":    {active, Accepted{DataLoss: 1}, nil, []Risk{{"acceptDataLoss", 1}}},
		"for a later one":       {active, Accepted{DataLoss: 2, IgnoreProduction: 3}, loss, []Risk{{"ignoreProduction", 3}}},
		"beside one":            {kept, Accepted{DataLoss: 2}, both, nil},
		"again":                 {kept, Accepted{Standby: 2}, kept.Accepted, nil},
		"by a standby":          {standby, Accepted{DataLoss: 2}, nil, []Risk{{"acceptDataLoss", 2}}},
		"kept, and not renewed": {kept, Accepted{}, kept.Accepted, nil},
	} {
		got, ignored := tc.claim.accept(tc.accepted)
		assert.Equal(t, tc.want, got.Accepted, name)
		assert.Equal(t, tc.ignored, ignored, name)
	}
	assert.Equal(t, []string{"acceptStandby"}, kept.Accepted, "the claim before is as it was")
}
