package failover

import (
	"context"

	"github.com/pilotlight-dr/pilotlight/images"
)

// SyncImages brings the site's newest image from the other side's region, once, and waits for nothing: see
// images.Sync. Of the job it sets what reaches AWS, and the time.
func (r *Runtime) SyncImages(ctx context.Context, job images.Job) (images.Plan, error) {
	var err error
	if job.To, err = r.aws(ctx); err != nil {
		return images.Plan{}, err
	}
	if job.From, err = r.awsIn(ctx, r.Site.PeerRegion); err != nil {
		return images.Plan{}, err
	}
	job.Now, job.Say = r.env.Now, r.Say
	return images.Sync(ctx, job)
}
