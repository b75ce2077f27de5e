package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestFails: what AWS accepts and fails to make keeps its id, and the provider's ways with it differ.
func TestFails(t *testing.T) {
	t.Parallel()
	const cache, gateway, balancer = "aws:elasticache/replicationGroup:ReplicationGroup", "aws:ec2/natGateway:NatGateway", "aws:lb/loadBalancer:LoadBalancer"
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	address := create(t, w, home, "aws:ec2/eip:Eip", "site", props{})
	inject(t, w, "fails=elasticache:CreateReplicationGroup")
	inject(t, w, "fails=ec2:CreateNatGateway")
	inject(t, w, "fails=elasticloadbalancing:CreateLoadBalancer")
	for _, tc := range []struct {
		typ    string
		inputs props
		says   string
		reads  string
	}{
		{cache, props{"replicationGroupId": "c"}, "unexpected state 'create-failed', wanted target 'available'", "unexpected state 'create-failed'"},
		{gateway, props{"subnetId": n.subnets[0], "allocationId": address.ID}, "unexpected state 'failed', wanted target 'available'", ""},
		{balancer, props{"name": "b", "loadBalancerType": "application", "subnets": n.subnets, "securityGroups": []any{n.group}}, "(last state: 'failed', timeout: 45m0s)", ""},
	} {
		call := sim.Call{Region: home, Type: tc.typ, Name: "site", Inputs: tc.inputs, Limit: 45 * time.Minute}
		made, err := w.Create(t.Context(), call)
		assert.ErrorContains(t, err, tc.says)
		require.NotEmpty(t, made.ID, "the state gets it")
		assert.Empty(t, made.Props["arn"], "and nothing that AWS would tell of it")
		call.ID = made.ID
		shown, found, err := w.Read(t.Context(), call)
		if tc.reads != "" {
			assert.ErrorContains(t, err, tc.reads)
		} else {
			require.NoError(t, err)
			assert.True(t, found)
			assert.Empty(t, shown.Props["networkInterfaceId"])
		}
		if tc.typ != gateway {
			call.Inputs["replicationGroupId"], call.Inputs["name"] = "other", "other"
		}
		call.Name = "other"
		_, err = w.Create(t.Context(), call)
		require.NoError(t, err, "the next one is made")
		require.NoError(t, w.Delete(t.Context(), sim.Call{Region: home, Type: tc.typ, Name: "site", ID: made.ID}))
	}
	assert.Empty(t, w.Injected())
}
