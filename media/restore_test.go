package media_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// restored is a world whose media lie at home, and what restores them as they are
// now; the time goes on a minute.
func restored(w *sim.World, o media.Options) media.RestoreOptions {
	restore := media.RestoreOptions{In: o.From, Before: w.Clock().Now(), AWS: o.AWS, Now: w.Clock().Now}
	w.Clock().Advance(time.Minute)
	return restore
}

func remove(t *testing.T, face *wire.Face, region, bucket string, keys ...string) {
	t.Helper()
	for _, key := range keys {
		_, err := s3.NewFromConfig(face.Config(region)).DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
		require.NoError(t, err)
	}
}

// kept counts the versions of a bucket, without delete markers.
func kept(t *testing.T, face *wire.Face, region, bucket string) (count int) {
	t.Helper()
	pages := s3.NewListObjectVersionsPaginator(s3.NewFromConfig(face.Config(region)), &s3.ListObjectVersionsInput{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)
		count += len(page.Versions)
	}
	return count
}

func TestRestore(t *testing.T) {
	t.Parallel()
	w, face, o := world(t)
	write := func(key, content string) { put(t, face, home, "ours", key, content) }
	gone := func(key string) { remove(t, face, home, "ours", key) }
	for _, key := range []string{"kept", "deleted/ü 1.jpg", "deleted twice", "overwritten", "overwritten and deleted", "deleted and uploaded", "the same again", "deleted before"} {
		write(key, "good")
	}
	w.Clock().Advance(time.Second)
	write("overwritten", "better")
	w.Clock().Advance(time.Second)
	gone("deleted before")
	w.Clock().Advance(time.Second)
	restore := restored(w, o)

	gone("deleted/ü 1.jpg")
	gone("deleted twice")
	write("overwritten", "bad")
	write("overwritten and deleted", "bad")
	write("the same again", "bad")
	gone("deleted and uploaded")
	write("added", "new")
	write("added and deleted", "new")
	w.Clock().Advance(time.Second)
	gone("deleted twice")
	gone("overwritten and deleted")
	write("deleted and uploaded", "bad")
	write("the same again", "good")
	gone("added and deleted")
	write("deleted before", "new")
	w.Clock().Advance(time.Minute)
	versions := kept(t, face, home, "ours")

	bad := held(t, w, home, "ours")
	dry := restore
	dry.DryRun = true
	result, err := media.Restore(t.Context(), dry)
	require.NoError(t, err)
	assert.Equal(t, []string{"deleted twice", "deleted/ü 1.jpg"}, result.Undeleted.First)
	assert.Equal(t, []string{"deleted and uploaded", "overwritten", "overwritten and deleted"}, result.Reverted.First)
	assert.Equal(t, bad, held(t, w, home, "ours"), "a dry run changes nothing")
	assert.Equal(t, versions, kept(t, face, home, "ours"))

	var told []media.Progress
	restore.Progress = func(p media.Progress) { told = append(told, p) }
	result, err = media.Restore(t.Context(), restore)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"kept": "good", "deleted/ü 1.jpg": "good", "deleted twice": "good", "overwritten": "better", "overwritten and deleted": "good",
		"deleted and uploaded": "good", "the same again": "good", "deleted before": "new", "added": "new",
	}, held(t, w, home, "ours"))
	assert.Equal(t, media.Count{Objects: 7, Bytes: 30}, result.Compared)
	assert.Equal(t, []string{"deleted twice", "deleted/ü 1.jpg"}, result.Undeleted.First)
	assert.Equal(t, []string{"deleted and uploaded", "overwritten", "overwritten and deleted"}, result.Reverted.First)
	assert.Equal(t, []string{"added", "deleted before"}, result.Added.First)
	assert.Zero(t, result.Failed.Count)
	assert.Zero(t, result.Left.Count)
	assert.Equal(t, versions+3, kept(t, face, home, "ours"), "no version is deleted, and three came on top")
	assert.Equal(t, media.Comparing, told[0].Stage)
	whole := media.Count{Objects: 5, Bytes: 22}
	assert.Contains(t, told, media.Progress{Stage: media.Restoring, Done: whole, Total: whole})
	assert.Equal(t, media.Verifying, told[len(told)-1].Stage)

	again, err := media.Restore(t.Context(), restore)
	require.NoError(t, err)
	assert.Zero(t, again.Undeleted.Count)
	assert.Zero(t, again.Reverted.Count)
	assert.Equal(t, versions+3, kept(t, face, home, "ours"))
}

// TestRestoreKeepsTheClass holds that a file stays in the storage class of its version.
func TestRestoreKeepsTheClass(t *testing.T) {
	t.Parallel()
	w, face, o := world(t)
	_, err := s3.NewFromConfig(face.Config(home)).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("ours"), Key: aws.String("k"),
		Body: strings.NewReader("good"), StorageClass: types.StorageClassStandardIa})
	require.NoError(t, err)
	w.Clock().Advance(time.Minute)
	restore := restored(w, o)
	put(t, face, home, "ours", "k", "bad")
	_, err = media.Restore(t.Context(), restore)
	require.NoError(t, err)
	now, err := w.Object(home, "ours", "k")
	require.NoError(t, err)
	assert.Equal(t, "STANDARD_IA", now.Class)
}

