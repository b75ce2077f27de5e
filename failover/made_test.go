package failover_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/failover"
)

func TestFindMade(t *testing.T) {
	t.Parallel()
	w, rt, _ := standby(t)
	rt.Site.Tags = map[string]string{"site": "blog", "stack": "dr"}
	n := newNetwork(t, w)
	named := func(name string, stack string) map[string]any {
		return map[string]any{"Name": name, "site": "blog", "stack": stack}
	}
	vpc := n.put("aws:ec2/vpc:Vpc", map[string]any{"cidrBlock": "10.1.0.0/16", "tags": named("blog-dr", "dr")})
	n.put("aws:ec2/vpc:Vpc", map[string]any{"cidrBlock": "10.2.0.0/16", "tags": named("blog-dr", "prod")})
	address := n.put("aws:ec2/eip:Eip", map[string]any{"tags": named("blog-dr-nat-1", "dr")})
	again := n.put("aws:ec2/eip:Eip", map[string]any{"tags": named("blog-dr-nat-1", "dr")})
	secret := n.put("aws:secretsmanager/secret:Secret", map[string]any{"name": "blog-dr-0a1b2c3"})
	group := n.put("aws:lb/targetGroup:TargetGroup", map[string]any{"name": "blog-dr", "port": 80.0, "protocol": "HTTP", "vpcId": vpc})
	used := n.put("aws:ec2/routeTableAssociation:RouteTableAssociation", map[string]any{"routeTableId": n.rtb, "subnetId": n.subnets[0]})
	for name, tc := range map[string]struct {
		typ    string
		inputs map[string]any
		want   []string
	}{
		"by its tags, in the stack":   {"aws:ec2/vpc:Vpc", map[string]any{"tags": map[string]any{"Name": "blog-dr"}}, []string{vpc}},
		"of another kind":             {"aws:ec2/subnet:Subnet", map[string]any{"tags": map[string]any{"Name": "blog-dr"}}, []string{}},
		"of another name":             {"aws:ec2/vpc:Vpc", map[string]any{"tags": map[string]any{"Name": "blog-dr-drill"}}, []string{}},
		"two of two updates":          {"aws:ec2/eip:Eip", map[string]any{"tags": map[string]any{"Name": "blog-dr-nat-1"}}, []string{again, address}},
		"a secret":                    {"aws:secretsmanager/secret:Secret", map[string]any{"name": "blog-dr-0a1b2c3"}, []string{secret}},
		"no secret":                   {"aws:secretsmanager/secret:Secret", map[string]any{"name": "blog-dr"}, []string{}},
		"a target group":              {"aws:lb/targetGroup:TargetGroup", map[string]any{"name": "blog-dr"}, []string{group}},
		"no target group":             {"aws:lb/targetGroup:TargetGroup", map[string]any{"name": "blog"}, []string{}},
		"a topic, by its name alone":  {"aws:sns/topic:Topic", map[string]any{"name": "blog-dr-alarms"}, []string{"arn:aws:sns:" + recovery + ":123456789012:blog-dr-alarms"}},
		"a route, as the provider":    {"aws:ec2/route:Route", map[string]any{"routeTableId": n.rtb, "destinationCidrBlock": "0.0.0.0/0"}, []string{"r-" + n.rtb + "1080289494"}},
		"a subnet's route table":      {"aws:ec2/routeTableAssociation:RouteTableAssociation", map[string]any{"routeTableId": n.rtb, "subnetId": n.subnets[0]}, []string{used}},
		"a subnet's other table":      {"aws:ec2/routeTableAssociation:RouteTableAssociation", map[string]any{"routeTableId": "rtb-1", "subnetId": n.subnets[0]}, []string{}},
		"what is not looked for":      {"aws:ec2/natGateway:NatGateway", map[string]any{"tags": map[string]any{"Name": "blog-dr"}}, nil},
		"what EC2 has a tag more for": {"aws:ec2/vpc:Vpc", map[string]any{}, []string{vpc}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := rt.FindMade(t.Context(), []failover.Asked{{Type: tc.typ, Inputs: tc.inputs}})
			require.NoError(t, err)
			assert.Equal(t, [][]string{tc.want}, found)
		})
	}
}
