package media_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

const (
	home = "eu-west-1"
	away = "eu-central-1"
)

type props = map[string]any

// world is two versioned buckets; o copies from the one at home to the other.
// Rules lead both ways only after replicate.
func world(t *testing.T) (w *sim.World, face *wire.Face, o media.Options) {
	t.Helper()
	w = sim.New(1)
	w.Clock().SetQuiet(time.Millisecond)
	face = wire.NewFace(w)
	t.Cleanup(func() { face.Close(); w.Close() })
	for region, name := range map[string]string{home: "ours", away: "theirs"} {
		create(t, w, region, "aws:s3/bucketV2:BucketV2", props{"bucket": name})
		create(t, w, region, "aws:s3/bucketVersioningV2:BucketVersioningV2", props{"bucket": name, "versioningConfiguration": props{"status": "Enabled"}})
	}
	return w, face, media.Options{
		From: media.Place{Region: home, Bucket: "ours"}, To: media.Place{Region: away, Bucket: "theirs"},
		AWS: func(_ context.Context, region, _ string) (aws.Config, error) { return face.Config(region), nil },
	}
}

func create(t *testing.T, w *sim.World, region, typ string, inputs props) sim.Object {
	t.Helper()
	o, err := w.Create(t.Context(), sim.Call{Region: region, Type: typ, Name: typ, Inputs: inputs})
	require.NoError(t, err)
	return o
}

func replicate(t *testing.T, w *sim.World) {
	t.Helper()
	role := create(t, w, home, "aws:iam/role:Role", props{"name": "r", "assumeRolePolicy": "{}"})
	for region, way := range map[string][2]string{home: {"ours", "theirs"}, away: {"theirs", "ours"}} {
		create(t, w, region, "aws:s3/bucketReplicationConfig:BucketReplicationConfig", props{"bucket": way[0], "role": role.Props["arn"], "rules": []any{props{
			"status": "Enabled", "priority": 1, "filter": props{"prefix": ""}, "deleteMarkerReplication": props{"status": "Enabled"},
			"destination": props{"bucket": "arn:aws:s3:::" + way[1]}}}})
	}
}

func put(t *testing.T, face *wire.Face, region, bucket, key, content string) {
	t.Helper()
	_, err := s3.NewFromConfig(face.Config(region)).PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(content)})
	require.NoError(t, err)
}

// held is the content of a bucket by key.
func held(t *testing.T, w *sim.World, region, bucket string) map[string]string {
	t.Helper()
	uploads, err := w.Uploads(region, bucket)
	require.NoError(t, err)
	content := map[string]string{}
	for _, u := range uploads {
		content[u.Key] = string(u.Body)
	}
	return content
}

func TestSync(t *testing.T) {
	t.Parallel()
	w, face, o := world(t)
	put(t, face, away, "theirs", "older there", "old")
	w.Clock().Advance(time.Hour)
	put(t, face, home, "ours", "a b+c/ü.jpg", "lacking")
	put(t, face, home, "ours", "both", "same")
	put(t, face, home, "ours", "newer there", "old")
	put(t, face, home, "ours", "older there", "newer")
	put(t, face, home, "ours", "deleted there", "gone")
	put(t, face, away, "theirs", "deleted there", "gone")
	put(t, face, away, "theirs", "both", "same")
	w.Clock().Advance(time.Hour)
	put(t, face, away, "theirs", "newer there", "newer")
	put(t, face, away, "theirs", "only there", "theirs")
	_, err := w.DeleteObject(away, "theirs", "deleted there")
	require.NoError(t, err)
	w.Clock().Advance(time.Hour)

	var told []media.Progress
	o.Progress, o.Class = func(p media.Progress) { told = append(told, p) }, "STANDARD_IA"
	result, err := media.Sync(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a b+c/ü.jpg": "lacking", "both": "same", "newer there": "newer", "older there": "newer", "only there": "theirs"},
		held(t, w, away, "theirs"))
	assert.Len(t, held(t, w, home, "ours"), 5, "nothing comes back without a rule")
	assert.Equal(t, media.Count{Objects: 5, Bytes: 23}, result.Compared)
	assert.Equal(t, media.Count{Objects: 2, Bytes: 12}, result.Copied.Count)
	assert.Equal(t, []string{"newer there"}, result.Newer.First)
	assert.Equal(t, []string{"deleted there"}, result.Deleted.First)
	assert.Zero(t, result.Failed.Count)
	assert.Zero(t, result.Left.Count)
	uploads, err := w.Uploads(away, "theirs")
	require.NoError(t, err)
	assert.Equal(t, "STANDARD_IA", uploads[0].Class)
	assert.Equal(t, media.Progress{Stage: media.Comparing, Done: media.Count{Objects: 5, Bytes: 23}}, told[0])
	copying := media.Count{Objects: 3, Bytes: 16}
	assert.Contains(t, told, media.Progress{Stage: media.Copying, Done: copying, Total: copying})
	assert.Equal(t, media.Verifying, told[len(told)-1].Stage)

	again, err := media.Sync(t.Context(), o)
	require.NoError(t, err)
	assert.Zero(t, again.Copied.Count)
	o.From, o.To = o.To, o.From
	back, err := media.Sync(t.Context(), o)
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"newer there", "only there"}, back.Copied.First, "the other way round")
	assert.Equal(t, "newer", held(t, w, home, "ours")["newer there"])
}

