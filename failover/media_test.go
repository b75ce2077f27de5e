package failover_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/sim"
)

func TestCompareMedia(t *testing.T) {
	t.Parallel()
	w, rt, said := standby(t)
	w.ReturnRegion(lost)
	for region, bucket := range map[string]string{lost: "theirs", recovery: "ours"} {
		_, err := w.Create(t.Context(), sim.Call{Region: region, Type: "aws:s3/bucketV2:BucketV2", Name: bucket, Inputs: map[string]any{"bucket": bucket}})
		require.NoError(t, err)
	}
	for i := range 2500 { // three pages
		key := fmt.Sprintf("2026/%04d.jpg", i)
		require.NoError(t, w.Put("ours", key, 1))
		if i%10 != 7 {
			require.NoError(t, w.Put("theirs", key, 1))
		}
	}
	require.NoError(t, w.Put("theirs", "2025/only there.jpg", 1))

	ours, theirs := media.Place{Region: recovery, Bucket: "ours"}, media.Place{Region: lost, Bucket: "theirs"}
	since := w.Clock().Now().Add(time.Second)
	w.Clock().Advance(time.Minute)
	require.NoError(t, w.Put("ours", "2027/new.jpg", 1))
	found, older, err := rt.CompareMedia(t.Context(), ours, theirs, since)
	require.NoError(t, err)
	assert.Equal(t, 251, found.Missing)
	assert.Equal(t, 250, older, "S3 copies what is newer by itself")
	assert.Contains(t, *said, "251 of 2501 files of ours are not in theirs (2026/0007.jpg, 2026/0017.jpg, 2026/0027.jpg …): "+
		"copy them with pilotlight media sync --from dr --to prod")

	_, _, err = rt.CompareMedia(t.Context(), ours, media.Place{Region: lost, Bucket: "nobody's"}, since)
	require.ErrorContains(t, err, "listing bucket nobody's")
}
