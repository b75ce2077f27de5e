package wire_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// history lists what a bucket holds under all keys, newest first: "key content" of a
// version, "key -" of a delete marker, with * for what is there now.
func history(t *testing.T, client *s3.Client, bucket string, size int32) (lines []string) {
	t.Helper()
	pages := s3.NewListObjectVersionsPaginator(client, &s3.ListObjectVersionsInput{Bucket: &bucket, MaxKeys: &size})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)
		assert.LessOrEqual(t, len(page.Versions)+len(page.DeleteMarkers), int(size))
		star := map[bool]string{true: "*"}
		for _, m := range page.DeleteMarkers {
			lines = append(lines, *m.Key+" -"+star[*m.IsLatest])
		}
		for _, v := range page.Versions {
			lines = append(lines, fmt.Sprint(*v.Key, " ", *v.Size, star[*v.IsLatest]))
		}
	}
	return lines
}

func TestVersions(t *testing.T) {
	t.Parallel()
	w, _, client := storage(t)
	ctx, site := t.Context(), aws.String("site")
	put(t, client, "site", "old", "before versioning")
	_, err := client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: site,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	require.NoError(t, err)
	w.Clock().Advance(time.Second)
	put(t, client, "site", "a", "1")
	first, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: site, Key: aws.String("a")})
	require.NoError(t, err)
	w.Clock().Advance(time.Second)
	put(t, client, "site", "a", "22")
	w.Clock().Advance(time.Second)
	deleted, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: site, Key: aws.String("a")})
	require.NoError(t, err)
	assert.True(t, *deleted.DeleteMarker)
	for _, size := range []int32{1000, 1} {
		assert.ElementsMatch(t, []string{"a -*", "a 2", "a 1", "old 17*"}, history(t, client, "site", size), "%d at a time", size)
	}

	version := func(id *string) (*s3.HeadObjectOutput, error) {
		return client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: site, Key: aws.String("a"), VersionId: id})
	}
	found, err := version(first.VersionId)
	require.NoError(t, err)
	assert.Equal(t, *first.ETag, *found.ETag)
	_, err = version(deleted.VersionId)
	assert.Equal(t, http.StatusMethodNotAllowed, statusOf(t, err), "a delete marker can't be read")
	_, err = version(aws.String("none"))
	assert.Equal(t, http.StatusNotFound, statusOf(t, err))
	found, err = client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: site, Key: aws.String("old"), VersionId: aws.String("null")})
	require.NoError(t, err)
	assert.Equal(t, int64(17), *found.ContentLength)

	restore := func(source string) error {
		_, err := client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: site, Key: aws.String("a"), CopySource: &source})
		return err
	}
	assert.Equal(t, "InvalidRequest", codeOf(t, restore("site/a?versionId="+*deleted.VersionId)))
	assert.Equal(t, "NoSuchKey", codeOf(t, restore("site/a")))
	assert.Equal(t, "NoSuchKey", codeOf(t, restore("site/a%3FversionId="+*first.VersionId)), "a question mark of the key is no version")
	require.NoError(t, restore("site/a?versionId="+*first.VersionId))
	assert.Equal(t, "1", contentOf(t, client, "site", "a"))
	assert.Equal(t, "InvalidRequest", codeOf(t, restore("site/a")), "onto itself")

	w.Clock().Advance(time.Second)
	gone, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: site, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: aws.String("a"), VersionId: deleted.VersionId}, {Key: aws.String("a"), VersionId: first.VersionId}, {Key: aws.String("a"), VersionId: aws.String("none")}}}})
	require.NoError(t, err)
	require.Len(t, gone.Deleted, 3, "what is not there is deleted too")
	assert.Equal(t, *deleted.VersionId, *gone.Deleted[0].DeleteMarkerVersionId)
	assert.Nil(t, gone.Deleted[1].DeleteMarker)
	assert.ElementsMatch(t, []string{"a 1*", "a 2", "old 17*"}, history(t, client, "site", 1000))
	_, err = client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: site, Delete: &types.Delete{Objects: make([]types.ObjectIdentifier, 1001)}})
	assert.Error(t, err)
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	w, _, client := storage(t)
	ctx, site := t.Context(), aws.String("site")
	read := func() (*s3.GetBucketLifecycleConfigurationOutput, error) {
		return client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: site})
	}
	_, err := read()
	assert.Equal(t, "NoSuchLifecycleConfiguration", codeOf(t, err))
	for typ, inputs := range map[string]map[string]any{
		"aws:s3/bucketVersioningV2:BucketVersioningV2": {"versioningConfiguration": map[string]any{"status": "Enabled"}},
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": {"rules": []any{
			map[string]any{"id": "old", "status": "Enabled", "noncurrentVersionExpiration": map[string]any{"noncurrentDays": 30}, "expiration": map[string]any{"expiredObjectDeleteMarker": true}},
			map[string]any{"id": "off", "status": "Disabled", "noncurrentVersionExpiration": map[string]any{"noncurrentDays": 1}},
		}},
	} {
		inputs["bucket"] = "site"
		_, err := w.Create(ctx, sim.Call{Region: home, Type: typ, Name: typ, Inputs: inputs})
		require.NoError(t, err)
	}
	rules, err := read()
	require.NoError(t, err)
	require.Len(t, rules.Rules, 1)
	assert.Equal(t, int32(30), *rules.Rules[0].NoncurrentVersionExpiration.NoncurrentDays)

	put(t, client, "site", "a", "1")
	put(t, client, "site", "b", "1")
	w.Clock().Advance(40 * 24 * time.Hour)
	put(t, client, "site", "a", "22")
	_, err = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: site, Key: aws.String("b")})
	require.NoError(t, err)
	w.Clock().Advance(30 * 24 * time.Hour)
	assert.ElementsMatch(t, []string{"a 2*", "a 1", "b -*", "b 1"}, history(t, client, "site", 1000), "days count from the successor, up to the next midnight")
	w.Clock().Advance(24 * time.Hour)
	assert.Equal(t, []string{"a 2*"}, history(t, client, "site", 1000))
}

