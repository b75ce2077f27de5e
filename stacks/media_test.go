package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// TestMediaDue holds when the media of both sides are compared: for each two buckets, until all of before is there, and never
// while the site moves.
func TestMediaDue(t *testing.T) {
	t.Parallel()
	serving := roles.Claim{Role: roles.Active, Epoch: 1, Progress: roles.Switched, Generation: roles.Generation{Number: 1}}
	frozen, again, pilotLight := serving, serving, serving
	frozen.Role, pilotLight.Role = roles.Frozen, roles.Standby
	again.Role, again.Generation.Number, again.Former = roles.Standby, 2, []roles.Generation{{Number: 1}}
	compared := state.Media{Bucket: "ours", Peer: "theirs", Files: 3, Generation: 1}
	lacking, unseen, told := compared, compared, compared
	lacking.Missing, unseen.Unseen, told.Generation = 2, "AccessDenied", 2
	for name, tc := range map[string]struct {
		do   roles.Action
		own  roles.Claim // before
		next roles.Claim
		kept state.Media
		to   string
		due  bool
	}{
		"two new buckets":              {roles.Keep, serving, serving, state.Media{}, "theirs", true},
		"compared":                     {roles.Keep, serving, serving, compared, "theirs", false},
		"a third stack's bucket":       {roles.Keep, serving, serving, compared, "third", true},
		"some are missing":             {roles.Keep, serving, serving, lacking, "theirs", true},
		"the listing failed":           {roles.Keep, serving, serving, unseen, "theirs", true},
		"a failover":                   {roles.Activate, pilotLight, serving, state.Media{}, "theirs", false},
		"a failover, some are missing": {roles.Activate, pilotLight, serving, lacking, "theirs", false},
		"a freeze":                     {roles.Freeze, serving, frozen, lacking, "theirs", false},
		"a frozen side":                {roles.Keep, frozen, frozen, lacking, "theirs", false},
		"the end of an overtaken one":  {roles.End, serving, serving, lacking, "theirs", false},
		"a new pilot light":            {roles.StandBy, roles.Claim{}, pilotLight, state.Media{}, "theirs", true},
		"a pilot light":                {roles.Keep, pilotLight, pilotLight, compared, "theirs", false},
		"a side that led":              {roles.StandBy, serving, again, compared, "theirs", true},
		"a side that led, told":        {roles.Keep, again, again, told, "theirs", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tc.due, mediaDue(roles.Plan{Do: tc.do, Claim: tc.next}, tc.own, tc.kept, "ours", tc.to))
		})
	}
}
