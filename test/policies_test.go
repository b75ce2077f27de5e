package test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/iam"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// asked are the actions that IAM has to allow, each with a call for which it is asked.
type asked map[string]string

func (a asked) add(operation, because string) {
	for _, action := range sim.Actions(operation) {
		if a[action] == "" {
			a[action] = because
		}
	}
}

// addCalls adds what a file of code asks for, where a world does not come to all of it.
func (a asked) addCalls(t *testing.T, file string) {
	t.Helper()
	operations, err := iam.Operations(file)
	require.NoError(t, err)
	for _, operation := range operations {
		a.add(operation, operation+" in "+file)
	}
}

// addStep adds what a step of the world's journal asks for: a call of an API, or what the real
// provider calls in place of the simulated one.
func (a asked) addStep(t *testing.T, step sim.Step) {
	t.Helper()
	switch step.Kind {
	case "api":
		a.add(step.Operation, step.Operation)
	case "provider":
		known := false
		for _, c := range sim.Calls() {
			reads := step.Operation != "delete" && slices.Contains(c.Operations, "read")
			if c.Type != step.Type || !reads && !slices.Contains(c.Operations, step.Operation) {
				continue
			}
			if known = true; c.When != "" {
				continue
			}
			for _, call := range c.Calls {
				a.add(call, step.Operation+" of "+step.Type)
			}
		}
		assert.True(t, known || step.Operation == "invoke", "no call is listed for %s of %s", step.Operation, step.Type)
	}
}

// addIAMs adds what a site asks for whose certificate is IAM's, in place of one of ACM's.
func (a asked) addIAMs(t *testing.T, p iam.Policy) {
	t.Helper()
	a.add("iam:GetServerCertificate", "a certificate of IAM")
	assert.True(t, p.Allows("iam:GetServerCertificate", "arn:aws:iam::"+sim.Account+":server-certificate/site"))
}

// policy reads documents that are attached together, filled in for the site of the tests.
func (b *bucketSite) policy(t *testing.T, names ...string) (joined iam.Policy) {
	t.Helper()
	for _, name := range names {
		p, err := iam.Read(filepath.Join("../docs/policies", name), strings.NewReplacer("PARTITION", "aws", "ACCOUNT", sim.Account,
			"BUCKET", b.made.Bucket, "KEY", b.made.Key, "SITE", "blog", "ZONE", "Z00000000000000000000"))
		require.NoError(t, err)
		joined.Statement = append(joined.Statement, p.Statement...)
	}
	return joined
}

// holds compares a policy with what was asked for: it has to allow all of it, and nothing else but what a star stands for.
func holds(t *testing.T, p iam.Policy, want asked) {
	t.Helper()
	for _, action := range slices.Sorted(maps.Keys(want)) {
		assert.True(t, p.Allows(action, ""), "it lacks %s, for %s", action, want[action])
	}
	for _, action := range p.Actions() {
		start, several := strings.CutSuffix(action, "*")
		needed := want[action] != "" || several && slices.ContainsFunc(slices.Collect(maps.Keys(want)), func(a string) bool { return strings.HasPrefix(a, start) })
		assert.True(t, needed, "it allows %s, which nothing asks for", action)
	}
}

// allowed holds that a policy allows calls on the very resources that they were about.
func allowed(t *testing.T, p iam.Policy, steps []sim.Step) {
	t.Helper()
	for _, step := range steps {
		if step.Kind != "api" {
			continue
		}
		for _, action := range sim.Actions(step.Operation) {
			assert.True(t, p.Allows(action, arnOf(action, step)), "%s on %s in %s, for %s", action, step.Name, step.Region, step.Operation)
		}
	}
}

