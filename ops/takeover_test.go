package ops

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

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
		failed("topic", apitype.OpCreate), said("topic", "SNS Topic (blog-dr-alarms) already exists"),
		failed("denied", apitype.OpCreate), said("denied", "AccessDenied: no"), failed("changed", apitype.OpUpdate), said("changed", "ParameterAlreadyExists: it does"),
	} {
		n.see(e)
	}
	tried := map[urn.URN]bool{}
	all := n.untried(tried)
	require.Len(t, all, 3)
	assert.Equal(t, apitype.ResourceV3{
		URN: urn.URN(id("first")), Type: "aws:ssm/parameter:Parameter", Custom: true, Provider: "urn::1", Inputs: map[string]any{"name": "/first"},
	}, all[0], "what is masked is left out")
	assert.Empty(t, n.untried(tried), "once")
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

func TestIAMOfTheLostRegion(t *testing.T) {
	t.Parallel()
	site := failover.Site{Policy: checks.Policy{Region: "us-west-2"}, PeerRegion: "us-east-1"}
	assert.True(t, asksLost(site, "aws:iam/role:Role"))
	assert.False(t, asksLost(site, "aws:ec2/vpc:Vpc"))
	site.PeerRegion = "us-east-2"
	assert.False(t, asksLost(site, "aws:iam/role:Role"))
}

// TestNoGroupGoesUnseen holds that no security group is deleted where the backend does not tell whether an update runs, which may
// have made it a moment ago.
func TestNoGroupGoesUnseen(t *testing.T) {
	t.Parallel()
	for backend, deleted := range map[string]bool{"file://" + t.TempDir(): true, "https://api.pulumi.com": false} {
		w := sim.New(1)
		face := wire.NewFace(w)
		t.Cleanup(func() { face.Close(); w.Close() })
		put := func(typ string, inputs map[string]any) string {
			o, err := w.Create(t.Context(), sim.Call{Region: "us-east-2", Type: typ, Name: "x", Inputs: inputs})
			require.NoError(t, err)
			return o.ID
		}
		tags := map[string]string{"site": "blog", "stack": "dr"}
		vpc := put("aws:ec2/vpc:Vpc", map[string]any{"cidrBlock": "10.0.0.0/16"})
		put(securityGroup, map[string]any{"vpcId": vpc, "name": "lb", "tags": map[string]any{"Name": "blog-dr-lb", "site": "blog", "stack": "dr"}})
		s := &Stack{options: Options{
			EnvVars: map[string]string{"PULUMI_BACKEND_URL": backend},
			Env:     failover.Env{AWS: func(_ context.Context, region, _ string) (aws.Config, error) { return face.Config(region), nil }},
		}}
		asked := apitype.ResourceV3{URN: "urn:pulumi:dr::pilotlight::" + securityGroup + "::lb", Type: securityGroup, Inputs: map[string]any{"tags": map[string]any{"Name": "blog-dr-lb"}}}
		site := failover.Site{Policy: checks.Policy{Region: "us-east-2"}, Tags: tags}
		ids, ended := s.idsOf(t.Context(), site, nil, []apitype.ResourceV3{asked}, apitype.DeploymentV3{}, Run{Say: func(line string) { t.Log(line) }})
		assert.Empty(t, ids)
		assert.Equal(t, deleted, ended[asked.URN], backend)
		there := false
		w.ByHand(func(o *sim.Object) bool {
			there = there || o.Type == securityGroup && o.Props["name"] == "lb"
			return true
		})
		assert.Equal(t, !deleted, there, backend)
	}
}
