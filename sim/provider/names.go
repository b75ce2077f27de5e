package provider

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// defaultsKey lists, in a resource's inputs, those that the provider made up.
const defaultsKey = "__defaults"

// naming says how a name is made up: from the logical name, a dash and seven
// random digits.
type naming struct {
	prop  string
	most  int
	lower bool
	start string
}

// namings has the types whose rules differ from "name, 255 characters at most".
// A load balancer's or target group's name has room for 24 characters of the
// logical name.
var namings = map[string]naming{
	"aws:rds/instance:Instance":                         {prop: "identifier", most: 63, lower: true},
	"aws:rds/subnetGroup:SubnetGroup":                   {prop: "name", most: 255, lower: true},
	"aws:rds/parameterGroup:ParameterGroup":             {prop: "name", most: 255, lower: true},
	"aws:elasticache/replicationGroup:ReplicationGroup": {prop: "replicationGroupId", most: 40, lower: true},
	"aws:lb/loadBalancer:LoadBalancer":                  {prop: "name", most: 32},
	"aws:lb/targetGroup:TargetGroup":                    {prop: "name", most: 32},
	"aws:iam/role:Role":                                 {prop: "name", most: 64},
	"aws:iam/instanceProfile:InstanceProfile":           {prop: "name", most: 128},
	"aws:ec2/launchTemplate:LaunchTemplate":             {prop: "name", most: 125},
	"aws:kms/alias:Alias":                               {prop: "name", most: 256, start: "alias/"},
	"aws:s3/bucketV2:BucketV2":                          {prop: "bucket", most: 63, lower: true},
	"aws:cloudwatch/logGroup:LogGroup":                  {prop: "name", most: 512},
	"aws:sns/topic:Topic":                               {prop: "name", most: 256},
}

// namingOf tells how a type is named; false when it has no name to make up.
func namingOf(typ string) (naming, bool) {
	if n, ok := namings[typ]; ok {
		return n, true
	}
	_, has := schema.Resources[typ].Inputs["name"]
	return naming{prop: "name", most: 255}, has && typ != "aws:route53/record:Record"
}

// autoname fills in a name where none is given: the one it made up before, or a
// new one.
func autoname(typ, logical string, seed []byte, olds, news resource.PropertyMap) error {
	n, ok := namingOf(typ)
	key := resource.PropertyKey(n.prop)
	if _, given := news[key]; !ok || given {
		return nil
	}
	if _, prefixed := news[key+"Prefix"]; prefixed {
		return nil
	}
	if old, ok := olds[key]; ok && madeUp(olds, n.prop) {
		news[key] = old
	} else {
		if n.lower {
			logical = strings.ToLower(logical)
		}
		name, err := resource.NewUniqueName(seed, n.start+logical+"-", 7, n.most, nil)
		if err != nil {
			return err
		}
		news[key] = resource.NewProperty(name)
	}
	news[defaultsKey] = resource.NewProperty([]resource.PropertyValue{resource.NewProperty(n.prop)})
	return nil
}

func madeUp(inputs resource.PropertyMap, prop string) bool {
	list, ok := inputs[defaultsKey]
	if !ok || !list.IsArray() {
		return false
	}
	for _, item := range list.ArrayValue() {
		if item.IsString() && item.StringValue() == prop {
			return true
		}
	}
	return false
}
