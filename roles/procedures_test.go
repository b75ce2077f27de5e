package roles

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// claim is what a side holds, in short.
func claim(role Role, epoch int, switched bool) Claim {
	c := Claim{Role: role, Epoch: epoch, Generation: Generation{Number: 1}}
	if switched {
		c.Progress = Switched
	}
	return c
}

// site is prod and dr with what they claim.
func site(prod, dr Claim) []Side {
	return []Side{
		{Site: "blog", Stack: "dr", Region: "us-east-2", Role: Standby, Claim: dr},
		{Site: "blog", Stack: "prod", Region: "us-west-2", Role: Active, Claim: prod},
	}
}

var (
	none    = Claim{}
	leading = claim(Active, 1, true)
	standBy = claim(Standby, 1, false)
)

// TestProcedures holds what is left to do of each procedure, in every situation in
// which it may have been stopped.
func TestProcedures(t *testing.T) {
	t.Parallel()
	frozen, planned := claim(Frozen, 1, true), claim(Active, 2, false)
	planned.Reason = ReasonSwitchover
	gaveUp, again := claim(Standby, 3, false), claim(Active, 3, false)
	gaveUp.Aborted, again.Reason = true, ReasonReclaim
	ending := leading
	ending.Generation.Number = 3
	ending.Former = []Generation{{Number: 1, DeleteRequested: true}, {Number: 2}}

	type procedure func([]Side) ([]Change, string, error)
	lostPeer := func(s []Side) ([]Change, string, error) {
		changes, done, err := AbortChanges(s)
		require.NoError(t, err)
		changes, err = ReclaimChanges(s, changes)
		return changes, done, err
	}
	failover := func(s []Side) ([]Change, string, error) { return FailoverChanges(s, Accepted{DataLoss: 2}) }
	home := func(s []Side) ([]Change, string, error) { return SwitchoverChanges(s, "prod", Accepted{}) }
	failback := func(s []Side) ([]Change, string, error) { return FailbackChanges(s, Accepted{}) }
	athome := func(home string, s []Side) []Side {
		s[0].Home = home
		return s
	}
	away := func(s []Side) ([]Change, string, error) { return SwitchoverChanges(s, "dr", Accepted{}) }
	rotate := func(part string) procedure {
		return func(s []Side) ([]Change, string, error) { return RotateChanges(s, part) }
	}
	rotating := func(number int, part string, s []Side) []Side {
		s[1].Rotation, s[1].Rotating = number, part
		return s
	}
	end := func(generation int) procedure {
		return func(s []Side) ([]Change, string, error) { return RetireChanges(s, "prod", generation, Accepted{}) }
	}
	for name, tc := range map[string]struct {
		do    procedure
		sides []Side
		want  []string
		done  string // why nothing is left
		fails string
	}{
		"rotation":                           {rotate("all"), site(leading, standBy), []string{"pulumi up -s prod -c rotate=all-1", "pulumi up -s dr", "pulumi up -s prod", "pulumi up -s dr"}, "", ""},
		"rotation, the next":                 {rotate("salts"), rotating(3, "", site(leading, standBy)), []string{"pulumi up -s prod -c rotate=salts-4", "pulumi up -s dr", "pulumi up -s prod", "pulumi up -s dr"}, "", ""},
		"rotation, stopped":                  {rotate("salts"), rotating(3, "salts", site(leading, standBy)), []string{"pulumi up -s prod -c rotate=salts-3", "pulumi up -s dr", "pulumi up -s prod", "pulumi up -s dr"}, "", ""},
		"rotation, another one stopped":      {rotate("salts"), rotating(3, "cache", site(leading, standBy)), nil, "", "rotation 3, of cache, has not ended: finish it first (pilotlight rotate cache)"},
		"rotation without a standby":         {rotate("all"), site(claim(Active, 1, true), claim(Active, 2, true)), []string{"pulumi up -s dr -c rotate=all-1", "pulumi up -s dr"}, "", ""},
		"rotation of production's":           {rotate("all"), site(none, standBy)[:1], nil, "", "the secrets of this site are those of its production"},
		"rotation, frozen":                   {rotate("all"), site(frozen, standBy), nil, "", "a move of the site is under way"},
		"rotation in a failover":             {rotate("all"), site(leading, claim(Active, 2, false)), nil, "", "finish it first (pilotlight failover"},
		"rotation in an abort":               {rotate("all"), site(leading, gaveUp), nil, "", "finish it first (pilotlight abort to resume)"},
		"rotation of nothing":                {rotate("all"), site(none, none), nil, "", "no side of the site is active yet"},
		"failover":                           {failover, site(leading, standBy), []string{"pulumi up -s dr -c role=active -c acceptDataLoss=2"}, "", ""},
		"failover, stopped":                  {failover, site(leading, claim(Active, 2, false)), []string{"pulumi up -s dr -c role=active -c acceptDataLoss=2"}, "", ""},
		"failover, done":                     {failover, site(leading, claim(Active, 2, true)), []string{"pulumi up -s dr -c role=active"}, "us-east-2 (dr) is active since epoch 2", ""},
		"failover to a side not deployed":    {failover, site(leading, none), nil, "", "there is no standby to fail over to"},
		"failover of nothing":                {failover, site(none, none), nil, "", "no side of the site is active yet"},
		"failover of an existing site":       {failover, site(none, standBy)[:1], []string{"pulumi up -s dr -c role=active -c acceptDataLoss=2"}, "", ""},
		"switchover":                         {away, site(leading, standBy), []string{"pulumi up -s prod -c role=frozen", "pulumi up -s dr -c role=active", "pulumi up -s prod -c role=standby", "pulumi up -s dr"}, "", ""},
		"switchover, frozen":                 {away, site(frozen, standBy), []string{"pulumi up -s prod -c role=frozen", "pulumi up -s dr -c role=active", "pulumi up -s prod -c role=standby", "pulumi up -s dr"}, "", ""},
		"switchover, claimed":                {away, site(frozen, planned), []string{"pulumi up -s dr -c role=active", "pulumi up -s prod -c role=standby", "pulumi up -s dr"}, "", ""},
		"switchover, moved":                  {away, site(frozen, claim(Active, 2, true)), []string{"pulumi up -s dr -c role=active", "pulumi up -s prod -c role=standby", "pulumi up -s dr"}, "", ""},
		"switchover, done":                   {away, site(claim(Standby, 2, false), claim(Active, 2, true)), []string{"pulumi up -s dr -c role=active", "pulumi up -s prod -c role=standby", "pulumi up -s dr"}, "the other side stands by", ""},
		"switchover to the active side":      {home, site(leading, standBy), []string{"pulumi up -s prod -c role=active", "pulumi up -s dr -c role=standby", "pulumi up -s prod"}, "us-west-2 (prod) is active since epoch 1", ""},
		"switchover to a stale side":         {home, site(leading, claim(Active, 2, true)), nil, "", "reprotect it first"},
		"switchover to the frozen side":      {home, site(frozen, standBy), nil, "", "pilotlight thaw"},
		"switchover to nowhere":              {func(s []Side) ([]Change, string, error) { return SwitchoverChanges(s, "mars", Accepted{}) }, site(leading, standBy), nil, "", "the site has no stack mars"},
		"switchover without another":         {away, site(none, standBy)[:1], nil, "", "needs two stacks"},
		"failback":                           {failback, athome("prod", site(claim(Standby, 2, false), claim(Active, 2, true))), []string{"pulumi up -s dr -c role=frozen", "pulumi up -s prod -c role=active", "pulumi up -s dr -c role=standby", "pulumi up -s prod"}, "", ""},
		"failback, done":                     {failback, athome("prod", site(leading, standBy)), []string{"pulumi up -s prod -c role=active", "pulumi up -s dr -c role=standby", "pulumi up -s prod"}, "us-west-2 (prod) is active since epoch 1", ""},
		"failback too early":                 {failback, athome("prod", site(leading, claim(Active, 2, true))), nil, "", "reprotect it first (pilotlight reprotect)"},
		"failback to nowhere":                {failback, site(claim(Standby, 2, false), claim(Active, 2, true)), nil, "", "set home in both stacks' files, or name the stack: pilotlight switchover prod"},
		"failback of an existing site":       {failback, site(none, claim(Active, 2, true))[:1], nil, "", "docs/existing-production.md"},
		"failback to a lost one":             {failback, athome("third", site(claim(Standby, 2, false), claim(Active, 2, true))), nil, "", "set home in both stacks' files"},
		"thaw":                               {ThawChanges, site(frozen, standBy), []string{"pulumi up -s prod -c role=active"}, "", ""},
		"thaw of nothing":                    {ThawChanges, site(leading, standBy), []string{"pulumi up -s prod -c role=active"}, "no side is frozen", ""},
		"reprotect":                          {ReprotectChanges, site(leading, claim(Active, 2, true)), []string{"pulumi up -s prod -c role=standby", "pulumi up -s dr"}, "", ""},
		"reprotect, done":                    {ReprotectChanges, site(claim(Standby, 2, false), claim(Active, 2, true)), []string{"pulumi up -s prod -c role=standby", "pulumi up -s dr"}, "us-west-2 (prod) is a standby of us-east-2 (dr)", ""},
		"reprotect of an existing site":      {ReprotectChanges, site(none, standBy)[:1], []string{"pulumi up -s dr -c role=standby"}, "us-east-2 (dr) is a standby", ""},
		"reprotect before it is failed over": {ReprotectChanges, site(leading, claim(Active, 2, false)), nil, "", "is not finished"},
		"reprotect while frozen":             {ReprotectChanges, site(frozen, standBy), nil, "", "us-west-2 (prod) is frozen"},
		"abort while frozen":                 {AbortChanges, site(frozen, standBy), nil, "pilotlight thaw undoes that", ""},
		"abort":                              {AbortChanges, site(leading, claim(Active, 2, false)), []string{"pulumi up -s dr -c role=standby -c abort=2", "pulumi up -s prod -c role=active", "pulumi up -s dr"}, "", ""},
		"abort, given up":                    {AbortChanges, site(leading, gaveUp), []string{"pulumi up -s prod -c role=active", "pulumi up -s dr -c role=standby"}, "", ""},
		"abort, claimed again": {
			AbortChanges, site(gaveUp, claim(Active, 4, false)),
			[]string{"pulumi up -s dr -c role=active", "pulumi up -s prod -c role=standby"}, "", "",
		},
		"abort, the peer lost":                 {lostPeer, site(frozen, planned), []string{"pulumi up -s prod -c role=active -c abort=2"}, "", ""},
		"abort, half taken back":               {AbortChanges, site(again, planned), []string{"pulumi up -s prod -c role=active"}, "", ""},
		"abort, taken back":                    {AbortChanges, site(claim(Active, 3, true), planned), nil, "there is nothing to abort", ""},
		"failover, half taken":                 {failover, site(again, planned), []string{"pulumi up -s prod -c role=active"}, "since epoch 3", ""},
		"failover from who half claimed again": {failover, site(again, standBy), []string{"pulumi up -s dr -c role=active -c acceptDataLoss=2"}, "", ""},
		"abort of a failover after that":       {AbortChanges, site(again, claim(Active, 4, false)), []string{"pulumi up -s dr -c role=standby -c abort=4", "pulumi up -s prod -c role=active", "pulumi up -s dr"}, "", ""},
		"abort of that, the peer lost":         {lostPeer, site(again, claim(Active, 4, false)), []string{"pulumi up -s prod -c role=active -c abort=4"}, "", ""},
		"reprotect of a lost peer":             {ReprotectChanges, site(claim(Active, 3, true), planned), []string{"pulumi up -s dr -c role=standby", "pulumi up -s prod"}, "", ""},
		"abort, existing site":                 {lostPeer, site(none, claim(Active, 2, false))[:1], nil, "", "no other side of the site can reclaim it"},
		"abort of nothing":                     {AbortChanges, site(leading, standBy), nil, "there is nothing to abort", ""},
		"retire":                               {end(2), site(ending, standBy), []string{"pulumi up -s prod -c retire=2", "pulumi up -s prod -c retire=2"}, "", ""},
		"retire, unprotected":                  {end(1), site(ending, standBy), []string{"pulumi up -s prod -c retire=1"}, "", ""},
		"retire, ended":                        {end(1), site(claim(Active, 5, true), standBy), []string{"pulumi up -s prod -c retire=1"}, "", ""}, // the current one: refused by the program
		"destroy": {
			func(s []Side) ([]Change, string, error) { return DestroyChanges(s), "", nil }, site(leading, standBy),
			[]string{"pulumi up -s dr -c teardown=blog && pulumi destroy -s dr", "pulumi up -s prod -c teardown=blog && pulumi destroy -s prod"}, "", "",
		},
		"destroy after a failover": {
			func(s []Side) ([]Change, string, error) { return DestroyChanges(s), "", nil }, site(leading, claim(Active, 2, true)),
			[]string{"pulumi up -s prod -c teardown=blog && pulumi destroy -s prod", "pulumi up -s dr -c teardown=blog && pulumi destroy -s dr"}, "", "",
		},
		"destroy after a failover the other way": {
			func(s []Side) ([]Change, string, error) { return DestroyChanges(s), "", nil }, site(claim(Active, 3, true), claim(Active, 2, true)),
			[]string{"pulumi up -s dr -c teardown=blog && pulumi destroy -s dr", "pulumi up -s prod -c teardown=blog && pulumi destroy -s prod"}, "", "",
		},
		"destroy of what nothing leads": {
			func(s []Side) ([]Change, string, error) { return DestroyChanges(s), "", nil }, site(standBy, standBy),
			[]string{"pulumi up -s dr -c teardown=blog && pulumi destroy -s dr", "pulumi up -s prod -c teardown=blog && pulumi destroy -s prod"}, "", "",
		},
		"destroy of what is left": {
			func(s []Side) ([]Change, string, error) { return DestroyChanges(s), "", nil }, site(none, standBy),
			[]string{"pulumi up -s dr -c teardown=blog && pulumi destroy -s dr"}, "", "",
		},
		"deploy after a failover the other way": {
			func(s []Side) ([]Change, string, error) { return DeployChanges(s), "", nil }, site(claim(Active, 3, true), claim(Active, 2, true)),
			[]string{"pulumi up -s prod", "pulumi up -s dr", "pulumi up -s prod"}, "", "",
		},
		"deploy": {
			func(s []Side) ([]Change, string, error) { return DeployChanges(s), "", nil }, site(none, none),
			[]string{"pulumi up -s prod", "pulumi up -s dr", "pulumi up -s prod"}, "", "",
		},
		"deploy after a failover": {
			func(s []Side) ([]Change, string, error) { return DeployChanges(s), "", nil }, site(claim(Standby, 2, false), claim(Active, 2, true)),
			[]string{"pulumi up -s dr", "pulumi up -s prod", "pulumi up -s dr"}, "", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes, done, err := tc.do(tc.sides)
			if tc.fails != "" {
				require.ErrorContains(t, err, tc.fails)
				return
			}
			require.NoError(t, err)
			var got []string
			for _, c := range changes {
				got = append(got, c.String())
			}
			assert.Equal(t, tc.want, got)
			assert.Contains(t, done, tc.done)
		})
	}
}

