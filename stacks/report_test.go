package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/failover"
)

func TestSides(t *testing.T) {
	t.Parallel()
	var (
		standby = Claim{Role: Standby, Epoch: 1}
		active  = func(epoch int) Claim { return Claim{Role: Active, Epoch: epoch, Switched: true} }
		frozen  = Claim{Role: Frozen, Epoch: 1, Switched: true}
		claimed = Claim{Role: Active, Epoch: 2}
		gaveUp  = Claim{Role: Standby, Epoch: 3, GaveUp: true}
	)
	for name, tc := range map[string]struct {
		own, peer, planned Claim
		want               string
	}{
		"first deployment":   {Claim{}, Claim{}, Claim{Role: Active, Epoch: 1}, "dr in east: not deployed -> active with the site's name; prod in west: not deployed"},
		"first pilot light":  {Claim{}, active(1), standby, "prod in west: active with the site's name; dr in east: not deployed -> standby"},
		"failover":           {standby, active(1), claimed, "prod in west: active with the site's name -> overtaken; dr in east: standby -> active with the site's name"},
		"planned switchover": {standby, frozen, claimed, "prod in west: frozen with the site's name -> overtaken; dr in east: standby -> active with the site's name"},
		"carried on":         {claimed, active(1), claimed, "prod in west: overtaken with the site's name -> overtaken; dr in east: active -> active with the site's name"},
		"freeze":             {active(1), standby, frozen, "dr in east: active with the site's name -> frozen with the site's name; prod in west: standby"},
		"thaw":               {frozen, standby, active(1), "dr in east: frozen with the site's name -> active with the site's name; prod in west: standby"},
		"give up":            {claimed, active(1), gaveUp, "prod in west: overtaken with the site's name -> active with the site's name; dr in east: active -> standby"},
		"claim again":        {active(1), gaveUp, Claim{Role: Active, Epoch: 4}, "dr in east: active with the site's name; prod in west: standby"},
		"rebuild":            {active(1), active(2), Claim{Role: Standby, Epoch: 2}, "prod in west: active with the site's name; dr in east: overtaken -> standby"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &site{cfg: Config{Stack: "dr", Region: "east", Peer: &Peer{Stack: "prod", Region: "west"}}, own: tc.own, held: tc.peer, plan: Plan{Claim: tc.planned}}
			sides := s.sides()
			assert.Equal(t, tc.want, sides[0].String()+"; "+sides[1].String())
		})
	}
	other := &site{cfg: Config{Stack: "dr", Region: "us-east-2", Production: &Production{Region: "us-west-2"}}, own: standby, held: active(1), plan: Plan{Claim: claimed}}
	assert.Equal(t, failover.Side{Region: "us-west-2", Before: failover.Standing{Role: "active", Named: true}, After: failover.Standing{Role: overtaken}}, other.sides()[0])
}
