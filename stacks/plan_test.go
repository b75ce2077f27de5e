package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
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
	var (
		switched = func(c Claim) Claim { c.Promoted, c.Switched = true, true; return c }
		frozen   = func(c Claim) Claim { c.Role = Frozen; return c }
		served   = switched(failedOver)
		planned  = Claim{Role: Active, Epoch: 3, Generation: rebuilt.Generation, Retired: rebuilt.Retired, Planned: true}
		gaveUp   = Claim{
			Role: Standby, Epoch: 3, Generation: Generation{Number: 2, Birth: ReplicaBorn}, GaveUp: true,
			Retired: []Generation{{Number: 1, Birth: ReplicaBorn, Unserved: true}},
		}
		followed     = gaveUp
		claimedAgain = Claim{Role: Active, Epoch: 4, Generation: Generation{Number: 1, Birth: PrimaryBorn, Promoted: true}, Held: true}
	)
	followed.Epoch, followed.GaveUp = 4, false
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
		"an old file for the failed-over stack":  {Standby, failedOver, first, Refuse, none, "finish it with role active"},
		"an old file for the serving stack":      {Standby, switched(failedOver), first, Refuse, none, "its database the live one"},
		"rebuilding production":                  {Standby, first, failedOver, StandBy, rebuilt, ""},
		"rebuilt production again":               {Standby, rebuilt, failedOver, Keep, rebuilt, ""},
		"going home":                             {Active, rebuilt, failedOver, Activate, Claim{Role: Active, Epoch: 3, Generation: rebuilt.Generation, Retired: rebuilt.Retired}, ""},

		"freeze":                               {Frozen, served, rebuilt, Freeze, frozen(served), ""},
		"freeze again":                         {Frozen, frozen(served), rebuilt, Keep, frozen(served), ""},
		"freeze before the site's name moved":  {Frozen, failedOver, rebuilt, Refuse, none, "finish the activation"},
		"freeze with nobody to take over":      {Frozen, served, first, Refuse, none, "no standby to hand the site over to"},
		"freeze of a standby":                  {Frozen, rebuilt, served, Refuse, none, "only the active stack can be frozen"},
		"freeze of a stack that lost the site": {Frozen, switched(first), failedOver, Refuse, none, "the site moved on to epoch 2"},
		"taking the freeze back":               {Active, frozen(served), rebuilt, Thaw, served, ""},
		"taking it back too late":              {Active, frozen(served), planned, Refuse, none, "the site moved on to epoch 3"},
		"standby of a frozen peer":             {Standby, rebuilt, frozen(served), Keep, rebuilt, ""},
		"planned switchover":                   {Active, rebuilt, frozen(served), Activate, planned, ""},
		"planned switchover again":             {Active, planned, frozen(served), Keep, planned, ""},
		"standing by after it": {Standby, frozen(served), planned, StandBy, Claim{
			Role: Standby, Epoch: 3, Generation: Generation{Number: 2, Birth: ReplicaBorn}, Retired: []Generation{{Number: 1, Birth: ReplicaBorn}},
		}, ""},
		"standing by while frozen": {Standby, frozen(served), rebuilt, Refuse, none, "activate the peer first"},

		"an old file while activating":                     {Standby, failedOver, first, Refuse, none, "set abort to 2 to give the activation up"},
		"production after an activation that was given up": {Active, switched(first), gaveUp, Activate, claimedAgain, ""},
		"frozen production after it":                       {Active, frozen(switched(first)), gaveUp, Activate, claimedAgain, ""},
		"freeze after it":                                  {Frozen, first, gaveUp, Refuse, none, "claim the site again"},
		"who gave up waits":                                {Standby, gaveUp, first, Keep, gaveUp, ""},
		"who gave up follows":                              {Standby, gaveUp, Claim{Role: Active, Epoch: 4}, Keep, followed, ""},
		"who gave up tries again":                          {Active, gaveUp, first, Activate, Claim{Role: Active, Epoch: 4, Generation: gaveUp.Generation, Retired: gaveUp.Retired}, ""},
		"a role that there is not":                         {"primary", first, none, Refuse, none, `the role "primary" is unknown`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := Decide(tc.want, tc.own, tc.peer)
			assert.Equal(t, tc.do, plan.Do)
			assert.Equal(t, tc.claim, plan.Claim)
			assert.Contains(t, plan.Why(), tc.why)
			assert.Equal(t, tc.do == Refuse, plan.Why() != "", "a refusal says why, and nothing else does")
		})
	}
}

func TestAbort(t *testing.T) {
	t.Parallel()
	production := Claim{Role: Active, Epoch: 1, Generation: Generation{Number: 1, Birth: PrimaryBorn}}
	own := Claim{Role: Active, Epoch: 2, Generation: Generation{Number: 1, Birth: ReplicaBorn}}
	assert.Equal(t, Plan{Do: GiveUp, Claim: Claim{
		Role: Standby, Epoch: 3, Generation: Generation{Number: 2, Birth: ReplicaBorn}, GaveUp: true,
		Retired: []Generation{{Number: 1, Birth: ReplicaBorn, Unserved: true}},
	}}, Abort(own, production))

	assert.Contains(t, Abort(own, Claim{}).Why(), "no other side holds the site")
	assert.Contains(t, Abort(own, Claim{Role: Active, Epoch: 3}).Why(), "no other side holds the site")
	assert.Contains(t, Abort(Claim{Role: Standby, Epoch: 2}, production).Why(), "this stack is standby")
	own.Switched = true
	assert.Contains(t, Abort(own, production).Why(), "the site's name points here")
}

