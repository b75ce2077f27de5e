package images_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/images"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

const west, east = "us-west-2", "us-east-2"

// A twin is two regions with a site, and a standby in one.
type twin struct {
	*sim.World
	t    *testing.T
	job  images.Job
	said []string
}

func newTwin(t *testing.T) *twin {
	t.Helper()
	w := &twin{World: sim.New(1), t: t}
	face := wire.NewFace(w.World)
	for key, value := range map[string]string{"claim": `{"role":"standby","epoch":1}`, "image": "ami-0"} {
		_, err := w.Create(t.Context(), sim.Call{Region: east, Type: "aws:ssm/parameter:Parameter", Name: key, Inputs: map[string]any{"name": "/blog/dr/" + key, "type": "String", "value": value}})
		require.NoError(t, err)
	}
	w.job = images.Job{
		Site: "blog", Stack: "dr", From: face.Config(west), To: face.Config(east), Image: "/blog/dr/image", Points: true, Claim: "/blog/dr/claim", CopyMinutes: 60, Now: w.Clock().Now,
		Say: func(line string) { w.said = append(w.said, line) },
	}
	return w
}

// strike has a fault strike from now on, written name=value.
func (w *twin) strike(text string) {
	w.t.Helper()
	fault, err := sim.ParseFault(text)
	require.NoError(w.t, err)
	require.NoError(w.t, w.Inject(fault))
}

// bake makes an image of the site in a region.
func (w *twin) bake(region, id string) {
	w.PutImage(region, sim.Image{ID: id, Name: "blog " + id, Created: w.Clock().Now(), Architecture: "arm64", Tags: map[string]string{images.SiteTag: "blog"}})
}

func (w *twin) sync() images.Plan {
	w.t.Helper()
	plan, err := images.Sync(w.t.Context(), w.job)
	require.NoError(w.t, err)
	return plan
}

func (w *twin) later(d time.Duration) images.Plan {
	w.t.Helper()
	w.Clock().Advance(d)
	return w.sync()
}

func (w *twin) here() []images.Image {
	w.t.Helper()
	all, err := images.Find(w.t.Context(), ec2.NewFromConfig(w.job.To), "blog")
	require.NoError(w.t, err)
	return all
}

func (w *twin) pointer() string {
	value, _ := w.ParameterValue(east, "/blog/dr/image")
	return value
}

func TestAnImageTravels(t *testing.T) {
	t.Parallel()
	w := newTwin(t)
	w.bake(west, "ami-1")
	w.PutImage(west, sim.Image{ID: "ami-9", Created: w.Clock().Now(), Tags: map[string]string{images.SiteTag: "shop"}})
	w.sync()
	w.sync()
	require.Len(t, w.here(), 1, "two runs at once are one copy, and of this site alone")
	assert.Equal(t, "ami-0", w.pointer(), "not before it is there")

	w.later(2 * time.Hour)
	copied := w.here()[0]
	assert.Equal(t, copied.ID, w.pointer())
	assert.Equal(t, west+"/ami-1", copied.CopyOf)
	assert.Equal(t, w.OwnImages(west, map[string]string{images.SiteTag: "blog"})[0].Created.Truncate(time.Second), copied.Made, "it is as old as its original")
	assert.Equal(t, []string{
		"image ami-1 of us-west-2 is being copied as " + copied.ID,
		"new instances start from " + copied.ID,
	}, w.said)
	behind := w.Metrics(east, awsclient.Namespace+" "+images.BehindMetric)
	assert.Zero(t, behind[len(behind)-1].Value)
}

func TestOldCopiesGo(t *testing.T) {
	t.Parallel()
	w := newTwin(t)
	for _, id := range []string{"ami-1", "ami-2", "ami-3", "ami-4"} {
		w.bake(west, id)
		w.sync()
		w.later(2 * time.Hour)
		w.later(time.Hour)
	}
	var of []string
	for _, i := range w.here() {
		of = append(of, i.CopyOf)
	}
	assert.ElementsMatch(t, []string{west + "/ami-3", west + "/ami-4"}, of)
	assert.Len(t, w.VolumeSnapshots(east, nil), 2, "and what they were made of")
	assert.Len(t, w.OwnImages(west, nil), 4, "originals stay")
}

