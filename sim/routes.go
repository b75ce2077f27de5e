package sim

import (
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

const (
	tableType       = "aws:ec2/routeTable:RouteTable"
	routeType       = "aws:ec2/route:Route"
	associationType = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	addressType     = "aws:ec2/eip:Eip"
	natType         = "aws:ec2/natGateway:NatGateway"
)

func noTable(id string) error {
	return refuse("InvalidRouteTableID.NotFound", "The routeTable ID '%s' does not exist", id)
}

func noAddress(id string) error {
	return refuse("InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", id)
}

func routeKinds() map[string]*kind {
	inTable := ref{path: "routeTableId", to: tableType, by: "id", missing: noTable, goes: true} // the provider ends it first (ec2/vpc_route_table.go)
	return map[string]*kind{
		tableType: {
			service: "ec2", sdk: "EC2", noun: "EC2 Route Table",
			create: "CreateRouteTable", update: "ModifyRouteTable", delete: "DeleteRouteTable",
			id: prefixed("rtb-"), refs: []ref{inVPC}, made: ec2Made("route-table"), inUse: dependent("routeTable"),
		},
		routeType: {
			service: "ec2", sdk: "EC2", noun: "EC2 Route",
			create: "CreateRoute", update: "ReplaceRoute", delete: "DeleteRoute",
			id: func(_ *World, o *Object) string { // as the provider makes it up (ec2/vpc_route.go)
				return fmt.Sprintf("r-%s%d", o.text("routeTableId"), crc32.ChecksumIEEE([]byte(o.text("destinationCidrBlock"))))
			},
			refs: []ref{
				{path: "routeTableId", to: tableType, by: "id", missing: noTable, goes: true},
				{path: "natGatewayId", to: natType, by: "id", loose: true, missing: func(id string) error {
					return refuse("InvalidNatGatewayID.NotFound", "The natGateway ID '%s' does not exist", id)
				}},
				{path: "gatewayId", to: gatewayType, by: "id", loose: true, missing: func(id string) error {
					return refuse("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", id)
				}},
			},
			check: validRoute, defaults: map[string]any{"origin": "CreateRoute", "state": "active"},
		},
		associationType: {
			service: "ec2", sdk: "EC2", noun: "EC2 Route Table Association",
			create: "AssociateRouteTable", update: "ReplaceRouteTableAssociation", delete: "DisassociateRouteTable",
			id: prefixed("rtbassoc-"), refs: []ref{inTable, {path: "subnetId", to: subnetType, by: "id", missing: noSubnet, goes: true}},
			check: validAssociation,
		},
		addressType: {
			service: "ec2", sdk: "EC2", noun: "EC2 EIP",
			create: "AllocateAddress", update: "AssociateAddress", delete: "ReleaseAddress",
			id: prefixed("eipalloc-"), made: madeAddress,
			inUse: func(o, _ *Object) error {
				return refuse("InvalidIPAddress.InUse", "Address %s is in use.", o.text("publicIp"))
			},
			defaults: map[string]any{"domain": "vpc"},
		},
		natType: {
			service: "ec2", sdk: "EC2", noun: "EC2 NAT Gateway",
			create: "CreateNatGateway", update: "AssociateNatGatewayAddress", delete: "DeleteNatGateway",
			id: prefixed("nat-"), refs: []ref{inSubnet, {path: "allocationId", to: addressType, by: "id", missing: noAddress}},
			check: validNAT, made: madeNAT, defaults: map[string]any{"connectivityType": "public"},
		},
	}
}

func validRoute(w *World, o *Object) error {
	if o.text("gatewayId") == "" && o.text("natGatewayId") == "" {
		return fmt.Errorf("a route to anything but an internet or NAT gateway is %w", ErrNotModelled)
	}
	for _, other := range w.all(routeType, o.Region) {
		if other.ID != o.ID && other.text("routeTableId") == o.text("routeTableId") &&
			other.text("destinationCidrBlock") == o.text("destinationCidrBlock") {
			return refuse("RouteAlreadyExists", "The route identified by %s already exists.", o.text("destinationCidrBlock"))
		}
	}
	vpc := w.find(tableType, o.Region, o.text("routeTableId")).text("vpcId")
	if id := o.text("gatewayId"); id != "" && w.find(gatewayType, o.Region, id).text("vpcId") != vpc {
		return refuse("InvalidParameterValue", "route table %s and network gateway %s belong to different networks", o.text("routeTableId"), id)
	}
	return nil
}

func validAssociation(w *World, o *Object) error {
	subnet := o.text("subnetId")
	if subnet == "" {
		return fmt.Errorf("a route table association without a subnet is %w", ErrNotModelled)
	}
	table := o.text("routeTableId")
	if w.find(tableType, o.Region, table).text("vpcId") != w.find(subnetType, o.Region, subnet).text("vpcId") {
		return refuse("InvalidParameterValue", "Route table %s and subnet %s belong to different networks", table, subnet)
	}
	for _, other := range w.all(associationType, o.Region) {
		if other.ID != o.ID && other.text("subnetId") == subnet {
			return refuse("Resource.AlreadyAssociated", "the specified association for route table %s conflicts with an existing association", table)
		}
	}
	return nil
}

func madeAddress(w *World, o *Object) {
	n := w.hash(o.Region, o.ID)
	ip := fmt.Sprintf("203.0.%d.%d", 112+n%4, 1+n/4%250)
	o.fill(map[string]any{
		"arn": arn("ec2", o, "elastic-ip/"+o.ID), "allocationId": o.ID, "publicIp": ip,
		"publicDns": fmt.Sprintf("ec2-%s.%s.compute.%s", strings.ReplaceAll(ip, ".", "-"), o.Region, awsregion.DNSSuffix(o.Region)),
	})
}

func validNAT(w *World, o *Object) error {
	id := o.text("allocationId")
	if id == "" && o.text("connectivityType") == "public" {
		return refuse("MissingParameter", "The request must include the AllocationId parameter. Add the required parameter and retry the request.")
	}
	for _, other := range w.all(natType, o.Region) {
		if id != "" && other.ID != o.ID && !other.past("gone", w.clock.Now()) && !other.failed(w.clock.Now()) && other.text("allocationId") == id {
			return refuse("Resource.AlreadyAssociated", "Resource %s is already associated with address %s", other.ID, id)
		}
	}
	return nil
}

func madeNAT(w *World, o *Object) {
	o.stamp(w.clock.Now())
	o.fill(map[string]any{
		"networkInterfaceId": "eni-" + o.ID[len("nat-"):], "associationId": "eipassoc-" + o.ID[len("nat-"):],
		"privateIp": fmt.Sprintf("10.0.0.%d", 5+w.hash(o.ID)%240),
	})
	if address := w.find(addressType, o.Region, o.text("allocationId")); address != nil {
		o.fill(map[string]any{"publicIp": address.text("publicIp")})
	}
}
