package failover

import (
	"context"
	"time"

	"github.com/pilotlight-dr/pilotlight/checks"
)

// WaitRotated waits until every instance that serves the site uses the secrets of a rotation: then
// nobody needs those that were before. It asks by the site's own name, which points here.
func (r *Runtime) WaitRotated(ctx context.Context, rotation int) error {
	client := r.siteClient()
	var since time.Time
	return r.wait(ctx, "the instances to use the new secrets", r.Site.Limits.Healthy, func(ctx context.Context) (bool, string, error) {
		ready, seen := checks.Rotated(r.page(ctx, client, r.Site.domain()), rotation)
		if !ready {
			since = time.Time{}
			return false, seen, nil
		}
		if since.IsZero() {
			since = r.env.Now()
		}
		return r.env.Now().Sub(since) >= hearing, seen, nil
	})
}
