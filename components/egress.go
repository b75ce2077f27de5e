package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EgressArgs says where NAT gateways stand and whom they serve. Both lists go by
// zone, in the same order, as a Network hands them out.
type EgressArgs struct {
	PublicSubnetIDs      pulumi.StringArray
	PrivateRouteTableIDs pulumi.StringArray
	// Gateways is 1, or one for each zone.
	Gateways int
	// Hooks run around the creation of each gateway and route; nil for none.
	Hooks *pulumi.ResourceHookBinding
}

// Egress is the way from private subnets to the internet. It costs money by the
// hour, so it is apart from the Network and can come late.
type Egress struct {
	pulumi.ResourceState

	// Routes are what instances must wait for.
	Routes []pulumi.Resource
}

// NewEgress makes NAT gateways with their addresses, and the routes to them.
func NewEgress(ctx *pulumi.Context, name string, args EgressArgs, opts ...pulumi.ResourceOption) (*Egress, error) {
	zones := len(args.PrivateRouteTableIDs)
	if len(args.PublicSubnetIDs) != zones || args.Gateways != 1 && args.Gateways != zones {
		return nil, fmt.Errorf("egress %s has %d gateways for %d public subnets and %d private route tables: use 1 gateway, or as many as zones",
			name, args.Gateways, len(args.PublicSubnetIDs), zones)
	}
	e := &Egress{}
	if err := ctx.RegisterComponentResource(EgressType, name, e, opts...); err != nil {
		return nil, err
	}
	gatewayOpts := append(hooked(args.Hooks), pulumi.Parent(e))
	var gateways []*ec2.NatGateway
	for i := range args.Gateways {
		part := fmt.Sprintf("%s-nat-%d", name, i+1)
		address, err := ec2.NewEip(ctx, part, &ec2.EipArgs{
			Domain: pulumi.String("vpc"), Tags: named(part),
		}, pulumi.Parent(e))
		if err != nil {
			return nil, err
		}
		gateway, err := ec2.NewNatGateway(ctx, part, &ec2.NatGatewayArgs{
			AllocationId: address.ID(), SubnetId: args.PublicSubnetIDs[i], Tags: named(part),
		}, append(gatewayOpts, patience)...)
		if err != nil {
			return nil, err
		}
		gateways = append(gateways, gateway)
	}
	for i, table := range args.PrivateRouteTableIDs {
		route, err := ec2.NewRoute(ctx, fmt.Sprintf("%s-private-%d", name, i+1), &ec2.RouteArgs{
			RouteTableId:         table,
			DestinationCidrBlock: pulumi.String(anywhere),
			NatGatewayId:         gateways[i%args.Gateways].ID(),
		}, gatewayOpts...)
		if err != nil {
			return nil, err
		}
		e.Routes = append(e.Routes, route)
	}
	return e, ctx.RegisterResourceOutputs(e, pulumi.Map{})
}

// patience is for what the provider itself gives ten minutes. On the day when a region
// is lost everybody makes the same in the others, and a promotion may take longer yet.
var patience = pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "45m", Update: "45m"})
