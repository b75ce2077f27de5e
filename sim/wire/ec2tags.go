package wire

import (
	"encoding/xml"
	"slices"
)

// ec2Kinds are what DescribeTags calls EC2's types.
var ec2Kinds = map[string]string{
	"aws:ec2/vpc:Vpc":                                           "vpc",
	"aws:ec2/subnet:Subnet":                                     "subnet",
	"aws:ec2/internetGateway:InternetGateway":                   "internet-gateway",
	"aws:ec2/natGateway:NatGateway":                             "natgateway",
	"aws:ec2/routeTable:RouteTable":                             "route-table",
	"aws:ec2/securityGroup:SecurityGroup":                       "security-group",
	"aws:ec2/eip:Eip":                                           "elastic-ip",
	"aws:ec2/vpcEndpoint:VpcEndpoint":                           "vpc-endpoint",
	"aws:ec2/launchTemplate:LaunchTemplate":                     "launch-template",
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "security-group-rule",
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   "security-group-rule",
}

type tagDescriptionsXML struct {
	XMLName xml.Name            `xml:"tagSet"`
	Items   []tagDescriptionXML `xml:"item"`
}

type tagDescriptionXML struct {
	Resource string `xml:"resourceId"`
	Kind     string `xml:"resourceType"`
	Key      string `xml:"key"`
	Value    string `xml:"value"`
}

// describeEC2Tags finds tags, each by itself, by its key, its value and what it is of.
func describeEC2Tags(r request) (any, error) {
	filters := r.in.filters()
	for name := range filters {
		if !slices.Contains([]string{"key", "value", "resource-id", "resource-type"}, name) {
			return nil, unmodelled("the filter %s of DescribeTags is not modelled by the simulator", name)
		}
	}
	passes := func(filter, value string) bool {
		wanted, set := filters[filter]
		return !set || slices.Contains(wanted, value)
	}
	var out tagDescriptionsXML
	for _, t := range r.world.Tags(r.region, ec2Kinds) {
		if passes("key", t.Key) && passes("value", t.Value) && passes("resource-id", t.Resource) && passes("resource-type", t.Kind) {
			out.Items = append(out.Items, tagDescriptionXML(t))
		}
	}
	return out, nil
}
