package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

func TestKnownPeer(t *testing.T) {
	t.Parallel()
	old, now := state.PeerInfo{Region: "us-west-2", Database: "old"}, state.PeerInfo{Region: "us-west-2", Database: "new"}
	assert.Equal(t, now, choosePeerInfo(false, old, now))
	assert.Equal(t, old, choosePeerInfo(false, old, state.PeerInfo{}), "a peer that cannot be read is not forgotten")
	assert.Equal(t, old, choosePeerInfo(true, old, now), "an activation takes no news")
}

func TestKnownSecrets(t *testing.T) {
	t.Parallel()
	mine, theirs := map[string]string{"a": "mine"}, map[string]string{"a": "theirs"}
	standby, active := roles.Plan{Claim: roles.Claim{Role: roles.Standby, Generation: roles.Generation{Origin: roles.OriginReplica}}}, roles.Plan{Claim: roles.Claim{Role: roles.Active, Generation: roles.Generation{Origin: roles.OriginReplica}}}
	for name, tc := range map[string]struct {
		plan        roles.Plan
		held, peers map[string]string
		want        map[string]string
	}{
		"a standby follows":                     {standby, mine, theirs, theirs},
		"a standby keeps what it cannot read":   {standby, mine, nil, mine},
		"an active side keeps its own":          {active, mine, theirs, mine},
		"nothing to be had":                     {standby, nil, nil, nil},
		"an active side never takes the peer's": {active, nil, theirs, nil},
	} {
		got, err := chooseSecrets(tc.plan, state.State{Secrets: tc.held}, state.State{Secrets: tc.peers}, "")
		assert.Equal(t, tc.want, got, name)
		assert.Equal(t, tc.want == nil, err != nil, name)
	}
	made, err := chooseSecrets(roles.Plan{Claim: roles.Claim{Role: roles.Active, Generation: roles.Generation{Origin: roles.OriginEmpty}}}, state.State{}, state.State{}, "")
	require.NoError(t, err)
	assert.Len(t, made, len(wordpress.SecretKeys())+2, "and the master's")
}
