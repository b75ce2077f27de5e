package failover

import (
	"context"

	"github.com/pilotlight-dr/pilotlight/checks"
)

// WaitRotated waits until every instance that serves the site uses the secrets of a rotation: then
// those that were before are not needed. It asks by the site's own name, which points here.
func (r *Runtime) WaitRotated(ctx context.Context, rotation int) error {
	client := r.siteClient()
	return r.wait(ctx, "the instances to use the new secrets", r.Site.Limits.Healthy, r.lasting(hearing, func(ctx context.Context) (bool, string, error) {
		rotated, seen := checks.Rotated(r.page(ctx, client, r.Site.domain()), rotation)
		return rotated, seen, nil
	}))
}
