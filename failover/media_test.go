package failover_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

	require.NoError(t, rt.CompareMedia(t.Context(), "ours", lost, "theirs"))
	assert.Contains(t, *said, "250 of 2500 files of ours are not in theirs (2026/0007.jpg, 2026/0017.jpg, 2026/0027.jpg …): "+
		"copy them with pilotlight media sync")

	require.ErrorContains(t, rt.CompareMedia(t.Context(), "ours", lost, "nobody's"), "listing bucket nobody's")
}
