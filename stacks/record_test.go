package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStateBehind(t *testing.T) {
	t.Parallel()
	standby := Claim{Role: Standby, Epoch: 1, Serial: 3, Generation: Generation{Number: 1, Birth: ReplicaBorn}}
	for name, tc := range map[string]struct {
		own, recorded func(*Claim)
		says          string // empty for a state that AWS is not ahead of
	}{
		"alike":                   {},
		"killed before AWS knew":  {own: func(c *Claim) { c.Role, c.Epoch, c.Serial = Active, 2, 4 }},
		"restored":                {recorded: func(c *Claim) { c.Role, c.Epoch, c.Serial = Active, 2, 4 }, says: "this state is older than AWS: was it restored? The state says standby at epoch 1 with database generation 1, change 3, and AWS active at epoch 2"},
		"lost":                    {own: func(c *Claim) { *c = Claim{} }, says: "the state is empty, and AWS holds the stack (standby at epoch 1"},
		"two backends":            {recorded: func(c *Claim) { c.Role, c.Epoch = Active, 2 }, says: "written by different updates"},
		"seen, and not in claims": {own: func(c *Claim) { c.Switched, c.Promoted = true, true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own, recorded := standby, standby
			if tc.own != nil {
				tc.own(&own)
			}
			if tc.recorded != nil {
				tc.recorded(&recorded)
			}
			parsed, err := ParseRecord(string(jsonString(recorded)))
			require.NoError(t, err)
			why := StateBehind(own, parsed)
			if tc.says == "" {
				assert.Empty(t, why)
				return
			}
			assert.Contains(t, why, tc.says)
		})
	}
	_, err := ParseRecord("2")
	assert.ErrorContains(t, err, "not of the form that this program writes")
}

func TestNumbered(t *testing.T) {
	t.Parallel()
	own := Claim{Role: Standby, Epoch: 1, Serial: 3, Switched: true}
	assert.Equal(t, 3, numbered(own, Claim{Role: Standby, Epoch: 1}).Serial, "nothing changes")
	assert.Equal(t, 4, numbered(own, Claim{Role: Standby, Epoch: 2}).Serial)
	assert.Equal(t, 1, numbered(Claim{}, Claim{Role: Active, Epoch: 1}).Serial)
}
