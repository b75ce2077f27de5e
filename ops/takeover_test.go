package ops

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
)

func TestTakeOverInState(t *testing.T) {
	t.Parallel()
	const balancer = `{"urn": "urn::lb", "id": "lb-1", "type": "aws:lb/loadBalancer:LoadBalancer", "inputs": {"name": "blog-dr-0a1b2c3", "internal": false}}`
	with := func(more string) string {
		return `{"urn": "db", "type": "aws:rds/instance:Instance", "inputs": {"identifier": "blog-dr-1"}` + more + "}"
	}
	const stash = `{"urn": "urn::claim", "type": "pulumi:index:Stash", "inputs": {"input": "1"}}`
	const told = `, "id": "db-1", "outputs": {"arn": "arn:aws:rds:…"}`
	const made = `, "initErrors": ["` + unproven + `"]`
	const mark = `, "initErrors": ["an update was killed that changed it"]}`
	doubted := func(resource string) string { return strings.TrimSuffix(resource, "}") + mark }
	pending := func(kind, resource string) string { return `{"type": "` + kind + `", "resource": ` + resource + `}` }
	for name, tc := range map[string]struct {
		resources, pending string
		wantResources      string
		found              []string
		refused            []apitype.ResourceV3
	}{
		"nothing was killed": {resources: balancer, wantResources: balancer},
		"a balancer is made beside what may be left": {
			pending: pending("creating", balancer),
		},
		"a database is taken over under its identifier": {
			resources: balancer, pending: pending("creating", with("")),
			wantResources: balancer + "," + with(`, "id": "blog-dr-1", "outputs": {"identifier": "blog-dr-1"}`+made), found: []string{"db"},
		},
		"a parameter is taken over under its name": {
			pending:       pending("creating", `{"urn": "p", "type": "aws:ssm/parameter:Parameter", "inputs": {"name": "/blog/dr/claim"}}`),
			wantResources: `{"urn": "p", "type": "aws:ssm/parameter:Parameter", "inputs": {"name": "/blog/dr/claim"}, "id": "/blog/dr/claim", "outputs": {"name": "/blog/dr/claim"}` + made + `}`, found: []string{"p"},
		},
		"an update of what the state does not hold": {
			pending: pending("updating", with("")),
		},
		"a creation that AWS refused": {
			resources: balancer, wantResources: balancer + `,{"urn": "p", "type": "aws:ssm/parameter:Parameter", "custom": true, "parent": "urn::c", "provider": "urn::p::1",
				"inputs": {"name": "/blog/dr/claim"}, "protect": false, "retainOnDelete": true, "id": "/blog/dr/claim", "outputs": {"name": "/blog/dr/claim"}` + made + `}`,
			found: []string{"p"}, refused: []apitype.ResourceV3{{
				URN: "p", Type: "aws:ssm/parameter:Parameter", Parent: "urn::c", Provider: "urn::p::1", RetainOnDelete: true, Inputs: map[string]any{"name": "/blog/dr/claim"},
			}},
		},
		"an update that was killed is in doubt": {
			resources: balancer, pending: pending("updating", balancer), wantResources: doubted(balancer),
		},
		"a deletion that was killed is in doubt": {
			resources: with(told), pending: pending("deleting", with(`, "id": "db-1"`)), wantResources: doubted(with(told)),
		},
		"what the state alone holds is in no doubt": {
			resources: stash, pending: pending("updating", stash), wantResources: stash,
		},
		"what was replaced is deleted anyway": {
			resources: with(told + `, "delete": true`), pending: pending("deleting", with("")), wantResources: with(told + `, "delete": true`),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkpoint := func(resources, pending string) string {
				return `{"resources": [` + resources + `], "pending_operations": [` + pending + `]}`
			}
			c, err := decodeCheckpoint([]byte(checkpoint(tc.resources, tc.pending)))
			require.NoError(t, err)
			assert.Equal(t, strings.HasSuffix(tc.wantResources, mark), c.takeOver(tc.refused, map[urn.URN]string{"db": "blog-dr-1", "p": "/blog/dr/claim"}))
			assert.Equal(t, tc.found, c.unproven())
			edited, err := json.Marshal(c)
			require.NoError(t, err)
			var got, want map[string]any
			require.NoError(t, json.Unmarshal(edited, &got))
			require.NoError(t, json.Unmarshal([]byte(checkpoint(tc.wantResources, "")), &want))
			for _, key := range []string{"resources", "pending_operations"} {
				if got[key] == nil {
					got[key] = []any{}
				}
				assert.Equal(t, want[key], got[key], key)
			}
			for _, urn := range c.unproven() {
				c.drop(urn)
			}
			assert.Empty(t, c.unproven(), "others' things go out again")
			assert.Len(t, c.resources(), strings.Count(tc.resources, `"urn"`), "and nothing else")
		})
	}

	for _, none := range []string{"", "null"} { // of a stack that was never updated
		c, err := decodeCheckpoint([]byte(none))
		require.NoError(t, err)
		assert.False(t, c.takeOver(nil, nil))
		assert.Empty(t, c.unproven())
	}
	_, err := decodeCheckpoint([]byte("{"))
	require.Error(t, err)
}

