package media

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// copier copies objects of one bucket into another, or the same, within S3.
type copier struct {
	from, to Side
	class    string // storage class of the copies; empty is STANDARD
}

// largest is the most that S3 copies in one call.
const largest = 5 << 30

// once copies what was seen over what was seen, or fails. It returns the
// copy's ETag.
func (c copier) once(ctx context.Context, p Pair) (etag string, err error) {
	if p.Object.Size > largest {
		return c.inParts(ctx, p)
	}
	in := &s3.CopyObjectInput{
		Bucket: &c.to.Bucket, Key: &p.Object.Key, StorageClass: types.StorageClass(c.class),
		CopySource: c.source(p.Object), CopySourceIfMatch: &p.Object.ETag,
	}
	in.IfNoneMatch, in.IfMatch = onto(p.Other)
	out, err := c.to.Client.CopyObject(ctx, in)
	if err != nil {
		return "", err
	}
	if out.CopyObjectResult == nil || aws.ToString(out.CopyObjectResult.ETag) == "" {
		return "", errUntold
	}
	return *out.CopyObjectResult.ETag, nil
}

// errUntold is an answer without what S3 always tells of a copy. What stands for S3 and knows no copies answers so: it has stored an empty object.
var errUntold = errors.New("S3 answered without saying what was copied")

// onto is the condition that the destination is what was seen.
func onto(other *Object) (none, match *string) {
	if other == nil {
		return aws.String("*"), nil
	}
	return nil, &other.ETag
}

// source names an object, or a version of it, as S3 wants it in a header.
func (c copier) source(o Object) *string {
	name := c.from.Bucket + "/" + strings.ReplaceAll(url.QueryEscape(o.Key), "+", "%20")
	if o.Version != "" {
		name += "?versionId=" + url.QueryEscape(o.Version)
	}
	return &name
}

// inParts copies an object that is too large for one call. What such a copy
// doesn't bring along by itself is asked for; its tags are not.
func (c copier) inParts(ctx context.Context, p Pair) (etag string, err error) {
	key := &p.Object.Key
	head, err := c.from.Client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &c.from.Bucket, Key: key, VersionId: optional(p.Object.Version), IfMatch: &p.Object.ETag})
	if err != nil {
		return "", err
	}
	begun, err := c.to.Client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &c.to.Bucket, Key: key, StorageClass: types.StorageClass(c.class), ContentType: head.ContentType, Metadata: head.Metadata,
		CacheControl: head.CacheControl, ContentDisposition: head.ContentDisposition, ContentEncoding: head.ContentEncoding, ContentLanguage: head.ContentLanguage,
	})
	if err != nil {
		return "", err
	}
	if etag, err = c.complete(ctx, p, begun.UploadId); err != nil {
		// Parts of an upload that is never completed cost money.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		_, gaveUp := c.to.Client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &c.to.Bucket, Key: key, UploadId: begun.UploadId})
		err = errors.Join(err, gaveUp)
	}
	return etag, err
}

func (c copier) complete(ctx context.Context, p Pair, id *string) (etag string, err error) {
	var parts []types.CompletedPart
	size := partSize(p.Object.Size)
	for first := int64(0); first < p.Object.Size; first += size {
		number := aws.Int32(int32(len(parts) + 1)) //nolint:gosec // at most 10,000
		part, err := c.to.Client.UploadPartCopy(ctx, &s3.UploadPartCopyInput{
			Bucket: &c.to.Bucket, Key: &p.Object.Key, UploadId: id, PartNumber: number,
			CopySource: c.source(p.Object), CopySourceIfMatch: &p.Object.ETag,
			CopySourceRange: aws.String(fmt.Sprintf("bytes=%d-%d", first, min(first+size, p.Object.Size)-1)),
		})
		if err != nil {
			return "", err
		}
		if part.CopyPartResult == nil || aws.ToString(part.CopyPartResult.ETag) == "" {
			return "", errUntold
		}
		parts = append(parts, types.CompletedPart{PartNumber: number, ETag: part.CopyPartResult.ETag})
	}
	in := &s3.CompleteMultipartUploadInput{Bucket: &c.to.Bucket, Key: &p.Object.Key, UploadId: id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}
	in.IfNoneMatch, in.IfMatch = onto(p.Other)
	out, err := c.to.Client.CompleteMultipartUpload(ctx, in)
	if err != nil {
		return "", err
	}
	if aws.ToString(out.ETag) == "" {
		return "", errUntold
	}
	return *out.ETag, nil
}

// partSize divides an object into at most 10,000 parts.
func partSize(size int64) int64 {
	const usual, most = 512 << 20, 10_000
	return max(usual, (size+most-1)/most)
}
