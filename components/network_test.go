package components

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

func network(zones ...string) NetworkArgs {
	return NetworkArgs{Region: "us-west-2", CIDR: netip.MustParsePrefix("10.20.0.0/16"), Zones: zones, Egress: []int{80, 443}}
}

func TestNetworkSpansItsZones(t *testing.T) {
	for _, zones := range [][]string{{"us-west-2a", "us-west-2b"}, {"us-west-2a", "us-west-2b", "us-west-2c"}} {
		c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
			n, err := NewNetwork(ctx, "blog-dr", network(zones...))
			if err == nil {
				assert.Len(t, n.PublicSubnetIDs, len(zones))
				assert.Len(t, n.PrivateSubnetIDs, len(zones))
				assert.Len(t, n.PrivateRouteTableIDs, len(zones))
			}
			return err
		})
		assert.Len(t, c.of("ec2/subnet:Subnet"), 2*len(zones))
		assert.Len(t, c.of("ec2/routeTable:RouteTable"), 1+len(zones), "one public, one private in each zone")
		assert.Len(t, c.of("ec2/routeTableAssociation:RouteTableAssociation"), 2*len(zones))
		assert.Len(t, at(t, c.one(t, "ec2/vpcEndpoint:VpcEndpoint").Inputs, "routeTableIds"), 1+len(zones))
		assert.Len(t, at(t, c.one(t, "rds/subnetGroup:SubnetGroup").Inputs, "subnetIds"), len(zones))
		assert.Len(t, c.of("ec2/route:Route"), 1, "the way out of the private subnets is apart")
	}
}

// A balancer or a NAT gateway made too early is refused by AWS.
func TestPublicSubnetsWaitForTheirWayOut(t *testing.T) {
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		n, err := NewNetwork(ctx, "blog-dr", network("us-west-2a", "us-west-2b"))
		if err != nil {
			return err
		}
		_, err = NewEgress(ctx, "blog-dr", EgressArgs{
			PublicSubnetIDs: n.PublicSubnetIDs, PrivateRouteTableIDs: n.PrivateRouteTableIDs, Gateways: 1,
		})
		return err
	})
	assert.True(t, c.one(t, "ec2/natGateway:NatGateway").needs("ec2/routeTableAssociation:RouteTableAssociation", "blog-dr-public-1"))
	for _, a := range c.of("ec2/routeTableAssociation:RouteTableAssociation") {
		if a.Name == "blog-dr-public-1" {
			assert.True(t, a.needs("ec2/route:Route", "blog-dr-public"))
		}
	}
}

func TestSecurityGroupsLetThroughTheSiteAlone(t *testing.T) {
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		_, err := NewNetwork(ctx, "blog-dr", network("us-west-2a", "us-west-2b"))
		return err
	})
	type rule struct{ of, other, port any }
	rules := func(kind string) []rule {
		var all []rule
		for _, r := range c.of(kind) {
			assert.Equal(t, r.Inputs["fromPort"], r.Inputs["toPort"])
			assert.Equal(t, "tcp", r.Inputs["ipProtocol"])
			other := r.Inputs["referencedSecurityGroupId"]
			if other == nil {
				other = r.Inputs["cidrIpv4"]
			}
			all = append(all, rule{r.Inputs["securityGroupId"], other, r.Inputs["fromPort"]})
		}
		return all
	}
	const balancer, instances, database, cache = "blog-dr-balancer-id", "blog-dr-instances-id", "blog-dr-database-id", "blog-dr-cache-id"
	assert.ElementsMatch(t, []rule{
		{balancer, "0.0.0.0/0", 80.0}, {balancer, "0.0.0.0/0", 443.0},
		{instances, balancer, 80.0}, {database, instances, 3306.0}, {cache, instances, 6379.0},
	}, rules("vpc/securityGroupIngressRule:SecurityGroupIngressRule"))
	assert.ElementsMatch(t, []rule{
		{balancer, instances, 80.0}, {instances, database, 3306.0}, {instances, cache, 6379.0},
		{instances, "0.0.0.0/0", 80.0}, {instances, "0.0.0.0/0", 443.0},
	}, rules("vpc/securityGroupEgressRule:SecurityGroupEgressRule"))

	locked := c.one(t, "ec2/defaultSecurityGroup:DefaultSecurityGroup")
	assert.NotContains(t, locked.Inputs, "ingress")
	assert.NotContains(t, locked.Inputs, "egress")
	for _, g := range c.of("ec2/securityGroup:SecurityGroup") {
		assert.NotContains(t, g.Inputs, "ingress", "rules inside %s fight those beside it", g.Name)
		assert.NotContains(t, g.Inputs, "egress", "rules inside %s fight those beside it", g.Name)
	}
}

