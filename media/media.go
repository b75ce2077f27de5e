// Package media compares and copies the objects of two buckets, and restores what was
// deleted or overwritten in one (Restore). Replication copies
// nothing that was there before its rule, and leaves what fails; Sync copies
// that afterwards, from either side to the other, within S3.
//
// A copy that a client makes is a new object to S3, not a replica. Where a rule
// leads back, as it does between the two sides of a site, it is replicated to the
// side that it came from: there the object gets one more version of the same
// content, whose time is that of the copy. So
//
//   - every object copied costs its size once more on the side it came from, until
//     the bucket's lifecycle ends old versions;
//   - a version written while its predecessor is being copied would be older than
//     the copy, and vanish behind it on both sides. Sync looks again after each
//     copy, and copies the newer version over the stale copy. Between two calls to
//     S3 a moment remains; so copy at a quiet time, or where files are written once
//     and get new names, as WordPress's uploads do.
//
// S3 Batch Replication makes replicas, and has neither effect; it needs the rule in
// place and a role of its own.
//
// Sync deletes nothing, and overwrites nothing that is as new or newer. Two of
// S3's conditions keep that true between looking and copying: the source must be
// what was listed, and the destination must still be what it was. What was deleted
// on the destination's side is not brought back. Each run compares anew, so one
// that was cut off is resumed by the next. ETags of objects encrypted with SSE-KMS say
// nothing of their content: one that both sides have is left as it is.
package media

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// Side is a bucket, with a client for its region.
type Side struct {
	Bucket string
	Client *s3.Client
}

// Object is one as a listing has it.
type Object struct {
	Key      string
	Size     int64
	Class    string // of its storage
	ETag     string
	Modified time.Time
	Version  string // its id; empty is whatever is newest
}

// Pair is an object of one side and what the other has under its key.
type Pair struct {
	Object Object
	Other  *Object // nil is nothing
}

// Compare lists what one side holds below a prefix, each with what the other side
// holds under the same key. Both are read in the order of the keys' bytes, so that
// a bucket of any size takes no memory.
func Compare(ctx context.Context, from, to Side, prefix string) iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		next, stop := iter.Pull2(list(ctx, to, prefix))
		defer stop()
		their, err, more := next()
		for our, failed := range list(ctx, from, prefix) {
			for failed == nil && more && err == nil && their.Key < our.Key {
				their, err, more = next()
			}
			if failed == nil {
				failed = err
			}
			if failed != nil {
				yield(Pair{}, failed)
				return
			}
			pair := Pair{Object: our}
			if more && their.Key == our.Key {
				other := their
				pair.Other = &other
			}
			if !yield(pair, nil) {
				return
			}
		}
	}
}

// leastBilled is as what size S3 bills a smaller object of the class for infrequent access
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html).
const leastBilled = 128 << 10

// Billed is how many bytes S3 bills a bucket for, without earlier versions.
func Billed(ctx context.Context, side Side) (bytes int64, err error) {
	for o, err := range list(ctx, side, "") {
		switch {
		case err != nil:
			return 0, err
		case o.Class == string(types.ObjectStorageClassStandardIa):
			bytes += max(o.Size, leastBilled)
		default:
			bytes += o.Size
		}
	}
	return bytes, nil
}

func list(ctx context.Context, side Side, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		for page, err := range awsclient.Pages(ctx, s3.NewListObjectsV2Paginator(side.Client, &s3.ListObjectsV2Input{Bucket: &side.Bucket, Prefix: optional(prefix)})) {
			if err != nil {
				yield(Object{}, fmt.Errorf("listing bucket %s: %w", side.Bucket, err))
				return
			}
			for _, o := range page.Contents {
				if !yield(Object{Key: aws.ToString(o.Key), Size: aws.ToInt64(o.Size), Class: string(o.StorageClass), ETag: aws.ToString(o.ETag), Modified: aws.ToTime(o.LastModified)}, nil) {
					return
				}
			}
		}
	}
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Verdict is what is to be done about an object.
type Verdict string

// The verdicts.
const (
	Lacks Verdict = "lacks" // the other side has nothing under the key
	Stale Verdict = "stale" // the other side has something older
	Same  Verdict = "same"  // the other side has it
	Newer Verdict = "newer" // the other side has something else, as new or newer
)

// Judge compares the two objects of a pair.
func Judge(p Pair) Verdict {
	if p.Other == nil {
		return Lacks
	}
	asNew := !p.Other.Modified.Before(p.Object.Modified)
	switch sized := p.Object.Size == p.Other.Size; {
	case sized && p.Object.ETag == p.Other.ETag, sized && asNew && !ofContent(p.Object.ETag, p.Other.ETag):
		return Same
	case asNew:
		return Newer
	}
	return Stale
}

// ofContent reports whether two ETags can be compared: those of objects that were made
// of parts depend on the parts.
func ofContent(a, b string) bool { return !strings.Contains(a, "-") && !strings.Contains(b, "-") }
