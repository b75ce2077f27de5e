package provider_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const subnet = "aws:ec2/subnet:Subnet"

func TestCheckRefusesWhatTheTableDoes(t *testing.T) {
	t.Parallel()
	_, c := serve(t, props{"region": region})
	for name, tc := range map[string]struct {
		change props
		want   string
	}{
		"good":            {nil, ""},
		"unknown":         {props{"cidr": "x"}, `An argument named "cidr" is not expected here. Examine values at 'x.cidr'.`},
		"missing":         {props{"vpcId": nil}, `The argument "vpcId" is required`},
		"list for a text": {props{"cidrBlock": []any{"x"}}, `expected string type, got "[]" type`},
		"text for a flag": {props{"mapPublicIpOnLaunch": "maybe"}, "expected boolean type"},
		"text as a flag":  {props{"mapPublicIpOnLaunch": "true"}, ""},
		"text for a map":  {props{"tags": "x"}, "expected object type"},
		"list in a map":   {props{"tags": props{"Name": []any{}}}, "Examine values at 'x.tags.Name'."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inputs := props{"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24"}
			maps.Copy(inputs, tc.change)
			_, failures := c.check(subnet, "x", nil, resource.NewPropertyMapFromMap(inputs))
			if tc.want == "" {
				assert.Empty(t, failures)
				return
			}
			require.Len(t, failures, 1)
			assert.Contains(t, failures[0], tc.want)
		})
	}
	_, failures := c.check("aws:lb/listener:Listener", "x", nil, resource.NewPropertyMapFromMap(props{
		"loadBalancerArn": "arn", "defaultActions": []any{props{"type": "forward", "targets": "x"}, props{}}}))
	assert.Len(t, failures, 2, "objects in lists are looked into: %v", failures)
}

func TestUnknownAndSecretInputsPass(t *testing.T) {
	t.Parallel()
	_, c := serve(t, props{"region": region})
	checked, failures := c.check(subnet, "x", nil, resource.PropertyMap{
		"vpcId":     resource.MakeComputed(resource.NewProperty("")),
		"cidrBlock": resource.MakeSecret(resource.NewProperty("10.0.0.0/24")),
	})
	assert.Empty(t, failures)
	assert.True(t, checked["vpcId"].IsComputed())
	assert.True(t, checked["cidrBlock"].IsSecret())
}

func TestNames(t *testing.T) {
	t.Parallel()
	_, c := serve(t, props{"region": region})
	for name, tc := range map[string]struct {
		typ, prop, logical, want string
	}{
		"security group": {"aws:ec2/securityGroup:SecurityGroup", "name", "Site", `^Site-[0-9a-f]{7}$`},
		"database":       {"aws:rds/instance:Instance", "identifier", "Site", `^site-[0-9a-f]{7}$`},
		"bucket":         {"aws:s3/bucketV2:BucketV2", "bucket", "Site", `^site-[0-9a-f]{7}$`},
		"alias":          {"aws:kms/alias:Alias", "name", "site", `^alias/site-[0-9a-f]{7}$`},
		"target group":   {"aws:lb/targetGroup:TargetGroup", "name", strings.Repeat("x", 24), `^x{24}-[0-9a-f]{7}$`},
	} {
		checked, _ := c.check(tc.typ, tc.logical, nil, resource.PropertyMap{})
		assert.Regexp(t, tc.want, checked[resource.PropertyKey(tc.prop)].StringValue(), name)
		again, _ := c.check(tc.typ, tc.logical, checked, resource.PropertyMap{})
		assert.Equal(t, checked, again, "%s: a made-up name stays", name)
	}
	_, failures := c.check("aws:lb/targetGroup:TargetGroup", strings.Repeat("x", 25), nil, resource.PropertyMap{})
	assert.Equal(t, []string{"name '" + strings.Repeat("x", 25) + "-' plus 7 random chars is longer than maximum length 32"}, failures)
	given, _ := c.check("aws:lb/targetGroup:TargetGroup", "x", nil, resource.NewPropertyMapFromMap(props{"name": "mine"}))
	assert.Equal(t, "mine", given["name"].StringValue())
	prefixed, _ := c.check("aws:lb/targetGroup:TargetGroup", "x", nil, resource.NewPropertyMapFromMap(props{"namePrefix": "mine"}))
	assert.NotContains(t, prefixed, resource.PropertyKey("name"))
}

