// Package test holds what needs the whole program: under Pulumi's mocks here,
// and under the real engine on simulated AWS in rehearsal_test.go.
package test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/state"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// cloud mocks the engine: it remembers what is registered and answers with
// what a resource would show.
type cloud struct {
	partition string
	states    map[string]map[string]map[string]any // checkpoints, by stack

	mu   sync.Mutex
	made []pulumi.MockResourceArgs
}

// replicaGiB is the storage of a replica, which has its source's.
const replicaGiB = 400

func (c *cloud) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made = append(c.made, args)
	shown := args.Inputs.Copy()
	id := args.Name + "-id"
	shown["arn"] = resource.NewStringProperty(fmt.Sprintf("arn:%s:mock:::%s", c.partition, args.Name))
	for _, output := range []resource.PropertyKey{"address", "primaryEndpointAddress", "dnsName", "zoneId", "bucket", "name", "fqdn"} {
		if _, given := shown[output]; !given {
			shown[output] = resource.NewStringProperty(args.Name + "." + string(output))
		}
	}
	shown["latestVersion"] = resource.NewNumberProperty(1)
	if _, primary := shown["allocatedStorage"]; args.TypeToken == "aws:rds/instance:Instance" && !primary {
		shown["allocatedStorage"] = resource.NewNumberProperty(replicaGiB)
	}
	if args.TypeToken == "pulumi:index:Stash" {
		shown["output"] = shown["input"]
	}
	if args.TypeToken == state.CertificateType {
		shown["domainValidationOptions"] = resource.NewProperty([]resource.PropertyValue{resource.NewProperty(resource.NewPropertyMapFromMap(map[string]any{
			"domainName": "www.example.com", "resourceRecordName": "_a.www.example.com.", "resourceRecordType": "CNAME", "resourceRecordValue": "_b.acm-validations.aws.",
		}))})
	}
	return id, shown, nil
}

func (c *cloud) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	switch args.Token {
	case "pulumi:pulumi:readStackResourceOutputs":
		name := args.Args["stackName"].StringValue()
		state, ok := c.states[name[strings.LastIndex(name, "/")+1:]]
		if !ok {
			return nil, fmt.Errorf("unknown stack %q", name)
		}
		outputs := resource.PropertyMap{}
		for urn, props := range state {
			outputs[resource.PropertyKey(urn)] = resource.NewObjectProperty(resource.NewPropertyMapFromMap(map[string]any{"type": "pulumi:index:Stash", "outputs": props}))
		}
		return resource.PropertyMap{"outputs": resource.NewObjectProperty(outputs)}, nil
	case "aws:index/getCallerIdentity:getCallerIdentity":
		return resource.NewPropertyMapFromMap(map[string]any{"accountId": "123456789012", "arn": "a", "userId": "u", "id": "i"}), nil
	}
	return nil, fmt.Errorf("nobody should call %s", args.Token)
}

// remembers is a checkpoint that holds what this program stashes.
func remembers(stack string, claim roles.Claim, published, peer state.PeerInfo) map[string]map[string]any {
	state := map[string]map[string]any{}
	for name, value := range map[string]any{
		"claim": claim, "published": published, "peer": peer, "secrets": map[string]string{"database_password": "THESECRET", "database_user": "wordpress", "cache_token": "THETOKEN0123456789"},
	} {
		text, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		state["urn:pulumi:"+stack+"::pilotlight::pulumi:index:Stash::"+name] = map[string]any{"input": string(text), "output": string(text)}
	}
	if claim.Role == roles.Active {
		state[fmt.Sprintf("urn:pulumi:%s::pilotlight::aws:route53/record:Record::blog-%s-switch-%d", stack, stack, claim.Epoch)] = map[string]any{}
	}
	return state
}

// stackConfig is a good configuration of one side; a test spoils one thing.
func stackConfig(region, peerStack, peerRegion, cidr, peerCIDR, role string) map[string]string {
	return map[string]string{
		"aws:region":         region,
		"pilotlight:site":    "blog",
		"pilotlight:domain":  "www.example.com",
		"pilotlight:role":    role,
		"pilotlight:peer":    fmt.Sprintf(`{"stack":%q,"region":%q,"cidr":%q}`, peerStack, peerRegion, peerCIDR),
		"pilotlight:network": fmt.Sprintf(`{"cidr":%q,"zones":["%sa","%sb"]}`, cidr, region, region),
		"pilotlight:app":     `{"image":"ami-0123456789abcdef0"}`,
		"pilotlight:dns":     `{"zoneId":"Z1"}`,
	}
}

