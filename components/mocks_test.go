package components

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

const account = "123456789012"

// cloud stands in for AWS under Pulumi's mocks: it records what is registered, and
// answers with the outputs that other resources are made from.
type cloud struct {
	region string

	mu         sync.Mutex
	registered []registration
}

// registration is a resource as it was asked for.
type registration struct {
	Type, Name string
	Inputs     map[string]any
	Secret     []string // names of inputs that were secret
	Ignored    []string // ignoreChanges
	Needs      []string // URNs it depends on
	Parent     string
	Retained   bool
}

// deploy runs a program in a region and answers what it registered.
func deploy(t *testing.T, region string, program func(ctx *pulumi.Context) error) *cloud {
	t.Helper()
	c := &cloud{region: region}
	require.NoError(t, pulumi.RunErr(program, pulumi.WithMocks("site", "stack", c)))
	return c
}

// refusal runs a program that must not succeed, and answers why.
func refusal(t *testing.T, program func(ctx *pulumi.Context) error) string {
	t.Helper()
	err := pulumi.RunErr(program, pulumi.WithMocks("site", "stack", &cloud{region: "us-west-2"}))
	require.Error(t, err)
	return err.Error()
}

// of lists what was registered of a type such as ec2/vpc:Vpc.
func (c *cloud) of(kind string) []registration {
	var found []registration
	for _, r := range c.registered {
		if r.Type == "aws:"+kind {
			found = append(found, r)
		}
	}
	return found
}

// one answers the only resource of a type.
func (c *cloud) one(t *testing.T, kind string) registration {
	t.Helper()
	found := c.of(kind)
	require.Len(t, found, 1, kind)
	return found[0]
}

func (c *cloud) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	outputs := args.Inputs.Copy()
	if args.Custom {
		c.record(args)
		for key, value := range c.outputs(args.Name) {
			if _, set := outputs[key]; !set {
				outputs[key] = value
			}
		}
		if args.TypeToken == "aws:acm/certificate:Certificate" {
			outputs["domainValidationOptions"] = validations(args.Inputs["subjectAlternativeNames"].ArrayValue())
		}
	}
	return args.Name + "-id", outputs, nil
}

func (c *cloud) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return nil, fmt.Errorf("unexpected call of %s", args.Token)
}

// validations are the records by which ACM validates names.
func validations(names []resource.PropertyValue) resource.PropertyValue {
	var options []resource.PropertyValue
	for _, name := range names {
		options = append([]resource.PropertyValue{resource.NewProperty(resource.PropertyMap{
			"domainName":         name,
			"resourceRecordName": resource.NewProperty("_a." + name.StringValue() + "."), "resourceRecordType": resource.NewProperty("CNAME"),
			"resourceRecordValue": resource.NewProperty("_b." + name.StringValue() + ".acm-validations.aws."),
		})}, options...) // a set is in no order
	}
	return resource.NewProperty(options)
}

// outputs are what AWS makes up for a resource of a name.
func (c *cloud) outputs(name string) resource.PropertyMap {
	arn := fmt.Sprintf("arn:%s:service:%s:%s:%s", awsregion.Partition(c.region), c.region, account, name)
	return resource.PropertyMap{
		"name":                   resource.NewProperty(name),
		"arn":                    resource.NewProperty(arn),
		"arnSuffix":              resource.NewProperty("app/" + name + "/1"),
		"keyId":                  resource.NewProperty(name + "-key"),
		"bucket":                 resource.NewProperty(name + "-bucket"),
		"address":                resource.NewProperty(name + "." + c.region + ".rds." + awsregion.DNSSuffix(c.region)),
		"dnsName":                resource.NewProperty(name + "." + c.region + ".elb." + awsregion.DNSSuffix(c.region)),
		"zoneId":                 resource.NewProperty("Z1"),
		"fqdn":                   resource.NewProperty(name),
		"prefixListId":           resource.NewProperty("pl-" + name),
		"primaryEndpointAddress": resource.NewProperty(name + ".cache." + awsregion.DNSSuffix(c.region)),
		"latestVersion":          resource.NewProperty(7.0),
	}
}

func (c *cloud) record(args pulumi.MockResourceArgs) {
	r := registration{
		Type:     args.TypeToken,
		Name:     args.Name,
		Inputs:   map[string]any{},
		Ignored:  args.RegisterRPC.GetIgnoreChanges(),
		Needs:    args.RegisterRPC.GetDependencies(),
		Parent:   args.RegisterRPC.GetParent(),
		Retained: args.RegisterRPC.GetRetainOnDelete(),
	}
	for key, value := range args.Inputs {
		if value.ContainsSecrets() {
			r.Secret = append(r.Secret, string(key))
		}
		r.Inputs[string(key)] = inTheClear(value)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.registered = append(c.registered, r)
}

func inTheClear(value resource.PropertyValue) any {
	return value.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		if v.IsSecret() {
			return inTheClear(v.SecretValue().Element), true
		}
		return nil, false
	})
}

// needs reports whether a resource waits for another of a type and name.
func (r registration) needs(kind, name string) bool {
	for _, urn := range r.Needs {
		if strings.HasSuffix(urn, "aws:"+kind+"::"+name) {
			return true
		}
	}
	return false
}

// statements are those of a policy document.
func statements(t *testing.T, policy any) []map[string]any {
	t.Helper()
	var document struct{ Statement []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(policy.(string)), &document))
	return document.Statement
}

// at follows keys and indexes into an input.
func at(t *testing.T, value any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, ok := value.(map[string]any)
			require.True(t, ok, "%v has no %s", value, step)
			value = m[step]
		case int:
			l, ok := value.([]any)
			require.True(t, ok && step < len(l), "%v has no %d", value, step)
			value = l[step]
		}
	}
	return value
}
