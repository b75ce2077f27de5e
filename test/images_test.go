package test

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/images"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// travels has both files leave out the image, and ask for the function that brings it.
var travels = map[string]string{"app": "{}", "images": `{"sync": true}`}

// bake makes an image of the site in a region, now.
func bake(w *sim.World, region, id string) {
	w.PutImage(region, sim.Image{ID: id, Name: "blog " + id, Created: w.Clock().Now(), Architecture: "x86_64", BootMode: "uefi-preferred", Tags: map[string]string{images.SiteTag: "blog"}})
}

// putFunction puts a function's package into the project's folder. The world runs the code of this module in its place.
func putFunction(t *testing.T, stage *scenario.Stage) {
	t.Helper()
	file, err := os.Create(filepath.Join(stage.Dir(), images.Package))
	require.NoError(t, err)
	archive := zip.NewWriter(file)
	_, err = archive.Create("bootstrap")
	require.NoError(t, err)
	require.NoError(t, archive.Close())
	require.NoError(t, file.Close())
}

// pass has time go by, with the functions run that fall due in it.
func pass(t *testing.T, stage *scenario.Stage, d time.Duration) {
	t.Helper()
	w := stage.World
	for end := w.Clock().Now().Add(d); w.Clock().Now().Before(end); {
		since := w.Clock().Now()
		w.Clock().Advance(15 * time.Minute)
		for _, run := range w.Invocations(since) {
			env := func(key string) string { return run.Environment[key] }
			assert.NoError(t, images.Run(t.Context(), env, stage.Face().Config(run.Region), w.Clock().Now, func(line string) { t.Log(run.Region + ": " + line) }))
		}
	}
}

// launches is the image that new instances of a stack start from.
func launches(w *sim.World, region, stack string) string {
	value, _ := w.ParameterValue(region, "/blog/"+stack+"/image")
	return value
}

// TestImagesTravel makes an image in production, and loses production once it has arrived.
func TestImagesTravel(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	w := stage.World
	before := staged.Changes(w)
	bake(w, "us-west-2", "ami-0000000000000001")
	bake(w, "us-east-2", "ami-0000000000000002")
	err := staged.Up(t, stage, stage.Env(), scenario.Recovery, travels)
	require.ErrorContains(t, err, "images.sync is true")
	require.ErrorContains(t, err, images.BuildCommand)
	assert.Equal(t, refusal.CodeConfig, refusal.CodeOf(err))
	assert.Equal(t, before, staged.Changes(w), "a refusal changes nothing")
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	staged.Rewrite(t, stage, scenario.Production, "max: 6", "max: 7")
	_, err = site.Deploy(t.Context(), ops.Run{})
	require.ErrorContains(t, err, images.BuildCommand)
	assert.Equal(t, before, staged.Changes(w), "nor is production changed first")

	putFunction(t, stage)
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, travels))
	assert.Equal(t, "ami-0000000000000001", launches(w, "us-west-2", "prod"))
	pass(t, stage, 3*time.Hour)
	bake(w, "us-west-2", "ami-0000000000000003")
	pass(t, stage, 3*time.Hour)
	newest := launches(w, "us-east-2", "dr")
	copies := w.OwnImages("us-east-2", map[string]string{images.CopyTag: "us-west-2/ami-0000000000000003"})
	require.Len(t, copies, 1, "by the event, and the sweeps make no second one")
	assert.Equal(t, copies[0].ID, newest)
	assert.Equal(t, "ami-0000000000000001", launches(w, "us-west-2", "prod"), "the side that serves takes a new image by an update alone")

	found, err := site.Drift(t.Context(), scenario.Recovery, ops.Run{})
	require.NoError(t, err)
	assert.Empty(t, found, "that the function moved it is no drift")

	require.NoError(t, os.Remove(filepath.Join(stage.Dir(), images.Package)))
	require.NoError(t, stage.Lose())
	steps := len(w.Journal())
	staged.FailOver(t, stage) // on a machine without the function's package
	var ended []string
	for _, step := range w.Journal()[steps:] {
		if strings.HasPrefix(step.Type, "aws:lambda/") || strings.HasPrefix(step.Type, "aws:cloudwatch/event") {
			ended = append(ended, step.Operation+" "+step.Type)
		}
	}
	assert.Equal(t, []string{"delete aws:lambda/function:Function"}, ended, "and that comes last")
	running := w.Launched("us-east-2")
	require.NotEmpty(t, running)
	for _, m := range running {
		assert.Equal(t, newest, m.Image)
	}
	bake(w, "us-east-2", "ami-0000000000000004")
	pass(t, stage, time.Hour)
	assert.Equal(t, newest, launches(w, "us-east-2", "dr"), "a stack that serves is left alone")
}

// TestAnImageTakenBackIsNotLaunched holds that an update writes the launch parameter although its state says so already: it
// was pointed to a newer image since, which is gone.
func TestAnImageTakenBackIsNotLaunched(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	w := stage.World
	putFunction(t, stage)
	bake(w, "us-east-2", "ami-0000000000000001")
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, travels))
	require.NoError(t, w.PutParameter("us-east-2", "/blog/dr/image", "ami-0000000000000002"))
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	_, err = site.Deploy(t.Context(), ops.Run{})
	require.NoError(t, err)
	w.Clock().Advance(time.Minute) // AWS shows an image once it has found it
	assert.Equal(t, "ami-0000000000000001", launches(w, "us-east-2", "dr"))
}
