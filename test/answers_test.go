package test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// named are the calls that make what AWS has but one of a name.
var named = []string{
	"ssm:PutParameter", "logs:CreateLogGroup", "iam:CreateRole", "iam:CreateInstanceProfile", "kms:CreateAlias",
	"rds:CreateDBInstance", "rds:CreateDBInstanceReadReplica", "rds:CreateDBParameterGroup", "rds:CreateDBSubnetGroup", "elasticache:CreateCacheSubnetGroup",
	"s3:CreateBucket", "lambda:CreateFunction", "lambda:AddPermission",
}

// TestLostAnswers has the connection break while AWS answers each call that makes something with a name, in the first
// deployment of both stacks. The provider asks again, and hears that the name is taken: one command deploys all the same.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	var made [2]map[string]int
	t.Run("deploy", func(t *testing.T) {
		for i, faults := range [][]string{nil, named} {
			t.Run(fmt.Sprint(faults), func(t *testing.T) {
				t.Parallel()
				made[i] = deployUnheard(t, faults)
			})
		}
	})
	assert.Equal(t, made[0], made[1], "nothing is made twice")
}

// deployUnheard deploys both stacks, as some calls are not heard, and counts what AWS has then.
func deployUnheard(t *testing.T, faults []string) map[string]int {
	t.Helper()
	stage, err := scenario.Open(staged.Options())
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	putFunction(t, stage)
	bake(stage.World, "us-west-2", "ami-0000000000000001")
	bake(stage.World, "us-east-2", "ami-0000000000000002")
	for key, value := range travels {
		staged.Set(t, stage.Dir(), scenario.Production, key, value)
		staged.Set(t, stage.Dir(), scenario.Recovery, key, value)
	}
	unheard := slices.Clone(faults)
	up := func(stack string) (ops.Result, string) {
		var said []string
		opened, err := stage.Stack(t.Context(), stack, stage.Env())
		require.NoError(t, err)
		result, err := opened.Up(t.Context(), ops.Run{Say: func(line string) { said = append(said, line) }})
		require.NoError(t, err)
		return result, strings.Join(said, "\n")
	}
	for _, stack := range []string{scenario.Production, scenario.Recovery, scenario.Production} {
		for _, call := range faults {
			staged.Inject(t, stage, "answer="+call)
		}
		_, said := up(stack)
		assert.Equal(t, len(faults) > 0, strings.Contains(said, "AWS had made "), stack)
		unheard = slices.DeleteFunc(unheard, func(call string) bool {
			return !slices.ContainsFunc(stage.World.Unmet(), func(f sim.Fault) bool { return f.Value == call })
		})
		stage.World.Heal()
	}
	assert.Empty(t, unheard, "each call was unheard once")
	for _, stack := range []string{scenario.Recovery, scenario.Production} {
		again, said := up(stack)
		delete(again.Changes, "same")
		assert.Empty(t, again.Changes, "another update of %s changes nothing: %s", stack, said)
	}
	return staged.Inventory(stage.World)
}

// TestNamesOfOthers holds that what bears a name of the site and others' tags is left alone, and never gets into the state:
// by an update that wants the name, and by one that finds that a killed one had asked for it.
func TestNamesOfOthers(t *testing.T) {
	t.Parallel()
	const typ, name = "aws:ssm/parameter:Parameter", "/blog/dr/inventory"
	stage := staged.Steady(t, staged.Options())
	theirs := sim.Call{Region: "us-east-2", Type: typ, Name: "theirs", ID: name, Inputs: map[string]any{
		"name": name, "type": "String", "value": "theirs", "tags": map[string]any{"team": "shop"},
	}}
	require.NoError(t, stage.World.Delete(t.Context(), theirs))
	_, err := stage.World.Create(t.Context(), theirs)
	require.NoError(t, err)
	file := stateFile(t, stage, scenario.Recovery)
	killedAt(t, file, typ, "inventory")
	stack, err := stage.Stack(t.Context(), scenario.Recovery, stage.Env())
	require.NoError(t, err)
	for _, update := range []string{"after a kill", "again"} {
		_, err = stack.Up(t.Context(), ops.Run{})
		require.ErrorContains(t, err, "ParameterAlreadyExists", update)
		require.ErrorContains(t, err, `see "AWS has it already" in docs/runbook.md`, update)
		value, found := stage.World.ParameterValue("us-east-2", name)
		assert.True(t, found, update)
		assert.Equal(t, "theirs", value, update)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NotContains(t, string(text), `"id": "`+name, update)
	}
	require.NoError(t, stage.World.Delete(t.Context(), theirs))
	_, err = stack.Up(t.Context(), ops.Run{})
	require.NoError(t, err)
	staged.NothingLeft(t, stage)
}

