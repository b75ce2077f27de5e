package ops

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// claim is what a side holds, in short.
func claim(role roles.Role, epoch int, switched bool) roles.Claim {
	c := roles.Claim{Role: role, Epoch: epoch, Generation: roles.Generation{Number: 1}}
	if switched {
		c.Progress = roles.Switched
	}
	return c
}

// site is prod and dr with what they claim.
func site(prod, dr roles.Claim) []Side {
	limits := config.FailoverLimits{MaxLag: config.Duration(5 * time.Minute)}
	return []Side{
		{Config: config.Config{Stack: "dr", Site: "blog", Region: "us-east-2", Role: roles.Standby, Failover: limits}, State: state.State{Claim: dr}},
		{Config: config.Config{Stack: "prod", Site: "blog", Region: "us-west-2", Role: roles.Active}, State: state.State{Claim: prod}},
	}
}

var (
	none    = roles.Claim{}
	leading = claim(roles.Active, 1, true)
	standBy = claim(roles.Standby, 1, false)
)

// TestProcedures holds what is left to do of each procedure, in every situation in
// which it may have been stopped.
func TestProcedures(t *testing.T) {
	t.Parallel()
	frozen, planned := claim(roles.Frozen, 1, true), claim(roles.Active, 2, false)
	planned.Reason = roles.ReasonSwitchover
	gaveUp, again := claim(roles.Standby, 3, false), claim(roles.Active, 3, false)
	gaveUp.Aborted, again.Reason = true, roles.ReasonReclaim
	ending := leading
	ending.Generation.Number = 3
	ending.Former = []roles.Generation{{Number: 1, DeleteRequested: true}, {Number: 2}}

	type procedure func([]Side) ([]Change, string, error)
	lostPeer := func(s []Side) ([]Change, string, error) {
		changes, done, err := abortChanges(s)
		require.NoError(t, err)
		changes, err = reclaimChanges(s, changes)
		return changes, done, err
	}
	failover := func(s []Side) ([]Change, string, error) { return failoverChanges(s, Accepted{DataLoss: 2}) }
	home := func(s []Side) ([]Change, string, error) { return switchoverChanges(s, "prod", Accepted{}) }
	away := func(s []Side) ([]Change, string, error) { return switchoverChanges(s, "dr", Accepted{}) }
	end := func(generation int) procedure {
		return func(s []Side) ([]Change, string, error) { return retireChanges(s, "prod", generation) }
	}
	for name, tc := range map[string]struct {
		do    procedure
		sides []Side
		want  []string
		done  string // why nothing is left
		fails string
	}{
		"failover":                           {failover, site(leading, standBy), []string{"pulumi up -s dr -c role=active -c acceptDataLoss=2"}, "", ""},
		"failover, stopped":                  {failover, site(leading, claim(roles.Active, 2, false)), []string{"pulumi up -s dr -c role=active -c acceptDataLoss=2"}, "", ""},
		"failover, done":                     {failover, site(leading, claim(roles.Active, 2, true)), []string{"pulumi up -s dr -c role=active"}, "us-east-2 (dr) is active since epoch 2", ""},
		"failover to a side not deployed":    {failover, site(leading, none), nil, "", "there is no standby to fail over to"},
		"failover of nothing":                {failover, site(none, none), nil, "", "no side of the site is active yet"},
		"failover of an existing site":       {failover, site(none, standBy)[:1], []string{"pulumi up -s dr -c role=active -c acceptDataLoss=2"}, "", ""},
		"switchover":                         {away, site(leading, standBy), []string{"pulumi up -s prod -c role=frozen", "pulumi up -s dr -c role=active", "pulumi up -s prod -c role=standby", "pulumi up -s dr"}, "", ""},
		"switchover, frozen":                 {away, site(frozen, standBy), []string{"pulumi up -s prod -c role=frozen", "pulumi up -s dr -c role=active", "pulumi up -s prod -c role=standby", "pulumi up -s dr"}, "", ""},
		"switchover, claimed":                {away, site(frozen, planned), []string{"pulumi up -s dr -c role=active", "pulumi up -s prod -c role=standby", "pulumi up -s dr"}, "", ""},
		"switchover, moved":                  {away, site(frozen, claim(roles.Active, 2, true)), []string{"pulumi up -s dr -c role=active", "pulumi up -s prod -c role=standby", "pulumi up -s dr"}, "", ""},
		"switchover, done":                   {away, site(claim(roles.Standby, 2, false), claim(roles.Active, 2, true)), []string{"pulumi up -s dr -c role=active", "pulumi up -s prod -c role=standby", "pulumi up -s dr"}, "the other side stands by", ""},
		"switchover to the active side":      {home, site(leading, standBy), []string{"pulumi up -s prod -c role=active", "pulumi up -s dr -c role=standby", "pulumi up -s prod"}, "us-west-2 (prod) is active since epoch 1", ""},
		"switchover to a stale side":         {home, site(leading, claim(roles.Active, 2, true)), nil, "", "reprotect it first"},
		"switchover to the frozen side":      {home, site(frozen, standBy), nil, "", "pilotlight thaw"},
		"switchover to nowhere":              {func(s []Side) ([]Change, string, error) { return switchoverChanges(s, "mars", Accepted{}) }, site(leading, standBy), nil, "", "the site has no stack mars"},
		"switchover without another":         {away, site(none, standBy)[:1], nil, "", "needs two stacks"},
		"thaw":                               {thawChanges, site(frozen, standBy), []string{"pulumi up -s prod -c role=active"}, "", ""},
		"thaw of nothing":                    {thawChanges, site(leading, standBy), []string{"pulumi up -s prod -c role=active"}, "no side is frozen", ""},
		"reprotect":                          {reprotectChanges, site(leading, claim(roles.Active, 2, true)), []string{"pulumi up -s prod -c role=standby", "pulumi up -s dr"}, "", ""},
		"reprotect, done":                    {reprotectChanges, site(claim(roles.Standby, 2, false), claim(roles.Active, 2, true)), []string{"pulumi up -s prod -c role=standby", "pulumi up -s dr"}, "us-west-2 (prod) is a standby of us-east-2 (dr)", ""},
		"reprotect before it is failed over": {reprotectChanges, site(leading, claim(roles.Active, 2, false)), nil, "", "is not finished"},
		"reprotect while frozen":             {reprotectChanges, site(frozen, standBy), nil, "", "us-west-2 (prod) is frozen"},
		"abort while frozen":                 {abortChanges, site(frozen, standBy), nil, "pilotlight thaw takes that back", ""},
		"abort":                              {abortChanges, site(leading, claim(roles.Active, 2, false)), []string{"pulumi up -s dr -c role=standby -c abort=2", "pulumi up -s prod -c role=active", "pulumi up -s dr"}, "", ""},
		"abort, given up":                    {abortChanges, site(leading, gaveUp), []string{"pulumi up -s prod -c role=active", "pulumi up -s dr -c role=standby"}, "", ""},
		"abort, claimed again": {
			abortChanges, site(gaveUp, claim(roles.Active, 4, false)),
			[]string{"pulumi up -s dr -c role=active", "pulumi up -s prod -c role=standby"}, "", "",
		},
		"abort, the peer lost":                 {lostPeer, site(frozen, planned), []string{"pulumi up -s prod -c role=active -c abort=2"}, "", ""},
		"abort, half taken back":               {abortChanges, site(again, planned), []string{"pulumi up -s prod -c role=active"}, "", ""},
		"abort, taken back":                    {abortChanges, site(claim(roles.Active, 3, true), planned), nil, "there is nothing to give up", ""},
		"failover, half taken":                 {failover, site(again, planned), []string{"pulumi up -s prod -c role=active"}, "since epoch 3", ""},
		"failover from who half claimed again": {failover, site(again, standBy), []string{"pulumi up -s dr -c role=active -c acceptDataLoss=2"}, "", ""},
		"abort of a failover after that":       {abortChanges, site(again, claim(roles.Active, 4, false)), []string{"pulumi up -s dr -c role=standby -c abort=4", "pulumi up -s prod -c role=active", "pulumi up -s dr"}, "", ""},
		"abort of that, the peer lost":         {lostPeer, site(again, claim(roles.Active, 4, false)), []string{"pulumi up -s prod -c role=active -c abort=4"}, "", ""},
		"reprotect of a lost peer":             {reprotectChanges, site(claim(roles.Active, 3, true), planned), []string{"pulumi up -s dr -c role=standby", "pulumi up -s prod"}, "", ""},
		"abort, existing site":                 {lostPeer, site(none, claim(roles.Active, 2, false))[:1], nil, "", "no other side of the site can take it back"},
		"abort of nothing":                     {abortChanges, site(leading, standBy), nil, "there is nothing to give up", ""},
		"retire":                               {end(2), site(ending, standBy), []string{"pulumi up -s prod -c retire=2", "pulumi up -s prod -c retire=2"}, "", ""},
		"retire, unprotected":                  {end(1), site(ending, standBy), []string{"pulumi up -s prod -c retire=1"}, "", ""},
		"retire, ended":                        {end(1), site(claim(roles.Active, 5, true), standBy), []string{"pulumi up -s prod -c retire=1"}, "", ""}, // the current one: refused by the program
		"destroy": {
			func(s []Side) ([]Change, string, error) { return destroyChanges(s), "", nil }, site(leading, standBy),
			[]string{"pulumi up -s dr -c teardown=blog && pulumi destroy -s dr", "pulumi up -s prod -c teardown=blog && pulumi destroy -s prod"}, "", "",
		},
		"deploy": {
			func(s []Side) ([]Change, string, error) { return deployChanges(s), "", nil }, site(none, none),
			[]string{"pulumi up -s prod", "pulumi up -s dr", "pulumi up -s prod"}, "", "",
		},
		"deploy after a failover": {
			func(s []Side) ([]Change, string, error) { return deployChanges(s), "", nil }, site(claim(roles.Standby, 2, false), claim(roles.Active, 2, true)),
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

// TestKeepsRoles holds that no procedure changes a role by the way, because a file
// says another one than the stack has.
func TestKeepsRoles(t *testing.T) {
	t.Parallel()
	moved := site(claim(roles.Standby, 2, false), claim(roles.Active, 2, true)) // and the files were not committed
	require.NoError(t, checkRoles(site(leading, standBy), deployChanges(site(leading, standBy))))
	require.NoError(t, checkRoles(site(none, none), deployChanges(site(none, none))), "a new stack becomes what its file says")
	require.EqualError(t, checkRoles(moved, deployChanges(moved)), "Pulumi.dr.yaml says role: standby, and the stack is active: set it to active. "+
		"To move the site there are pilotlight failover and pilotlight switchover")
	changes, _, err := switchoverChanges(moved, "prod", Accepted{})
	require.NoError(t, err)
	require.NoError(t, checkRoles(moved, changes), "a change that says the role sets the file right, and so do those that follow")
	changes, _, err = retireChanges(moved, "prod", 1)
	require.NoError(t, err)
	require.ErrorContains(t, checkRoles(moved, changes), "Pulumi.prod.yaml says role: active")
}

// TestRetireNone holds that no generation is not taken for an update without an end.
func TestRetireNone(t *testing.T) {
	t.Parallel()
	for _, none := range []int{0, -1} {
		changes, _, err := retireChanges([]Side{{Config: config.Config{Stack: "prod"}}}, "prod", none)
		require.ErrorContains(t, err, "name a retired one")
		assert.Empty(t, changes)
	}
}

func TestToCommit(t *testing.T) {
	t.Parallel()
	changes, _, err := switchoverChanges(site(leading, standBy), "dr", Accepted{})
	require.NoError(t, err)
	assert.Equal(t, []string{"commit Pulumi.dr.yaml, which now holds role: active", "commit Pulumi.prod.yaml, which now holds role: standby"}, toCommit(changes))
	assert.Empty(t, toCommit(deployChanges(site(leading, standBy))))
}

func TestSettings(t *testing.T) {
	t.Parallel()
	const before = `# The pilot light.
config:
  aws:region: us-east-2
  pilotlight:role: standby # the switch
  pilotlight:abort: 2
  pilotlight:app:
    image: ami-0123456789abcdef0 # production's
encryptionsalt: v1:abc
`
	after, err := Change{Stack: "dr", Role: roles.Active, AcceptDataLoss: 3}.settings().apply([]byte(before))
	require.NoError(t, err)
	assert.Equal(t, `# The pilot light.
config:
  aws:region: us-east-2
  pilotlight:role: active # the switch
  pilotlight:app:
    image: ami-0123456789abcdef0 # production's
  pilotlight:acceptDataLoss: 3
encryptionsalt: v1:abc
`, string(after))

	same, err := Change{Stack: "dr"}.settings().apply(after)
	require.NoError(t, err)
	assert.NotContains(t, string(same), "acceptDataLoss", "what was said for one change is over with it")
	assert.Contains(t, string(same), "role: active")

	for text, says := range map[string]string{"": "empty", "a: 1\n": "no config", "config: [1]\n": "no config", "config: {": "yaml"} {
		_, err := Change{Stack: "dr"}.settings().apply([]byte(text))
		assert.ErrorContains(t, err, says, text)
	}
}

// TestMovesName holds that a side which gives the site's name up sends no visitors to itself.
func TestMovesName(t *testing.T) {
	t.Parallel()
	for op, moves := range map[string]bool{
		"create": true, "update": true, "replace": true, "create-replacement": true,
		"delete": false, "discard": false, "delete-replaced": false, "refresh": false,
	} {
		plan := Plan{Resources: []Planned{{"update", "aws:ssm/parameter:Parameter", "blog-dr-epoch"}, {op, recordType, "blog-dr-switch-2"}}}
		assert.Equal(t, moves, plan.movesName(), op)
	}
	assert.False(t, Plan{Resources: []Planned{{"create", "aws:route53/record:Record", "other"}}}.movesName())
}

func TestExpect(t *testing.T) {
	t.Parallel()
	cold := []Planned{
		{"create", "aws:ec2/natGateway:NatGateway", ""}, {"create", "aws:lb/loadBalancer:LoadBalancer", ""},
		{"update", "aws:autoscaling/group:Group", ""}, {"create", "aws:route53/record:Record", "blog-dr-switch-2"},
	}
	warm := cold[2:]
	for name, tc := range map[string]struct {
		planned  []Planned
		promotes bool
		path     string
		says     string
	}{
		"promotion":           {cold, true, "promotion of the database", "6 to 17 min"},
		"promoted already":    {cold, false, "start of the instances", "5 to 10 min"},
		"warm":                {warm, false, "start of the instances", "4 to 8 min"},
		"only the balancer":   {cold[1:2], false, "making of the balancer", "2 to 5 min"},
		"an old record goes":  {append(slices.Clone(cold), Planned{"delete", "aws:route53/record:Record", "blog-dr-switch-1"}), false, "start of the instances", "5 to 10 min"},
		"nothing but to look": {nil, false, "start of the instances", "0 to 1 min"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := estimate(tc.planned, tc.promotes)
			assert.Equal(t, tc.path, e.Path)
			assert.Contains(t, e.String(), tc.says)
		})
	}
}

// TestRetireUnfinished holds that a database whose protection may not be lifted yet is not
// deleted at once.
func TestRetireUnfinished(t *testing.T) {
	t.Parallel()
	killed := standBy
	killed.Former = []roles.Generation{{Number: 1, DeleteRequested: true}}
	sides := site(leading, killed)
	sides[0].State.Unfinished = true
	changes, _, err := retireChanges(sides, "dr", 1)
	require.NoError(t, err)
	assert.Len(t, changes, 2)
}
