package media

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// outcome is what became of an object that should be copied.
type outcome int

const (
	copied       outcome = iota
	newerThere           // the other side has got something as new or newer, or the same
	deletedThere         // it was deleted on the other side
	goneHere             // it was deleted on this side
)

// looks is how often an object that changes while it is copied is looked at again.
const looks = 5

// copy copies an object, until the copy is of what the source holds.
func (r *run) copy(ctx context.Context, p Pair) (outcome, error) {
	key := p.Object.Key
	if p.Other == nil && !r.OverDeleted {
		if _, marked, err := r.head(ctx, r.to, key); err != nil || marked {
			return deletedThere, err
		}
	}
	for range looks {
		etag, err := r.once(ctx, p)
		if err != nil && !overtaken(err) {
			return copied, fmt.Errorf("copying %s: %w", key, err)
		}
		now, _, failed := r.head(ctx, r.from, key)
		switch {
		case failed != nil:
			return copied, failed
		case now == nil:
			return goneHere, nil
		case err == nil && now.ETag == p.Object.ETag:
			return copied, nil
		}
		there, marked, failed := r.head(ctx, r.to, key)
		switch {
		case failed != nil || marked:
			return deletedThere, failed
		case err == nil && there != nil && there.ETag == etag: // the stale copy, newer only by its time
			there.Modified = time.Time{}
		}
		p = Pair{Object: *now, Other: there}
		if v := Judge(p); v == Same || v == Newer {
			return newerThere, nil
		}
	}
	return copied, fmt.Errorf("copying %s: it changed %d times meanwhile, try again at a quieter time", key, looks)
}

// overtaken reports whether one of the two objects was changed between the look
// and the copy.
func overtaken(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && (api.ErrorCode() == "PreconditionFailed" || api.ErrorCode() == "NoSuchKey" || api.ErrorCode() == "ConditionalRequestConflict")
}

// head looks at an object. None is nil; marked says that it was deleted.
func (r *run) head(ctx context.Context, side Side, key string) (found *Object, marked bool, err error) {
	out, err := side.Client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &side.Bucket, Key: &key})
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok && answer.HTTPStatusCode() == http.StatusNotFound {
		return nil, answer.Response.Header.Get("X-Amz-Delete-Marker") == "true", nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("looking at %s in %s: %w", key, side.Bucket, err)
	}
	return &Object{Key: key, Size: aws.ToInt64(out.ContentLength), ETag: aws.ToString(out.ETag), Modified: aws.ToTime(out.LastModified)}, false, nil
}
