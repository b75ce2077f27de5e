package checkpoint

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"github.com/pilotlight-dr/pilotlight/state"
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
			deployment := func(resources, pending string) string {
				return `{"resources": [` + resources + `], "pending_operations": [` + pending + `]}`
			}
			c, err := Edit([]byte(deployment(tc.resources, tc.pending)))
			require.NoError(t, err)
			assert.Equal(t, strings.HasSuffix(tc.wantResources, mark), c.TakeOver(tc.refused, map[urn.URN]string{"db": "blog-dr-1", "p": "/blog/dr/claim"}))
			assert.Equal(t, tc.found, c.Unproven())
			edited, err := json.Marshal(c)
			require.NoError(t, err)
			var got, want map[string]any
			require.NoError(t, json.Unmarshal(edited, &got))
			require.NoError(t, json.Unmarshal([]byte(deployment(tc.wantResources, "")), &want))
			for _, key := range []string{"resources", "pending_operations"} {
				if got[key] == nil {
					got[key] = []any{}
				}
				assert.Equal(t, want[key], got[key], key)
			}
			for _, urn := range c.Unproven() {
				c.Drop(urn)
			}
			assert.Empty(t, c.Unproven(), "others' things go out again")
			assert.Len(t, c.resources(), strings.Count(tc.resources, `"urn"`), "and nothing else")
		})
	}

	for _, none := range []string{"", "null"} { // of a stack that was never updated
		c, err := Edit([]byte(none))
		require.NoError(t, err)
		assert.False(t, c.TakeOver(nil, nil))
		assert.Empty(t, c.Unproven())
	}
	_, err := Edit([]byte("{"))
	require.Error(t, err)
}

func TestLeftUndone(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"urn:pulumi:dr::p::t::group"}, LeftUndone(decode(t, `{"resources": [
		{"urn": "urn:pulumi:dr::p::t::group", "custom": true, "initErrors": ["updating Auto Scaling Group (blog-dr): AccessDenied"]},
		{"urn": "urn:pulumi:dr::p::t::old", "custom": true, "delete": true, "initErrors": ["no"]},
		{"urn": "urn:pulumi:dr::p::t::lb", "custom": true}, {"urn": "urn:pulumi:dr::p::t::component", "initErrors": ["no"]}
	]}`)))
	assert.Empty(t, LeftUndone(decode(t, "")))
}

func TestIDOfInputs(t *testing.T) {
	t.Parallel()
	c := apitype.ResourceV3{Inputs: map[string]any{"name": "reads", "role": "blog-dr"}}
	assert.Equal(t, "blog-dr:reads", IDByInputs(c, "role:name"))
	assert.Equal(t, "reads", IDByInputs(c, "name"))
	assert.Empty(t, IDByInputs(c, "identifier"), "it is not known")
	assert.Empty(t, IDByInputs(c, ""), "its id does not follow from inputs")
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
		Takeable([]apitype.ResourceV3{asked("held"), asked("new"), asked("twice"), asked("twice"), asked("replaced"), {URN: "urn:pulumi:dr::p::t::claim", Type: "pulumi:index:Stash"}}, held))
	assert.Equal(t, map[string]bool{"g-1": true, "g-2": true}, Held(held), "what is yet to be deleted is held")
}

// TestMarks: what could not be read loses its mark for one update, and gets it back after it.
func TestMarks(t *testing.T) {
	t.Parallel()
	d, err := Edit([]byte(`{"resources": [{"urn": "a", "initErrors": ["no"]}, {"urn": "b"}, {"urn": "c", "initErrors": ["no"]}]}`))
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, d.ForgetUndone([]string{"a", "b", "gone"}))
	assert.Empty(t, d.ForgetUndone([]string{"a"}))
	d.MarkUndone([]string{"a", "gone"}, "it was not read")
	assert.Equal(t, []any{"it was not read"}, d.find("a")["initErrors"])
	assert.Len(t, d.resources(), 3)
}

// TestGiveUp: what AWS failed to make is deleted by the engine, as what it replaced is.
func TestGiveUp(t *testing.T) {
	t.Parallel()
	d, err := Edit([]byte(`{"resources": [{"urn": "a", "initErrors": ["no"]}, {"urn": "b", "initErrors": ["no"]}]}`))
	require.NoError(t, err)
	d.GiveUp("a")
	d.GiveUp("a")
	d.GiveUp("gone")
	assert.Equal(t, []any{map[string]any{"urn": "a", "delete": true}, map[string]any{"urn": "b", "initErrors": []any{"no"}}}, d.resources())
}

func TestPendingCreations(t *testing.T) {
	t.Parallel()
	pending := PendingCreations(decode(t, `{"pending_operations": [
		{"type": "creating", "resource": {"urn": "urn:pulumi:s::p::aws:ec2/eip:Eip::blog-dr-drill-nat-1", "type": "aws:ec2/eip:Eip", "inputs": {"domain": "vpc"}}},
		{"type": "deleting", "resource": {"urn": "urn:pulumi:s::p::aws:ec2/vpc:Vpc::x", "type": "aws:ec2/vpc:Vpc"}}]}`))
	require.Len(t, pending, 1)
	assert.Equal(t, "blog-dr-drill-nat-1", pending[0].URN.Name())
	assert.Equal(t, "vpc", pending[0].Inputs["domain"])
	assert.Empty(t, PendingCreations(decode(t, "")))
}

func decode(t *testing.T, text string) apitype.DeploymentV3 {
	t.Helper()
	held, err := state.Decode([]byte(text))
	require.NoError(t, err)
	return held
}
