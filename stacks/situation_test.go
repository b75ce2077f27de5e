package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
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
			s := &situation{cfg: config.Config{Stack: "dr", Region: "east", Peer: &config.Peer{Stack: "prod", Region: "west"}}, own: state.State{Claim: tc.own}, other: state.State{Claim: tc.peer}, plan: roles.Plan{Claim: tc.planned}}
			sides := s.sides()
			assert.Equal(t, tc.want, sides[0].String()+"; "+sides[1].String())
		})
	}
	other := &situation{cfg: config.Config{Stack: "dr", Region: "us-east-2", Production: &config.Production{Region: "us-west-2"}}, own: state.State{Claim: standby}, other: state.State{Claim: active(1)}, plan: roles.Plan{Claim: claimed}}
	assert.Equal(t, report.Side{Region: "us-west-2", Before: report.Standing{Role: "active", HoldsName: true}, After: report.Standing{Role: overtaken}}, other.sides()[0])
}

// TestMoves holds that no move of the site, nor the rest of one, takes the database away for another class.
func TestMoves(t *testing.T) {
	t.Parallel()
	leads := func(role roles.Role, epoch int, progress roles.Progress) roles.Claim {
		return roles.Claim{Role: role, Epoch: epoch, Progress: progress}
	}
	standby, serves, claimed := roles.Claim{Role: roles.Standby, Epoch: 1}, leads(roles.Active, 2, roles.Switched), leads(roles.Active, 2, roles.Claimed)
	for name, tc := range map[string]struct {
		do         roles.Action
		own, plan  roles.Claim
		unfinished bool
		instances  int // published
		want       bool
	}{
		"first deployment":                     {roles.Activate, roles.Claim{}, leads(roles.Active, 1, roles.Claimed), false, 0, false},
		"first deployment, resumed":            {roles.Keep, leads(roles.Active, 1, roles.Claimed), leads(roles.Active, 1, roles.Claimed), true, 0, false},
		"a standby":                            {roles.Keep, standby, standby, false, 0, false},
		"becomes a standby":                    {roles.StandBy, serves, roles.Claim{Role: roles.Standby, Epoch: 3}, false, 2, false},
		"failover":                             {roles.Activate, standby, claimed, false, 0, true},
		"failover, resumed":                    {roles.Keep, claimed, claimed, true, 0, true},
		"failover, resumed after DNS":          {roles.Keep, serves, serves, true, 0, true},
		"deploy":                               {roles.Keep, serves, serves, false, 2, false},
		"failover, resumed after it published": {roles.Keep, serves, serves, true, 2, true},
		"thaw, resumed":                        {roles.Keep, leads(roles.Active, 1, roles.Switched), leads(roles.Active, 1, roles.Switched), true, 2, true},
		"new site, resumed":                    {roles.Keep, leads(roles.Active, 1, roles.Switched), leads(roles.Active, 1, roles.Switched), true, 0, false},
		"freeze":                               {roles.Freeze, serves, leads(roles.Frozen, 2, roles.Switched), false, 2, true},
		"frozen":                               {roles.Keep, leads(roles.Frozen, 2, roles.Switched), leads(roles.Frozen, 2, roles.Switched), false, 2, true},
		"thaw":                                 {roles.Thaw, leads(roles.Frozen, 2, roles.Switched), serves, false, 2, true},
		"reclaim":                              {roles.Activate, serves, leads(roles.Active, 4, roles.Claimed), false, 2, true},
		"retire":                               {roles.Unprotect, serves, serves, false, 2, true},
	} {
		s := &situation{
			cfg: config.Config{Database: config.Database{Class: "db.r6g.large"}}, plan: roles.Plan{Do: tc.do, Claim: tc.plan},
			own: state.State{Claim: tc.own, Unfinished: tc.unfinished, Published: state.PeerInfo{Class: "db.t4g.medium", Instances: tc.instances}},
		}
		s.activating = activates(s.plan, tc.own)
		assert.Equal(t, tc.want, s.keepsClass(), name)
		assert.Equal(t, map[bool]string{true: "db.t4g.medium", false: "db.r6g.large"}[tc.want], s.databaseClass(), name)
		s.own.Published.WantedClass = "db.r6g.large"
		assert.Equal(t, tc.want, s.keepsClass(), "%s: it was in the file then, too", name)
		s.own.Published.WantedClass = "db.t4g.medium"
		assert.Equal(t, tc.want && (tc.instances == 0 || !s.plan.Plain(tc.own)), s.keepsClass(), "%s: it was set since", name)
		s.own.Published.Class, s.own.Published.WantedClass = "", ""
		assert.Equal(t, "db.r6g.large", s.databaseClass(), "%s: a state from before it was published", name)
	}
}

