package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// storage is an empty world with a bucket at home, made over the wire.
func storage(t *testing.T) (*sim.World, *wire.Face, *s3.Client) {
	t.Helper()
	w := sim.New(1)
	face := wire.NewFace(w)
	t.Cleanup(func() { face.Close(); w.Close() })
	client := s3.NewFromConfig(face.Config(home))
	bucket(t, client, home, "site")
	return w, face, client
}

func bucket(t *testing.T, client *s3.Client, region, name string) {
	t.Helper()
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(region)}})
	require.NoError(t, err)
}

func put(t *testing.T, client *s3.Client, bucket, key, content string) {
	t.Helper()
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(content)})
	require.NoError(t, err)
}

func contentOf(t *testing.T, client *s3.Client, bucket, key string) string {
	t.Helper()
	out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	require.NoError(t, err)
	body, err := io.ReadAll(out.Body)
	require.NoError(t, err)
	return string(body)
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	w, face, client := storage(t)
	ctx, name := t.Context(), aws.String("site")
	w.TakeBucketName(home, "theirs")

	create := func(region, constraint, name string) error {
		in := &s3.CreateBucketInput{Bucket: &name}
		if constraint != "" {
			in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(constraint)}
		}
		_, err := s3.NewFromConfig(face.Config(region)).CreateBucket(ctx, in)
		return err
	}
	assert.Equal(t, "BucketAlreadyOwnedByYou", codeOf(t, create(other, other, "site")), "a name is one in the partition")
	assert.Equal(t, "BucketAlreadyExists", codeOf(t, create(home, home, "theirs")))
	assert.Equal(t, "IllegalLocationConstraintException", codeOf(t, create(home, "", "another")))
	require.NoError(t, create("us-east-1", "", "another"))
	w.LoseRegion("us-east-1", sim.Refuse)
	assert.Error(t, create(home, home, "late"), "making a bucket needs us-east-1")
	w.ReturnRegion("us-east-1")

	head := func(region, name, owner string) (*s3.HeadBucketOutput, error) {
		return s3.NewFromConfig(face.Config(region)).HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name, ExpectedBucketOwner: &owner})
	}
	there, err := head(home, "site", sim.Account)
	require.NoError(t, err)
	assert.Equal(t, home, *there.BucketRegion)
	for name, c := range map[string]struct {
		region, bucket, owner string
		status                int
	}{
		"not there":       {home, "nobody", sim.Account, http.StatusNotFound},
		"elsewhere":       {other, "site", sim.Account, http.StatusMovedPermanently},
		"theirs":          {home, "theirs", sim.Account, http.StatusForbidden},
		"another account": {home, "site", "999999999999", http.StatusForbidden},
	} {
		_, err := head(c.region, c.bucket, c.owner)
		answer, ok := errors.AsType[*awshttp.ResponseError](err)
		require.True(t, ok, "%s: %v", name, err)
		assert.Equal(t, c.status, answer.HTTPStatusCode(), name)
		if name == "elsewhere" {
			assert.Equal(t, home, answer.Response.Header.Get("X-Amz-Bucket-Region"))
		}
	}
	location, err := client.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: name})
	require.NoError(t, err)
	assert.Equal(t, types.BucketLocationConstraint(home), location.LocationConstraint)

	versioning, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: name})
	require.NoError(t, err)
	assert.Empty(t, versioning.Status)
	_, err = client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: name,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	require.NoError(t, err)
	versioning, err = client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: name})
	require.NoError(t, err)
	assert.Equal(t, types.BucketVersioningStatusEnabled, versioning.Status)

	closed, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: name})
	require.NoError(t, err)
	assert.True(t, *closed.PublicAccessBlockConfiguration.BlockPublicAcls, "new buckets are closed")
	_, err = client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: name,
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicPolicy: aws.Bool(true)}})
	require.NoError(t, err)
	closed, err = client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: name})
	require.NoError(t, err)
	assert.Equal(t, []bool{true, false}, []bool{*closed.PublicAccessBlockConfiguration.BlockPublicPolicy, *closed.PublicAccessBlockConfiguration.BlockPublicAcls})

	_, err = client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: name})
	assert.Equal(t, "NoSuchBucketPolicy", codeOf(t, err))
	_, err = client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: aws.String(`{"Resource": "arn:aws-cn:s3:::site"}`)})
	assert.Equal(t, "MalformedPolicy", codeOf(t, err))
	_, err = client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: aws.String(`{"Statement": []}`)})
	require.NoError(t, err)
	policy, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: name})
	require.NoError(t, err)
	assert.JSONEq(t, `{"Statement": []}`, *policy.Policy)

	_, err = client.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: name})
	assert.Equal(t, "NotModelled", codeOf(t, err))
	_, err = client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: name})
	assert.Equal(t, "NotModelled", codeOf(t, err))
}

