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
