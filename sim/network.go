package sim

import (
	"fmt"
	"net/netip"
	"slices"
)

const (
	vpcType      = "aws:ec2/vpc:Vpc"
	subnetType   = "aws:ec2/subnet:Subnet"
	gatewayType  = "aws:ec2/internetGateway:InternetGateway"
	endpointType = "aws:ec2/vpcEndpoint:VpcEndpoint"
)

// EC2's words for what isn't there.
var (
	inVPC    = ref{path: "vpcId", to: vpcType, by: "id", missing: noVPC}
	inSubnet = ref{path: "subnetId", to: subnetType, by: "id", missing: noSubnet}
)

func noVPC(id string) error {
	return refuse("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", id)
}

func noSubnet(id string) error {
	return refuse("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
}

// dependent is EC2's refusal to delete what others need.
func dependent(what string) func(o, user *Object) error {
	return func(o, _ *Object) error {
		return refuse("DependencyViolation", "The %s '%s' has dependencies and cannot be deleted.", what, o.ID)
	}
}

func networkKinds() map[string]*kind {
	return map[string]*kind{
		vpcType: {
			service: "ec2", sdk: "EC2", noun: "EC2 VPC",
			create: "CreateVpc", update: "ModifyVpcAttribute", delete: "DeleteVpc",
			id: prefixed("vpc-"), check: validVPC, made: madeVPC, inUse: dependent("vpc"),
			defaults: map[string]any{"enableDnsSupport": true, "enableDnsHostnames": false, "instanceTenancy": "default"},
		},
		subnetType: {
			service: "ec2", sdk: "EC2", noun: "EC2 Subnet",
			create: "CreateSubnet", update: "ModifySubnetAttribute", delete: "DeleteSubnet",
			id: prefixed("subnet-"), refs: []ref{inVPC}, check: validSubnet, made: madeSubnet, inUse: dependent("subnet"),
			defaults: map[string]any{"mapPublicIpOnLaunch": false, "assignIpv6AddressOnCreation": false},
		},
		gatewayType: {
			service: "ec2", sdk: "EC2", noun: "EC2 Internet Gateway",
			create: "CreateInternetGateway", update: "AttachInternetGateway", delete: "DeleteInternetGateway",
			id: prefixed("igw-"), refs: []ref{inVPC}, check: oneGateway,
			made: ec2Made("internet-gateway"), inUse: dependent("internetGateway"),
		},
		endpointType: {
			service: "ec2", sdk: "EC2", noun: "EC2 VPC Endpoint",
			create: "CreateVpcEndpoint", update: "ModifyVpcEndpoint", delete: "DeleteVpcEndpoints",
			id: prefixed("vpce-"), refs: []ref{
				inVPC, {path: "routeTableIds", to: tableType, by: "id", missing: noTable},
				{path: "subnetIds", to: subnetType, by: "id", missing: noSubnet}, {path: "securityGroupIds", to: groupType, by: "id", missing: noGroup},
			},
			check: validEndpoint, made: madeEndpoint,
			defaults: map[string]any{"vpcEndpointType": "Gateway", "state": "available", "privateDnsEnabled": false},
		},
	}
}

// ec2Made fills in what every EC2 resource has.
func ec2Made(resource string) func(*World, *Object) {
	return func(_ *World, o *Object) {
		o.fill(map[string]any{"arn": arn("ec2", o, resource+"/"+o.ID), "ownerId": o.Account})
	}
}

func validVPC(_ *World, o *Object) error {
	block, err := netip.ParsePrefix(o.text("cidrBlock"))
	if err != nil || block.Masked() != block {
		return refuse("InvalidParameterValue", "Value (%s) for parameter cidrBlock is invalid. This is not a valid CIDR block.", o.text("cidrBlock"))
	}
	if block.Bits() < 16 || block.Bits() > 28 {
		return refuse("InvalidVpc.Range", "The CIDR '%s' is invalid.", block)
	}
	return nil
}

func madeVPC(w *World, o *Object) {
	ec2Made("vpc")(w, o)
	suffix := o.ID[len("vpc-"):]
	o.fill(map[string]any{
		"defaultSecurityGroupId": "sg-" + suffix, "defaultNetworkAclId": "acl-" + suffix, "dhcpOptionsId": "dopt-" + suffix,
		"mainRouteTableId": "rtb-" + suffix, "defaultRouteTableId": "rtb-" + suffix,
	})
}

func validSubnet(w *World, o *Object) error {
	vpc := w.find(vpcType, o.Region, o.text("vpcId"))
	block, err := netip.ParsePrefix(o.text("cidrBlock"))
	if err != nil {
		return refuse("InvalidParameterValue", "Value (%s) for parameter cidrBlock is invalid. This is not a valid CIDR block.", o.text("cidrBlock"))
	}
	around, err := netip.ParsePrefix(vpc.text("cidrBlock"))
	if err != nil || block.Bits() < around.Bits() || block.Bits() > 28 || !around.Contains(block.Addr()) {
		return refuse("InvalidSubnet.Range", "The CIDR '%s' is invalid.", block)
	}
	for _, other := range w.all(subnetType, o.Region) {
		taken, err := netip.ParsePrefix(other.text("cidrBlock"))
		if err == nil && other.ID != o.ID && other.text("vpcId") == vpc.ID && taken.Overlaps(block) {
			return refuse("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", block)
		}
	}
	if zone := o.text("availabilityZone"); zone != "" && !slices.Contains(w.availabilityZones(o.Region), zone) {
		return refuse("InvalidParameterValue", "Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: %v.",
			zone, w.availabilityZones(o.Region))
	}
	return nil
}

func madeSubnet(w *World, o *Object) {
	ec2Made("subnet")(w, o)
	o.fill(map[string]any{"availabilityZone": Zones(o.Region)[0]})
	zone := o.text("availabilityZone")
	o.fill(map[string]any{"availabilityZoneId": fmt.Sprintf("%s-az%c", o.Region, '1'+zone[len(zone)-1]-'a')})
}

func oneGateway(w *World, o *Object) error {
	for _, other := range w.all(gatewayType, o.Region) {
		if vpc := o.text("vpcId"); vpc != "" && other.ID != o.ID && other.text("vpcId") == vpc {
			return refuse("InvalidParameterValue", "Network %s already has an internet gateway attached", vpc)
		}
	}
	return nil
}

func validEndpoint(w *World, o *Object) error {
	offered := []string{"s3", "dynamodb"}
	switch kind := o.text("vpcEndpointType"); kind {
	case "Gateway", "":
	case "Interface":
		offered = []string{"ssm", "secretsmanager", "logs"}
		if err := validInterface(w, o); err != nil {
			return err
		}
	default:
		return fmt.Errorf("a VPC endpoint of type %s is %w: use a gateway or an interface", kind, ErrNotModelled)
	}
	if service := o.text("serviceName"); !slices.ContainsFunc(offered, func(name string) bool { return service == endpointService(o.Region, name) }) {
		return refuse("InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist", service)
	}
	for _, id := range o.texts("routeTableIds") {
		if w.find(tableType, o.Region, id).text("vpcId") != o.text("vpcId") {
			return refuse("InvalidParameter", "Route table %s and network %s belong to different networks", id, o.text("vpcId"))
		}
	}
	return nil
}

// validInterface finds out whether an interface endpoint can answer to its service's own name
// (PrivateLink guide, "Enable private DNS names"), and for how many: one for each service of a network.
func validInterface(w *World, o *Object) error {
	if !o.flag("privateDnsEnabled") {
		return nil
	}
	vpc := w.find(vpcType, o.Region, o.text("vpcId"))
	if !vpc.flag("enableDnsSupport") || !vpc.flag("enableDnsHostnames") {
		return refuse("InvalidParameter", "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for %s", vpc.ID)
	}
	for _, other := range w.all(endpointType, o.Region) {
		if other.ID != o.ID && other.text("vpcId") == vpc.ID && other.text("serviceName") == o.text("serviceName") && other.flag("privateDnsEnabled") {
			return refuse("InvalidParameter", "private-dns-enabled cannot be set because there is already a conflicting DNS domain for %s in the VPC %s", o.text("serviceName"), vpc.ID)
		}
	}
	return nil
}

func madeEndpoint(w *World, o *Object) {
	ec2Made("vpc-endpoint")(w, o)
	if o.text("vpcEndpointType") != "Interface" { // one list for a service of a region
		o.fill(map[string]any{"prefixListId": fmt.Sprintf("pl-%08x", uint32(w.hash("prefix list", o.text("serviceName"))))})
	}
}

// endpointService is the name under which a region offers an endpoint; China's too begin with
// com.amazonaws for those that are modelled (botocore's DescribeVpcEndpointServices shows
// com.amazonaws.cn-north-1.s3; aws-cdk, InterfaceVpcEndpointAwsService, has those that do not).
func endpointService(region, service string) string {
	return "com.amazonaws." + region + "." + service
}
