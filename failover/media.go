package failover

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/pilotlight-dr/pilotlight/failover/decide"
	"github.com/pilotlight-dr/pilotlight/media"
)

// Media is what a side that was active holds and the other side does not: S3 copies
// nothing that was uploaded before replication was on, and gives up on what fails.
type Media struct {
	Bucket string   `json:"bucket"` // where the files are
	Peer   string   `json:"peer"`   // the bucket that lacks them
	Files  int      `json:"files"`  // how many there are in Bucket
	Lacks  int      `json:"lacks"`  // how many of them Peer lacks
	First  []string `json:"first"`  // the keys of the first of them, at most 100
}

// MediaRule is the id of the rule by which a bucket is copied to the other side's.
const MediaRule = "media"

// named is how many missing files are named.
const named = 100

// CompareMedia lists both buckets and tells what the peer's lacks. It reads a
// million files in some minutes; progress is told.
func (r *Runtime) CompareMedia(ctx context.Context, bucket, peerRegion, peerBucket string) error {
	step := Step{Name: "compare the media of both sides", Begin: r.env.Now()}
	r.env.Observe(step)
	found, err := r.compareMedia(ctx, bucket, peerRegion, peerBucket)
	if err == nil {
		step.Media = &found
		r.Say(found.String())
	}
	step.End = r.env.Now()
	r.env.Observe(step)
	return err
}

func (r *Runtime) compareMedia(ctx context.Context, bucket, peerRegion, peerBucket string) (Media, error) {
	found := Media{Bucket: bucket, Peer: peerBucket}
	ours, err := r.aws(ctx)
	if err != nil {
		return found, err
	}
	theirs, err := r.awsIn(ctx, peerRegion)
	if err != nil {
		return found, err
	}
	from, to := media.Side{Bucket: bucket, Client: s3.NewFromConfig(ours)}, media.Side{Bucket: peerBucket, Client: s3.NewFromConfig(theirs)}
	for pair, err := range media.Compare(ctx, from, to, "") {
		if err != nil {
			return found, err
		}
		if pair.Other == nil {
			if found.Lacks++; len(found.First) < named {
				found.First = append(found.First, pair.Object.Key)
			}
		}
		if found.Files++; found.Files%sayEvery == 0 {
			r.Say(fmt.Sprintf("%d files of %s compared, %d not found in %s", found.Files, bucket, found.Lacks, peerBucket))
		}
	}
	return found, nil
}

// sayEvery is after how many files progress is told.
const sayEvery = 100_000

// String says what the other side lacks, and how to give it.
func (m *Media) String() string {
	if m.Lacks == 0 {
		return fmt.Sprintf("all %d files of %s are in %s too", m.Files, m.Bucket, m.Peer)
	}
	few := m.First[:min(3, len(m.First))]
	return fmt.Sprintf("%d of %d files of %s are not in %s (%s …): copy them with pilotlight media sync",
		m.Lacks, m.Files, m.Bucket, m.Peer, strings.Join(few, ", "))
}

// backlogWindow is how far back a measurement of the backlog is looked for: S3 publishes
// none while a rule has nothing to do, and none from a region that is lost.
const backlogWindow = time.Hour

// backlogLimit bounds how long it is looked for: it is only told of, and holds up nothing.
const backlogLimit = 5 * time.Second

// backlog reads S3's metrics of what it has yet to copy to the site's bucket, which it
// publishes in the region that the copies go to
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html); nil when
// nothing was measured, as of a rule without metrics, or can't be asked.
func (r *Runtime) backlog(ctx context.Context, cfg aws.Config) *decide.Backlog {
	if r.Site.Media == "" || r.Site.PeerMedia == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, backlogLimit)
	defer cancel()
	client := cloudwatch.NewFromConfig(cfg)
	of := map[string]string{"SourceBucket": r.Site.PeerMedia, "DestinationBucket": r.Site.Media, "RuleId": MediaRule}
	files, at, err := newest(ctx, client, "AWS/S3", "OperationsPendingReplication", of, r.env.Now(), backlogWindow)
	if err != nil || at.IsZero() {
		return nil
	}
	bytes, _, err := newest(ctx, client, "AWS/S3", "BytesPendingReplication", of, r.env.Now(), backlogWindow)
	if err != nil {
		return nil
	}
	return &decide.Backlog{Files: int(files), Bytes: int64(bytes), At: at}
}