// TestIsOwn: a name alone makes nothing the stack's.
func TestIsOwn(t *testing.T) {
	t.Parallel()
	tags := map[string]string{"site": "blog", "stack": "dr"}
	read := func(kind string, inputs, outputs map[string]any) apitype.StepEventStateMetadata {
		return apitype.StepEventStateMetadata{Type: kind, Inputs: inputs, Outputs: outputs}
	}
	tagged := func(all map[string]any) map[string]any {
		return map[string]any{"tags": map[string]any{}, "tagsAll": all}
	}
	const parameter, bucket, alias = "aws:ssm/parameter:Parameter", "aws:s3/bucketV2:BucketV2", "aws:kms/alias:Alias"
	for name, tc := range map[string]struct {
		read apitype.StepEventStateMetadata
		want bool
	}{
		"with the stack's tags":          {read(parameter, nil, tagged(map[string]any{"site": "blog", "stack": "dr", "Name": "x"})), true},
		"of the other stack":             {read(parameter, nil, tagged(map[string]any{"site": "blog", "stack": "prod"})), false},
		"of nobody":                      {read(parameter, nil, tagged(map[string]any{})), false},
		"a bucket that is made just now": {read(bucket, nil, tagged(map[string]any{})), true},
		"another's bucket":               {read(bucket, nil, tagged(map[string]any{"team": "shop"})), false},
		"what has no tags":               {read("aws:iam/rolePolicy:RolePolicy", nil, map[string]any{}), true},
		"the key's alias":                {read(alias, map[string]any{"targetKeyId": "k-1"}, map[string]any{"targetKeyId": "k-1"}), true},
		"the alias of the key's ARN":     {read(alias, map[string]any{"targetKeyId": "arn:aws:kms:us-east-2:1:key/k-1"}, map[string]any{"targetKeyId": "k-1"}), true},
		"another key's alias":            {read(alias, map[string]any{"targetKeyId": "k-1"}, map[string]any{"targetKeyId": "k-2"}), false},
		"an alias of no key":             {read(alias, map[string]any{}, map[string]any{}), false},
	} {
		assert.Equal(t, tc.want, isOwn(tc.read, tags), name)
	}
}

