package failover

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// Snapshot is a snapshot of a database, and enough to make a copy of it.
type Snapshot struct {
	ID        string    `json:"id"`
	Database  string    `json:"database"` // identifier of what it is of
	Made      time.Time `json:"made"`
	Encrypted bool      `json:"encrypted"`
}

// NewestSnapshot finds the newest snapshot that RDS took of the database by itself
// and that is whole. Asking for one would be an intervention: a database that is
// backed up takes no promotion.
func (r *Runtime) NewestSnapshot(ctx context.Context) (Snapshot, error) {
	client, err := r.rds(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	var all []types.DBSnapshot
	pages := rds.NewDescribeDBSnapshotsPaginator(client, &rds.DescribeDBSnapshotsInput{
		DBInstanceIdentifier: &r.Site.Database, SnapshotType: aws.String("automated"),
	})
	for page, err := range awsclient.Pages(ctx, pages) {
		if err != nil {
			return Snapshot{}, fmt.Errorf("looking for snapshots of database %s: %w", r.Site.Database, err)
		}
		all = append(all, page.DBSnapshots...)
	}
	newest, ok := newestOf(all)
	if !ok {
		return Snapshot{}, fmt.Errorf("automated snapshot of database %s: %w", r.Site.Database, ErrNotFound)
	}
	return newest, nil
}

// newestOf leaves out what is not whole yet: RDS gives that no time.
func newestOf(all []types.DBSnapshot) (newest Snapshot, ok bool) {
	for _, s := range all {
		made := aws.ToTime(s.SnapshotCreateTime)
		if aws.ToString(s.Status) != "available" || !made.After(newest.Made) {
			continue
		}
		newest, ok = Snapshot{
			ID: aws.ToString(s.DBSnapshotIdentifier), Database: aws.ToString(s.DBInstanceIdentifier), Made: made.UTC(), Encrypted: aws.ToBool(s.Encrypted),
		}, true
	}
	return newest, ok
}