// TestDeletedVersionsOfReplicas: what is deleted by its version is so in one bucket.
func TestDeletedVersionsOfReplicas(t *testing.T) {
	t.Parallel()
	w, face, client := storage(t)
	ctx := t.Context()
	far := s3.NewFromConfig(face.Config(other))
	bucket(t, far, other, "far")
	create := func(region, typ string, inputs map[string]any) sim.Object {
		o, err := w.Create(ctx, sim.Call{Region: region, Type: typ, Name: region + typ, Inputs: inputs})
		require.NoError(t, err)
		return o
	}
	for region, name := range map[string]string{home: "site", other: "far"} {
		create(region, "aws:s3/bucketVersioningV2:BucketVersioningV2", map[string]any{"bucket": name, "versioningConfiguration": map[string]any{"status": "Enabled"}})
	}
	role := create(home, "aws:iam/role:Role", map[string]any{"name": "r", "assumeRolePolicy": "{}"})
	create(home, "aws:s3/bucketReplicationConfig:BucketReplicationConfig", map[string]any{"bucket": "site", "role": role.Props["arn"], "rules": []any{map[string]any{
		"status": "Enabled", "priority": 1, "filter": map[string]any{"prefix": ""}, "deleteMarkerReplication": map[string]any{"status": "Enabled"},
		"destination": map[string]any{"bucket": "arn:aws:s3:::far"}}}})
	put(t, client, "site", "a", "1")
	w.Clock().Advance(time.Hour)
	marker, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("site"), Key: aws.String("a")})
	require.NoError(t, err)
	w.Clock().Advance(time.Hour)
	assert.ElementsMatch(t, []string{"a -*", "a 1"}, history(t, far, "far", 1000))
	_, err = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("site"), Key: aws.String("a"), VersionId: marker.VersionId})
	require.NoError(t, err)
	w.Clock().Advance(time.Hour)
	assert.Equal(t, []string{"a 1*"}, history(t, client, "site", 1000))
	assert.ElementsMatch(t, []string{"a -*", "a 1"}, history(t, far, "far", 1000), "the copy of the marker stays")
	_, err = far.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("far"), Key: aws.String("a"), VersionId: marker.VersionId})
	require.NoError(t, err)
	assert.Equal(t, []string{"a 1*"}, history(t, far, "far", 1000), "a copy has its original's id")
}

func statusOf(t *testing.T, err error) int {
	t.Helper()
	answer, ok := errors.AsType[*awshttp.ResponseError](err)
	require.True(t, ok, "%v", err)
	return answer.HTTPStatusCode()
}
