package state

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
)

// undone are the URNs of AWS's resources that an update left undone, or is at.
func undone(held apitype.DeploymentV3) (all []urn.URN) {
	add := func(r apitype.ResourceV3) {
		if strings.HasPrefix(string(r.Type), "aws:") && !r.Delete && !slices.Contains(all, r.URN) {
			all = append(all, r.URN)
		}
	}
	for _, r := range held.Resources {
		if len(r.InitErrors) > 0 {
			add(r)
		}
	}
	for _, o := range held.PendingOperations {
		if o.Type != apitype.OperationTypeReading {
			add(o.Resource)
		}
	}
	return all
}
