package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	var (
		none       Claim
		first      = Claim{Role: Active, Epoch: 1, Generation: Generation{Number: 1, Birth: PrimaryBorn}}
		pilotLight = Claim{Role: Standby, Epoch: 1, Generation: Generation{Number: 1, Birth: ReplicaBorn}}
		failedOver = Claim{Role: Active, Epoch: 2, Generation: Generation{Number: 1, Birth: ReplicaBorn}}
		rebuilt    = Claim{Role: Standby, Epoch: 2, Generation: Generation{Number: 2, Birth: ReplicaBorn}, Retired: []Generation{{Number: 1, Birth: PrimaryBorn}}}
	)
	for name, tc := range map[string]struct {
		want      Role
		own, peer Claim
		do        Action
		claim     Claim
		why       string
	}{
		"first deployment of production":         {Active, none, none, Activate, first, ""},
		"first deployment of the pilot light":    {Standby, none, first, StandBy, pilotLight, ""},
		"production again":                       {Active, first, pilotLight, Keep, first, ""},
		"production again, peer never deployed":  {Active, first, none, Keep, first, ""},
		"pilot light again":                      {Standby, pilotLight, first, Keep, pilotLight, ""},
		"failover":                               {Active, pilotLight, first, Activate, failedOver, ""},
		"failover, the peer's state is gone":     {Active, pilotLight, none, Activate, failedOver, ""},
		"failover again":                         {Active, failedOver, first, Keep, failedOver, ""},
		"production returns":                     {Active, first, failedOver, Refuse, none, "the site moved on to epoch 2"},
		"pilot light of a stack activated again": {Standby, pilotLight, Claim{Role: Active, Epoch: 3}, Keep, Claim{Role: Standby, Epoch: 3, Generation: pilotLight.Generation}, ""},
		"two claims at one epoch":                {Active, first, first, Refuse, none, "both claim epoch 1"},
		"a second production":                    {Active, none, first, Refuse, none, "holds no copy"},
		"standby before production":              {Standby, none, none, Refuse, none, "deploy the peer with role active first"},
		"standby without an active peer":         {Standby, pilotLight, none, Refuse, none, "nothing to stand by for"},
		"an old file for the failed-over stack":  {Standby, failedOver, first, Refuse, none, "its database the live one"},
		"rebuilding production":                  {Standby, first, failedOver, StandBy, rebuilt, ""},
		"rebuilt production again":               {Standby, rebuilt, failedOver, Keep, rebuilt, ""},
		"going home":                             {Active, rebuilt, failedOver, Activate, Claim{Active, 3, rebuilt.Generation, rebuilt.Retired}, ""},
		"a role that there is not":               {"primary", first, none, Refuse, none, `the role "primary" is unknown`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := Decide(tc.want, tc.own, tc.peer)
			assert.Equal(t, tc.do, plan.Do)
			assert.Equal(t, tc.claim, plan.Claim)
			assert.Contains(t, plan.Why, tc.why)
			assert.Equal(t, tc.do == Refuse, plan.Why != "", "a refusal says why, and nothing else does")
		})
	}
}

// TestDecideKeepsOneActive runs any sequence of updates on two stacks and holds
// that a stack which took over is never joined by the one it took over from.
func TestDecideKeepsOneActive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var claims [2]Claim
		highest := 0
		for range rapid.IntRange(1, 40).Draw(t, "updates") {
			i := rapid.IntRange(0, 1).Draw(t, "stack")
			want := rapid.SampledFrom([]Role{Active, Standby}).Draw(t, "role")
			own, peer := claims[i], claims[1-i]
			plan := Decide(want, own, peer)
			switch plan.Do {
			case Refuse:
				continue // claims stay
			case Activate:
				assert.Greater(t, plan.Claim.Epoch, highest, "an activation has an epoch higher than any before")
				highest = plan.Claim.Epoch
			case Keep:
				assert.Equal(t, own.Role, plan.Claim.Role)
				assert.Equal(t, own.Generation, plan.Claim.Generation)
				assert.Equal(t, own.Retired, plan.Claim.Retired)
			case StandBy:
				if own.Role != "" {
					assert.Equal(t, append(own.Retired, own.Generation), plan.Claim.Retired, "a database that was ever active is kept")
					assert.Equal(t, own.Generation.Number+1, plan.Claim.Generation.Number)
				}
			}
			if plan.Claim.Role == Active {
				assert.False(t, peer.Role == Active && peer.Epoch >= plan.Claim.Epoch, "acts as active beside a claim as high as its own")
			} else {
				assert.Equal(t, Active, peer.Role, "stands by for nobody")
				assert.Equal(t, peer.Epoch, plan.Claim.Epoch, "follows the active stack's epoch")
			}
			claims[i] = plan.Claim
		}
	})
}

func TestEnd(t *testing.T) {
	t.Parallel()
	claim := Claim{Role: Standby, Epoch: 4, Generation: Generation{Number: 3, Birth: ReplicaBorn}, Retired: []Generation{
		{Number: 1, Birth: PrimaryBorn}, {Number: 2, Birth: ReplicaBorn},
	}}
	keep := Plan{Do: Keep, Claim: claim}
	first := End(keep, 1)
	assert.Equal(t, Unprotect, first.Do)
	assert.Equal(t, []Generation{{1, PrimaryBorn, true}, {2, ReplicaBorn, false}}, first.Claim.Retired)
	second := End(Plan{Do: Keep, Claim: first.Claim}, 1)
	assert.Equal(t, Keep, second.Do)
	assert.Equal(t, []Generation{{2, ReplicaBorn, false}}, second.Claim.Retired)
	assert.Equal(t, second, End(second, 1), "what has ended needs nothing more")
	assert.Equal(t, []Generation{{1, PrimaryBorn, false}, {2, ReplicaBorn, false}}, claim.Retired, "a claim is not changed in place")

	assert.Contains(t, End(keep, 3).Why, "generation 3 is not retired")
	assert.Contains(t, End(keep, 7).Why, "generation 7 is not retired")
	assert.Contains(t, End(Plan{Do: Activate, Claim: claim}, 1).Why, "do not go together")
	assert.Equal(t, refuse("no"), End(refuse("no"), 1))
}
