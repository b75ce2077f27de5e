package ops

import (
	"slices"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
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

func TestToCommit(t *testing.T) {
	t.Parallel()
	changes, _, err := roles.SwitchoverChanges(rolesOf(site(leading, standBy)), "dr", Accepted{})
	require.NoError(t, err)
	assert.Equal(t, []string{"commit Pulumi.dr.yaml, which now holds role: active", "commit Pulumi.prod.yaml, which now holds role: standby"}, toCommit(changes))
	assert.Empty(t, toCommit(roles.DeployChanges(rolesOf(site(leading, standBy)))))
}

// TestMovesName holds that a side which gives the site's name up sends no visitors to itself.
func TestMovesName(t *testing.T) {
	t.Parallel()
	for op, moves := range map[string]bool{
		"create": true, "update": true, "create-replacement": true,
		"delete": false, "discard": false, "delete-replaced": false, "refresh": false,
	} {
		plan := Plan{Resources: []Planned{{Op: "update", Type: "aws:ssm/parameter:Parameter", Name: "blog-dr-epoch"}, {Op: op, Type: recordType, Name: "blog-dr-switch-2"}}}
		assert.Equal(t, moves, plan.movesName(), op)
	}
	assert.False(t, Plan{Resources: []Planned{{Op: "create", Type: "aws:route53/record:Record", Name: "other"}}}.movesName())
}

// TestReplacementIsPlannedOnce: the engine tells of one replacement in three steps. One is made, one is ended, and no quota counts
// it twice.
func TestReplacementIsPlannedOnce(t *testing.T) {
	t.Parallel()
	var plan Plan
	for _, op := range []apitype.OpType{apitype.OpCreateReplacement, apitype.OpReplace, apitype.OpDeleteReplaced} {
		plan.add(events.EngineEvent{EngineEvent: apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: apitype.StepEventMetadata{
			Op: op, Type: databaseType, URN: "urn:pulumi:dr::pilotlight::" + databaseType + "::blog-dr-1-instance",
		}}}})
	}
	assert.Equal(t, []string{"create-replacement Instance blog-dr-1-instance", "delete-replaced Instance blog-dr-1-instance"},
		[]string{plan.Resources[0].String(), plan.Resources[1].String()})
	assert.Equal(t, []checks.Need{{Resource: checks.Databases, Count: 1}, {Resource: checks.Storage, Count: 20}, {Resource: checks.Snapshots, Count: 1}},
		checks.Needs(plan.Resources, checks.Sizes{StorageGiB: 20}))
	assert.Equal(t, plan.Resources[:1], plan.Risky(), "it is told of once")
}

func TestWork(t *testing.T) {
	t.Parallel()
	cold := []Planned{
		{Op: "create", Type: "aws:ec2/natGateway:NatGateway", Name: ""}, {Op: "create", Type: "aws:lb/loadBalancer:LoadBalancer", Name: ""},
		{Op: "update", Type: "aws:autoscaling/group:Group", Name: ""}, {Op: "create", Type: "aws:route53/record:Record", Name: "blog-dr-switch-2"},
	}
	warm := cold[2:]
	for name, tc := range map[string]struct {
		planned  []Planned
		promotes bool
		path     string
		says     string
	}{
		"promotion":           {cold, true, "promotion of the database", "6 to 17 min"},
		"promoted already":    {cold, false, "instances", "5 to 10 min"},
		"warm":                {warm, false, "instances", "4 to 8 min"},
		"only the balancer":   {cold[1:2], false, "balancer", "2 to 5 min"},
		"an old record goes":  {append(slices.Clone(cold), Planned{Op: "delete", Type: "aws:route53/record:Record", Name: "blog-dr-switch-1"}), false, "instances", "5 to 10 min"},
		"a gateway anew":      {[]Planned{{Op: "create-replacement", Type: cold[0].Type}, {Op: "delete-replaced", Type: cold[0].Type}}, false, "instances", "2 to 3 min"},
		"nothing but to look": {nil, false, "instances", "0 to 1 min"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := work(tc.planned, tc.promotes).Failover()
			assert.Equal(t, tc.path, e.Path)
			assert.Contains(t, e.String(), tc.says)
		})
	}
}
