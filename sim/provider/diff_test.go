package provider_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	_, c := serve(t, props{"region": region})
	unknown := resource.MakeComputed(resource.NewProperty(""))
	for name, tc := range map[string]struct {
		typ        string
		olds, news resource.PropertyMap
		want       map[string]pulumirpc.PropertyDiff_Kind
	}{
		"nothing": {subnet, resource.PropertyMap{"vpcId": resource.NewProperty("v")}, resource.PropertyMap{"vpcId": resource.NewProperty("v")}, nil},
		"secret or not": {subnet, resource.PropertyMap{"vpcId": resource.MakeSecret(resource.NewProperty("v"))},
			resource.PropertyMap{"vpcId": resource.NewProperty("v")}, nil},
		"an empty list is none": {"aws:rds/instance:Instance", resource.PropertyMap{},
			resource.PropertyMap{"vpcSecurityGroupIds": resource.NewProperty([]resource.PropertyValue{})}, nil},
		"update": {"aws:rds/instance:Instance", resource.NewPropertyMapFromMap(props{"multiAz": false}), resource.NewPropertyMapFromMap(props{"multiAz": true}),
			map[string]pulumirpc.PropertyDiff_Kind{"multiAz": pulumirpc.PropertyDiff_UPDATE}},
		"replacement": {"aws:rds/instance:Instance", resource.NewPropertyMapFromMap(props{"kmsKeyId": "a"}), resource.NewPropertyMapFromMap(props{"kmsKeyId": "b"}),
			map[string]pulumirpc.PropertyDiff_Kind{"kmsKeyId": pulumirpc.PropertyDiff_UPDATE_REPLACE}},
		"dropping the source is an update": {"aws:rds/instance:Instance", resource.NewPropertyMapFromMap(props{"replicateSourceDb": "a"}), resource.PropertyMap{},
			map[string]pulumirpc.PropertyDiff_Kind{"replicateSourceDb": pulumirpc.PropertyDiff_DELETE}},
		"inside a map": {subnet, resource.NewPropertyMapFromMap(props{"tags": props{"a": "1", "b": "1"}}), resource.NewPropertyMapFromMap(props{"tags": props{"a": "2", "c": "1"}}),
			map[string]pulumirpc.PropertyDiff_Kind{"tags.a": pulumirpc.PropertyDiff_UPDATE, "tags.b": pulumirpc.PropertyDiff_DELETE, "tags.c": pulumirpc.PropertyDiff_ADD}},
		"inside a list": {"aws:lb/listener:Listener", resource.NewPropertyMapFromMap(props{"defaultActions": []any{props{"type": "forward"}}}),
			resource.NewPropertyMapFromMap(props{"defaultActions": []any{props{"type": "redirect"}}}),
			map[string]pulumirpc.PropertyDiff_Kind{"defaultActions[0].type": pulumirpc.PropertyDiff_UPDATE}},
		"not yet known": {subnet, resource.NewPropertyMapFromMap(props{"vpcId": "v"}), resource.PropertyMap{"vpcId": unknown},
			map[string]pulumirpc.PropertyDiff_Kind{"vpcId": pulumirpc.PropertyDiff_UPDATE_REPLACE}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := c.diff(tc.typ, "id", tc.olds, tc.news)
			var got map[string]pulumirpc.PropertyDiff_Kind
			for path, d := range res.DetailedDiff {
				if got == nil {
					got = map[string]pulumirpc.PropertyDiff_Kind{}
				}
				got[path] = d.Kind
			}
			assert.Equal(t, tc.want, got)
			changes := pulumirpc.DiffResponse_DIFF_NONE
			if len(tc.want) > 0 {
				changes = pulumirpc.DiffResponse_DIFF_SOME
			}
			assert.Equal(t, changes, res.Changes)
		})
	}
}

// TestAGivenNameIsFreedFirst: two of one name can't be there at once.
func TestAGivenNameIsFreedFirst(t *testing.T) {
	t.Parallel()
	_, c := serve(t, props{"region": region})
	const typ = "aws:lb/targetGroup:TargetGroup"
	with := func(inputs props) resource.PropertyMap {
		checked, _ := c.check(typ, "x", nil, resource.NewPropertyMapFromMap(inputs))
		return checked
	}
	assert.True(t, c.diff(typ, "id", with(props{"name": "n", "port": 80}), with(props{"name": "n", "port": 81})).DeleteBeforeReplace)
	assert.False(t, c.diff(typ, "id", with(props{"port": 80}), with(props{"port": 81})).DeleteBeforeReplace)
}
