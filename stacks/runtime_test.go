package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// TestRuntimeSitePromoted holds of which database the state has seen a promotion: of the current one at this epoch or an earlier
// one, and of no other replica that the plan puts in its place.
func TestRuntimeSitePromoted(t *testing.T) {
	t.Parallel()
	replica := func(number int, ever bool) roles.Generation {
		return roles.Generation{Number: number, Origin: roles.OriginReplica, EverPromoted: ever}
	}
	for name, tc := range map[string]struct {
		saved    roles.Claim
		planned  roles.Generation
		promoted bool
	}{
		"a standby":             {roles.Claim{Role: roles.Standby, Generation: replica(1, false)}, replica(1, false), false},
		"claimed":               {roles.Claim{Role: roles.Active, Generation: replica(1, false)}, replica(1, false), false},
		"promoted":              {roles.Claim{Role: roles.Active, Generation: replica(1, false), Progress: roles.Promoted}, replica(1, false), true},
		"serves":                {roles.Claim{Role: roles.Active, Generation: replica(1, false), Progress: roles.Switched}, replica(1, false), true},
		"claims again":          {roles.Claim{Role: roles.Active, Generation: replica(1, true)}, replica(1, true), true},
		"becomes a standby":     {roles.Claim{Role: roles.Active, Generation: replica(1, false), Progress: roles.Switched}, replica(2, false), false},
		"was never deployed":    {roles.Claim{}, replica(1, false), false},
		"was a standby, aborts": {roles.Claim{Role: roles.Active, Generation: replica(1, false)}, replica(2, false), false},
	} {
		site := RuntimeSite(config.Config{Site: "blog", Stack: "dr", Region: "us-east-2"}, roles.Claim{Generation: tc.planned}, state.State{Claim: tc.saved})
		assert.Equal(t, tc.promoted, site.Promoted, name)
	}
}
