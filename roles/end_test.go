package roles

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestDecideEnd holds which stacks may be readied for their end, and that none of them activates or stands by for it.
func TestDecideEnd(t *testing.T) {
	t.Parallel()
	aborted := claim(Standby, 2, false)
	aborted.Aborted = true
	for name, tc := range map[string]struct {
		want      Role
		own, peer Claim
		do        Action
		why       string
	}{
		"a standby":                                {Standby, standBy, leading, Keep, ""},
		"the last one":                             {Active, leading, none, Keep, ""},
		"a source":                                 {Active, leading, standBy, Refuse, "destroy the peer first"},
		"the source of one that aborted":           {Active, leading, aborted, Refuse, "destroy the peer first"},
		"one that was overtaken":                   {Active, leading, claim(Active, 2, true), End, ""},
		"one overtaken, whose file says standby":   {Standby, leading, claim(Active, 2, true), End, ""},
		"one overtaken by a third":                 {Active, leading, claim(Standby, 3, false), End, ""},
		"one overtaken by a third, to stand by":    {Standby, leading, claim(Standby, 3, false), End, ""},
		"a frozen one that was overtaken":          {Frozen, claim(Frozen, 1, true), claim(Active, 2, true), End, ""},
		"an activation that was overtaken":         {Active, claim(Active, 2, false), claim(Active, 3, true), End, ""},
		"the one that DNS still points to":         {Active, leading, claim(Active, 2, false), Refuse, "DNS has not followed yet"},
		"a standby of one that stands by":          {Standby, standBy, claim(Standby, 3, false), End, ""},
		"a standby of nothing":                     {Standby, standBy, none, End, ""},
		"two claims at one epoch":                  {Active, leading, leading, Refuse, "both claim epoch 1"},
		"an activation, while production leads on": {Standby, claim(Active, 2, false), leading, Refuse, "set abort to 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := DecideEnd(Decide(tc.want, tc.own, tc.peer), tc.own, tc.peer)
			assert.Equal(t, tc.do, plan.Do)
			assert.Contains(t, plan.Why(), tc.why)
			if tc.do == End {
				assert.Equal(t, tc.own, plan.Claim, "the claim stays: without teardown the stack is what it was")
				assert.False(t, plan.Serves())
				assert.False(t, plan.Plain(tc.own))
			}
		})
	}
}

// TestFormerGeneration holds which databases leave a final snapshot.
func TestFormerGeneration(t *testing.T) {
	t.Parallel()
	replica := Claim{Role: Active, Epoch: 2, Generation: Generation{Number: 1, Origin: OriginReplica}}
	assert.True(t, replica.FormerGeneration().SkipFinalSnapshot, "RDS takes none of a replica")
	promoted := replica
	promoted.Progress = Promoted
	assert.False(t, promoted.FormerGeneration().SkipFinalSnapshot)
	again := replica
	again.Generation.EverPromoted = true
	assert.False(t, again.FormerGeneration().SkipFinalSnapshot)
	replica.Generation.Origin = OriginEmpty
	assert.False(t, replica.FormerGeneration().SkipFinalSnapshot)
}
