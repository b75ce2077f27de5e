package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	standby := Claim{Role: Standby, Epoch: 1, Serial: 3, Generation: Generation{Number: 1, Birth: ReplicaBorn}}
	for name, tc := range map[string]struct {
		own      func(*Memory)
		recorded func(*Claim)
		want     Divergence
		says     string
	}{
		"alike":                  {},
		"killed before AWS knew": {own: func(m *Memory) { m.Claim.Role, m.Claim.Epoch, m.Claim.Serial, m.Unfinished = Active, 2, 4, true }},
		"killed when AWS knew": {
			own:      func(m *Memory) { m.Claim.Role, m.Claim.Epoch, m.Claim.Serial, m.Unfinished = Active, 2, 4, true },
			recorded: func(c *Claim) { c.Role, c.Epoch, c.Serial = Active, 2, 4 },
		},
		"restored": {
			recorded: func(c *Claim) { c.Role, c.Epoch, c.Serial = Active, 2, 4 }, want: Older,
			says: "this state is older than AWS: was it restored? The state says standby at epoch 1 with database generation 1, change 3, and AWS active at epoch 2",
		},
		"restored, of a killed update": {
			own: func(m *Memory) { m.Unfinished = true }, recorded: func(c *Claim) { c.Serial = 4 }, want: Older, says: "was it restored?",
		},
		"of another AWS":          {own: func(m *Memory) { m.Claim.Serial = 4 }, want: Newer, says: "delete the parameter /blog/dr/claim"},
		"adopted in part":         {own: func(m *Memory) { m.Adopting, m.Unfinished = true, true }, want: Partial, says: "finish it with pilotlight adopt dr"},
		"lost":                    {own: func(m *Memory) { *m = Memory{} }, want: Lost, says: "the state is empty, and AWS holds the stack (standby at epoch 1"},
		"two backends":            {recorded: func(c *Claim) { c.Role, c.Epoch = Active, 2 }, want: Forked, says: "are there two backends?"},
		"seen, and not in claims": {own: func(m *Memory) { m.Claim.Switched, m.Claim.Promoted = true, true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own, recorded := Memory{Claim: standby}, standby
			if tc.own != nil {
				tc.own(&own)
			}
			if tc.recorded != nil {
				tc.recorded(&recorded)
			}
			parsed, err := ParseRecord(string(jsonString(recorded)))
			require.NoError(t, err)
			got := Compare(own, parsed)
			assert.Equal(t, tc.want, got)
			why := Config{Site: "blog", Stack: "dr"}.Diverged(own, parsed)
			assert.Equal(t, tc.want == "", why == nil)
			if why != nil {
				assert.Contains(t, why.Error(), tc.says)
				assert.NotEmpty(t, why.Remedy)
			}
		})
	}
	_, err := ParseRecord("2")
	assert.ErrorContains(t, err, "not of the form that this program writes")
}

// TestKnown holds that what has no interface, such as most routes, does not make an empty one known.
func TestKnown(t *testing.T) {
	t.Parallel()
	m, err := Recall([]byte(`{"resources": [
		{"urn": "urn:pulumi:dr::pilotlight::aws:ec2/route:Route::r", "outputs": {"networkInterfaceId": ""}},
		{"urn": "urn:pulumi:dr::pilotlight::aws:ec2/natGateway:NatGateway::n", "outputs": {"networkInterfaceId": "eni-1"}},
		{"urn": "urn:pulumi:dr::pilotlight::pulumi:index:Stash::` + SentinelName + `", "outputs": {"input": "-1"}}
	]}`))
	require.NoError(t, err)
	assert.Equal(t, []string{"eni-1"}, m.known)
	assert.True(t, m.Adopting)
}

func TestNumbered(t *testing.T) {
	t.Parallel()
	own := Claim{Role: Standby, Epoch: 1, Serial: 3, Switched: true}
	assert.Equal(t, 3, numbered(own, Claim{Role: Standby, Epoch: 1}).Serial, "nothing changes")
	assert.Equal(t, 4, numbered(own, Claim{Role: Standby, Epoch: 2}).Serial)
	assert.Equal(t, 1, numbered(Claim{}, Claim{Role: Active, Epoch: 1}).Serial)
}