func TestRestoreOfMoreThanACallTakes(t *testing.T) {
	t.Parallel()
	w, _, o := world(t)
	const all = 1200
	for i := range all {
		require.NoError(t, w.Put("ours", fmt.Sprintf("%04d", i), 1))
	}
	w.Clock().Advance(time.Minute)
	restore := restored(w, o)
	for i := range all {
		for range 1 + i%3 { // markers lie on markers
			_, err := w.DeleteObject(home, "ours", fmt.Sprintf("%04d", i))
			require.NoError(t, err)
		}
	}
	result, err := media.Restore(t.Context(), restore)
	require.NoError(t, err)
	assert.Equal(t, all, result.Undeleted.Objects)
	assert.Len(t, held(t, w, home, "ours"), all)
}

// TestRestoreByTheSecond holds that a change within the very second is one of later.
func TestRestoreByTheSecond(t *testing.T) {
	t.Parallel()
	w, face, o := world(t)
	put(t, face, home, "ours", "k", "good")
	w.Clock().Advance(time.Minute)
	restore := restored(w, o)
	restore.Before = w.Clock().Now().Truncate(time.Second)
	put(t, face, home, "ours", "k", "bad")
	_, err := media.Restore(t.Context(), restore)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"k": "good"}, held(t, w, home, "ours"))
}

func TestRestoreOfAPrefix(t *testing.T) {
	t.Parallel()
	w, face, o := world(t)
	put(t, face, home, "ours", "2025/a", "a")
	put(t, face, home, "ours", "2026/b", "b")
	w.Clock().Advance(time.Minute)
	restore := restored(w, o)
	remove(t, face, home, "ours", "2025/a", "2026/b")
	restore.Prefix = "2026/"
	_, err := media.Restore(t.Context(), restore)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"2026/b": "b"}, held(t, w, home, "ours"))
}

// TestRestoreAndReplication has a deletion of all media arrive on both sides.
func TestRestoreAndReplication(t *testing.T) {
	t.Parallel()
	w, face, o := world(t)
	replicate(t, w)
	good := map[string]string{"a": "a", "b": "b", "c": "c"}
	for key, content := range good {
		put(t, face, home, "ours", key, content)
	}
	w.Clock().Advance(time.Hour)
	restore := restored(w, o)
	put(t, face, home, "ours", "c", "bad")
	w.Clock().Advance(time.Second)
	remove(t, face, home, "ours", "a", "b", "c")
	w.Clock().Advance(time.Hour)
	assert.Empty(t, held(t, w, home, "ours"))
	assert.Empty(t, held(t, w, away, "theirs"))

	_, err := media.Restore(t.Context(), restore)
	require.NoError(t, err)
	w.Clock().Advance(time.Hour)
	assert.Equal(t, good, held(t, w, home, "ours"))
	assert.Equal(t, map[string]string{"c": "c"}, held(t, w, away, "theirs"), "the copy is replicated, and no removal of a delete marker")
	restore.In = o.To
	_, err = media.Restore(t.Context(), restore)
	require.NoError(t, err)
	w.Clock().Advance(time.Hour)
	assert.Equal(t, good, held(t, w, home, "ours"))
	assert.Equal(t, good, held(t, w, away, "theirs"))
}

