package components

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/elasticache"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const anywhere = "0.0.0.0/0"

// NetworkArgs shapes a network.
type NetworkArgs struct {
	Region string
	CIDR   netip.Prefix // from a /16 to a /24
	Zones  []string     // two or three availability zones of the region
	// Visitors are who may reach the balancer; none is everybody.
	Visitors []netip.Prefix
	// Egress are the ports of the internet that instances reach; none is no internet.
	Egress []int
	// Services of AWS are reached in the network itself, such as ssm. Each costs by the hour, and
	// stands in the first zone. With one of them S3 is reached by its addresses, too.
	Services []string
}

// Network is a VPC with public and private subnets, the groups in which databases
// and caches are placed, and security groups that let the parts of a site reach
// each other and nothing else. Nothing in it costs money, but for endpoints of Services: see Egress for
// the way out of the private subnets.
type Network struct {
	pulumi.ResourceState

	VPCID pulumi.StringOutput
	// PublicSubnetIDs are there only once they lead to the internet.
	PublicSubnetIDs      pulumi.StringArray
	PrivateSubnetIDs     pulumi.StringArray
	PrivateRouteTableIDs pulumi.StringArray

	DatabaseSubnetGroup pulumi.StringOutput
	CacheSubnetGroup    pulumi.StringOutput

	BalancerSecurityGroup pulumi.StringOutput
	InstanceSecurityGroup pulumi.StringOutput
	DatabaseSecurityGroup pulumi.StringOutput
	CacheSecurityGroup    pulumi.StringOutput
}

// NewNetwork makes a network.
func NewNetwork(ctx *pulumi.Context, name string, args NetworkArgs, opts ...pulumi.ResourceOption) (*Network, error) {
	if len(args.Zones) < 2 || len(args.Zones) > 3 {
		return nil, fmt.Errorf("network %s has %d zones: a database needs 2, and 3 are supported", name, len(args.Zones))
	}
	public, private, err := SplitCIDR(args.CIDR, len(args.Zones))
	if err != nil {
		return nil, err
	}
	n := &Network{}
	if err := ctx.RegisterComponentResource("pilotlight:components:Network", name, n, opts...); err != nil {
		return nil, err
	}
	vpc, err := ec2.NewVpc(ctx, name+"-vpc", &ec2.VpcArgs{
		CidrBlock:          pulumi.String(args.CIDR.Masked().String()),
		EnableDnsSupport:   pulumi.Bool(true),
		EnableDnsHostnames: pulumi.Bool(true),
		Tags:               named(name),
	}, pulumi.Parent(n))
	if err != nil {
		return nil, err
	}
	n.VPCID = vpc.ID().ToStringOutput()

	publicTable, err := n.public(ctx, name, args.Zones, public)
	if err != nil {
		return nil, err
	}
	if err := n.private(ctx, name, args.Zones, private); err != nil {
		return nil, err
	}
	// Free, and it takes media traffic off the NAT gateways. Unlike those of other
	// services, its name in China has no prefix.
	s3, err := ec2.NewVpcEndpoint(ctx, name+"-s3", &ec2.VpcEndpointArgs{
		VpcId:           n.VPCID,
		VpcEndpointType: pulumi.String("Gateway"),
		ServiceName:     pulumi.String("com.amazonaws." + args.Region + ".s3"),
		RouteTableIds:   append(pulumi.StringArray{publicTable}, n.PrivateRouteTableIDs...),
		Tags:            named(name + "-s3"),
	}, pulumi.Parent(n))
	if err != nil {
		return nil, err
	}
	if err := n.subnetGroups(ctx, name); err != nil {
		return nil, err
	}
	if err := n.securityGroups(ctx, name, args); err != nil {
		return nil, err
	}
	if len(args.Services) > 0 {
		if err := n.endpoints(ctx, name, args, s3.PrefixListId); err != nil {
			return nil, err
		}
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{
		"vpcId":            n.VPCID,
		"publicSubnetIds":  n.PublicSubnetIDs,
		"privateSubnetIds": n.PrivateSubnetIDs,
	})
}