func TestTakeBack(t *testing.T) {
	t.Parallel()
	first := Claim{Role: Active, Epoch: 1, Generation: Generation{Number: 1, Birth: PrimaryBorn}, Switched: true}
	copied := Claim{Role: Frozen, Epoch: 4, Generation: Generation{Number: 2, Birth: ReplicaBorn}, Promoted: true, Switched: true}
	lost := Claim{Role: Active, Epoch: 5, Generation: Generation{Number: 1, Birth: ReplicaBorn}, Planned: true}

	assert.Equal(t, Plan{Do: Activate, Claim: Claim{Role: Active, Epoch: 6, Generation: first.Generation, Held: true}}, TakeBack(first, lost))
	taken := TakeBack(copied, lost).Claim
	assert.Equal(t, Claim{Role: Active, Epoch: 6, Generation: Generation{Number: 2, Birth: ReplicaBorn, Promoted: true}, Held: true}, taken)
	assert.Contains(t, Overtaken(lost, taken), "moved on to epoch 6", "the lost side, should it live after all")
	assert.Equal(t, Plan{Do: Keep, Claim: taken}, TakeBack(taken, lost), "again")
	assert.Contains(t, Abort(taken, lost).Why(), "claimed the site again at epoch 6", "nobody else holds it")
	assert.Contains(t, Decide(Standby, taken, lost).Why(), "claimed the site again at epoch 6")
	assert.Contains(t, TakeBack(lost, taken).Why(), "its database is stale", "who never held the site takes nothing back, and who holds it again loses it to nobody")
	assert.False(t, Decide(Standby, taken, Claim{Role: Active, Epoch: 7}).Claim.Retired[0].Unserved, "it served at epoch 4")

	back := Decide(Standby, lost, taken)
	assert.Equal(t, StandBy, back.Do)
	assert.True(t, back.Claim.Retired[0].Unserved, "it was never promoted")
	lost.Promoted = true
	assert.False(t, Decide(Standby, lost, taken).Claim.Retired[0].Unserved)

	lost.Switched = true
	assert.Contains(t, TakeBack(first, lost).Why(), "its database is stale")
	assert.Equal(t, Keep, TakeBack(first, Claim{Role: Standby, Epoch: 1}).Do, "nobody to take it back from")
	assert.Contains(t, TakeBack(Claim{}, lost).Why(), "holds no copy")
	assert.Equal(t, Plan{Do: Activate, Claim: Claim{Role: Active, Epoch: 6, Generation: Generation{Number: 1}}},
		TakeBack(Claim{Role: Standby, Epoch: 5, Generation: Generation{Number: 1}}, lost), "a standby's is a failover, as ever")
}

func TestOvertaken(t *testing.T) {
	t.Parallel()
	own := Claim{Role: Active, Epoch: 3, Planned: true}
	assert.Empty(t, Overtaken(own, Claim{Role: Frozen, Epoch: 2}))
	assert.Contains(t, Overtaken(own, Claim{Role: Active, Epoch: 2}), "took its freeze back")
	assert.Contains(t, Overtaken(own, Claim{Role: Active, Epoch: 4}), "moved on to epoch 4")
	assert.Contains(t, Overtaken(own, Claim{Role: Active, Epoch: 3}), "both claim epoch 3")
	own.Planned = false
	assert.Empty(t, Overtaken(own, Claim{Role: Active, Epoch: 2}))
}

func TestEnd(t *testing.T) {
	t.Parallel()
	claim := Claim{Role: Standby, Epoch: 4, Generation: Generation{Number: 3, Birth: ReplicaBorn}, Retired: []Generation{
		{Number: 1, Birth: PrimaryBorn}, {Number: 2, Birth: ReplicaBorn},
	}}
	keep := Plan{Do: Keep, Claim: claim}
	first := End(keep, 1)
	assert.Equal(t, Unprotect, first.Do)
	assert.Equal(t, []Generation{{Number: 1, Birth: PrimaryBorn, Ending: true}, {Number: 2, Birth: ReplicaBorn}}, first.Claim.Retired)
	second := End(Plan{Do: Keep, Claim: first.Claim}, 1)
	assert.Equal(t, Keep, second.Do)
	assert.Equal(t, []Generation{{Number: 2, Birth: ReplicaBorn}}, second.Claim.Retired)
	assert.Equal(t, second, End(second, 1), "what has ended needs nothing more")
	assert.Equal(t, []Generation{{Number: 1, Birth: PrimaryBorn}, {Number: 2, Birth: ReplicaBorn}}, claim.Retired, "a claim is not changed in place")

	assert.Contains(t, End(keep, 3).Why(), "generation 3 is not retired")
	assert.Contains(t, End(keep, 7).Why(), "generation 7 is not retired")
	assert.Contains(t, End(Plan{Do: Activate, Claim: claim}, 1).Why(), "do not go together")
	assert.Equal(t, refuse("no"), End(refuse("no"), 1))
}