func TestRestoreOfLargeFiles(t *testing.T) {
	t.Parallel()
	w, face, o := world(t)
	require.NoError(t, w.Put("ours", "film.mp4", 12<<30))
	w.Clock().Advance(time.Minute)
	restore := restored(w, o)
	put(t, face, home, "ours", "film.mp4", "bad")
	result, err := media.Restore(t.Context(), restore)
	require.NoError(t, err)
	assert.Equal(t, int64(12<<30), result.Reverted.Bytes)
	now, err := w.Object(home, "ours", "film.mp4")
	require.NoError(t, err)
	assert.Equal(t, 12<<30, now.Size)
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		spoil func(t *testing.T, w *sim.World, client *s3.Client, o *media.RestoreOptions)
		want  string
	}{
		"a time to come": {func(_ *testing.T, w *sim.World, _ *s3.Client, o *media.RestoreOptions) {
			o.Before = w.Clock().Now().Add(time.Hour)
		}, "is still to come: give a time at which the media were whole"},
		"no versioning": {func(t *testing.T, _ *sim.World, client *s3.Client, o *media.RestoreOptions) {
			_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("plain"),
				CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: home}})
			require.NoError(t, err)
			o.In.Bucket = "plain"
		}, "bucket plain has no versioning, so S3 kept nothing of what was deleted or overwritten"},
		"versioning suspended": {func(t *testing.T, _ *sim.World, client *s3.Client, _ *media.RestoreOptions) {
			_, err := client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: aws.String("ours"),
				VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended}})
			require.NoError(t, err)
		}, "bucket ours has no versioning"},
		"longer ago than versions are kept": {func(t *testing.T, w *sim.World, _ *s3.Client, o *media.RestoreOptions) {
			create(t, w, home, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", props{"bucket": "ours", "rules": []any{
				props{"id": "uploads", "status": "Enabled", "abortIncompleteMultipartUpload": props{"daysAfterInitiation": 7}},
				props{"id": "old", "status": "Enabled", "noncurrentVersionExpiration": props{"noncurrentDays": 30}},
			}})
			o.Before = w.Clock().Now().Add(-31 * day)
		}, "bucket ours keeps what was deleted or overwritten for 30 days: give a time after "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, face, o := world(t)
			w.Clock().Advance(100 * day)
			put(t, face, home, "ours", "k", "v")
			restore := restored(w, o)
			remove(t, face, home, "ours", "k")
			c.spoil(t, w, s3.NewFromConfig(face.Config(home)), &restore)
			_, err := media.Restore(t.Context(), restore)
			var refused *refusal.Error
			require.ErrorAs(t, err, &refused)
			assert.Contains(t, refused.Error(), c.want)
			assert.Empty(t, held(t, w, home, "ours"))
		})
	}
}

// TestRestoreIsResumed cuts a run off in the middle, and has S3 refuse some calls.
func TestRestoreIsResumed(t *testing.T) {
	t.Parallel()
	w, _, o := world(t)
	const all = 300
	for i := range all {
		require.NoError(t, w.Put("ours", fmt.Sprintf("deleted/%04d", i), 1))
		require.NoError(t, w.Put("ours", fmt.Sprintf("overwritten/%04d", i), 1))
	}
	w.Clock().Advance(time.Minute)
	restore := restored(w, o)
	for i := range all {
		_, err := w.DeleteObject(home, "ours", fmt.Sprintf("deleted/%04d", i))
		require.NoError(t, err)
		require.NoError(t, w.Put("ours", fmt.Sprintf("overwritten/%04d", i), 2))
	}
	inject(t, w, "error=s3:DeleteObjects:AccessDenied")
	result, err := media.Restore(t.Context(), restore)
	require.ErrorContains(t, err, "too many files could not be restored")
	require.ErrorContains(t, err, "AccessDenied")
	assert.Zero(t, result.Undeleted.Objects)

	ctx, stop := context.WithCancel(t.Context())
	restore.Progress = func(p media.Progress) {
		if p.Stage == media.Restoring && p.Done.Objects == all+100 {
			stop()
		}
	}
	first, err := media.Restore(ctx, restore)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, all, first.Undeleted.Objects)
	assert.Less(t, first.Reverted.Objects, all)
	assert.Zero(t, first.Failed.Count)
	restore.Progress = nil
	inject(t, w, "throttle=s3:CopyObject:7")
	inject(t, w, "error=s3:CopyObject:AccessDenied")
	second, err := media.Restore(t.Context(), restore)
	require.ErrorContains(t, err, "files were not restored, run the same command again; the first: overwritten/")
	assert.NotZero(t, second.Failed.Objects)
	assert.Equal(t, second.Failed.Objects, second.Left.Objects)
	third, err := media.Restore(t.Context(), restore)
	require.NoError(t, err)
	assert.Equal(t, second.Failed.Objects, third.Reverted.Objects)
	assert.Zero(t, third.Left.Count)
	sizes := 0
	for _, u := range must(w.Uploads(home, "ours")) {
		sizes += u.Size
	}
	assert.Equal(t, 2*all, sizes)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestRestoreCoversNothingUnseen has somebody write between the listing and the copy.
func TestRestoreCoversNothingUnseen(t *testing.T) {
	t.Parallel()
	w, face, o := world(t)
	put(t, face, home, "ours", "k", "good")
	w.Clock().Advance(time.Minute)
	restore := restored(w, o)
	put(t, face, home, "ours", "k", "bad")
	w.Clock().Advance(time.Second)
	m := &meddling{face: face, method: http.MethodPut, region: home}
	m.do = func() { put(t, face, home, "ours", "k", "worse") }
	restore.AWS = func(_ context.Context, region, _ string) (aws.Config, error) {
		cfg := face.Config(region)
		cfg.HTTPClient = m
		return cfg, nil
	}
	_, err := media.Restore(t.Context(), restore)
	require.ErrorContains(t, err, "PreconditionFailed")
	assert.Equal(t, map[string]string{"k": "worse"}, held(t, w, home, "ours"))
	_, err = media.Restore(t.Context(), restore)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"k": "good"}, held(t, w, home, "ours"))
}