func TestObjects(t *testing.T) {
	t.Parallel()
	w, face, client := storage(t)
	ctx, site := t.Context(), aws.String("site")
	put(t, client, "site", "a b+c/ü.txt", "hello")
	assert.Equal(t, "hello", contentOf(t, client, "site", "a b+c/ü.txt"))
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: site, Key: aws.String("a b+c/ü.txt"), Range: aws.String("bytes=1-2")})
	require.NoError(t, err)
	part, err := io.ReadAll(out.Body)
	require.NoError(t, err)
	assert.Equal(t, "el", string(part))

	w.Clock().Advance(time.Minute)
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: site, Key: aws.String("typed"), Body: strings.NewReader("{}"),
		ContentType: aws.String("application/json"), Metadata: map[string]string{"by": "hand"}})
	require.NoError(t, err)
	head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: site, Key: aws.String("typed")})
	require.NoError(t, err)
	assert.Equal(t, int64(2), *head.ContentLength)
	assert.Equal(t, "application/json", *head.ContentType)
	assert.Equal(t, map[string]string{"by": "hand"}, head.Metadata)
	assert.Equal(t, `"99914b932bd37a50b983c5e7c90ae93b"`, *head.ETag, "the MD5 of {}")
	assert.Equal(t, w.Clock().Now().Unix(), head.LastModified.Unix())

	_, err = client.GetObject(ctx, &s3.GetObjectInput{Bucket: site, Key: aws.String("none")})
	_, missing := errors.AsType[*types.NoSuchKey](err)
	assert.True(t, missing, "%v", err)
	_, err = client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: site, Key: aws.String("none")})
	_, missing = errors.AsType[*types.NotFound](err)
	assert.True(t, missing, "%v", err)
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: site, Key: aws.String("typed"), IfNoneMatch: aws.String("*")})
	assert.Equal(t, "PreconditionFailed", codeOf(t, err))
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: site, Key: aws.String("typed"), ChecksumCRC32: aws.String("AAAAAA=="), Body: strings.NewReader("x")})
	assert.Equal(t, "BadDigest", codeOf(t, err))
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: site, Key: aws.String("typed"), Tagging: aws.String("a=b")})
	assert.Equal(t, "NotModelled", codeOf(t, err))
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: site, Key: aws.String("typed"), ServerSideEncryption: types.ServerSideEncryptionAwsKms})
	assert.Equal(t, "NotModelled", codeOf(t, err), "another key than S3's own")

	there := s3.NewFromConfig(face.Config(other))
	bucket(t, there, other, "far")
	_, err = there.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("far"), Key: aws.String("copy"), CopySource: aws.String("site/typed"), CopySourceIfMatch: head.ETag, ServerSideEncryption: types.ServerSideEncryptionAes256})
	require.NoError(t, err)
	assert.Equal(t, "{}", contentOf(t, there, "far", "copy"), "a copy across regions is made at the destination")
	_, err = there.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("far"), Key: aws.String("copy"), CopySource: aws.String("site/typed"), CopySourceIfMatch: aws.String(`"other"`)})
	assert.Equal(t, "PreconditionFailed", codeOf(t, err))
	_, err = client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("far"), Key: aws.String("copy"), CopySource: aws.String("site/typed")})
	assert.Equal(t, "PermanentRedirect", codeOf(t, err))

	_, err = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: site, Key: aws.String("typed")})
	require.NoError(t, err)
	deleted, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: site, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("a b+c/ü.txt")}}}})
	require.NoError(t, err)
	assert.Len(t, deleted.Deleted, 1)
	left, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: site})
	require.NoError(t, err)
	assert.Empty(t, left.Contents)
}

