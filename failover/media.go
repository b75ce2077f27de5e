package failover

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
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
	for key, err := range r.lacking(keys(ctx, s3.NewFromConfig(ours), bucket), keys(ctx, s3.NewFromConfig(theirs), peerBucket), &found) {
		if err != nil {
			return found, err
		}
		if found.Lacks++; len(found.First) < named {
			found.First = append(found.First, key)
		}
	}
	return found, nil
}

// sayEvery is after how many files progress is told.
const sayEvery = 100_000

// lacking merges two sorted lists into what is only in the first.
func (r *Runtime) lacking(ours, theirs iter.Seq2[string, error], count *Media) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		next, stop := iter.Pull2(theirs)
		defer stop()
		their, err, more := next()
		for our, failed := range ours {
			for more && err == nil && their < our {
				their, err, more = next()
			}
			if failed == nil {
				failed = err
			}
			if failed != nil {
				yield("", failed)
				return
			}
			if count.Files++; count.Files%sayEvery == 0 {
				r.Say(fmt.Sprintf("%d files of %s compared, %d not found in %s", count.Files, count.Bucket, count.Lacks, count.Peer))
			}
			if (!more || their != our) && !yield(our, nil) {
				return
			}
		}
	}
}

// keys lists a bucket in S3's order, that of the bytes of the keys.
func keys(ctx context.Context, client *s3.Client, bucket string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield("", fmt.Errorf("listing bucket %s: %w", bucket, err))
				return
			}
			for _, object := range page.Contents {
				if !yield(aws.ToString(object.Key), nil) {
					return
				}
			}
		}
	}
}

// String says what the other side lacks, and how to give it.
func (m *Media) String() string {
	if m.Lacks == 0 {
		return fmt.Sprintf("all %d files of %s are in %s too", m.Files, m.Bucket, m.Peer)
	}
	few := m.First[:min(3, len(m.First))]
	return fmt.Sprintf("%d of %d files of %s are not in %s (%s …): copy those that you want with aws s3 cp 's3://%s/<key>' 's3://%s/<key>'",
		m.Lacks, m.Files, m.Bucket, m.Peer, strings.Join(few, ", "), m.Bucket, m.Peer)
}
