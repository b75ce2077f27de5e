package roles

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	var (
		none        Claim
		first       = Claim{Role: Active, Epoch: 1, Reason: ReasonCreate, Generation: Generation{Number: 1, Origin: OriginEmpty}}
		pilotLight  = Claim{Role: Standby, Epoch: 1, Generation: Generation{Number: 1, Origin: OriginReplica}}
		failedOver  = Claim{Role: Active, Epoch: 2, Reason: ReasonFailover, Generation: Generation{Number: 1, Origin: OriginReplica}}
		reprotected = Claim{Role: Standby, Epoch: 2, Generation: Generation{Number: 2, Origin: OriginReplica}, Former: []Generation{{Number: 1, Origin: OriginEmpty}}}
	)
	var (
		switched = func(c Claim) Claim { c.Progress = Switched; return c }
		frozen   = func(c Claim) Claim { c.Role = Frozen; return c }
		served   = switched(failedOver)
		planned  = Claim{Role: Active, Epoch: 3, Generation: reprotected.Generation, Former: reprotected.Former, Reason: ReasonSwitchover}
		aborted  = Claim{
			Role: Standby, Epoch: 3, Generation: Generation{Number: 2, Origin: OriginReplica}, Aborted: true,
			Former: []Generation{{Number: 1, Origin: OriginReplica, SkipFinalSnapshot: true}},
		}
		followed  = aborted
		reclaimed = Claim{Role: Active, Epoch: 4, Generation: Generation{Number: 1, Origin: OriginEmpty, EverPromoted: true}, Reason: ReasonReclaim}
	)
	followed.Epoch, followed.Aborted = 4, false
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
		"an old file for the serving stack":      {Standby, switched(failedOver), first, Refuse, none, "its database is the live one"},
		"reprotecting production":                {Standby, first, failedOver, StandBy, reprotected, ""},
		"reprotected production again":           {Standby, reprotected, failedOver, Keep, reprotected, ""},
		"going home":                             {Active, reprotected, failedOver, Activate, Claim{Role: Active, Epoch: 3, Reason: ReasonFailover, Generation: reprotected.Generation, Former: reprotected.Former}, ""},

		"freeze":                               {Frozen, served, reprotected, Freeze, frozen(served), ""},
		"freeze again":                         {Frozen, frozen(served), reprotected, Keep, frozen(served), ""},
		"freeze before the switch":             {Frozen, failedOver, reprotected, Refuse, none, "finish the activation"},
		"freeze with nobody to take over":      {Frozen, served, first, Refuse, none, "no standby to hand the site over to"},
		"freeze of a standby":                  {Frozen, reprotected, served, Refuse, none, "only the active stack can be frozen"},
		"freeze of a stack that lost the site": {Frozen, switched(first), failedOver, Refuse, none, "the site moved on to epoch 2"},
		"taking the freeze back":               {Active, frozen(served), reprotected, Thaw, served, ""},
		"taking it back too late":              {Active, frozen(served), planned, Refuse, none, "the site moved on to epoch 3"},
		"standby of a frozen peer":             {Standby, reprotected, frozen(served), Keep, reprotected, ""},
		"planned switchover":                   {Active, reprotected, frozen(served), Activate, planned, ""},
		"planned switchover again":             {Active, planned, frozen(served), Keep, planned, ""},
		"standing by after it": {Standby, frozen(served), planned, StandBy, Claim{
			Role: Standby, Epoch: 3, Generation: Generation{Number: 2, Origin: OriginReplica}, Former: []Generation{{Number: 1, Origin: OriginReplica}},
		}, ""},
		"standing by while frozen": {Standby, frozen(served), reprotected, Refuse, none, "activate the peer first"},

		"an old file while activating":                    {Standby, failedOver, first, Refuse, none, "set abort to 2 to abort it"},
		"production after an activation that was aborted": {Active, switched(first), aborted, Activate, reclaimed, ""},
		"frozen production after it":                      {Active, frozen(switched(first)), aborted, Activate, reclaimed, ""},
		"freeze after it":                                 {Frozen, first, aborted, Refuse, none, "reclaim the site"},
		"an aborted one waits":                            {Standby, aborted, first, Keep, aborted, ""},
		"an aborted one follows":                          {Standby, aborted, Claim{Role: Active, Epoch: 4}, Keep, followed, ""},
		"an aborted one tries again":                      {Active, aborted, first, Activate, Claim{Role: Active, Epoch: 4, Reason: ReasonFailover, Generation: aborted.Generation, Former: aborted.Former}, ""},
		"a role that there is not":                        {"primary", first, none, Refuse, none, `the role "primary" is unknown`},
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

