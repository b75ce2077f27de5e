package wire

import (
	"cmp"
	"encoding/xml"
	"maps"
	"slices"
	"strings"
	"time"
)

var ec2Operations = map[string]operation{
	"DescribeImages": {
		subject: func(in input) string { return strings.Join(in.list("ImageId"), ",") },
		serve:   describeImages,
	},
	"CopyImage": {
		subject: func(in input) string { return in.text("SourceImageId") },
		serve:   copyImage,
	},
	"CreateTags": {
		subject: func(in input) string { return strings.Join(in.list("ResourceId"), ",") },
		serve: func(r request) (any, error) {
			for _, id := range r.in.list("ResourceId") {
				if err := r.world.TagImage(r.region, id, r.in.tags("Tag")); err != nil {
					return nil, err
				}
			}
			return yesXML{Yes: true}, nil
		},
	},
	"DeregisterImage": {func(in input) string { return in.text("ImageId") }, func(r request) (any, error) {
		return yesXML{Yes: true}, r.world.DeregisterImage(r.region, r.in.text("ImageId"))
	}},
	"DescribeSnapshots": {func(in input) string { return strings.Join(in.list("SnapshotId"), ",") }, describeVolumeSnapshots},
	"GetEbsDefaultKmsKeyId": {func(input) string { return "" }, func(r request) (any, error) {
		return defaultKeyXML{Key: cmp.Or(r.world.VolumeKey(r.region), "alias/aws/ebs")}, nil
	}},
	"DeleteSnapshot": {func(in input) string { return in.text("SnapshotId") }, func(r request) (any, error) {
		return yesXML{Yes: true}, r.world.DeleteVolumeSnapshot(r.region, r.in.text("SnapshotId"))
	}},
	"DescribeInstanceTypes": {
		subject: func(in input) string { return strings.Join(in.instanceTypes(), ",") },
		serve: func(r request) (any, error) {
			var out typesXML
			for _, t := range r.world.InstanceTypes(r.region, r.in.instanceTypes()) {
				out.Items = append(out.Items, typeXML{Name: t.Name, Architectures: t.Architectures, BootModes: t.BootModes, VCPUs: t.VCPUs})
			}
			return out, nil
		},
	},
	"DescribeInstanceTypeOfferings": {
		subject: func(in input) string { return strings.Join(in.instanceTypes(), ",") },
		serve: func(r request) (any, error) {
			if kind := r.in.text("LocationType"); kind != "availability-zone" {
				return nil, unmodelled("offerings by %q are not modelled by the simulator", kind)
			}
			var out offersXML
			for _, o := range r.world.Offers(r.region, r.in.instanceTypes()) {
				out.Items = append(out.Items, offerXML{Type: o.Type, Location: o.Zone, LocationType: "availability-zone"})
			}
			return out, nil
		},
	},
	"DescribeAddresses": orHeld("AllocationId", held("AllocationId", "InvalidAllocationID.NotFound", "addressesSet", "allocationId", "aws:ec2/eip:Eip"),
		operation{func(input) string { return "" }, describeAddresses}),
	"ReleaseAddress": {func(in input) string { return in.text("AllocationId") }, func(r request) (any, error) {
		return yesXML{Yes: true}, r.world.ReleaseAddress(r.region, r.in.text("AllocationId"))
	}},
	"DescribeTags":      {func(input) string { return "" }, describeEC2Tags},
	"DescribeInstances": {func(input) string { return "" }, describeInstances},
	"DescribeSubnets":   {func(in input) string { return strings.Join(in.list("SubnetId"), ",") }, describeSubnets},
	"DescribeInternetGateways": held("InternetGatewayId", "InvalidInternetGatewayID.NotFound", "internetGatewaySet", "internetGatewayId",
		"aws:ec2/internetGateway:InternetGateway"),
	"DescribeLaunchTemplates": held("LaunchTemplateId", "InvalidLaunchTemplateId.NotFound", "launchTemplates", "launchTemplateId",
		"aws:ec2/launchTemplate:LaunchTemplate"),
	"DescribeSecurityGroups": held("GroupId", "InvalidGroup.NotFound", "securityGroupInfo", "groupId", "aws:ec2/securityGroup:SecurityGroup",
		"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"),
	"DescribeSecurityGroupRules": held("SecurityGroupRuleId", "InvalidSecurityGroupRuleId.NotFound", "securityGroupRuleSet", "securityGroupRuleId",
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"),
	"DescribeVpcEndpoints":                   held("VpcEndpointId", "InvalidVpcEndpointId.NotFound", "vpcEndpointSet", "vpcEndpointId", "aws:ec2/vpcEndpoint:VpcEndpoint"),
	"DescribeVpcs":                           {heldVPCs.subject, describeVPCs},
	"DescribeVpcBlockPublicAccessExclusions": {func(input) string { return "" }, describeExclusions},
	"DescribeNatGateways": {
		subject: func(input) string { return "" },
		serve: func(r request) (any, error) {
			if err := r.in.only("Filter.1.Name", "Filter.1.Value.1"); err != nil {
				return nil, err
			}
			wanted, others := r.in.tagFilters()
			if len(others) > 0 {
				return nil, unmodelled("the filter %s of DescribeNatGateways is not modelled by the simulator", others[0])
			}
			var out gatewaysXML
			for _, g := range r.world.Gateways(r.region) {
				if !hasTags(g.Tags, wanted) {
					continue
				}
				item := gatewayXML{ID: g.ID, State: g.State, Subnet: g.Subnet, Created: g.Created.UTC(), Addresses: []addressXML{{Allocation: g.Allocation, Interface: g.Interface}}}
				item.Tags = ec2Tags(g.Tags)
				out.Items = append(out.Items, item)
			}
			return out, nil
		},
	},
	"DeleteNatGateway": {
		subject: func(in input) string { return in.form.Get("NatGatewayId") },
		serve: func(r request) (any, error) {
			if err := r.in.only("NatGatewayId"); err != nil {
				return nil, err
			}
			id := r.in.form.Get("NatGatewayId")
			return deletedXML{ID: id}, r.world.DeleteGateway(r.region, id)
		},
	},
	"DeleteSecurityGroup": {func(in input) string { return in.text("GroupId") }, func(r request) (any, error) {
		return yesXML{Yes: true}, r.world.DeleteGroup(r.region, r.in.text("GroupId"))
	}},
	"DescribeRouteTables": {
		subject: func(in input) string { return strings.Join(in.list("RouteTableId"), ",") },
		serve:   describeRouteTables,
	},
	"DeleteRoute": {
		subject: func(in input) string { return in.form.Get("RouteTableId") },
		serve: func(r request) (any, error) {
			if err := r.in.only("RouteTableId", "DestinationCidrBlock"); err != nil {
				return nil, err
			}
			return yesXML{Yes: true}, r.world.DeleteRoute(r.region, r.in.form.Get("RouteTableId"), r.in.form.Get("DestinationCidrBlock"))
		},
	},
}

// hasTags reports whether tags are those of a filter, in which an empty value stands for any.
func hasTags(tags, wanted map[string]string) bool {
	for key, value := range wanted {
		has, there := tags[key]
		if !there || value != "" && has != value {
			return false
		}
	}
	return true
}

type typesXML struct {
	XMLName xml.Name  `xml:"instanceTypeSet"`
	Items   []typeXML `xml:"item"`
}

type typeXML struct {
	Name          string   `xml:"instanceType"`
	Architectures []string `xml:"processorInfo>supportedArchitectures>item"`
	BootModes     []string `xml:"supportedBootModes>item"`
	VCPUs         int      `xml:"vCpuInfo>defaultVCpus"`
}

type offersXML struct {
	XMLName xml.Name   `xml:"instanceTypeOfferingSet"`
	Items   []offerXML `xml:"item"`
}

type offerXML struct {
	Type         string `xml:"instanceType"`
	LocationType string `xml:"locationType"`
	Location     string `xml:"location"`
}

type gatewaysXML struct {
	XMLName xml.Name     `xml:"natGatewaySet"`
	Items   []gatewayXML `xml:"item"`
}

type gatewayXML struct {
	ID        string       `xml:"natGatewayId"`
	State     string       `xml:"state"`
	Subnet    string       `xml:"subnetId"`
	Created   time.Time    `xml:"createTime"`
	Addresses []addressXML `xml:"natGatewayAddressSet>item"`
	Tags      []ec2TagXML  `xml:"tagSet>item"`
}

type addressXML struct {
	Allocation string `xml:"allocationId"`
	Interface  string `xml:"networkInterfaceId"`
}

type ec2TagXML struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

type tablesXML struct {
	XMLName xml.Name   `xml:"routeTableSet"`
	Items   []tableXML `xml:"item"`
}

type tableXML struct {
	ID           string           `xml:"routeTableId"`
	Routes       []routeXML       `xml:"routeSet>item"`
	Associations []associationXML `xml:"associationSet>item"`
}

type associationXML struct {
	ID     string `xml:"routeTableAssociationId"`
	Table  string `xml:"routeTableId"`
	Subnet string `xml:"subnetId"`
}

type routeXML struct {
	Destination string `xml:"destinationCidrBlock"`
	Gateway     string `xml:"natGatewayId,omitempty"`
	Internet    string `xml:"gatewayId,omitempty"`
	State       string `xml:"state"`
}

// describeRouteTables finds tables by their ids, or those with a route to a NAT gateway, or of a subnet.
func describeRouteTables(r request) (any, error) {
	ids := r.in.list("RouteTableId")
	if err := r.in.only(append(numbered("RouteTableId", len(ids)), "Filter.1.Name", "Filter.1.Value.1")...); err != nil {
		return nil, err
	}
	filter, value := r.in.text("Filter.1.Name"), r.in.text("Filter.1.Value.1")
	if !slices.Contains([]string{"", "route.nat-gateway-id", "association.subnet-id"}, filter) {
		return nil, unmodelled("the filter %s of DescribeRouteTables is not modelled by the simulator", filter)
	}
	tables, err := r.world.RouteTables(r.region, ids...)
	if err != nil {
		return nil, err
	}
	var out tablesXML
	for _, t := range tables {
		item := tableXML{ID: t.ID}
		for _, subnet := range slices.Sorted(maps.Keys(t.Subnets)) {
			item.Associations = append(item.Associations, associationXML{t.Subnets[subnet], t.ID, subnet})
		}
		_, passes := t.Subnets[value]
		passes = passes && filter == "association.subnet-id" || filter == ""
		for _, route := range t.Routes {
			passes = passes || filter == "route.nat-gateway-id" && route.Gateway == value
			item.Routes = append(item.Routes, routeXML{Destination: route.Destination, Gateway: route.Gateway, Internet: route.Internet, State: route.State})
		}
		if passes {
			out.Items = append(out.Items, item)
		}
	}
	return out, nil
}

type yesXML struct {
	XMLName xml.Name `xml:"return"`
	Yes     bool     `xml:",chardata"`
}

type deletedXML struct {
	XMLName xml.Name `xml:"natGatewayId"`
	ID      string   `xml:",chardata"`
}
