package backend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

const prodState = ".pulumi/stacks/pilotlight/prod.json"

// used is a backend in eu-north-1 with the state of two stacks, and options to move it.
func used(t *testing.T) (*sim.World, *wire.Face, media.Place, backend.Options) {
	t.Helper()
	w, face, o := world(t)
	made, err := backend.Bootstrap(t.Context(), o)
	require.NoError(t, err)
	for key, content := range map[string]string{
		".pulumi/meta.yaml": "version: 1", prodState: `{"version": 3}`, prodState + ".bak": `{"version": 2}`,
		".pulumi/stacks/pilotlight/dr.json.gz": "compressed", ".pulumi/history/pilotlight/prod/prod-1.history.json": "{}",
	} {
		write(t, face, made.Region, made.Bucket, key, content)
	}
	w.Clock().Advance(time.Hour)
	o.Region = "eu-south-1"
	return w, face, media.Place{Region: made.Region, Bucket: made.Bucket}, o
}

func write(t *testing.T, face *wire.Face, region, bucket, key, content string) {
	t.Helper()
	_, err := s3.NewFromConfig(face.Config(region)).PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(content)})
	require.NoError(t, err)
}

func TestMove(t *testing.T) {
	t.Parallel()
	w, face, from, o := used(t)
	moved, err := backend.Move(t.Context(), from, o)
	require.NoError(t, err)
	assert.Equal(t, 5, moved.Copied.Objects)
	assert.Equal(t, []string{
		"pulumi login 's3://blog-state-123456789012-eu-south-1?region=eu-south-1'",
		"pulumi stack change-secrets-provider -s dr 'awskms://alias/blog-state?region=eu-south-1'",
		"pulumi stack change-secrets-provider -s prod 'awskms://alias/blog-state?region=eu-south-1'",
	}, moved.Next)
	held, err := w.Uploads(o.Region, moved.To.Bucket)
	require.NoError(t, err)
	assert.Len(t, held, 5)
	for _, u := range held {
		assert.Equal(t, moved.To.Key, u.KMSKey, "encrypted with the key there")
	}
	left, err := w.Uploads(from.Region, from.Bucket)
	require.NoError(t, err)
	assert.Len(t, left, 5, "the old one stays")

	w.Clock().Advance(time.Hour)
	write(t, face, from.Region, from.Bucket, prodState, `{"version": 4}`)
	w.Clock().Advance(time.Hour)
	again, err := backend.Move(t.Context(), from, o)
	require.NoError(t, err)
	assert.Equal(t, []string{prodState}, again.Copied.First, "what has changed since")

	write(t, face, o.Region, moved.To.Bucket, prodState, `{"version": 5}`)
	_, err = backend.Move(t.Context(), from, o)
	require.ErrorContains(t, err, prodState+" differs in bucket blog-state-123456789012-eu-south-1, which is in use already")
	u, err := w.Object(o.Region, moved.To.Bucket, prodState)
	require.NoError(t, err)
	assert.JSONEq(t, `{"version": 5}`, string(u.Body))
}

func TestMoveRefused(t *testing.T) {
	t.Parallel()
	w, face, from, o := used(t)
	lock := ".pulumi/locks/organization/pilotlight/prod/1.json"
	write(t, face, from.Region, from.Bucket, lock, "{}")
	before := len(changes(w))
	_, err := backend.Move(t.Context(), from, o)
	require.Equal(t, refusal.CodeLocked, refusal.CodeOf(err), "%v", err)
	assert.ErrorContains(t, err, "stack prod: locked by another update")

	for why, c := range map[string]struct {
		from media.Place
		o    func(*backend.Options)
	}{
		"state is in bucket " + from.Bucket + " already": {from, func(o *backend.Options) { o.Region = from.Region }},
		"is the production region":                       {from, func(o *backend.Options) { o.Region = o.Production }},
		"name both":                                      {media.Place{}, func(*backend.Options) {}},
		"looking for bucket nobodys, that state is in":   {media.Place{Region: from.Region, Bucket: "nobodys"}, func(*backend.Options) {}},
	} {
		options := o
		c.o(&options)
		_, err := backend.Move(t.Context(), c.from, options)
		assert.ErrorContains(t, err, why)
	}
	assert.Len(t, changes(w), before)

	_, err = w.DeleteObject(from.Region, from.Bucket, lock)
	require.NoError(t, err)
	inject(t, w, "error=s3:CopyObject:InternalError:100")
	_, err = backend.Move(t.Context(), from, o)
	require.ErrorContains(t, err, "run this again to resume")
}

// TestMoveLeavesLocks has an update begin and end while state is copied: its lock would stay in the new bucket for ever.
func TestMoveLeavesLocks(t *testing.T) {
	t.Parallel()
	w, face, from, o := used(t)
	const lock = ".pulumi/locks/organization/pilotlight/prod/1.json"
	var locked bool
	o.Say = func(line string) {
		switch {
		case !locked:
			locked = true
			write(t, face, from.Region, from.Bucket, lock, "{}")
		case strings.HasPrefix(line, "copied: "):
			_, err := w.DeleteObject(from.Region, from.Bucket, lock)
			require.NoError(t, err)
		}
	}
	moved, err := backend.Move(t.Context(), from, o)
	require.NoError(t, err)
	assert.Equal(t, 5, moved.Copied.Objects)
	held, err := w.Uploads(o.Region, moved.To.Bucket)
	require.NoError(t, err)
	assert.Len(t, held, 5)
}

// TestMoveBack moves state back into a bucket that held it before. What was deleted there, and is state again, is copied; a stack that
// was removed meanwhile is told.
func TestMoveBack(t *testing.T) {
	t.Parallel()
	w, face, first, o := used(t)
	const removed = ".pulumi/stacks/pilotlight/gone.json"
	write(t, face, first.Region, first.Bucket, removed, "{}")
	write(t, face, first.Region, first.Bucket, ".pulumi/stacks/pilotlight/third.json.zst", "compressed")
	there, err := backend.Move(t.Context(), first, o)
	require.NoError(t, err)
	assert.Equal(t, []string{"dr", "gone", "prod", "third"}, there.Stacks)
	assert.Empty(t, there.Left)
	w.Clock().Advance(time.Hour)
	for _, key := range []string{prodState, ".pulumi/history/pilotlight/prod/prod-1.history.json"} {
		_, err := w.DeleteObject(first.Region, first.Bucket, key)
		require.NoError(t, err)
	}
	_, err = w.DeleteObject(o.Region, there.To.Bucket, removed)
	require.NoError(t, err)

	var said []string
	from := media.Place{Region: o.Region, Bucket: there.To.Bucket}
	o.Region, o.Say = first.Region, func(line string) { said = append(said, line) }
	back, err := backend.Move(t.Context(), from, o)
	require.NoError(t, err)
	assert.Equal(t, first.Bucket, back.To.Bucket)
	assert.Equal(t, []string{"dr", "prod", "third"}, back.Stacks)
	held, err := w.Object(first.Region, first.Bucket, prodState)
	require.NoError(t, err)
	assert.JSONEq(t, `{"version": 3}`, string(held.Body))
	assert.Equal(t, []string{removed}, back.Left)
	assert.Contains(t, strings.Join(said, "\n"), "aws s3 rm s3://"+first.Bucket+"/"+removed+" --region "+first.Region)
}