// TestTopicOfAKilledUpdate: pulumi-aws refuses to make a topic of a name that is taken. One that is the stack's by its tags is taken
// over, whether the killed update had noted that it asked for it or not, and another's is left alone.
func TestTopicOfAKilledUpdate(t *testing.T) {
	t.Parallel()
	const typ = "aws:sns/topic:Topic"
	for name, tc := range map[string]struct{ noted, others bool }{"noted": {noted: true}, "not noted": {}, "of others": {others: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := staged.Steady(t, staged.Options())
			file := stateFile(t, stage, scenario.Recovery)
			killedAt(t, file, typ, "alarms")
			if !tc.noted {
				editState(t, file, func(latest map[string]any) { delete(latest, "pending_operations") })
			}
			if tc.others {
				stage.World.ByHand(func(o *sim.Object) bool {
					if o.Type == typ && o.Region == "us-east-2" {
						o.Props["tags"], o.Props["tagsAll"] = map[string]any{"team": "shop"}, map[string]any{"team": "shop"}
					}
					return true
				})
			}
			stack, err := stage.Stack(t.Context(), scenario.Recovery, stage.Env())
			require.NoError(t, err)
			_, err = stack.Up(t.Context(), ops.Run{})
			if tc.others {
				require.ErrorContains(t, err, `SNS Topic (blog-dr-alarms) already exists: AWS has it, and it is not known to be this stack's: see "AWS has it already" in docs/runbook.md`)
				return
			}
			require.NoError(t, err)
			staged.NothingLeft(t, stage)
		})
	}
}

// TestUndoneWithoutRights has a deployment leave something undone that the credentials of the night may not read. The
// check says so before; the failover goes on without it; the next deployment reads it again.
func TestUndoneWithoutRights(t *testing.T) {
	t.Parallel()
	const typ = "aws:rds/subnetGroup:SubnetGroup"
	stage := staged.Steady(t, staged.Options())
	file := stateFile(t, stage, scenario.Recovery)
	undone := func() (marks []any) {
		editState(t, file, func(latest map[string]any) {
			resources := latest["resources"].([]any)
			marks, _ = resources[indexOf(t, resources, typ, "")].(map[string]any)["initErrors"].([]any)
		})
		return marks
	}
	editState(t, file, func(latest map[string]any) {
		resources := latest["resources"].([]any)
		resources[indexOf(t, resources, typ, "")].(map[string]any)["initErrors"] = []any{"updating RDS Subnet Group: throttled"}
	})
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	ready, err := site.Check(t.Context(), ops.ForFailover, "", ops.Run{})
	require.NoError(t, err)
	require.ErrorContains(t, ready.Err(), "last update: an update of stack dr did not finish SubnetGroup blog-dr")

	require.NoError(t, stage.Lose())
	staged.Inject(t, stage, "error=rds:DescribeDBSubnetGroups:AccessDenied:99")
	report := staged.FailOver(t, stage)
	require.Empty(t, report.Refusal)
	assert.True(t, report.Recovered, report.Serves)
	assert.NotEmpty(t, undone(), "nothing has read it")
	stage.World.Heal()
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	assert.Empty(t, undone())
	staged.NothingLeft(t, stage)
}

// killedAt makes a state that of an update which was killed while it made a resource, the one of a type whose name ends so.
func killedAt(t *testing.T, file, typ, suffix string) {
	t.Helper()
	editState(t, file, func(latest map[string]any) {
		resources := latest["resources"].([]any)
		at := indexOf(t, resources, typ, suffix)
		asked := resources[at].(map[string]any)
		delete(asked, "id")
		delete(asked, "outputs")
		resources = slices.Delete(resources, at, at+1)
		for _, entry := range resources { // the destroy guard depends on all that is there
			r := entry.(map[string]any)
			dependencies, _ := r["dependencies"].([]any)
			r["dependencies"] = slices.DeleteFunc(dependencies, func(urn any) bool { return urn == asked["urn"] })
			properties, _ := r["propertyDependencies"].(map[string]any)
			maps.DeleteFunc(properties, func(_ string, urns any) bool { return slices.Contains(urns.([]any), asked["urn"]) })
		}
		latest["resources"] = resources
		latest["pending_operations"] = []any{map[string]any{"type": "creating", "resource": asked}}
	})
}

// indexOf finds the resource of a type whose name ends so.
func indexOf(t *testing.T, resources []any, typ, suffix string) int {
	t.Helper()
	at := slices.IndexFunc(resources, func(entry any) bool {
		r := entry.(map[string]any)
		return r["type"] == typ && strings.HasSuffix(r["urn"].(string), suffix)
	})
	require.GreaterOrEqual(t, at, 0, typ)
	return at
}

// editState changes what the file of a stack's state holds.
func editState(t *testing.T, file string, change func(latest map[string]any)) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var state map[string]any
	require.NoError(t, json.Unmarshal(text, &state))
	change(state["checkpoint"].(map[string]any)["latest"].(map[string]any))
	text, err = json.Marshal(state)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, text, 0o600))
}
