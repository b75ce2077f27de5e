package failover_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/sim"
)

func TestStored(t *testing.T) {
	t.Parallel()
	w, rt, _ := standby(t)
	got, err := rt.Stored(t.Context())
	require.NoError(t, err)
	assert.Equal(t, failover.Stored{Database: 20}, got, "a bucket that is not known yet")

	_, err = w.Create(t.Context(), sim.Call{Region: recovery, Type: "aws:s3/bucketV2:BucketV2", Name: "ours", Inputs: map[string]any{"bucket": "ours"}})
	require.NoError(t, err)
	require.NoError(t, w.Put("ours", "film.mp4", 12<<30))
	require.NoError(t, w.Put("ours", "photo.jpg", 1<<29))
	rt.Site.Media = "ours"
	got, err = rt.Stored(t.Context())
	require.NoError(t, err)
	assert.Equal(t, failover.Stored{Database: 20, Media: 12.5}, got)

	rt.Site.Database, rt.Site.Media = "nobody's", "nobody's"
	_, err = rt.Stored(t.Context())
	assert.ErrorContains(t, err, "listing bucket nobody's")
}