func prodConfig(region, peer, role string) map[string]string {
	return stackConfig(region, "dr", peer, "10.10.0.0/16", "10.20.0.0/16", role)
}

func drConfig(region, peer, role string) map[string]string {
	return stackConfig(region, "prod", peer, "10.20.0.0/16", "10.10.0.0/16", role)
}

// run runs the program for a stack under mocks, in a world.
func run(t *testing.T, w *sim.World, stack string, config map[string]string, c *cloud) error {
	t.Helper()
	face := wire.NewFace(w)
	t.Cleanup(func() { face.Close(); w.Close() })
	env := failover.Env{
		AWS:       func(_ context.Context, region, _ string) (aws.Config, error) { return face.Config(region), nil },
		Transport: &http.Transport{DialContext: face.DialContext}, Lookup: w.Lookup, LookupNS: w.LookupNS, Now: w.Clock().Now, Sleep: w.Clock().Sleep,
		Report: func(report.Report) {},
	}
	return pulumi.RunErr(stacks.In(env), pulumi.WithMocks("pilotlight", stack, c), func(info *pulumi.RunInfo) { info.Config = config })
}

// pairOf is a world with a database and its replica, the image that stackConfig names in both
// regions, and the site's zone. A production that is lost has been so for a quarter of an hour.
func pairOf(t *testing.T, production, recovery string, lost bool) *sim.World {
	t.Helper()
	w := sim.New(1)
	for _, region := range []string{production, recovery} {
		w.AddImage(region, "ami-0123456789abcdef0", sim.Epoch)
	}
	w.AddZone("Z1", "example.com")
	source := map[string]any{"identifier": "blog-prod-1", "engine": "mysql", "engineVersion": "8.4", "username": "root", "password": "correct horse", "allocatedStorage": 20, "backupRetentionPeriod": 7}
	replica := map[string]any{"identifier": "blog-dr-1", "replicateSourceDb": "arn:" + awsregion.Partition(production) + ":rds:" + production + ":123456789012:db:blog-prod-1", "backupRetentionPeriod": 7}
	for _, made := range []struct {
		region string
		inputs map[string]any
	}{{production, source}, {recovery, replica}} {
		made.inputs["instanceClass"] = "db.t4g.medium"
		_, err := w.Create(t.Context(), sim.Call{Region: made.region, Type: "aws:rds/instance:Instance", Name: "db", Inputs: made.inputs})
		require.NoError(t, err)
	}
	w.Clock().Advance(20 * time.Minute)
	if lost {
		w.LoseRegion(production, sim.Refuse)
		w.Clock().Advance(15 * time.Minute)
	}
	return w
}

// noAWS is that of a program under mocks, which has no credentials: what it can't ask AWS itself, it does without.
func noAWS(_ context.Context, region, _ string) (aws.Config, error) {
	return aws.Config{Region: region}, nil
}

func (c *cloud) types() map[string]int {
	types := map[string]int{}
	for _, r := range c.made {
		types[r.TypeToken]++
	}
	return types
}

// costly are the types that cost money by the hour and that a standby goes without.
var costly = []string{"aws:ec2/natGateway:NatGateway", "aws:ec2/eip:Eip", "aws:lb/loadBalancer:LoadBalancer", "aws:elasticache/replicationGroup:ReplicationGroup"}