// TestEpochMarker holds whom a stack fences: those that were left behind, and of one that aborted, none.
func TestEpochMarker(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		claim, other roles.Claim
		want         string
	}{
		"an active one":         {roles.Claim{Role: roles.Active, Epoch: 2}, roles.Claim{}, "2"},
		"a frozen one":          {roles.Claim{Role: roles.Frozen, Epoch: 2}, roles.Claim{}, "2"},
		"a standby":             {roles.Claim{Role: roles.Standby, Epoch: 3}, roles.Claim{Role: roles.Active, Epoch: 3, Progress: roles.Switched}, "2"},
		"beside a reclaim":      {roles.Claim{Role: roles.Standby, Epoch: 4}, roles.Claim{Role: roles.Active, Epoch: 4}, "0"},
		"one that aborted":      {roles.Claim{Role: roles.Standby, Epoch: 3, Aborted: true}, roles.Claim{}, "0"},
		"the site's first":      {roles.Claim{Role: roles.Active, Epoch: 1}, roles.Claim{}, "1"},
		"its first pilot light": {roles.Claim{Role: roles.Standby, Epoch: 1}, roles.Claim{}, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &situation{plan: roles.Plan{Claim: tc.claim}, other: state.State{Claim: tc.other}}
			assert.Equal(t, tc.want, string(s.epochMarker()))
		})
	}
}

func TestReachedBy(t *testing.T) {
	t.Parallel()
	claim := func(role roles.Role, epoch int, origin roles.Origin) roles.Claim {
		return roles.Claim{Role: role, Epoch: epoch, Generation: roles.Generation{Origin: origin}}
	}
	fresh := claim(roles.Active, 1, roles.OriginEmpty)
	for name, tc := range map[string]struct {
		visitors   []string
		claim      roles.Claim
		activating bool
		says, not  string
	}{
		"a fresh site":         {nil, fresh, true, "everybody may reach the site, and with it WordPress's installer until it is completed", ""},
		"a fresh site, closed": {[]string{"203.0.113.0/24", "198.51.100.0/24"}, fresh, true, "only 203.0.113.0/24, 198.51.100.0/24 may reach the site: remove visitors", "installer"},
		"closed, and deployed": {[]string{"203.0.113.0/24"}, fresh, false, "only 203.0.113.0/24 may reach the site", ""},
		"a failover":           {nil, claim(roles.Active, 2, roles.OriginReplica), true, "", "site"},
		"made anew later":      {nil, claim(roles.Active, 2, roles.OriginEmpty), true, "", "site"},
		"deployed already":     {nil, fresh, false, "", "site"},
		"a standby":            {nil, claim(roles.Standby, 1, roles.OriginReplica), true, "", "site"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			who := reachedBy(tc.visitors, tc.claim, tc.activating)
			assert.Contains(t, who, tc.says)
			if tc.not != "" {
				assert.NotContains(t, who, tc.not)
			}
		})
	}
}

// TestRisks holds that each risk that a claim keeps is one that the checks know.
func TestRisks(t *testing.T) {
	t.Parallel()
	var keys []string
	for _, r := range (roles.Accepted{}).Risks() {
		keys = append(keys, r.Key)
	}
	assert.Equal(t, []string{checks.AcceptDataLoss, checks.IgnoreProduction, checks.AcceptStandby}, keys)
}
