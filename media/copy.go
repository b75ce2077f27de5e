package media

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
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
	if p.Other == nil {
		if _, marked, err := r.head(ctx, r.to, key); err != nil || marked {
			return deletedThere, err
		}
	}
	for range looks {
		etag, err := r.copyOnce(ctx, p)
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

// overtaken says whether somebody changed one of the two objects between the look
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
	return &Object{key, aws.ToInt64(out.ContentLength), aws.ToString(out.ETag), aws.ToTime(out.LastModified)}, false, nil
}

// largest is the most that S3 copies in one call.
const largest = 5 << 30

// copyOnce copies what was seen over what was seen, or fails. It returns the
// copy's ETag.
func (r *run) copyOnce(ctx context.Context, p Pair) (etag string, err error) {
	if p.Object.Size > largest {
		return r.copyInParts(ctx, p)
	}
	in := &s3.CopyObjectInput{
		Bucket: &r.to.Bucket, Key: &p.Object.Key, StorageClass: types.StorageClass(r.Class),
		CopySource: r.source(p.Object.Key), CopySourceIfMatch: &p.Object.ETag,
	}
	in.IfNoneMatch, in.IfMatch = onto(p.Other)
	out, err := r.to.Client.CopyObject(ctx, in)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.CopyObjectResult.ETag), nil
}

// onto is the condition that the destination is what was seen.
func onto(other *Object) (none, match *string) {
	if other == nil {
		return aws.String("*"), nil
	}
	return nil, &other.ETag
}

// source names an object as S3 wants it in a header.
func (r *run) source(key string) *string {
	return aws.String(r.from.Bucket + "/" + strings.ReplaceAll(url.QueryEscape(key), "+", "%20"))
}

// copyInParts copies an object that is too large for one call. What such a copy
// doesn't bring along by itself is asked for; its tags are not.
func (r *run) copyInParts(ctx context.Context, p Pair) (etag string, err error) {
	key := &p.Object.Key
	head, err := r.from.Client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &r.from.Bucket, Key: key, IfMatch: &p.Object.ETag})
	if err != nil {
		return "", err
	}
	begun, err := r.to.Client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &r.to.Bucket, Key: key, StorageClass: types.StorageClass(r.Class), ContentType: head.ContentType, Metadata: head.Metadata,
		CacheControl: head.CacheControl, ContentDisposition: head.ContentDisposition, ContentEncoding: head.ContentEncoding, ContentLanguage: head.ContentLanguage,
	})
	if err != nil {
		return "", err
	}
	if etag, err = r.complete(ctx, p, begun.UploadId); err != nil {
		// Parts that nobody completes would go on costing.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		_, gaveUp := r.to.Client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &r.to.Bucket, Key: key, UploadId: begun.UploadId})
		err = errors.Join(err, gaveUp)
	}
	return etag, err
}

func (r *run) complete(ctx context.Context, p Pair, id *string) (etag string, err error) {
	var parts []types.CompletedPart
	size := partSize(p.Object.Size)
	for first := int64(0); first < p.Object.Size; first += size {
		number := aws.Int32(int32(len(parts) + 1)) //nolint:gosec // at most 10,000
		part, err := r.to.Client.UploadPartCopy(ctx, &s3.UploadPartCopyInput{
			Bucket: &r.to.Bucket, Key: &p.Object.Key, UploadId: id, PartNumber: number,
			CopySource: r.source(p.Object.Key), CopySourceIfMatch: &p.Object.ETag,
			CopySourceRange: aws.String(fmt.Sprintf("bytes=%d-%d", first, min(first+size, p.Object.Size)-1)),
		})
		if err != nil {
			return "", err
		}
		parts = append(parts, types.CompletedPart{PartNumber: number, ETag: part.CopyPartResult.ETag})
	}
	in := &s3.CompleteMultipartUploadInput{Bucket: &r.to.Bucket, Key: &p.Object.Key, UploadId: id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}
	in.IfNoneMatch, in.IfMatch = onto(p.Other)
	out, err := r.to.Client.CompleteMultipartUpload(ctx, in)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.ETag), nil
}

// partSize divides an object into at most 10,000 parts.
func partSize(size int64) int64 {
	const usual, most = 512 << 20, 10_000
	return max(usual, (size+most-1)/most)
}