func TestDecideAbort(t *testing.T) {
	t.Parallel()
	production := Claim{Role: Active, Epoch: 1, Generation: Generation{Number: 1, Origin: OriginEmpty}}
	own := Claim{Role: Active, Epoch: 2, Generation: Generation{Number: 1, Origin: OriginReplica}}
	assert.Equal(t, Plan{Do: Abort, Claim: Claim{
		Role: Standby, Epoch: 3, Generation: Generation{Number: 2, Origin: OriginReplica}, Aborted: true,
		Former: []Generation{{Number: 1, Origin: OriginReplica, SkipFinalSnapshot: true}},
	}}, DecideAbort(own, production))

	assert.Contains(t, DecideAbort(own, Claim{}).Why(), "no other side leads the site")
	assert.Contains(t, DecideAbort(own, Claim{Role: Active, Epoch: 3}).Why(), "no other side leads the site")
	assert.Contains(t, DecideAbort(Claim{Role: Standby, Epoch: 2}, production).Why(), "this stack is standby")
	own.Progress = Switched
	assert.Contains(t, DecideAbort(own, production).Why(), "DNS points here")
}

func TestDecideReclaim(t *testing.T) {
	t.Parallel()
	first := Claim{Role: Active, Epoch: 1, Generation: Generation{Number: 1, Origin: OriginEmpty}, Progress: Switched}
	copied := Claim{Role: Frozen, Epoch: 4, Generation: Generation{Number: 2, Origin: OriginReplica}, Progress: Switched}
	promoted := func(g Generation) Generation { g.EverPromoted = true; return g }
	lost := Claim{Role: Active, Epoch: 5, Generation: Generation{Number: 1, Origin: OriginReplica}, Reason: ReasonSwitchover}

	assert.Equal(t, Plan{Do: Activate, Claim: Claim{Role: Active, Epoch: 6, Generation: promoted(first.Generation), Reason: ReasonReclaim}}, DecideReclaim(first, lost))
	taken := DecideReclaim(copied, lost).Claim
	assert.Equal(t, Claim{Role: Active, Epoch: 6, Generation: Generation{Number: 2, Origin: OriginReplica, EverPromoted: true}, Reason: ReasonReclaim}, taken)
	assert.Contains(t, Overtaken(lost, taken), "moved on to epoch 6", "the lost side, should it live after all")
	assert.Equal(t, Plan{Do: Keep, Claim: taken}, DecideReclaim(taken, lost), "again")
	assert.Contains(t, DecideAbort(taken, lost).Why(), "reclaimed the site at epoch 6", "nobody else holds it")
	assert.Contains(t, Decide(Standby, taken, lost).Why(), "reclaimed the site at epoch 6")
	assert.Contains(t, DecideReclaim(lost, taken).Why(), "its database is stale", "who never held the site takes nothing back, and who holds it again loses it to nobody")
	assert.False(t, Decide(Standby, taken, Claim{Role: Active, Epoch: 7}).Claim.Former[0].SkipFinalSnapshot, "it served at epoch 4")

	back := Decide(Standby, lost, taken)
	assert.Equal(t, StandBy, back.Do)
	assert.True(t, back.Claim.Former[0].SkipFinalSnapshot, "it was never promoted")
	lost.Progress = Promoted
	assert.False(t, Decide(Standby, lost, taken).Claim.Former[0].SkipFinalSnapshot)

	lost.Progress = Switched
	assert.Contains(t, DecideReclaim(first, lost).Why(), "its database is stale")
	assert.Equal(t, Keep, DecideReclaim(first, Claim{Role: Standby, Epoch: 1}).Do, "nobody to take it back from")
	assert.Contains(t, DecideReclaim(Claim{}, lost).Why(), "holds no copy")
	assert.Equal(t, Plan{Do: Activate, Claim: Claim{Role: Active, Epoch: 6, Reason: ReasonFailover, Generation: Generation{Number: 1}}},
		DecideReclaim(Claim{Role: Standby, Epoch: 5, Generation: Generation{Number: 1}}, lost), "a standby's is a failover, as ever")
}

func TestOvertaken(t *testing.T) {
	t.Parallel()
	own := Claim{Role: Active, Epoch: 3, Reason: ReasonSwitchover}
	assert.Empty(t, Overtaken(own, Claim{Role: Frozen, Epoch: 2}))
	assert.Contains(t, Overtaken(own, Claim{Role: Active, Epoch: 2}), "was thawed")
	assert.Contains(t, Overtaken(own, Claim{Role: Active, Epoch: 4}), "moved on to epoch 4")
	assert.Contains(t, Overtaken(own, Claim{Role: Active, Epoch: 3}), "both claim epoch 3")
	own.Reason = ReasonFailover
	assert.Empty(t, Overtaken(own, Claim{Role: Active, Epoch: 2}))
}