func TestProgram(t *testing.T) {
	t.Parallel()
	for _, pair := range []struct{ partition, production, recovery string }{
		{"aws", "us-west-2", "us-east-2"},
		{"aws-cn", "cn-north-1", "cn-northwest-1"},
	} {
		var (
			first      = roles.Claim{Role: roles.Active, Epoch: 1, Generation: roles.Generation{Number: 1, Origin: roles.OriginEmpty}}
			following  = roles.Claim{Role: roles.Standby, Epoch: 1, Generation: roles.Generation{Number: 1, Origin: roles.OriginReplica}}
			prodFacts  = state.PeerInfo{Region: pair.production, Database: "arn:" + pair.partition + ":rds:" + pair.production + ":123456789012:db:blog-prod-1", Bucket: "arn:" + pair.partition + ":s3:::prod-media"}
			drFacts    = state.PeerInfo{Region: pair.recovery, Database: "arn:" + pair.partition + ":rds:" + pair.recovery + ":123456789012:db:blog-dr-1", Bucket: "arn:" + pair.partition + ":s3:::dr-media"}
			production = remembers("prod", first, prodFacts, state.PeerInfo{})
			standby    = remembers("dr", following, drFacts, prodFacts)
		)
		for name, tc := range map[string]struct {
			stack, own, other string
			config            map[string]string
			states            map[string]map[string]map[string]any
			active            bool
			has, hasNot       []string
		}{
			"first production": {
				"prod", pair.production, pair.recovery, prodConfig(pair.production, pair.recovery, "active"),
				map[string]map[string]map[string]any{"prod": {}}, true,
				append([]string{"aws:route53/record:Record"}, costly...), []string{"aws:s3/bucketReplicationConfig:BucketReplicationConfig"},
			},
			"production with a peer": {
				"prod", pair.production, pair.recovery, prodConfig(pair.production, pair.recovery, "active"),
				map[string]map[string]map[string]any{"prod": production, "dr": standby}, true,
				append([]string{"aws:s3/bucketReplicationConfig:BucketReplicationConfig"}, costly...), nil,
			},
			"first pilot light": {
				"dr", pair.recovery, pair.production, drConfig(pair.recovery, pair.production, "standby"),
				map[string]map[string]map[string]any{"dr": {}, "prod": production}, false,
				[]string{"aws:rds/instance:Instance", "aws:s3/bucketReplicationConfig:BucketReplicationConfig", "aws:ec2/launchTemplate:LaunchTemplate", "aws:autoscaling/group:Group"},
				append([]string{"aws:route53/record:Record"}, costly...),
			},
			"failover": {
				"dr", pair.recovery, pair.production, drConfig(pair.recovery, pair.production, "active"),
				map[string]map[string]map[string]any{"dr": standby, "prod": production}, true,
				append([]string{"aws:route53/record:Record", "aws:s3/bucketReplicationConfig:BucketReplicationConfig"}, costly...), nil,
			},
		} {
			t.Run(pair.partition+"/"+name, func(t *testing.T) {
				t.Parallel()
				c := &cloud{partition: pair.partition, states: tc.states}
				require.NoError(t, run(t, pairOf(t, pair.production, pair.recovery, tc.stack == "dr"), tc.stack, tc.config, c))
				types := c.types()
				for _, want := range tc.has {
					assert.Positive(t, types[want], want)
				}
				for _, unwanted := range tc.hasNot {
					assert.Zero(t, types[unwanted], unwanted)
				}
				isolated(t, c, tc.own, tc.other, pair.partition)
				for _, r := range c.made {
					if r.TypeToken == "aws:autoscaling/group:Group" {
						assert.Equal(t, tc.active, r.Inputs["minSize"].NumberValue() > 0, "instances run exactly while active")
					}
					if r.TypeToken == "aws:rds/instance:Instance" {
						assert.True(t, r.Inputs["deletionProtection"].BoolValue(), "a database is protected from birth")
					}
					if r.TypeToken == "aws:route53/record:Record" {
						assert.True(t, dependsOn(r, "-started"), "DNS moves after the instances have started")
						assert.Equal(t, name == "failover", dependsOn(r, "-promoted"), "and after the promotion, where there is one")
					}
				}
			})
		}
	}
}

// dependsOn reports whether a resource waits for one whose URN holds a text.
func dependsOn(r pulumi.MockResourceArgs, text string) bool {
	return slices.ContainsFunc(r.RegisterRPC.GetDependencies(), func(urn string) bool { return strings.Contains(urn, text) })
}

// isolated holds that a stack has one provider, for its own region, and that
// nothing of it is of the other partition or, but for what replicates or
// fences, of the other region.
func isolated(t *testing.T, c *cloud, own, other, partition string) {
	t.Helper()
	foreign := map[string]string{"aws": "arn:aws-cn:", "aws-cn": "arn:aws:"}[partition]
	mayNameOther := map[string]bool{
		"aws:rds/instance:Instance":             true, // the source's ARN
		"aws:ec2/launchTemplate:LaunchTemplate": true, // where the other side publishes its epoch
		"aws:iam/rolePolicy:RolePolicy":         true, // the right to read it there
		"pulumi:index:Stash":                    true, // what is remembered of the peer
	}
	providers := 0
	for _, r := range c.made {
		text := fmt.Sprint(r.Inputs)
		assert.NotContains(t, text, foreign, r.Name)
		if r.TypeToken == "pulumi:providers:aws" {
			providers++
			assert.Equal(t, own, r.Inputs["region"].StringValue())
			assert.True(t, dependsOn(r, "::"+state.ClaimStash), "nothing of AWS is made before the claim is saved")
			continue
		}
		holdsClaim := r.TypeToken == "pilotlight:stacks:Activation" || strings.HasSuffix(r.Name, "-claim") // text that says what was copied from where
		if !mayNameOther[r.TypeToken] && !holdsClaim {
			assert.NotContains(t, text, other, "%s %s", r.TypeToken, r.Name)
		}
		if strings.HasPrefix(r.TypeToken, "aws:") {
			assert.Contains(t, r.Provider, "::aws::", "%s uses the stack's provider", r.Name)
		}
	}
	assert.Equal(t, 1, providers)
}

