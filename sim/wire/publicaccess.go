package wire

import (
	"encoding/xml"
	"maps"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/sim"
)

type vpcsXML struct {
	XMLName xml.Name `xml:"vpcSet"`
	Items   []vpcXML `xml:"item"`
}

type vpcXML struct {
	ID   string `xml:"vpcId"`
	Mode string `xml:"blockPublicAccessStates>internetGatewayBlockMode"`
}

// describeVPCs answers for networks, by their ids, and how their region blocks public access.
func describeVPCs(r request) (any, error) {
	var out vpcsXML
	for _, id := range r.world.Held(r.region, r.in.list("VpcId"), "aws:ec2/vpc:Vpc") {
		out.Items = append(out.Items, vpcXML{id, r.world.PublicAccess(r.region)})
	}
	_, err := heldVPCs.serve(r)
	return out, err
}

var heldVPCs = held("VpcId", "InvalidVpcID.NotFound", "vpcSet", "vpcId", "aws:ec2/vpc:Vpc")

type exclusionsXML struct {
	XMLName xml.Name       `xml:"vpcBlockPublicAccessExclusionSet"`
	Items   []exclusionXML `xml:"item"`
}

type exclusionXML struct {
	ARN   string `xml:"resourceArn"`
	Mode  string `xml:"internetGatewayExclusionMode"`
	State string `xml:"state"`
}

func describeExclusions(r request) (any, error) {
	var out exclusionsXML
	excluded := r.world.ExcludedNetworks(r.region)
	for _, id := range slices.Sorted(maps.Keys(excluded)) {
		kind, _, _ := strings.Cut(id, "-")
		out.Items = append(out.Items, exclusionXML{"arn:aws:ec2:" + r.region + ":" + sim.Account + ":" + kind + "/" + id, excluded[id], "create-complete"})
	}
	return out, r.in.only()
}
