package failover

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/media"
)

// Stored is what a side has in store, in GiB, as AWS bills it.
type Stored struct {
	Database int
	Media    float64
}

// Stored reads what is allocated to the database and lists the whole media bucket, in the site's
// region. What is not there is 0.
func (r *Runtime) Stored(ctx context.Context) (s Stored, err error) {
	cfg, err := r.aws(ctx)
	if err != nil {
		return Stored{}, err
	}
	database, err := findDatabase(ctx, rds.NewFromConfig(cfg), r.Site.Database)
	if err := orAbsent(err); err != nil {
		return Stored{}, err
	}
	if database != nil {
		s.Database = described(database).AllocatedGiB
	}
	if r.Site.Media == "" {
		return s, nil
	}
	bytes, err := media.Billed(ctx, media.Side{Bucket: r.Site.Media, Client: awsclient.S3(cfg)})
	s.Media = float64(bytes) / (1 << 30)
	return s, err
}