// TestRefusedNames: a creation that failed is one of these where AWS said that it has the name, whichever event came first.
func TestRefusedNames(t *testing.T) {
	t.Parallel()
	id := func(name string) string { return "urn:pulumi:dr::pilotlight::aws:ssm/parameter:Parameter::" + name }
	said := func(name, text string) events.EngineEvent {
		return events.EngineEvent{EngineEvent: apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{URN: id(name), Severity: "error", Message: text}}}
	}
	failed := func(name string, op apitype.OpType) events.EngineEvent {
		return events.EngineEvent{EngineEvent: apitype.EngineEvent{ResOpFailedEvent: &apitype.ResOpFailedEvent{Metadata: apitype.StepEventMetadata{Op: op, New: &apitype.StepEventStateMetadata{
			URN: id(name), Type: "aws:ssm/parameter:Parameter", Provider: "urn::1", Inputs: map[string]any{
				"name": "/" + name, "value": map[string]any{sig.Key: sig.Secret, "ciphertext": "[secret]"},
			},
		}}}}}
	}
	var n refusedNames
	for _, e := range []events.EngineEvent{
		said("first", "ParameterAlreadyExists: it does"), failed("first", apitype.OpCreate), failed("second", apitype.OpCreate), said("second", "ParameterAlreadyExists: it does"),
		failed("denied", apitype.OpCreate), said("denied", "AccessDenied: no"), failed("changed", apitype.OpUpdate), said("changed", "ParameterAlreadyExists: it does"),
	} {
		n.see(e)
	}
	tried := map[urn.URN]bool{}
	all := n.untried(tried)
	require.Len(t, all, 2)
	assert.Equal(t, apitype.ResourceV3{
		URN: urn.URN(id("first")), Type: "aws:ssm/parameter:Parameter", Custom: true, Provider: "urn::1", Inputs: map[string]any{"name": "/first"},
	}, all[0], "what is masked is left out")
	assert.Empty(t, n.untried(tried), "once")
}

func TestLeftUndone(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"urn:pulumi:dr::p::t::group"}, leftUndone(decode(t, `{"resources": [
		{"urn": "urn:pulumi:dr::p::t::group", "custom": true, "initErrors": ["updating Auto Scaling Group (blog-dr): AccessDenied"]},
		{"urn": "urn:pulumi:dr::p::t::old", "custom": true, "delete": true, "initErrors": ["no"]},
		{"urn": "urn:pulumi:dr::p::t::lb", "custom": true}, {"urn": "urn:pulumi:dr::p::t::component", "initErrors": ["no"]}
	]}`)))
	assert.Empty(t, leftUndone(decode(t, "")))
}

func TestToLookFor(t *testing.T) {
	t.Parallel()
	const state = `{"resources": [
		{"urn": "urn:pulumi:dr::pilotlight::aws:lb/loadBalancer:LoadBalancer::blog-dr-lb", "id": "lb-1"},
		{"urn": "urn:pulumi:dr::pilotlight::aws:ec2/eip:Eip::blog-dr-nat-1", "id": "eip-0", "delete": true}]}`
	pending := []apitype.ResourceV3{
		{URN: "urn:pulumi:dr::pilotlight::aws:lb/loadBalancer:LoadBalancer::blog-dr-lb", Type: "aws:lb/loadBalancer:LoadBalancer"},
		{URN: "urn:pulumi:dr::pilotlight::aws:ec2/eip:Eip::blog-dr-nat-1", Type: "aws:ec2/eip:Eip"},
		{URN: "urn:pulumi:dr::pilotlight::pulumi:index:Stash::claim", Type: "pulumi:index:Stash"},
	}
	assert.Equal(t, []string{
		"a killed update had begun to make LoadBalancer blog-dr-lb, too; the stack uses lb-1: if there is another, delete that",
		"a killed update had begun to make Eip blog-dr-nat-1: look for it on AWS, and delete it if the stack does not use it",
	}, toLookFor(pending, decode(t, state)), "what is kept in the state alone is not on AWS")
}

