package backend

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// versioned is a bucket of a region that keeps all versions.
func versioned(t *testing.T, w *sim.World, face *wire.Face, region, name string) media.Side {
	t.Helper()
	require.NoError(t, w.CreateBucket(t.Context(), region, name))
	side := media.Side{Bucket: name, Client: s3.NewFromConfig(face.Config(region))}
	_, err := side.Client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	require.NoError(t, err)
	return side
}

func put(t *testing.T, side media.Side, key string) {
	t.Helper()
	_, err := side.Client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &side.Bucket, Key: &key, Body: strings.NewReader("{}")})
	require.NoError(t, err)
}

// TestVersionsOfAState are listed however it is compressed now, and was before.
func TestVersionsOfAState(t *testing.T) {
	t.Parallel()
	w := sim.New(1)
	face := wire.NewFace(w)
	t.Cleanup(func() { face.Close(); w.Close() })
	side := versioned(t, w, face, "eu-north-1", "state")
	const key = stackKeys + "pilotlight/dr.json"
	put(t, side, key)
	put(t, side, key)
	_, err := w.DeleteObject("eu-north-1", "state", key) // as the engine does when it begins to compress
	require.NoError(t, err)
	put(t, side, key+".zst")
	put(t, side, key+".zst")
	put(t, side, key+".bak")
	store := &Store{files: &bucket{client: side.Client, name: side.Bucket}}
	copies, err := store.StateCopies(t.Context(), "pilotlight", "dr")
	require.NoError(t, err)
	var found []string
	for _, c := range copies {
		found = append(found, string(c.Source)+" "+c.Key)
	}
	assert.ElementsMatch(t, []string{"bak " + key + ".bak", "current " + key + ".zst", "version " + key + ".zst", "version " + key, "version " + key}, found)
}

// TestVerify tells what was deleted in the new bucket after it was copied from what was written in the old one meanwhile.
func TestVerify(t *testing.T) {
	t.Parallel()
	w := sim.New(1)
	face := wire.NewFace(w)
	t.Cleanup(func() { face.Close(); w.Close() })
	const key = stackKeys + "pilotlight/prod.json"
	here, there := versioned(t, w, face, "eu-north-1", "old"), versioned(t, w, face, "eu-south-1", "new")
	put(t, here, key)
	_, err := verify(t.Context(), here, there)
	assert.ErrorContains(t, err, key+" is not in bucket new: it was written meanwhile; run this again")
	put(t, there, key)
	stacks, err := verify(t.Context(), here, there)
	require.NoError(t, err)
	assert.Equal(t, []string{"prod"}, stacks)
	_, err = w.DeleteObject("eu-south-1", "new", key)
	require.NoError(t, err)
	_, err = verify(t.Context(), here, there)
	assert.ErrorContains(t, err, key+" was deleted in bucket new on ")
}
