package kills

import (
	"archive/zip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/images"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestFunctionTakenOver kills the update that makes the function which brings images, as soon as Lambda has accepted it, or what lets
// events run it. AWS takes no two of a name, so the next update takes it over, and reads it again: of a package the state has the hash alone then.
func TestFunctionTakenOver(t *testing.T) {
	t.Parallel()
	stage := steady(t)
	for region, id := range map[string]string{"us-west-2": "ami-0000000000000001", "us-east-2": "ami-0000000000000002"} {
		stage.World.PutImage(region, sim.Image{
			ID: id, Name: "blog " + id, Created: stage.World.Clock().Now(), Architecture: "x86_64", BootMode: "uefi-preferred", Tags: map[string]string{images.SiteTag: "blog"},
		})
	}
	file, err := os.Create(filepath.Join(stage.Dir(), images.Package))
	require.NoError(t, err)
	archive := zip.NewWriter(file)
	_, err = archive.Create("bootstrap")
	require.NoError(t, err)
	require.NoError(t, archive.Close())
	require.NoError(t, file.Close())
	start, err := staged.Keep(stage, filepath.Join(scratch, "without the function"))
	require.NoError(t, err)
	travels := map[string]string{"app": "{}", "images": `{"sync": true}`}
	points, done := staged.Points(t, start, filepath.Join(scratch, "with the function"), func(stage *scenario.Stage) {
		require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, travels))
	})
	for _, typ := range []string{"aws:lambda/function:Function", "aws:lambda/permission:Permission"} {
		at := slices.IndexFunc(points, func(p staged.Point) bool { return strings.Contains(p.Name, "accepted create "+typ) })
		require.GreaterOrEqual(t, at, 0, typ)

		killed := again(t, points[at].Moment)
		made := staged.Inventory(killed.World)
		assert.Equal(t, 1, made["us-east-2 "+typ], "it is there, and no state holds it")
		steps := len(killed.World.Journal())
		require.NoError(t, staged.Up(t, killed, killed.Env(), scenario.Recovery, nil))
		for _, step := range killed.World.Journal()[steps:] {
			assert.NotEqual(t, "create "+typ, step.Operation+" "+step.Type)
		}
		assert.Equal(t, staged.Inventory(done.World), staged.Inventory(killed.World))
		staged.NothingLeft(t, killed)
	}
}
