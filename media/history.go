package media

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// version is one of those that a bucket keeps under a key.
type version struct {
	Object
	class  string
	marker bool // a delete marker: the key had nothing from then on
	latest bool // it is what readers get
}

// change is what happened to a key since a time.
type change string

const (
	unchanged   change = "unchanged"   // what was there then is there now, or has the same content
	deleted     change = "deleted"     // nothing but delete markers came on top
	overwritten change = "overwritten" // something else came on top
	added       change = "added"       // there was nothing then
)

// since judges the versions of one key, newest first: what happened at the time or
// later, and what was there before.
func since(before time.Time, versions []version) (what change, then *version) {
	at := slices.IndexFunc(versions, func(v version) bool { return v.Modified.Before(before) })
	switch {
	case at < 0 || versions[at].marker:
		return added, nil
	case at == 0:
		return unchanged, &versions[0]
	}
	then = &versions[at]
	switch now := versions[0]; {
	case !slices.ContainsFunc(versions[:at], func(v version) bool { return !v.marker }):
		return deleted, then
	case now.ETag == then.ETag && now.Size == then.Size: // a delete marker has no ETag
		return unchanged, then
	}
	return overwritten, then
}

// histories lists what a bucket keeps below a prefix: for each key all versions,
// newest first, in the order of the keys.
func histories(ctx context.Context, side Side, prefix string) iter.Seq2[[]version, error] {
	return func(yield func([]version, error) bool) {
		var key []version // of the key that a page may have cut off
		pages := s3.NewListObjectVersionsPaginator(side.Client, &s3.ListObjectVersionsInput{Bucket: &side.Bucket, Prefix: optional(prefix)})
		for page, err := range awsclient.Pages(ctx, pages) {
			if err != nil {
				yield(nil, fmt.Errorf("listing the versions in bucket %s: %w", side.Bucket, err))
				return
			}
			for _, v := range versionsOf(page) {
				if len(key) > 0 && key[0].Key != v.Key {
					if !yield(newestFirst(key), nil) {
						return
					}
					key = nil
				}
				key = append(key, v)
			}
		}
		if len(key) > 0 {
			yield(newestFirst(key), nil)
		}
	}
}

// versionsOf are those of a page, by key. S3 sends versions and delete markers mixed;
// the SDK puts them into a list each.
func versionsOf(page *s3.ListObjectVersionsOutput) (all []version) {
	for _, v := range page.Versions {
		all = append(all, version{class: string(v.StorageClass), latest: aws.ToBool(v.IsLatest), Object: Object{Key: aws.ToString(v.Key),
			Size: aws.ToInt64(v.Size), ETag: aws.ToString(v.ETag), Modified: aws.ToTime(v.LastModified), Version: aws.ToString(v.VersionId)}})
	}
	for _, m := range page.DeleteMarkers {
		all = append(all, version{marker: true, latest: aws.ToBool(m.IsLatest),
			Object: Object{Key: aws.ToString(m.Key), Modified: aws.ToTime(m.LastModified), Version: aws.ToString(m.VersionId)}})
	}
	slices.SortStableFunc(all, func(a, b version) int { return cmp.Compare(a.Key, b.Key) })
	return all
}

// newestFirst sorts the versions of one key. Times are whole seconds: of a version and
// a delete marker within one the version counts as the newer, so that it is kept.
func newestFirst(key []version) []version {
	slices.SortStableFunc(key, func(a, b version) int {
		if a.latest != b.latest {
			if a.latest {
				return -1
			}
			return 1
		}
		return b.Modified.Compare(a.Modified)
	})
	return key
}