// allowedOnAll holds that a policy allows the provider's calls on all that was made, under the names
// that Pulumi made up, and that what has no name of its own has the tags of the policy's conditions.
func allowedOnAll(t *testing.T, p iam.Policy, w *sim.World) {
	t.Helper()
	services, tagged := map[string]bool{}, 0
	for _, o := range objects(t, w) {
		if o.Region == "us-west-1" { // bootstrap made it, with the SDK
			continue
		}
		if tags, ok := o.Props["tags"].(map[string]any); ok {
			tagged++
			assert.Equal(t, []any{"blog", "pilotlight"}, []any{tags["site"], tags["managed-by"]}, "%s %s", o.Type, o.Name)
		}
		for _, c := range sim.Calls() {
			if c.Type == o.Type {
				permitted(t, p, o, c, services)
			}
		}
	}
	assert.Greater(t, tagged, 100)
	assert.Subset(t, slices.Collect(maps.Keys(services)), []string{"autoscaling", "ec2", "elasticache", "elasticloadbalancing", "iam", "kms", "logs", "rds", "s3", "secretsmanager", "ssm"})
}

func objects(t *testing.T, w *sim.World) map[string]sim.Object {
	t.Helper()
	var state struct{ Objects map[string]sim.Object }
	require.NoError(t, json.Unmarshal(w.Snapshot(), &state))
	return state.Objects
}

// permitted holds that a policy permits what the provider calls for an object, its conditions included. It notes the services.
func permitted(t *testing.T, p iam.Policy, o sim.Object, c sim.ProviderCalls, services map[string]bool) {
	t.Helper()
	arn, _ := o.Props["arn"].(string)
	if arn == "" || o.Type == "aws:autoscaling/policy:Policy" { // the calls about a scaling policy are about its group
		return
	}
	given, _ := o.Props["tags"].(map[string]any)
	for i, call := range c.Calls {
		for j, action := range sim.Actions(call) {
			service, name, _ := strings.Cut(action, ":")
			tags := strings.Contains(name, "Tag")
			switch {
			case !strings.HasPrefix(arn, "arn:aws:"+service+":"), j > 0 && !tags: // about another resource
				continue
			case strings.Contains(action, "Object"): // of a bucket's, not the bucket
				continue
			}
			services[service] = true
			context := map[string]string{}
			bare := slices.Contains(c.Operations, "create") && (i == 0 || tags) // it has no tags before
			for key, value := range given {
				context["aws:RequestTag/"+key] = value.(string)
				if !bare {
					context["aws:ResourceTag/"+key] = value.(string)
				}
			}
			if j > 0 { // AWS checks it beside the call that creates
				context["ec2:CreateAction"] = strings.TrimPrefix(call, service+":")
			}
			assert.True(t, p.Permits(action, arn, context), "%s on %s, for %s: %v", action, arn, call, context)
		}
	}
}

// permittedSteps is permitted for what the provider made and changed, as far as it is there still.
func permittedSteps(t *testing.T, p iam.Policy, w *sim.World, steps []sim.Step) {
	t.Helper()
	services := map[string]bool{}
	for _, o := range objects(t, w) {
		for _, step := range steps {
			if step.Kind != "provider" || step.Type != o.Type || step.Name != o.Name || step.Region != o.Region {
				continue
			}
			for _, c := range sim.Calls() {
				if c.Type == o.Type && c.When == "" && slices.Contains(c.Operations, step.Operation) {
					permitted(t, p, o, c, services)
				}
			}
		}
	}
	assert.Contains(t, services, "autoscaling", "nothing was found again")
}

// listed are the resources of calls that list all of a kind, and of which IAM knows resources: it wants the call to be
// allowed on every one (Service Authorization Reference).
var listed = map[string]string{
	"rds:DescribeDBInstances": "db:*", "rds:DescribeDBSnapshots": "snapshot:*", "elasticache:DescribeReplicationGroups": "replicationgroup:*",
}

