package provider

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"google.golang.org/grpc/peer"
)

// A connection is one provider resource: the engine opens one for each, and
// names no provider in its calls.
type connection struct {
	region string
	tags   resource.PropertyMap
}

var regionForm = regexp.MustCompile(`^[a-z]{2}(-gov|-iso[a-z]?)?-[a-z]+-\d$`)

func connect(inputs resource.PropertyMap, account string) (*connection, error) {
	c := &connection{}
	config := plainMap(inputs)
	c.region, _ = config["region"].(string)
	if !regionForm.MatchString(c.region) {
		return nil, fmt.Errorf("invalid AWS Region: %q: set aws:region or the provider's region", c.region)
	}
	if allowed := decodedList(config["allowedAccountIds"]); len(allowed) > 0 && !slices.Contains(allowed, any(account)) {
		return nil, fmt.Errorf("AWS account ID not allowed: %s", account)
	}
	if v, _ := bare(decodedProperty(inputs["defaultTags"])); v.IsObject() {
		if tags, _ := bare(v.ObjectValue()["tags"]); tags.IsObject() {
			c.tags = tags.ObjectValue()
		}
	}
	return c, nil
}

// tagged adds the provider's default tags to a resource's own.
func (c *connection) tagged(s *resourceSchema, inputs resource.PropertyMap) {
	if _, ok := s.Outputs["tagsAll"]; !ok || len(c.tags) == 0 {
		return
	}
	tags := maps.Clone(c.tags)
	if own, known := bare(inputs["tags"]); known && own.IsObject() {
		maps.Copy(tags, own.ObjectValue())
	} else if !known {
		return
	}
	inputs["tags"] = resource.NewObjectProperty(tags)
}

// address is what tells connections apart.
func address(ctx context.Context) string {
	if p, ok := peer.FromContext(ctx); ok {
		return p.Addr.String()
	}
	return ""
}