// TestNetworkWithoutInternet holds that instances reach the services that are named, and S3, and nothing
// else outside.
func TestNetworkWithoutInternet(t *testing.T) {
	args := network("us-west-2a", "us-west-2b")
	args.Egress, args.Services = nil, []string{"ssm", "logs"}
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		_, err := NewNetwork(ctx, "blog-dr", args)
		return err
	})
	var outside []any
	for _, r := range c.of("vpc/securityGroupEgressRule:SecurityGroupEgressRule") {
		assert.Nil(t, r.Inputs["cidrIpv4"], r.Name)
		if r.Inputs["securityGroupId"] == "blog-dr-instances-id" && r.Inputs["toPort"] == 443.0 {
			outside = append(outside, r.Inputs["prefixListId"], r.Inputs["referencedSecurityGroupId"])
		}
	}
	assert.ElementsMatch(t, []any{"pl-blog-dr-s3", nil, nil, "blog-dr-endpoints-id"}, outside)
	services := map[any]map[string]any{}
	for _, e := range c.of("ec2/vpcEndpoint:VpcEndpoint") {
		services[e.Inputs["serviceName"]] = e.Inputs
	}
	assert.Len(t, services, 3, "S3's stays: it is free")
	for _, service := range args.Services {
		inputs := services["com.amazonaws.us-west-2."+service]
		assert.Equal(t, "Interface", inputs["vpcEndpointType"])
		assert.Equal(t, true, inputs["privateDnsEnabled"], "the AWS CLI asks for the service's own name")
		assert.Equal(t, []any{"blog-dr-private-1-id"}, inputs["subnetIds"])
		assert.Equal(t, []any{"blog-dr-endpoints-id"}, inputs["securityGroupIds"])
	}
}

func TestOnlyItsVisitorsReachANetwork(t *testing.T) {
	args := network("us-west-2a", "us-west-2b")
	args.Visitors = []netip.Prefix{netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("198.51.100.0/24")}
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		_, err := NewNetwork(ctx, "blog-dr", args)
		return err
	})
	var let []string
	for _, r := range c.of("vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
		if block, ok := r.Inputs["cidrIpv4"].(string); ok {
			assert.Equal(t, "blog-dr-balancer-id", r.Inputs["securityGroupId"])
			let = append(let, fmt.Sprint(block, " ", r.Inputs["fromPort"]))
		}
	}
	assert.ElementsMatch(t, []string{"192.0.2.7/32 80", "192.0.2.7/32 443", "198.51.100.0/24 80", "198.51.100.0/24 443"}, let)
}

func TestInstancesLeaveByTheirPortsAlone(t *testing.T) {
	args := network("us-west-2a", "us-west-2b")
	args.Egress = []int{587}
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		_, err := NewNetwork(ctx, "blog-dr", args)
		return err
	})
	var out []any
	for _, r := range c.of("vpc/securityGroupEgressRule:SecurityGroupEgressRule") {
		if r.Inputs["cidrIpv4"] != nil {
			out = append(out, r.Inputs["fromPort"])
		}
	}
	assert.Equal(t, []any{587.0}, out)
}

func TestNetworkRefusesTheWrongNumberOfZones(t *testing.T) {
	why := refusal(t, func(ctx *pulumi.Context) error {
		_, err := NewNetwork(ctx, "blog-dr", network("us-west-2a"))
		return err
	})
	assert.Contains(t, why, "network blog-dr has 1 zones: a database needs 2, and 3 are supported")
}

func TestEgress(t *testing.T) {
	subnets := pulumi.ToStringArray([]string{"subnet-1", "subnet-2"})
	tables := pulumi.ToStringArray([]string{"rtb-1", "rtb-2"})
	for name, tc := range map[string]struct {
		gateways int
		via      map[any]any
	}{
		"one for all": {1, map[any]any{"rtb-1": "blog-dr-nat-1-id", "rtb-2": "blog-dr-nat-1-id"}},
		"one a zone":  {2, map[any]any{"rtb-1": "blog-dr-nat-1-id", "rtb-2": "blog-dr-nat-2-id"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
				e, err := NewEgress(ctx, "blog-dr", EgressArgs{subnets, tables, tc.gateways, nil})
				if err == nil {
					assert.Len(t, e.Routes, 2)
				}
				return err
			})
			via := map[any]any{}
			for _, r := range c.of("ec2/route:Route") {
				via[r.Inputs["routeTableId"]] = r.Inputs["natGatewayId"]
			}
			assert.Equal(t, tc.via, via)
			assert.Len(t, c.of("ec2/eip:Eip"), tc.gateways)
		})
	}
	assert.Contains(t, refusal(t, func(ctx *pulumi.Context) error {
		_, err := NewEgress(ctx, "blog-dr", EgressArgs{subnets, tables, 3, nil})
		return err
	}), "use 1 gateway, or as many as zones")
}