// TestSecretsStaySecret looks for the secrets in every input that is not marked secret.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	first := roles.Claim{Role: roles.Active, Epoch: 1, Generation: roles.Generation{Number: 1, Origin: roles.OriginEmpty}}
	c := &cloud{partition: "aws", states: map[string]map[string]map[string]any{"prod": remembers("prod", first, state.PeerInfo{}, state.PeerInfo{})}}
	require.NoError(t, run(t, sim.New(1), "prod", prodConfig("us-west-2", "us-east-2", "active"), c))
	found := false
	for _, r := range c.made {
		for key, value := range r.RegisterRPC.GetObject().GetFields() {
			text := value.String()
			if strings.Contains(text, "THESECRET") || strings.Contains(text, "THETOKEN") {
				found = true
				assert.Contains(t, text, resource.SecretSig, "%s.%s is in plain text", r.Name, key)
			}
		}
	}
	assert.True(t, found, "the secrets reach somebody")
}

// existingProduction is the configuration of a pilot light whose production no stack
// made, with its secrets in plain text.
func existingProduction() map[string]string {
	config := drConfig("us-east-2", "us-west-2", "standby")
	delete(config, "pilotlight:peer")
	secrets := map[string]string{}
	for _, key := range wordpress.SecretKeys() {
		secrets[key] = "hunter2"
	}
	text, err := json.Marshal(map[string]any{
		"region": "us-west-2", "cidr": "10.10.0.0/16", "database": "arn:aws:rds:us-west-2:123456789012:db:site", "bucket": "arn:aws:s3:::media", "secrets": secrets,
	})
	if err != nil {
		panic(err)
	}
	config["pilotlight:production"] = string(text)
	return config
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	overtaken := map[string]map[string]map[string]any{
		"prod": remembers("prod", roles.Claim{Role: roles.Active, Epoch: 1, Generation: roles.Generation{Number: 1, Origin: roles.OriginEmpty}}, state.PeerInfo{}, state.PeerInfo{}),
		"dr":   remembers("dr", roles.Claim{Role: roles.Active, Epoch: 2, Generation: roles.Generation{Number: 1, Origin: roles.OriginReplica}}, state.PeerInfo{}, state.PeerInfo{}),
	}
	for name, tc := range map[string]struct {
		stack  string
		config map[string]string
		states map[string]map[string]map[string]any
		says   string
	}{
		"production returns":         {"prod", prodConfig("us-west-2", "us-east-2", "active"), overtaken, "the site moved on to epoch 2"},
		"pilot light before anybody": {"dr", drConfig("us-east-2", "us-west-2", "standby"), map[string]map[string]map[string]any{"dr": {}}, "deploy the peer with role active first"},
		"bad configuration":          {"dr", drConfig("us-east-2", "us-east-2", "standby"), nil, "the other side must be in another region"},
		"a secret in plain text":     {"dr", existingProduction(), nil, "production.secrets.auth_key is in plain text: encrypt it: pulumi config set -s dr --secret --path 'production.secrets.auth_key'"},
		"no image":                   {"prod", prodConfig("us-west-2", "us-east-2", "active"), map[string]map[string]map[string]any{"prod": {}}, "there is no image ami-0123456789abcdef0 in us-west-2: set app.image"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &cloud{partition: "aws", states: tc.states}
			err := run(t, sim.New(1), tc.stack, tc.config, c)
			assert.ErrorContains(t, err, tc.says)
			assert.NotContains(t, err.Error(), "hunter2")
			assert.Empty(t, c.made, "nothing is registered")
		})
	}
}