func TestWhatAKilledRunLeftGoes(t *testing.T) {
	t.Parallel()
	w := newTwin(t)
	w.bake(west, "ami-1")
	w.sync()
	w.later(2 * time.Hour)
	require.NoError(t, w.DeregisterImage(east, w.here()[0].ID)) // and killed before the snapshot was deleted
	w.sync()
	w.later(2 * time.Hour)
	assert.Len(t, w.VolumeSnapshots(east, nil), 1)
}

func TestCopiesThatFail(t *testing.T) {
	t.Parallel()
	w := newTwin(t)
	w.strike("image=uncopied")
	w.bake(west, "ami-1")
	for range 3 {
		w.sync()
		w.Clock().Advance(2 * time.Hour)
	}
	_, err := images.Sync(t.Context(), w.job)
	require.ErrorContains(t, err, "3 copies have failed")
	assert.Len(t, w.here(), 3)

	w.Heal()
	for _, i := range w.here() {
		require.NoError(t, w.DeregisterImage(east, i.ID)) // as the message says
	}
	w.sync()
	w.later(2 * time.Hour)
	assert.Equal(t, w.here()[0].ID, w.pointer())
}

// TestACopyWithoutItsTag: somebody took a copy out of use, so no other takes its place.
func TestACopyWithoutItsTag(t *testing.T) {
	t.Parallel()
	w := newTwin(t)
	w.bake(west, "ami-1")
	w.sync()
	w.later(2 * time.Hour)
	copied := w.OwnImages(east, nil)[0]
	w.PutImage(east, sim.Image{ID: copied.ID, Name: copied.Name, Created: copied.Created, Architecture: copied.Architecture})
	_, err := images.Sync(t.Context(), w.job)
	require.ErrorContains(t, err, `us-east-2 has an image of the name "blog ami-1 us-west-2 ami-1" that is without the tag pilotlight:image=blog: give it that tag, or deregister it`)
}

func TestACopyWithoutATime(t *testing.T) {
	t.Parallel()
	w := newTwin(t)
	w.strike("error=ec2:CopyImage:UnsupportedOperation:1")
	w.bake(west, "ami-1")
	w.sync()
	assert.Len(t, w.here(), 1)
}

func TestTheOtherRegionIsLost(t *testing.T) {
	t.Parallel()
	w := newTwin(t)
	w.bake(west, "ami-1")
	w.sync()
	w.Clock().Advance(2 * time.Hour)
	measured := len(w.Metrics(east, awsclient.Namespace+" "+images.BehindMetric))
	w.LoseRegion(west, sim.Refuse)
	_, err := images.Sync(t.Context(), w.job)
	require.ErrorContains(t, err, "listing the images with the tag pilotlight:image=blog in us-west-2")
	assert.Equal(t, w.here()[0].ID, w.pointer(), "what has arrived is launched all the same")
	assert.Len(t, w.Metrics(east, awsclient.Namespace+" "+images.BehindMetric), measured, "nothing is known of it")
}

func TestAStackThatServes(t *testing.T) {
	t.Parallel()
	w := newTwin(t)
	w.bake(west, "ami-1")
	require.NoError(t, w.PutParameter(east, "/blog/dr/claim", `{"role":"active","epoch":2}`))
	_, err := images.Sync(t.Context(), w.job)
	require.ErrorIs(t, err, images.ErrServes)
	assert.Empty(t, w.here())
}

// TestManyImages holds that a region with more images than EC2 takes in a filter is looked at, and pruned.
func TestManyImages(t *testing.T) {
	t.Parallel()
	w := newTwin(t)
	w.bake(west, "ami-1")
	for n := range 250 {
		id := fmt.Sprintf("ami-%017x", n)
		w.PutImage(east, sim.Image{ID: id, Name: id, Created: w.Clock().Now(), Tags: map[string]string{images.SiteTag: "blog", images.CopyTag: west + "/" + id}})
	}
	w.sync()
	copies := 0
	for _, i := range w.here() {
		if i.State == "available" {
			copies++
		}
	}
	assert.Equal(t, 2, copies)
}
