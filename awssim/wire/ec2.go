package wire

import (
	"encoding/xml"
	"strings"
	"time"
)

var ec2Operations = map[string]operation{
	"DescribeImages": {
		subject: func(in input) string { return strings.Join(in.list("ImageId"), ",") },
		serve:   describeImages,
	},
	"DescribeNatGateways": {
		subject: func(input) string { return "" },
		serve: func(r request) (any, error) {
			if err := r.in.only(); err != nil {
				return nil, err
			}
			var out gatewaysXML
			for _, g := range r.world.Gateways(r.region) {
				out.Items = append(out.Items, gatewayXML{ID: g.ID, State: g.State, Addresses: []addressXML{{Allocation: g.Allocation}}})
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

type gatewaysXML struct {
	XMLName xml.Name     `xml:"natGatewaySet"`
	Items   []gatewayXML `xml:"item"`
}

type gatewayXML struct {
	ID        string       `xml:"natGatewayId"`
	State     string       `xml:"state"`
	Addresses []addressXML `xml:"natGatewayAddressSet>item"`
}

type addressXML struct {
	Allocation string `xml:"allocationId"`
}

type yesXML struct {
	XMLName xml.Name `xml:"return"`
	Yes     bool     `xml:",chardata"`
}

type deletedXML struct {
	XMLName xml.Name `xml:"natGatewayId"`
	ID      string   `xml:",chardata"`
}

type imagesXML struct {
	XMLName xml.Name   `xml:"imagesSet"`
	Items   []imageXML `xml:"item"`
}

type imageXML struct {
	ID      string `xml:"imageId"`
	State   string `xml:"imageState"`
	Created string `xml:"creationDate"`
}

func describeImages(r request) (any, error) {
	ids := r.in.list("ImageId")
	if len(ids) == 0 {
		return nil, unmodelled("DescribeImages without image ids is not modelled by the simulator")
	}
	for name := range r.in.form {
		if strings.HasPrefix(name, "Filter.") || strings.HasPrefix(name, "Owner.") {
			return nil, unmodelled("parameter %s of DescribeImages is not modelled by the simulator", name)
		}
	}
	found, err := r.world.ImagesNamed(r.region, ids)
	if err != nil {
		return nil, err
	}
	var out imagesXML
	for _, i := range found {
		out.Items = append(out.Items, imageXML{ID: i.ID, State: "available", Created: i.Created.UTC().Format(time.RFC3339)})
	}
	return out, nil
}