func TestListing(t *testing.T) {
	t.Parallel()
	w, _, client := storage(t)
	put(t, client, "site", "a", "what is newest under a key is listed")
	w.Clock().Advance(time.Second)
	for _, key := range []string{"a", "b/1", "b/2", "b/sub/3", "c/4", "d"} {
		put(t, client, "site", key, key)
	}
	for name, c := range map[string]struct {
		in   s3.ListObjectsV2Input
		want string
	}{
		"all":                {s3.ListObjectsV2Input{}, "a b/1 b/2 b/sub/3 c/4 d"},
		"prefix":             {s3.ListObjectsV2Input{Prefix: aws.String("b/")}, "b/1 b/2 b/sub/3"},
		"folders":            {s3.ListObjectsV2Input{Delimiter: aws.String("/")}, "a d b/* c/*"},
		"folder in a prefix": {s3.ListObjectsV2Input{Prefix: aws.String("b/"), Delimiter: aws.String("/")}, "b/1 b/2 b/sub/*"},
		"after":              {s3.ListObjectsV2Input{StartAfter: aws.String("b/2")}, "b/sub/3 c/4 d"},
		"nothing":            {s3.ListObjectsV2Input{Prefix: aws.String("x")}, ""},
	} {
		for _, size := range []int32{1000, 2, 1} {
			c.in.Bucket, c.in.MaxKeys = aws.String("site"), aws.Int32(size)
			var keys, folders []string
			for pages := s3.NewListObjectsV2Paginator(client, &c.in); pages.HasMorePages(); {
				page, err := pages.NextPage(t.Context())
				require.NoError(t, err)
				assert.LessOrEqual(t, *page.KeyCount, size)
				for _, o := range page.Contents {
					assert.Equal(t, int64(len(*o.Key)), *o.Size)
					keys = append(keys, *o.Key)
				}
				for _, p := range page.CommonPrefixes {
					folders = append(folders, *p.Prefix+"*")
				}
			}
			assert.Equal(t, c.want, strings.Join(append(keys, folders...), " "), "%s, %d at a time", name, size)
		}
	}
}

// TestOlderListing lists as s3fs does: it goes on from the marker, or from the last key
// where there is none.
func TestOlderListing(t *testing.T) {
	t.Parallel()
	_, _, client := storage(t)
	for _, key := range []string{"a", "b/1", "b/2", "c"} {
		put(t, client, "site", key, key)
	}
	for delimiter, want := range map[string]string{"": "a b/1 b/2 c", "/": "a b/* c"} {
		var found []string
		in := &s3.ListObjectsInput{Bucket: aws.String("site"), MaxKeys: aws.Int32(1)}
		if delimiter != "" {
			in.Delimiter = &delimiter
		}
		for {
			page, err := client.ListObjects(t.Context(), in)
			require.NoError(t, err)
			for _, o := range page.Contents {
				found, in.Marker = append(found, *o.Key), o.Key
			}
			for _, p := range page.CommonPrefixes {
				found = append(found, *p.Prefix+"*")
			}
			assert.Equal(t, delimiter != "" && *page.IsTruncated, page.NextMarker != nil, "S3 tells the marker where there is a delimiter")
			if page.NextMarker != nil {
				in.Marker = page.NextMarker
			}
			if !*page.IsTruncated {
				break
			}
		}
		assert.Equal(t, want, strings.Join(found, " "))
	}
}