func TestDecideRetire(t *testing.T) {
	t.Parallel()
	claim := Claim{Role: Standby, Epoch: 4, Generation: Generation{Number: 3, Origin: OriginReplica}, Former: []Generation{
		{Number: 1, Origin: OriginEmpty}, {Number: 2, Origin: OriginReplica},
	}}
	keep := Plan{Do: Keep, Claim: claim}
	first := DecideRetire(keep, 1, false)
	assert.Equal(t, Unprotect, first.Do)
	assert.Equal(t, []Generation{{Number: 1, Origin: OriginEmpty, DeleteRequested: true}, {Number: 2, Origin: OriginReplica}}, first.Claim.Former)
	assert.Equal(t, first, DecideRetire(Plan{Do: Keep, Claim: first.Claim}, 1, true), "AWS may protect it still")
	second := DecideRetire(Plan{Do: Keep, Claim: first.Claim}, 1, false)
	assert.Equal(t, Keep, second.Do)
	assert.Equal(t, []Generation{{Number: 2, Origin: OriginReplica}}, second.Claim.Former)
	assert.Equal(t, second, DecideRetire(second, 1, false), "what has ended needs nothing more")
	assert.Equal(t, []Generation{{Number: 1, Origin: OriginEmpty}, {Number: 2, Origin: OriginReplica}}, claim.Former, "a claim is not changed in place")

	assert.Contains(t, DecideRetire(keep, 3, false).Why(), "generation 3 is not a former database")
	assert.Contains(t, DecideRetire(keep, 7, false).Why(), "generation 7 is not a former database")
	assert.Contains(t, DecideRetire(Plan{Do: Activate, Claim: claim}, 1, false).Why(), "do not go together")
	assert.Equal(t, RefusePlan("no"), DecideRetire(RefusePlan("no"), 1, false))
}

func TestDecideRebuild(t *testing.T) {
	t.Parallel()
	standby := Claim{Role: Standby, Epoch: 3, Generation: Generation{Number: 2, Origin: OriginReplica}, Former: []Generation{{Number: 1, Origin: OriginEmpty}}}
	keep := Plan{Do: Keep, Claim: standby}
	rebuilt := DecideRebuild(keep, 2)
	assert.Equal(t, Plan{Do: StandBy, Claim: Claim{
		Role: Standby, Epoch: 3, Generation: Generation{Number: 3, Origin: OriginReplica},
		Former: []Generation{{Number: 1, Origin: OriginEmpty}, {Number: 2, Origin: OriginReplica, SkipFinalSnapshot: true}},
	}}, rebuilt)
	again := Plan{Do: Keep, Claim: rebuilt.Claim}
	assert.Equal(t, again, DecideRebuild(again, 2), "once it is a former one, nothing is left to do")
	assert.Contains(t, DecideRebuild(keep, 3).Why(), "the database of this stack is generation 2, and rebuild is set to 3")
	activate := Plan{Do: Activate, Claim: Claim{Role: Active, Epoch: 4, Generation: standby.Generation}}
	assert.Equal(t, activate, DecideRebuild(activate, 2), "it is in the way of no failover")
	leads := Plan{Do: Keep, Claim: Claim{Role: Active, Epoch: 3, Generation: standby.Generation}}
	assert.Equal(t, leads, DecideRebuild(leads, 2), "a database that leads is not replaced")
	waits := keep
	waits.Claim.Aborted = true
	assert.Equal(t, waits, DecideRebuild(waits, 2), "the peer has not reclaimed the site")
	assert.Equal(t, RefusePlan("no"), DecideRebuild(RefusePlan("no"), 2))
}

func TestDecideNoSnapshot(t *testing.T) {
	t.Parallel()
	led := Claim{Role: Standby, Epoch: 2, Generation: Generation{Number: 2, Origin: OriginReplica}, Former: []Generation{{Number: 1, Origin: OriginEmpty}}}
	keep := Plan{Do: Keep, Claim: led}
	refused := DecideNoSnapshot(keep, 1, "failed", 0)
	assert.Equal(t, "generation 1 of this stack is failed, and RDS takes no final snapshot of such a database: mend it first, or set acceptNoSnapshot to 1 (--accept-no-snapshot 1) to end it without one", refused.Why())
	assert.Contains(t, DecideNoSnapshot(keep, 1, "failed", 2).Why(), "set acceptNoSnapshot to 1", "a consent is for one database")
	first := DecideRetire(DecideNoSnapshot(keep, 1, "failed", 1), 1, false)
	assert.Equal(t, Unprotect, first.Do)
	assert.Equal(t, []Generation{{Number: 1, Origin: OriginEmpty, DeleteRequested: true, SkipFinalSnapshot: true}}, first.Claim.Former)
	assert.Equal(t, Generation{Number: 1, Origin: OriginEmpty}, keep.Claim.Former[0], "the plan before is as it was")
	second := DecideRetire(DecideNoSnapshot(Plan{Do: Keep, Claim: first.Claim}, 1, "failed", 1), 1, false)
	assert.Empty(t, second.Claim.Former)

	broke := Plan{Do: Keep, Claim: led}
	broke.Claim.Former = []Generation{{Number: 1, Origin: OriginEmpty, DeleteRequested: true}}
	assert.Equal(t, Refuse, DecideNoSnapshot(broke, 1, "failed", 0).Do, "it broke between the two updates")
	assert.Equal(t, first, DecideRetire(DecideNoSnapshot(broke, 1, "failed", 1), 1, false), "and the state has yet to learn of the consent")
	assert.Equal(t, keep, DecideNoSnapshot(keep, 3, "failed", 0), "there is no such one")
	assert.Equal(t, RefusePlan("no"), DecideNoSnapshot(RefusePlan("no"), 1, "failed", 1))
}
