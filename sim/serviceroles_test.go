package sim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestServiceRoles: AWS makes a role for ElastiCache with the account's first Redis group, by IAM's
// control plane, and has it in all regions from then on.
func TestServiceRoles(t *testing.T) {
	t.Parallel()
	const role, cache = "AWSServiceRoleForElastiCache", "aws:elasticache/replicationGroup:ReplicationGroup"
	w := newWorld(t)
	assert.True(t, w.HasServiceRole(role), "an account that is in use")
	assert.False(t, w.HasServiceRole("blog-dr-instances"))
	assert.False(t, w.HasServiceRole(""))
	w.LackServiceRole(role)
	assert.False(t, w.HasServiceRole(role))

	group := func(region, id string) error {
		_, err := w.Create(t.Context(), sim.Call{Region: region, Type: cache, Name: id, Inputs: props{"replicationGroupId": id}})
		return err
	}
	w.LoseRegion("cn-north-1", sim.Refuse)
	assert.ErrorContains(t, group("cn-northwest-1", "a"), "region cn-north-1: connect: connection refused")
	w.ReturnRegion("cn-north-1")
	assert.NoError(t, group("cn-north-1", "b"))
	assert.True(t, w.HasServiceRole(role))
	w.LoseRegion("cn-north-1", sim.Refuse)
	assert.NoError(t, group("cn-northwest-1", "a"))
}