// TestCopiesComeBack shows what rules both ways make of copies: the side that they
// came from has them once more, and the same content.
func TestCopiesComeBack(t *testing.T) {
	t.Parallel()
	w, face, o := world(t)
	put(t, face, home, "ours", "before the rule.jpg", "content")
	replicate(t, w)
	w.Clock().Advance(time.Hour)
	assert.Empty(t, held(t, w, away, "theirs"))
	at := w.Clock().Now()
	_, err := media.Sync(t.Context(), o)
	require.NoError(t, err)
	w.Clock().Advance(time.Hour)
	ours, err := w.Uploads(home, "ours")
	require.NoError(t, err)
	require.Len(t, ours, 1)
	assert.Equal(t, "theirs", ours[0].Bucket, "the copy's replica lies over the original")
	assert.Equal(t, at, ours[0].At)
	assert.Equal(t, "content", string(ours[0].Body))
	again, err := media.Sync(t.Context(), o)
	require.NoError(t, err)
	assert.Zero(t, again.Copied.Count)
}

// meddling lets something happen right before or after the first call of an
// operation to a region.
type meddling struct {
	face   *wire.Face
	method string
	region string
	after  bool
	do     func()
	once   sync.Once
}

func (m *meddling) Do(req *http.Request) (*http.Response, error) {
	meant := req.Method == m.method && strings.Contains(req.URL.Host, m.region)
	if meant && !m.after {
		m.once.Do(m.do)
	}
	res, err := m.face.Do(req)
	if meant && m.after {
		m.once.Do(m.do)
	}
	return res, err
}

// TestChangesMeanwhile changes one of the two objects around the copy.
func TestChangesMeanwhile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		region string // where something is written
		after  bool
	}{
		"here before the copy":  {home, false},
		"here after the copy":   {home, true},
		"there before the copy": {away, false},
		"there after the copy":  {away, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, face, o := world(t)
			put(t, face, home, "ours", "k", "old")
			replicate(t, w)
			w.Clock().Advance(time.Hour)
			m := &meddling{face: face, method: http.MethodPut, region: away, after: c.after}
			m.do = func() {
				if c.region == home {
					put(t, face, home, "ours", "k", "new")
				} else {
					put(t, face, away, "theirs", "k", "new")
				}
				w.Clock().Advance(time.Second)
			}
			o.AWS = func(_ context.Context, region, _ string) (aws.Config, error) {
				cfg := face.Config(region)
				cfg.HTTPClient = m
				return cfg, nil
			}
			_, err := media.Sync(t.Context(), o)
			require.NoError(t, err)
			w.Clock().Advance(time.Hour)
			assert.Equal(t, map[string]string{"k": "new"}, held(t, w, home, "ours"))
			assert.Equal(t, map[string]string{"k": "new"}, held(t, w, away, "theirs"))
		})
	}
}

// slowCopy makes the first copy one that S3 takes a second for: it is of what the
// source held when it began, and has the time of its end. In between somebody
// writes to the source.
type slowCopy struct {
	face *wire.Face
	do   func() (etag string)
	once sync.Once
}

func (s *slowCopy) Do(req *http.Request) (res *http.Response, err error) {
	if req.Header.Get("X-Amz-Copy-Source") != "" {
		s.once.Do(func() {
			answer := httptest.NewRecorder()
			fmt.Fprintf(answer, "<CopyObjectResult><ETag>%s</ETag></CopyObjectResult>", s.do())
			res = answer.Result()
		})
	}
	if res != nil {
		return res, nil
	}
	return s.face.Do(req)
}

