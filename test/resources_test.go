package test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// free are the types that cost nothing by themselves.
var free = regexp.MustCompile(`^aws:(iam/|vpc/|autoscaling/policy:|cloudwatch/dashboard:|sns/|kms/alias:|lb/(listener|targetGroup):|rds/(parameterGroup|subnetGroup):|` +
	`elasticache/subnetGroup:|route53/record:|s3/bucket[A-Z].*:Bucket[A-Z]|secretsmanager/secretVersion:|ssm/parameter:|` +
	`ec2/(vpc|subnet|route|routeTable|routeTableAssociation|internetGateway|securityGroup|defaultSecurityGroup|launchTemplate):)`)

// TestResources holds that all that costs money has the tags of its stack, and is listed: the simulated
// AWS says what there is.
func TestResources(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	listed, err := site.Resources(t.Context())
	require.NoError(t, err)
	costs := map[string]bool{}
	for _, r := range listed {
		costs[r.Type] = true
	}
	for _, typ := range []string{"aws:rds/instance:Instance", "aws:ec2/natGateway:NatGateway", "aws:kms/key:Key", "aws:s3/bucketV2:BucketV2"} {
		assert.True(t, costs[typ], typ)
	}
	assert.True(t, slices.ContainsFunc(listed, func(r ops.Resource) bool { return r.ID == "blog-dr-1" }), "a database has the name that people know")
	there := 0
	unknown := map[string]bool{}
	stage.World.ByHand(func(o *sim.Object) bool {
		if !costs[o.Type] {
			unknown[o.Type] = !free.MatchString(o.Type)
			return true
		}
		at := slices.IndexFunc(listed, func(r ops.Resource) bool {
			return r.Region == o.Region && (r.ID == o.ID || r.ID == o.Props["identifier"]) && r.Type == o.Type
		})
		if !assert.GreaterOrEqual(t, at, 0, "%s %s is not listed", o.Type, o.ID) {
			return true
		}
		there++
		tags := map[string]any{}
		if held, ok := o.Props["tags"].(map[string]any); ok {
			tags = held
		}
		list, _ := o.Props["tags"].([]any) // a group's
		for _, tag := range list {
			tags[tag.(map[string]any)["key"].(string)] = tag.(map[string]any)["value"]
		}
		assert.Equal(t, []any{"blog", listed[at].Stack, "pilotlight"}, []any{tags["site"], tags["stack"], tags["managed-by"]}, "%s %s", o.Type, o.ID)
		return true
	})
	assert.Len(t, listed, there, "what is listed is there")
	for typ, is := range unknown {
		assert.False(t, is, "does %s cost money? say so in ops/resources.go, or here", typ)
	}
}
