package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// TestRotation holds which secrets a stack has next, in every situation of a rotation.
func TestRotation(t *testing.T) {
	t.Parallel()
	before := wordpress.GenerateSecrets()
	begun := wordpress.Rotate(before, wordpress.PartAll)
	after := wordpress.Settle(begun)
	foreign := map[string]string{wordpress.DatabaseUser: "theirs"}

	plan := func(do roles.Action, role roles.Role, reason roles.Reason) roles.Plan {
		return roles.Plan{Do: do, Claim: roles.Claim{Role: role, Epoch: 2, Reason: reason, Generation: roles.Generation{Number: 1, Origin: roles.OriginReplica}}}
	}
	active, standby := plan(roles.Keep, roles.Active, roles.ReasonFailover), plan(roles.Keep, roles.Standby, "")
	const fresh, same, ended = "new ones", "its own", "its own, without those before"
	for name, tc := range map[string]struct {
		plan         roles.Plan
		unfinished   bool // the activation has not moved the site's name
		held, theirs map[string]string
		peer         roles.Role
		asked        string
		want         string // or a part of the refusal
	}{
		"begins":                             {active, false, before, before, roles.Standby, "all-1", fresh},
		"begins without a standby":           {active, false, before, nil, "", "all-1", fresh},
		"has begun":                          {active, false, begun, before, roles.Standby, "all-1", same},
		"has begun, not asked":               {active, false, begun, before, roles.Standby, "", same},
		"the standby has them":               {active, false, begun, begun, roles.Standby, "", ended},
		"the standby has them, asked again":  {active, false, begun, begun, roles.Standby, "all-1", same},
		"no standby needs those before":      {active, false, begun, before, roles.Active, "", ended},
		"has ended":                          {active, false, after, begun, roles.Standby, "", same},
		"has been":                           {active, false, after, after, roles.Standby, "all-1", same},
		"the next":                           {active, false, after, after, roles.Standby, "salts-2", fresh},
		"not the next":                       {active, false, after, after, roles.Standby, "salts-3", "the next rotation is number 2"},
		"another, before it has ended":       {active, false, begun, begun, roles.Standby, "all-2", "rotation 1, of all, has not ended"},
		"another part of the same":           {active, false, begun, begun, roles.Standby, "cache-1", "rotation 1, of all, has not ended"},
		"an activation ends none":            {plan(roles.Activate, roles.Active, roles.ReasonFailover), true, begun, begun, roles.Active, "", same},
		"an unfinished activation ends none": {active, true, begun, begun, roles.Active, "", same},
		"a failover that had not heard":      {plan(roles.Activate, roles.Active, roles.ReasonFailover), true, before, begun, roles.Active, "", "the peer's"},
		"a reclaim takes no other's":         {plan(roles.Activate, roles.Active, roles.ReasonReclaim), true, before, begun, roles.Active, "", same},
		"a file with an old wish fails over": {plan(roles.Activate, roles.Active, roles.ReasonFailover), true, before, before, roles.Active, "all-1", same},
		"a standby follows":                  {standby, false, before, begun, roles.Active, "", "the peer's"},
		"a standby rotates nothing":          {standby, false, before, before, roles.Active, "all-1", "an active side alone rotates secrets"},
		"a freeze rotates nothing":           {plan(roles.Freeze, roles.Frozen, ""), false, before, before, roles.Standby, "all-1", "an active side alone rotates secrets"},
		"a frozen side rotates nothing":      {plan(roles.Keep, roles.Frozen, ""), false, before, before, roles.Standby, "all-1", "an active side alone rotates secrets"},
		"a user of production's":             {active, false, foreign, nil, "", "database-1", "there is no master user here"},
		"salts of production's":              {active, false, foreign, nil, "", "salts-1", fresh},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := state.State{Secrets: tc.held, Claim: roles.Claim{Role: roles.Active, Epoch: 2, Progress: roles.Switched}}
			if tc.unfinished {
				own.Claim.Progress = roles.Claimed
			}
			got, err := chooseSecrets(tc.plan, own, state.State{Secrets: tc.theirs, Claim: roles.Claim{Role: tc.peer}}, tc.asked)
			switch tc.want {
			case fresh:
				require.NoError(t, err)
				was, _ := wordpress.Rotation(tc.held)
				is, part := wordpress.Rotation(got)
				assert.Equal(t, was+1, is)
				assert.NotEmpty(t, part)
			case same:
				require.NoError(t, err)
				assert.Equal(t, tc.held, got)
			case ended:
				require.NoError(t, err)
				assert.Equal(t, wordpress.Settle(tc.held), got)
			case "the peer's":
				require.NoError(t, err)
				assert.Equal(t, tc.theirs, got)
			default:
				assert.ErrorContains(t, err, tc.want)
			}
		})
	}
}

// TestRotationsAreAlike holds that two sides with one rotation compare as alike, ended or not.
func TestRotationsAreAlike(t *testing.T) {
	t.Parallel()
	begun := wordpress.Rotate(wordpress.GenerateSecrets(), wordpress.PartDatabase)
	assert.Equal(t, state.HashSecrets(wordpress.Settle(begun)), state.HashSecrets(wordpress.Settle(wordpress.Settle(begun))))
}