func TestUploadInParts(t *testing.T) {
	t.Parallel()
	w, face, client := storage(t)
	ctx, site := t.Context(), aws.String("site")
	const five = 5 << 20
	begin := func(client *s3.Client, bucket, key string) *string {
		out, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
		require.NoError(t, err)
		return out.UploadId
	}
	complete := func(client *s3.Client, bucket, key string, id *string, etags ...*string) error {
		var parts []types.CompletedPart
		for i, etag := range etags {
			parts = append(parts, types.CompletedPart{PartNumber: aws.Int32(int32(i + 1)), ETag: etag})
		}
		_, err := client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: id,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
		return err
	}
	part := func(id *string, number int32, size int) *string {
		out, err := client.UploadPart(ctx, &s3.UploadPartInput{Bucket: site, Key: aws.String("big"), UploadId: id, PartNumber: &number,
			Body: bytes.NewReader(make([]byte, size))})
		require.NoError(t, err)
		return out.ETag
	}
	id := begin(client, "site", "big")
	small := part(id, 1, five-1)
	end := part(id, 2, 1)
	assert.Equal(t, "EntityTooSmall", codeOf(t, complete(client, "site", "big", id, small, end)))
	assert.Equal(t, "InvalidPart", codeOf(t, complete(client, "site", "big", id, end)))
	require.NoError(t, complete(client, "site", "big", id, part(id, 1, five), end))
	assert.Equal(t, "NoSuchUpload", codeOf(t, complete(client, "site", "big", id, end)))
	assert.Len(t, contentOf(t, client, "site", "big"), five+1)

	require.NoError(t, w.Put("site", "huge", 6<<30))
	there := s3.NewFromConfig(face.Config(other))
	bucket(t, there, other, "far")
	_, err := there.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("far"), Key: aws.String("huge"), CopySource: aws.String("site/huge")})
	assert.Equal(t, "InvalidRequest", codeOf(t, err))
	id = begin(there, "far", "huge")
	began := w.Clock().Now()
	w.Clock().Advance(time.Hour)
	var etags []*string
	for i := range 6 {
		out, err := there.UploadPartCopy(ctx, &s3.UploadPartCopyInput{Bucket: aws.String("far"), Key: aws.String("huge"), UploadId: id, PartNumber: aws.Int32(int32(i + 1)),
			CopySource: aws.String("site/huge"), CopySourceRange: aws.String(fmt.Sprintf("bytes=%d-%d", i<<30, (i+1)<<30-1))})
		require.NoError(t, err)
		etags = append(etags, out.CopyPartResult.ETag)
	}
	require.NoError(t, complete(there, "far", "huge", id, etags...))
	head, err := there.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("far"), Key: aws.String("huge")})
	require.NoError(t, err)
	assert.Equal(t, int64(6<<30), *head.ContentLength)
	assert.Equal(t, began.Unix(), head.LastModified.Unix(), "an upload has the time of its beginning")
	_, err = there.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("far"), Key: aws.String("huge")})
	assert.Equal(t, "NotModelled", codeOf(t, err))

	id = begin(there, "far", "never")
	assert.Equal(t, 1, w.OpenMultiparts())
	_, err = there.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: aws.String("far"), Key: aws.String("never"), UploadId: id})
	require.NoError(t, err)
	assert.Zero(t, w.OpenMultiparts())
}

