package state_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/state"
)

// TestUndone: what is left undone is AWS's, and is there.
func TestUndone(t *testing.T) {
	t.Parallel()
	const urn = "urn:pulumi:dr::pilotlight::aws:ec2/vpc:Vpc::"
	held, err := state.Decode([]byte(`{"resources": [
		{"urn": "` + urn + `done", "type": "aws:ec2/vpc:Vpc"},
		{"urn": "` + urn + `failed", "type": "aws:ec2/vpc:Vpc", "initErrors": ["throttled"]},
		{"urn": "` + urn + `replaced", "type": "aws:ec2/vpc:Vpc", "initErrors": ["throttled"], "delete": true}
	], "pending_operations": [
		{"type": "updating", "resource": {"urn": "` + urn + `failed", "type": "aws:ec2/vpc:Vpc"}},
		{"type": "creating", "resource": {"urn": "` + urn + `asked", "type": "aws:ec2/vpc:Vpc"}},
		{"type": "reading", "resource": {"urn": "` + urn + `read", "type": "aws:ec2/vpc:Vpc"}},
		{"type": "updating", "resource": {"urn": "urn:pulumi:dr::pilotlight::pulumi:index:Stash::claim", "type": "pulumi:index:Stash"}}
	]}`))
	require.NoError(t, err)
	saved, err := state.Of(held)
	require.NoError(t, err)
	var names []string
	for _, u := range saved.Undone {
		names = append(names, u.Name())
	}
	assert.Equal(t, []string{"failed", "asked"}, names)
}