// arnOf is the resource on which IAM has to allow an action; empty where the journal does not
// tell, and where there is none.
func arnOf(action string, step sim.Step) string {
	regional := func(service string) string { return "arn:aws:" + service + ":" + step.Region + ":" + sim.Account + ":" }
	service, _, _ := strings.Cut(action, ":")
	switch {
	case step.Operation == action && step.Name == "" && listed[action] != "":
		return regional(service) + listed[action]
	case !strings.HasPrefix(step.Operation, service+":") || step.Name == "":
		return "" // what is asked beside the call is about another resource
	case service == "s3":
		bucket, key, found := strings.Cut(step.Name, "/")
		if found && !strings.HasPrefix(action, "s3:List") {
			return "arn:aws:s3:::" + bucket + "/" + key
		}
		return "arn:aws:s3:::" + bucket
	case service == "ssm":
		return regional("ssm") + "parameter" + step.Name
	case action == "route53:GetHostedZone" || action == "route53:ListResourceRecordSets":
		return "arn:aws:route53:::hostedzone/" + step.Name
	case action == "acm:DescribeCertificate":
		return step.Name
	case action == "rds:DescribeDBInstances" || action == "rds:PromoteReadReplica":
		return regional("rds") + "db:" + step.Name
	case action == "rds:DescribeDBParameters" || action == "rds:ResetDBParameterGroup":
		return regional("rds") + "pg:" + step.Name
	}
	return ""
}

// bucketSite is a site in its steady state whose state lies in a bucket, encrypted with a key
// that its secrets are encrypted with, too: both as bootstrap makes them.
type bucketSite struct {
	*scenario.Stage
	made *backend.Result
}

func (b *bucketSite) options(t *testing.T) ops.Options {
	t.Helper()
	endpoint, stop, err := b.Face().Listen()
	require.NoError(t, err)
	t.Cleanup(stop)
	o := b.Options(b.Env())
	o.EnvVars["PULUMI_BACKEND_URL"] = b.made.Login
	o.EnvVars["AWS_ENDPOINT_URL"], o.EnvVars["AWS_ACCESS_KEY_ID"], o.EnvVars["AWS_SECRET_ACCESS_KEY"] = "http://"+endpoint, "AKIASIMULATED", "simulated"
	return o
}

func (b *bucketSite) fork(t *testing.T) *bucketSite {
	t.Helper()
	stage, err := b.Fork(staged.Options())
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	return &bucketSite{Stage: stage, made: b.made}
}

// during are the steps of the journal while something is done. The clock is put forward first,
// since the journal goes by time.
func (b *bucketSite) during(do func()) []sim.Step {
	b.World.Clock().Advance(time.Minute)
	before := len(b.World.Journal())
	do()
	return b.World.Journal()[before:]
}

// newBucketSite deploys the sample with a certificate, so that those are asked for, too.
func newBucketSite(t *testing.T) *bucketSite {
	t.Helper()
	stage, err := scenario.Open(staged.Options())
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	b := &bucketSite{Stage: stage}
	b.made, err = backend.Bootstrap(t.Context(), backend.Options{
		Site: "blog", Region: "us-west-1", Production: "us-west-2", Recovery: "us-east-2",
		AWS: func(_ context.Context, region, _ string) (aws.Config, error) { return stage.Face().Config(region), nil },
	})
	require.NoError(t, err)
	o := b.options(t)
	p := &stateTerminal{t: t, dir: stage.Dir()}
	for name, value := range o.EnvVars {
		p.env = append(p.env, name+"="+value)
	}
	p.env = append(p.env, "PATH="+os.Getenv("PATH"), "HOME="+o.EnvVars["PULUMI_HOME"], "AWS_EC2_METADATA_DISABLED=true")
	for _, name := range []string{scenario.Production, scenario.Recovery} {
		p.run("stack", "init", name, "--secrets-provider", b.made.SecretsProvider)
		region, image := "us-west-2", scenario.ProductionImage
		if name == scenario.Recovery {
			region, image = "us-east-2", scenario.RecoveryImage
		}
		arn := "arn:aws:acm:" + region + ":" + sim.Account + ":certificate/1"
		b.World.AddCertificate(sim.Certificate{ARN: arn, Status: "ISSUED", Names: []string{"www.example.com"}, Until: b.World.Clock().Now().AddDate(1, 0, 0)})
		staged.Set(t, o.Dir, name, "app", `{"image": "`+image+`", "certificate": "`+arn+`"}`)
	}
	for _, name := range []string{scenario.Production, scenario.Recovery, scenario.Production} {
		b.up(t, o, name)
	}
	return b
}