// TestStaleCopy has a copy be newer by its time than what it misses, on either side.
func TestStaleCopy(t *testing.T) {
	t.Parallel()
	w, face, o := world(t)
	put(t, face, home, "ours", "k", "old")
	replicate(t, w)
	w.Clock().Advance(time.Hour)
	slow := &slowCopy{face: face, do: func() string {
		put(t, face, home, "ours", "k", "new")
		w.Clock().Advance(time.Second)
		put(t, face, away, "theirs", "k", "old")
		u, err := w.Object(away, "theirs", "k")
		assert.NoError(t, err)
		return `"` + u.ETag + `"`
	}}
	o.AWS = func(_ context.Context, region, _ string) (aws.Config, error) {
		cfg := face.Config(region)
		cfg.HTTPClient = slow
		return cfg, nil
	}
	result, err := media.Sync(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, 1, result.Copied.Objects)
	w.Clock().Advance(time.Hour)
	assert.Equal(t, map[string]string{"k": "new"}, held(t, w, home, "ours"))
	assert.Equal(t, map[string]string{"k": "new"}, held(t, w, away, "theirs"))
}

func TestLargeObjects(t *testing.T) {
	t.Parallel()
	w, _, o := world(t)
	require.NoError(t, w.Put("ours", "film.mp4", 12<<30+5))
	inject(t, w, "error=s3:UploadPartCopy:AccessDenied")
	result, err := media.Sync(t.Context(), o)
	require.ErrorContains(t, err, "1 of 1 objects were not copied, run this again to resume; the first: copying film.mp4")
	assert.Equal(t, []string{"film.mp4"}, result.Failed.First)
	assert.Equal(t, []string{"film.mp4"}, result.Left.First)
	assert.Zero(t, w.OpenMultiparts(), "an upload that failed is given up")
	result, err = media.Sync(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, int64(12<<30+5), result.Copied.Bytes)
	assert.Zero(t, result.Left.Count)
	again, err := media.Sync(t.Context(), o)
	require.NoError(t, err)
	assert.Zero(t, again.Copied.Count, "its ETag is of its parts, its size will do")
}

func inject(t *testing.T, w *sim.World, text string) {
	t.Helper()
	f, err := sim.ParseFault(text)
	require.NoError(t, err)
	require.NoError(t, w.Inject(f))
}

// TestInterrupted cuts a run off in the middle and carries it on, throttled.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	w, _, o := world(t)
	const all, parallel = 600, 16
	for i := range all {
		require.NoError(t, w.Put("ours", fmt.Sprintf("%04d.jpg", i), 1))
	}
	ctx, stop := context.WithCancel(t.Context())
	o.Progress = func(p media.Progress) {
		if p.Stage == media.Copying && p.Done.Objects == 100 {
			stop()
		}
	}
	first, err := media.Sync(ctx, o)
	require.ErrorIs(t, err, context.Canceled)
	assert.Less(t, first.Copied.Objects, all/2)
	assert.Zero(t, first.Failed.Count)
	o.Progress = nil
	// One less than the attempts of an object, which may get them all.
	inject(t, w, "throttle=s3:CopyObject:7")
	second, err := media.Sync(t.Context(), o)
	require.NoError(t, err)
	assert.InDelta(t, all, first.Copied.Objects+second.Copied.Objects, parallel, "those that were cut off may have been copied")
	assert.Zero(t, second.Left.Count)
	assert.Len(t, held(t, w, away, "theirs"), all)
}

func TestEnough(t *testing.T) {
	t.Parallel()
	w, _, o := world(t)
	for i := range 500 {
		require.NoError(t, w.Put("ours", fmt.Sprintf("%04d.jpg", i), 1))
	}
	inject(t, w, "error=s3:CopyObject:AccessDenied:1000")
	result, err := media.Sync(t.Context(), o)
	require.ErrorContains(t, err, "too many objects could not be copied")
	require.ErrorContains(t, err, "AccessDenied")
	assert.Less(t, result.Failed.Objects, 500)
	w.LoseRegion(away, sim.Refuse)
	_, err = media.Sync(t.Context(), o)
	require.ErrorContains(t, err, "listing bucket theirs")
	o.To = o.From
	_, err = media.Sync(t.Context(), o)
	assert.ErrorContains(t, err, "can't be copied to itself")
}