// TestCheckRoles holds that no procedure changes a role by the way, because a file
// says another one than the stack has.
func TestCheckRoles(t *testing.T) {
	t.Parallel()
	moved := site(claim(Standby, 2, false), claim(Active, 2, true)) // and the files were not committed
	require.NoError(t, CheckRoles(site(leading, standBy), DeployChanges(site(leading, standBy))))
	require.NoError(t, CheckRoles(site(none, none), DeployChanges(site(none, none))), "a new stack becomes what its file says")
	require.EqualError(t, CheckRoles(moved, DeployChanges(moved)), "Pulumi.dr.yaml says role: standby, and the stack is active: set it to active. "+
		"To move the site there are pilotlight failover and pilotlight switchover STACK")
	changes, _, err := SwitchoverChanges(moved, "prod", Accepted{})
	require.NoError(t, err)
	require.NoError(t, CheckRoles(moved, changes), "a change that says the role sets the file right, and so do those that follow")
	changes, _, err = RetireChanges(moved, "prod", 1, Accepted{})
	require.NoError(t, err)
	require.ErrorContains(t, CheckRoles(moved, changes), "Pulumi.prod.yaml says role: active")
}

// TestRetireNone holds that no generation is not taken for an update without an end.
func TestRetireNone(t *testing.T) {
	t.Parallel()
	for _, none := range []int{0, -1} {
		changes, _, err := RetireChanges([]Side{{Stack: "prod"}}, "prod", none, Accepted{})
		require.ErrorContains(t, err, "name a former one")
		assert.Empty(t, changes)
	}
}

// TestAbortUnfinished holds that an abort which stopped in its last update is resumed.
func TestAbortUnfinished(t *testing.T) {
	t.Parallel()
	sides := site(claim(Active, 4, true), claim(Standby, 4, false))
	sides[0].Unfinished, sides[1].Claim.Reason = true, ReasonReclaim
	changes, _, err := AbortChanges(sides)
	require.NoError(t, err)
	assert.Equal(t, []Change{{Stack: "dr", Role: Standby}}, changes)

	sides[1].Claim.Reason = ReasonFailover // a reprotect stopped, which is no abort
	changes, nothing, err := AbortChanges(sides)
	require.NoError(t, err)
	assert.Empty(t, changes)
	assert.Contains(t, nothing, "there is nothing to abort")
}

// TestRetireUnfinished holds that a database whose protection may not be lifted yet is not
// deleted at once.
func TestRetireUnfinished(t *testing.T) {
	t.Parallel()
	killed := standBy
	killed.Former = []Generation{{Number: 1, DeleteRequested: true}}
	sides := site(leading, killed)
	sides[0].Unfinished = true
	changes, _, err := RetireChanges(sides, "dr", 1, Accepted{})
	require.NoError(t, err)
	assert.Len(t, changes, 2)
}