func (b *bucketSite) up(t *testing.T, o ops.Options, name string) {
	t.Helper()
	stack, err := ops.Open(t.Context(), name, o)
	require.NoError(t, err)
	_, err = stack.Up(t.Context(), ops.Run{})
	require.NoError(t, err)
}

// TestPolicies holds the policies of docs/policies to the calls that are made: by commands that
// only look, by previews, and by failovers. deploy.json is held to the source as well, in docs/policies.
func TestPolicies(t *testing.T) {
	t.Parallel()
	site := newBucketSite(t)
	t.Run("deploy", func(t *testing.T) {
		p := site.deployable(t, site.World.Journal())
		allowedOnAll(t, p, site.World)
	})
	site.World.Clock().Advance(time.Hour)
	t.Run("check and preview", func(t *testing.T) {
		t.Parallel()
		looks(t, site.fork(t))
	})
	failovers := asked{}
	t.Run("failover", func(t *testing.T) {
		t.Parallel()
		for name, settings := range map[string]map[string]string{
			"cold":       {},
			"warm":       {"keepWarm": `["nat", "balancer", "cache"]`},
			"manual DNS": {"dns": `{"mode": "manual"}`},
			"dashboard":  {"alarms": `{"dashboard": true}`},
			rotating:     {"keepWarm": `["cache"]`},
		} {
			t.Log(name)
			failOverBy(t, site.fork(t), name, settings, failovers)
		}
		failovers.addCalls(t, "../failover/orphans.go")
		failovers.addCalls(t, "../failover/made.go")
		for _, file := range slices.Concat(partFiles, []string{"../failover/quotas.go", "../failover/volumekey.go", "../failover/class.go", "../failover/orphans_find.go", "../failover/rollout.go"}) {
			failovers.addCalls(t, file) // who fails over checks first
		}
		failovers.add("elasticache:DeleteReplicationGroup", "a Redis group that AWS failed to make")
		failovers.addIAMs(t, site.policy(t, "failover.json"))
		failovers.add("secretsmanager:UpdateSecretVersionStage", "a version of a secret that another has replaced")
		holds(t, site.policy(t, "failover.json"), failovers)
	})
}

// deployable holds that what deployments are allowed is enough for steps, and returns that.
func (b *bucketSite) deployable(t *testing.T, steps []sim.Step) iam.Policy {
	t.Helper()
	p, want := b.policy(t, "deploy.json", "deploy-foundation.json", "deploy-watch.json"), asked{}
	for _, step := range steps {
		want.addStep(t, step)
	}
	for action, because := range want {
		assert.True(t, p.Allows(action, ""), "it lacks %s, for %s", action, because)
	}
	allowed(t, p, steps)
	return p
}

// partFiles ask for parts of all kinds; a world has those of its configuration.
var partFiles = []string{"../failover/parts_kinds.go", "../failover/unmade.go"}