func TestDefaultTags(t *testing.T) {
	t.Parallel()
	_, c := serve(t, props{"region": region, "defaultTags": `{"tags":{"site":"blog","Name":"default"}}`})
	checked, _ := c.check("aws:ec2/vpc:Vpc", "x", nil, resource.NewPropertyMapFromMap(props{"tags": props{"Name": "own"}}))
	assert.Equal(t, props{"site": "blog", "Name": "own"}, checked["tags"].Mappable())
	checked, _ = c.check("aws:ec2/route:Route", "x", nil, resource.NewPropertyMapFromMap(props{"routeTableId": "x"}))
	assert.NotContains(t, checked, resource.PropertyKey("tags"), "a route has no tags")
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	_, c := serve(t, props{"region": region})
	subnet, _ := c.check(subnet, "x", nil, resource.NewPropertyMapFromMap(props{"vpcId": "v", "mapPublicIpOnLaunch": true}))
	assert.False(t, subnet["enableDns64"].BoolValue(), "a default is filled in")
	assert.True(t, subnet["mapPublicIpOnLaunch"].BoolValue(), "what is given stays")

	const typ = "aws:lb/targetGroup:TargetGroup"
	inputs := resource.PropertyMap{"healthCheck": resource.MakeSecret(resource.NewProperty(resource.NewPropertyMapFromMap(props{"path": "/up", "interval": 10})))}
	checked, _ := c.check(typ, "x", nil, inputs)
	require.True(t, checked["healthCheck"].IsSecret())
	assert.Equal(t, props{"path": "/up", "interval": 10.0, "enabled": true, "healthyThreshold": 3.0, "unhealthyThreshold": 3.0, "port": "traffic-port"},
		checked["healthCheck"].SecretValue().Element.Mappable(), "in an object, too")
	none, _ := c.check(typ, "x", nil, resource.PropertyMap{})
	assert.NotContains(t, none, resource.PropertyKey("healthCheck"), "an object that is not given has none")
	listener, _ := c.check("aws:lb/listener:Listener", "x", nil, resource.NewPropertyMapFromMap(props{
		"loadBalancerArn": "arn", "defaultActions": []any{props{"type": "redirect", "redirect": props{"statusCode": "HTTP_301"}}}}))
	assert.Equal(t, "#{host}", listener["defaultActions"].ArrayValue()[0].ObjectValue()["redirect"].ObjectValue()["host"].StringValue(), "and in a list")
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	_, c := serve(t, nil)
	config, err := c.rpc.CheckConfig(t.Context(), &pulumirpc.CheckRequest{Urn: urn("pulumi:providers:aws", "x"), News: c.marshalled(resource.NewPropertyMapFromMap(props{
		"region": region, "skipRegionValidation": true, "defaultTags": props{"tags": props{"site": "blog"}}}))})
	require.NoError(t, err)
	assert.Equal(t, props{"region": region, "skipRegionValidation": "true", "defaultTags": `{"tags":{"site":"blog"}}`},
		c.unmarshalled(config.Inputs).Mappable(), "the state holds it as text")
	_, err = c.rpc.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn(subnet, "x")})
	assert.ErrorContains(t, err, "has not been configured")
	assert.ErrorContains(t, c.configure(props{}), "invalid AWS Region")
	assert.ErrorContains(t, c.configure(props{"region": region, "allowedAccountIds": `["1"]`}), "AWS account ID not allowed: 123456789012")
	assert.NoError(t, c.configure(props{"region": region, "allowedAccountIds": `["123456789012"]`}))
	assert.NoError(t, c.configure(props{"region": region, "allowedAccountIds": `[]`}))
}