// TestPendingText holds that each pending operation is told for what it is, in the words
// of the engine's own list.
func TestPendingText(t *testing.T) {
	t.Parallel()
	warning := `Attempting to deploy or update resources with 6 pending operations from previous deployment.
  * urn:pulumi:dr::pilotlight::pilotlight:stacks:Activation$aws:lb/loadBalancer:LoadBalancer::blog-dr-lb, interrupted while creating
  * urn:pulumi:dr::pilotlight::pilotlight:stacks:Activation$aws:autoscaling/group:Group::blog-dr-instances, interrupted while updating
  * urn:pulumi:dr::pilotlight::pilotlight:stacks:Activation$aws:elasticache/replicationGroup:ReplicationGroup::blog-dr-cache, interrupted while deleting
  * urn:pulumi:dr::pilotlight::aws:ec2/vpc:Vpc::blog-dr, interrupted while reading
  * urn:pulumi:dr::pilotlight::aws:rds/instance:Instance::blog-dr-1, interrupted while importing
  * urn:pulumi:dr::pilotlight::pilotlight:stacks:Activation::blog-dr, interrupted while creating
These resources are in an unknown state because the Pulumi CLI was interrupted while waiting for changes to these resources to complete.`
	assert.Equal(t, []string{
		"a killed update was creating LoadBalancer blog-dr-lb: AWS may have one that the state does not know",
		"a killed update was updating Group blog-dr-instances: AWS may have the old settings or the new ones",
		"a killed update was deleting ReplicationGroup blog-dr-cache: AWS may have deleted it, or still be at it",
		"a killed update was reading Vpc blog-dr: nothing was changed by that",
		"a killed update was importing Instance blog-dr-1: nothing was changed on AWS by that, and the state may not have it",
	}, said(warning))
	assert.Equal(t, []string{"one", "two"}, said("one\ntwo"))
	assert.Empty(t, said(""))
}

func TestIDOfInputs(t *testing.T) {
	t.Parallel()
	c := apitype.ResourceV3{Inputs: map[string]any{"name": "reads", "role": "blog-dr"}}
	assert.Equal(t, "blog-dr:reads", idByInputs(c, takeoverIDs["aws:iam/rolePolicy:RolePolicy"]))
	assert.Equal(t, "reads", idByInputs(c, "name"))
	assert.Empty(t, idByInputs(c, "identifier"), "it is not known")
	assert.Empty(t, idByInputs(c, ""), "its id does not follow from inputs")
}

// TestTakeable: the engine accepts no two resources of a URN.
func TestTakeable(t *testing.T) {
	t.Parallel()
	held := decode(t, `{"resources": [
		{"urn": "urn:pulumi:dr::p::t::held", "id": "g-1", "type": "aws:rds/parameterGroup:ParameterGroup"},
		{"urn": "urn:pulumi:dr::p::t::replaced", "id": "g-2", "type": "aws:rds/parameterGroup:ParameterGroup", "delete": true}]}`)
	asked := func(name string) apitype.ResourceV3 {
		return apitype.ResourceV3{URN: urn.URN("urn:pulumi:dr::p::t::" + name), Type: "aws:rds/parameterGroup:ParameterGroup"}
	}
	assert.Equal(t, []apitype.ResourceV3{asked("new"), asked("replaced")},
		takeable([]apitype.ResourceV3{asked("held"), asked("new"), asked("twice"), asked("twice"), asked("replaced"), {URN: "urn:pulumi:dr::p::t::claim", Type: "pulumi:index:Stash"}}, held))
	assert.Equal(t, []string{"g-3"}, unknown([]string{"g-1", "g-2", "g-3"}, held), "what is yet to be deleted is known")
}

func TestIAMOfTheLostRegion(t *testing.T) {
	t.Parallel()
	site := failover.Site{Policy: checks.Policy{Region: "us-west-2"}, PeerRegion: "us-east-1"}
	assert.True(t, asksLost(site, "aws:iam/role:Role"))
	assert.False(t, asksLost(site, "aws:ec2/vpc:Vpc"))
	site.PeerRegion = "us-east-2"
	assert.False(t, asksLost(site, "aws:iam/role:Role"))
}