// public makes the subnets of balancers and NAT gateways, and answers their route table.
func (n *Network) public(ctx *pulumi.Context, name string, zones []string, blocks []netip.Prefix) (pulumi.StringOutput, error) {
	none := pulumi.StringOutput{}
	gateway, err := ec2.NewInternetGateway(ctx, name+"-internet", &ec2.InternetGatewayArgs{
		VpcId: n.VPCID, Tags: named(name),
	}, pulumi.Parent(n))
	if err != nil {
		return none, err
	}
	table, err := ec2.NewRouteTable(ctx, name+"-public", &ec2.RouteTableArgs{
		VpcId: n.VPCID, Tags: named(name + "-public"),
	}, pulumi.Parent(n))
	if err != nil {
		return none, err
	}
	route, err := ec2.NewRoute(ctx, name+"-public", &ec2.RouteArgs{
		RouteTableId:         table.ID(),
		DestinationCidrBlock: pulumi.String(anywhere),
		GatewayId:            gateway.ID(),
	}, pulumi.Parent(n))
	if err != nil {
		return none, err
	}
	for i, zone := range zones {
		part := fmt.Sprintf("%s-public-%d", name, i+1)
		subnet, err := n.subnet(ctx, part, zone, blocks[i])
		if err != nil {
			return none, err
		}
		// Balancers and NAT gateways are refused where there is no way to the internet,
		// so the subnet is handed out by what was made last.
		leads, err := ec2.NewRouteTableAssociation(ctx, part, &ec2.RouteTableAssociationArgs{
			SubnetId: subnet.ID(), RouteTableId: table.ID(),
		}, pulumi.Parent(n), pulumi.DependsOn([]pulumi.Resource{route}))
		if err != nil {
			return none, err
		}
		n.PublicSubnetIDs = append(n.PublicSubnetIDs, leads.SubnetId.Elem())
	}
	return table.ID().ToStringOutput(), nil
}

// private makes the subnets of instances, databases and caches, each with a route
// table of its own, so that each zone can have its own way out.
func (n *Network) private(ctx *pulumi.Context, name string, zones []string, blocks []netip.Prefix) error {
	for i, zone := range zones {
		part := fmt.Sprintf("%s-private-%d", name, i+1)
		subnet, err := n.subnet(ctx, part, zone, blocks[i])
		if err != nil {
			return err
		}
		table, err := ec2.NewRouteTable(ctx, part, &ec2.RouteTableArgs{
			VpcId: n.VPCID, Tags: named(part),
		}, pulumi.Parent(n))
		if err != nil {
			return err
		}
		if _, err := ec2.NewRouteTableAssociation(ctx, part, &ec2.RouteTableAssociationArgs{
			SubnetId: subnet.ID(), RouteTableId: table.ID(),
		}, pulumi.Parent(n)); err != nil {
			return err
		}
		n.PrivateSubnetIDs = append(n.PrivateSubnetIDs, subnet.ID())
		n.PrivateRouteTableIDs = append(n.PrivateRouteTableIDs, table.ID())
	}
	return nil
}

func (n *Network) subnet(ctx *pulumi.Context, name, zone string, block netip.Prefix) (*ec2.Subnet, error) {
	return ec2.NewSubnet(ctx, name, &ec2.SubnetArgs{
		VpcId:            n.VPCID,
		AvailabilityZone: pulumi.String(zone),
		CidrBlock:        pulumi.String(block.String()),
		Tags:             named(name),
	}, pulumi.Parent(n))
}

func (n *Network) subnetGroups(ctx *pulumi.Context, name string) error {
	database, err := rds.NewSubnetGroup(ctx, name+"-database", &rds.SubnetGroupArgs{
		Description: pulumi.String("Private subnets for the database of " + name),
		SubnetIds:   n.PrivateSubnetIDs,
		Tags:        named(name + "-database"),
	}, pulumi.Parent(n))
	if err != nil {
		return err
	}
	cache, err := elasticache.NewSubnetGroup(ctx, name+"-cache", &elasticache.SubnetGroupArgs{
		Description: pulumi.String("Private subnets for the cache of " + name),
		SubnetIds:   n.PrivateSubnetIDs,
		Tags:        named(name + "-cache"),
	}, pulumi.Parent(n))
	if err != nil {
		return err
	}
	n.DatabaseSubnetGroup, n.CacheSubnetGroup = database.Name, cache.Name
	return nil
}