func TestKMS(t *testing.T) {
	t.Parallel()
	_, face, bucket := storage(t)
	client, ctx := kms.NewFromConfig(face.Config(home)), t.Context()
	describe := func(id string) error {
		_, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
		return err
	}
	_, missing := errors.AsType[*kmstypes.NotFoundException](describe("alias/site"))
	assert.True(t, missing)
	made, err := client.CreateKey(ctx, &kms.CreateKeyInput{Description: aws.String("state")})
	require.NoError(t, err)
	id := made.KeyMetadata.KeyId
	rotation, err := client.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: id})
	require.NoError(t, err)
	assert.False(t, rotation.KeyRotationEnabled)
	_, err = client.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: id})
	require.NoError(t, err)
	rotation, err = client.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: id})
	require.NoError(t, err)
	assert.True(t, rotation.KeyRotationEnabled)
	alias := &kms.CreateAliasInput{AliasName: aws.String("alias/site"), TargetKeyId: id}
	_, err = client.CreateAlias(ctx, alias)
	require.NoError(t, err)
	_, err = client.CreateAlias(ctx, alias)
	assert.Equal(t, "AlreadyExistsException", codeOf(t, err))
	require.NoError(t, describe("alias/site"))
	aliases, err := client.ListAliases(ctx, &kms.ListAliasesInput{KeyId: id})
	require.NoError(t, err)
	assert.Equal(t, "alias/site", *aliases.Aliases[0].AliasName)

	bound := map[string]string{"for": "stack"}
	sealed, err := client.Encrypt(ctx, &kms.EncryptInput{KeyId: aws.String("alias/site"), Plaintext: []byte("secret"), EncryptionContext: bound})
	require.NoError(t, err)
	assert.NotContains(t, string(sealed.CiphertextBlob), "secret")
	decrypt := func(client *kms.Client, blob []byte, given map[string]string) ([]byte, error) {
		out, err := client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob, EncryptionContext: given})
		if err != nil {
			return nil, err
		}
		return out.Plaintext, nil
	}
	opened, err := decrypt(client, sealed.CiphertextBlob, bound)
	require.NoError(t, err)
	assert.Equal(t, "secret", string(opened))
	_, err = decrypt(client, sealed.CiphertextBlob, nil)
	assert.Equal(t, "InvalidCiphertextException", codeOf(t, err), "the context is part of it")
	_, err = decrypt(kms.NewFromConfig(face.Config(other)), sealed.CiphertextBlob, bound)
	assert.Equal(t, "InvalidCiphertextException", codeOf(t, err), "a key is of its region")
	_, err = client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: id})
	assert.Equal(t, "NotModelled", codeOf(t, err))

	encrypt := func(key *string) {
		_, err := bucket.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: aws.String("site"),
			ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
				BucketKeyEnabled:                   aws.Bool(true),
				ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: key}}}}})
		require.NoError(t, err)
	}
	encrypt(aws.String("arn:aws:kms:eu-west-1:123456789012:key/none"))
	_, err = bucket.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("site"), Key: aws.String("k"), Body: strings.NewReader("x")})
	assert.Equal(t, "KMS.NotFoundException", codeOf(t, err), "S3 looks at the key when it needs it")
	encrypt(made.KeyMetadata.Arn)
	put(t, bucket, "site", "k", "x")
	head, err := bucket.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("site"), Key: aws.String("k")})
	require.NoError(t, err)
	assert.Equal(t, *made.KeyMetadata.Arn, *head.SSEKMSKeyId)
	out, err := bucket.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: aws.String("site")})
	require.NoError(t, err)
	assert.Equal(t, types.ServerSideEncryptionAwsKms, out.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm)
}

// TestPutOverASocket is the way of the pulumi command: plain HTTP, with the
// checksums that the SDK adds.
func TestPutOverASocket(t *testing.T) {
	t.Parallel()
	_, face, _ := storage(t)
	address, stop, err := face.Listen()
	require.NoError(t, err)
	defer stop()
	cfg := face.Config(home)
	cfg.BaseEndpoint = aws.String("http://" + address)
	transport := &http.Transport{DisableKeepAlives: true}
	cfg.HTTPClient = &http.Client{Transport: transport}
	client := s3.NewFromConfig(cfg)
	put(t, client, "site", ".pulumi/meta.yaml", "version: 1")
	assert.Equal(t, "version: 1", contentOf(t, client, "site", ".pulumi/meta.yaml"))
	head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("site"), Key: aws.String(".pulumi/meta.yaml")})
	require.NoError(t, err)
	assert.Equal(t, int64(10), *head.ContentLength)
}

// TestChunks sends what the SDK sends over TLS: the checksum comes after the body.
func TestChunks(t *testing.T) {
	t.Parallel()
	_, face, client := storage(t)
	send := func(sum string) int {
		body := "5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:" + sum + "\r\n\r\n"
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "https://site.s3."+home+".amazonaws.com/greeting", strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20260101/"+home+"/s3/aws4_request")
		req.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		req.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
		res, err := face.Do(req)
		require.NoError(t, err)
		return res.StatusCode
	}
	assert.Equal(t, http.StatusBadRequest, send("AAAAAA=="))
	assert.Equal(t, http.StatusOK, send("DUoRhQ=="))
	assert.Equal(t, "hello world", contentOf(t, client, "site", "greeting"))
}
