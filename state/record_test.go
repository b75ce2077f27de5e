package state

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/roles"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	standby := roles.Claim{Role: roles.Standby, Epoch: 1, Serial: 3, Generation: roles.Generation{Number: 1, Origin: roles.OriginReplica}}
	for name, tc := range map[string]struct {
		own      func(*State)
		recorded func(*roles.Claim)
		want     Divergence
		says     string
	}{
		"alike":                  {},
		"killed before AWS knew": {own: func(m *State) { m.Claim.Role, m.Claim.Epoch, m.Claim.Serial, m.Unfinished = roles.Active, 2, 4, true }},
		"killed when AWS knew": {
			own:      func(m *State) { m.Claim.Role, m.Claim.Epoch, m.Claim.Serial, m.Unfinished = roles.Active, 2, 4, true },
			recorded: func(c *roles.Claim) { c.Role, c.Epoch, c.Serial = roles.Active, 2, 4 },
		},
		"restored": {
			recorded: func(c *roles.Claim) { c.Role, c.Epoch, c.Serial = roles.Active, 2, 4 }, want: Older,
			says: "this state is older than AWS: was it restored? The state says standby at epoch 1 with database generation 1, change 3, and AWS active at epoch 2",
		},
		"restored, of a killed update": {
			own: func(m *State) { m.Unfinished = true }, recorded: func(c *roles.Claim) { c.Serial = 4 }, want: Older, says: "was it restored?",
		},
		"of another AWS":          {own: func(m *State) { m.Claim.Serial = 4 }, want: Newer, says: "delete the parameter /blog/dr/claim"},
		"adopted in part":         {own: func(m *State) { m.Adopting, m.Unfinished = true, true }, want: Partial, says: "finish it with pilotlight adopt dr"},
		"lost":                    {own: func(m *State) { *m = State{} }, want: Lost, says: "the state is empty, and AWS holds the stack (standby at epoch 1"},
		"two backends":            {recorded: func(c *roles.Claim) { c.Role, c.Epoch = roles.Active, 2 }, want: Forked, says: "are there two backends?"},
		"seen, and not in claims": {own: func(m *State) { m.Claim.Progress = roles.Switched }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own, recorded := State{Claim: standby}, standby
			if tc.own != nil {
				tc.own(&own)
			}
			if tc.recorded != nil {
				tc.recorded(&recorded)
			}
			parsed, err := roles.ParseClaim(string(JSON(recorded)))
			require.NoError(t, err)
			got := Compare(own, parsed)
			assert.Equal(t, tc.want, got)
			why := Diverged("dr", "/blog/dr/claim", own, parsed)
			assert.Equal(t, tc.want == "", why == nil)
			if why != nil {
				assert.Contains(t, why.Error(), tc.says)
				assert.NotEmpty(t, why.Remedy)
			}
		})
	}
}

// TestKnown holds that what has no interface, such as most routes, does not make an empty one known.
func TestKnown(t *testing.T) {
	t.Parallel()
	m, err := Parse([]byte(`{"resources": [
		{"urn": "urn:pulumi:dr::pilotlight::aws:ec2/route:Route::r", "outputs": {"networkInterfaceId": ""}},
		{"urn": "urn:pulumi:dr::pilotlight::aws:ec2/natGateway:NatGateway::n", "outputs": {"networkInterfaceId": "eni-1"}},
		{"urn": "urn:pulumi:dr::pilotlight::pulumi:index:Stash::` + DestroyGuard + `", "outputs": {"input": "-1"}}
	]}`))
	require.NoError(t, err)
	assert.Equal(t, []string{"eni-1"}, m.ResourceIDs)
	assert.True(t, m.Adopting)
}

// TestUnstashReadsAllOfAValue holds that nothing follows what is taken for the value.
func TestUnstashReadsAllOfAValue(t *testing.T) {
	t.Parallel()
	var number int
	require.NoError(t, Unstash("2\n", &number))
	assert.Equal(t, 2, number)
	for _, text := range []string{"2 3", "2,3", "2]", "2 of them"} {
		assert.ErrorContains(t, Unstash(text, &number), "this version of pilotlight did not write it", text)
	}
}
