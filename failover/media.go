package failover

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/report"
)

// MediaRule is the id of the rule by which a bucket is copied to the other side's.
const MediaRule = "media"

// named is how many missing files are named.
const named = 100

// CompareMedia lists both buckets and tells what the peer's lacks, and how many of these files are older than since. It reads a
// million files in some minutes, a call for each thousand on either side, and reports progress. Its error is not the step's,
// which would make the report that of a run that failed.
func (r *Runtime) CompareMedia(ctx context.Context, from, to media.Place, since time.Time) (found report.MediaComparison, older int, err error) {
	ctx, leave := r.enter(ctx, "compare the media")
	defer leave()
	step := report.Step{Kind: report.MediaStep, Name: "compare the media of both sides", Begin: r.env.Now()}
	r.env.Observe(step)
	found, older, err = r.compareMedia(ctx, from, to, since)
	if err == nil && found.Files > 0 {
		step.Media = &found
		r.Say(found.String())
	}
	step.End = r.env.Now()
	r.env.Observe(step)
	return found, older, err
}

func (r *Runtime) compareMedia(ctx context.Context, from, to media.Place, since time.Time) (found report.MediaComparison, older int, err error) {
	found.Bucket, found.Peer, found.From, found.To = from.Bucket, to.Bucket, r.Site.Stack, r.Site.Peer
	if from.Region != r.Site.Region {
		found.From, found.To = found.To, found.From
	}
	sides := make([]media.Side, 2)
	for i, place := range []media.Place{from, to} {
		cfg, err := r.awsIn(ctx, place.Region)
		if err != nil {
			return found, 0, err
		}
		client := awsclient.S3(cfg)
		if err := answers(ctx, client, place); err != nil {
			return found, 0, err
		}
		sides[i] = media.Side{Bucket: place.Bucket, Client: client}
	}
	for pair, err := range media.Compare(ctx, sides[0], sides[1], "") {
		if err != nil {
			return found, 0, err
		}
		if pair.Other == nil {
			if pair.Object.Modified.Before(since) {
				older++
			}
			if found.Missing++; len(found.FirstMissing) < named {
				found.FirstMissing = append(found.FirstMissing, pair.Object.Key)
			}
		}
		if found.Files++; found.Files%sayEvery == 0 {
			r.Say(fmt.Sprintf("%d files of %s compared, %d not found in %s", found.Files, from.Bucket, found.Missing, to.Bucket))
		}
	}
	return found, older, nil
}

// answersWithin is how long a bucket may take to answer before its region counts as silent: a listing may take long, and
// would hang as long with a region that is lost.
const answersWithin = 15 * time.Second

func answers(ctx context.Context, client *s3.Client, of media.Place) error {
	bounded, cancel := context.WithTimeoutCause(ctx, answersWithin, fmt.Errorf("S3 in %s did not answer within %v", of.Region, answersWithin))
	defer cancel()
	if _, err := client.HeadBucket(bounded, &s3.HeadBucketInput{Bucket: &of.Bucket}); err != nil && bounded.Err() != nil {
		return context.Cause(bounded)
	}
	return nil // what else is wrong the listing says better
}

// sayEvery is after how many files progress is reported.
const sayEvery = 100_000

// backlogWindow is how far back a measurement of the backlog is looked for: S3 publishes
// none from a region that is lost, and does its best in others.
const backlogWindow = time.Hour

// backlogLimit bounds how long it is looked for: it is only reported, and blocks nothing.
const backlogLimit = 5 * time.Second

// backlog reads S3's metrics of what it has yet to copy to the site's bucket, which it
// publishes in the region that the copies go to
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html); nil when
// nothing was measured, as of a rule without metrics, or can't be asked.
func (r *Runtime) backlog(ctx context.Context, cfg aws.Config) *checks.Backlog {
	if r.Site.Media == "" || r.Site.PeerMedia == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, backlogLimit)
	defer cancel()
	client := awsclient.CloudWatch(cfg)
	of := map[string]string{"SourceBucket": r.Site.PeerMedia, "DestinationBucket": r.Site.Media, "RuleId": MediaRule}
	files, at, err := newest(ctx, client, "AWS/S3", "OperationsPendingReplication", of, r.env.Now(), backlogWindow)
	if err != nil || at.IsZero() {
		return nil
	}
	bytes, _, err := newest(ctx, client, "AWS/S3", "BytesPendingReplication", of, r.env.Now(), backlogWindow)
	if err != nil {
		return nil
	}
	return &checks.Backlog{Files: int(files), Bytes: int64(bytes), At: at}
}