// looks holds check.json and preview.json to what check, status and plan call.
func looks(t *testing.T, b *bucketSite) {
	t.Helper()
	o := b.options(t)
	site, err := ops.OpenSite(o)
	require.NoError(t, err)
	previews := b.during(func() {
		for name, role := range map[string]roles.Role{scenario.Production: roles.Active, scenario.Recovery: roles.Standby} {
			_, err := site.Plan(t.Context(), ops.Change{Stack: name, Role: role}, ops.Run{})
			require.NoError(t, err)
		}
		_, err = site.PlanFailover(t.Context(), ops.Accepted{}, ops.Run{})
		require.NoError(t, err)
	})
	checks := b.during(func() {
		for _, purpose := range []ops.Purpose{ops.ForFailover, ops.ForSwitchover} {
			_, err := site.Check(t.Context(), purpose, scenario.Recovery, ops.Run{})
			require.NoError(t, err)
		}
		_, err := site.Status(t.Context())
		require.NoError(t, err)
		survey, err := site.Survey(t.Context()) // for a rehearsal
		require.NoError(t, err)
		require.Empty(t, survey.Unread)
	})
	published := b.during(func() {
		_, err := site.Publish(t.Context(), ops.Readiness{For: ops.ForFailover, Stack: scenario.Recovery})
		require.NoError(t, err)
		_, err = site.Status(t.Context()) // which shows it
		require.NoError(t, err)
	})
	allowed(t, b.policy(t, "deploy.json", "deploy-foundation.json", "deploy-watch.json"), published)
	for name, steps := range map[string][]sim.Step{"preview.json": previews, "check.json": slices.Concat(published, checks, previews)} {
		want := asked{}
		for _, step := range steps {
			want.addStep(t, step)
		}
		assert.Contains(t, want, "servicequotas:GetServiceQuota", name)
		for _, file := range slices.Concat(partFiles, []string{"../failover/quotas.go", "../failover/volumekey.go"}) {
			want.addCalls(t, file) // what else a plan may make, an account have, or a stack keep warm
		}
		if name == "check.json" {
			want.addCalls(t, "../failover/orphans_find.go") // what else a killed update may have left
			want.addCalls(t, "../failover/publicaccess.go") // and who is let in where a network is blocked
		}
		p := b.policy(t, name)
		want.addIAMs(t, p)
		holds(t, p, want)
		allowed(t, p, steps)
		steps = slices.DeleteFunc(steps, func(s sim.Step) bool { return s.Operation == "cloudwatch:PutMetricData" })
		allowed(t, b.policy(t, "failover.json"), steps) // who fails over checks first, and need not publish it
	}
}

// rotating names the failover in the middle of a rotation of secrets.
const rotating = "in a rotation"

// failOverBy loses production and fails over, with settings of the standby, and adds what was asked for.
func failOverBy(t *testing.T, b *bucketSite, name string, settings map[string]string, want asked) {
	t.Helper()
	o := b.options(t)
	for key, value := range settings {
		staged.Set(t, o.Dir, scenario.Recovery, key, value)
	}
	b.up(t, o, scenario.Recovery)
	b.World.Clock().Advance(time.Hour)
	site, err := ops.OpenSite(o)
	require.NoError(t, err)
	if name == rotating {
		b.deployable(t, b.during(func() {
			_, err := site.Apply(t.Context(), ops.Change{Stack: scenario.Production, Rotate: "all-1"}, ops.Run{})
			require.NoError(t, err)
		}))
	}
	b.World.LoseRegion("us-west-2", sim.Refuse)
	b.World.Clock().Advance(15 * time.Minute)
	steps := b.during(func() {
		_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
		if settings["dns"] == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "gave up waiting for www.example.com")
		}
	})
	for _, step := range steps {
		want.addStep(t, step)
	}
	allowed(t, b.policy(t, "failover.json"), steps)
	permittedSteps(t, b.policy(t, "failover.json"), b.World, steps)
	if settings["dns"] != "" {
		return
	}
	b.World.ReturnRegion("us-west-2")
	b.World.Clock().Advance(time.Hour)
	steps = b.during(func() {
		_, err := site.Check(t.Context(), ops.ForReprotect, scenario.Production, ops.Run{})
		require.NoError(t, err)
	})
	allowed(t, b.policy(t, "check.json"), steps)
	if len(settings) > 0 {
		return
	}
	b.deployable(t, b.during(func() {
		_, err := site.Reprotect(t.Context(), ops.Run{})
		require.NoError(t, err)
	}))
}
