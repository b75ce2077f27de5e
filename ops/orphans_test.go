package ops

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops/checkpoint"
)

// TestHeldIn holds that what a state holds, or the next update takes over, is no orphan.
func TestHeldIn(t *testing.T) {
	t.Parallel()
	saved := decode(t, `{"resources": [
		{"urn": "urn:pulumi:dr::p::aws:ec2/natGateway:NatGateway::a", "id": "nat-1", "outputs": {"networkInterfaceId": "eni-1"}},
		{"urn": "urn:pulumi:dr::p::aws:lb/loadBalancer:LoadBalancer::b", "id": "arn:lb", "delete": true, "outputs": {"arn": "arn:lb"}},
		{"urn": "urn:pulumi:dr::p::pulumi:pulumi:Stack::c"}
	], "pending_operations": [
		{"type": "creating", "resource": {"urn": "urn:pulumi:dr::p::aws:rds/instance:Instance::1", "type": "aws:rds/instance:Instance", "inputs": {"identifier": "blog-dr-2"}}},
		{"type": "updating", "resource": {"urn": "urn:pulumi:dr::p::aws:rds/instance:Instance::2", "type": "aws:rds/instance:Instance", "inputs": {"identifier": "blog-dr-1"}}},
		{"type": "creating", "resource": {"urn": "urn:pulumi:dr::p::aws:ec2/eip:Eip::3", "type": "aws:ec2/eip:Eip", "inputs": {"tags": {"Name": "blog-dr-nat-1"}}}},
		{"type": "creating", "resource": {"urn": "urn:pulumi:dr::p::aws:lb/targetGroup:TargetGroup::4", "type": "aws:lb/targetGroup:TargetGroup", "inputs": {"name": "blog-dr-tg-1"}}}
	]}`)
	held := checkpoint.Held(saved)
	assert.Equal(t, []string{"arn:lb", "eni-1", "nat-1"}, slices.Sorted(maps.Keys(held)))
	pending := checkpoint.PendingCreations(saved)
	for id, taken := range map[string]bool{"blog-dr-2": true, "blog-dr-1": false} {
		assert.Equal(t, taken, takenOver(checks.Found{Orphan: checks.Orphan{Kind: checks.DatabaseInstance, ID: id}}, pending), id)
	}
	for name, taken := range map[string]bool{"blog-dr-nat-1": true, "blog-dr-nat-2": false} {
		address := checks.Found{Orphan: checks.Orphan{Kind: checks.Address, ID: "eipalloc-1"}, Tags: map[string]string{"Name": name}}
		assert.Equal(t, taken, takenOver(address, pending), name)
	}
	assert.True(t, takenOver(checks.Found{Orphan: checks.Orphan{Kind: checks.TargetGroup, ID: "blog-dr-tg-1"}}, pending))
	assert.False(t, takenOver(checks.Found{Orphan: checks.Orphan{Kind: checks.CacheGroup, ID: "blog-dr-tg-1"}}, pending), "another is made beside it")
}
