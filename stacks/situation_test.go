package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
)

func TestSides(t *testing.T) {
	t.Parallel()
	var (
		standby = roles.Claim{Role: roles.Standby, Epoch: 1}
		active  = func(epoch int) roles.Claim {
			return roles.Claim{Role: roles.Active, Epoch: epoch, Progress: roles.Switched}
		}
		frozen  = roles.Claim{Role: roles.Frozen, Epoch: 1, Progress: roles.Switched}
		claimed = roles.Claim{Role: roles.Active, Epoch: 2}
		gaveUp  = roles.Claim{Role: roles.Standby, Epoch: 3, Aborted: true}
	)
	for name, tc := range map[string]struct {
		own, peer, planned roles.Claim
		want               string
	}{
		"first deployment":   {roles.Claim{}, roles.Claim{}, roles.Claim{Role: roles.Active, Epoch: 1}, "dr in east: not deployed -> active, DNS points here; prod in west: not deployed"},
		"first pilot light":  {roles.Claim{}, active(1), standby, "prod in west: active, DNS points here; dr in east: not deployed -> standby"},
		"failover":           {standby, active(1), claimed, "prod in west: active, DNS points here -> overtaken; dr in east: standby -> active, DNS points here"},
		"planned switchover": {standby, frozen, claimed, "prod in west: frozen, DNS points here -> overtaken; dr in east: standby -> active, DNS points here"},
		"resumed":            {claimed, active(1), claimed, "prod in west: overtaken, DNS points here -> overtaken; dr in east: active -> active, DNS points here"},
		"freeze":             {active(1), standby, frozen, "dr in east: active, DNS points here -> frozen, DNS points here; prod in west: standby"},
		"thaw":               {frozen, standby, active(1), "dr in east: frozen, DNS points here -> active, DNS points here; prod in west: standby"},
		"give up":            {claimed, active(1), gaveUp, "prod in west: overtaken, DNS points here -> active, DNS points here; dr in east: active -> standby"},
		"claim again":        {active(1), gaveUp, roles.Claim{Role: roles.Active, Epoch: 4}, "dr in east: active, DNS points here; prod in west: standby"},
		"rebuild":            {active(1), active(2), roles.Claim{Role: roles.Standby, Epoch: 2}, "prod in west: active, DNS points here; dr in east: overtaken -> standby"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &situation{cfg: config.Config{Stack: "dr", Region: "east", Peer: &config.Peer{Stack: "prod", Region: "west"}}, ownClaim: tc.own, peerClaim: tc.peer, plan: roles.Plan{Claim: tc.planned}}
			sides := s.sides()
			assert.Equal(t, tc.want, sides[0].String()+"; "+sides[1].String())
		})
	}
	other := &situation{cfg: config.Config{Stack: "dr", Region: "us-east-2", Production: &config.Production{Region: "us-west-2"}}, ownClaim: standby, peerClaim: active(1), plan: roles.Plan{Claim: claimed}}
	assert.Equal(t, report.Side{Region: "us-west-2", Before: report.Standing{Role: "active", HoldsName: true}, After: report.Standing{Role: overtaken}}, other.sides()[0])
}
