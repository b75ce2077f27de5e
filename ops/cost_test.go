package ops_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/cost"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestCostOfFilesAsTheyAre holds that a bill follows what somebody has written since the site was opened.
func TestCostOfFilesAsTheyAre(t *testing.T) {
	t.Parallel()
	stage, err := scenario.Open(staged.Options())
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	o := stage.Options(stage.Env())
	site, err := ops.OpenSite(o)
	require.NoError(t, err)
	before, err := site.Cost(t.Context(), ops.CostOptions{})
	require.NoError(t, err)
	path := filepath.Join(o.Dir, "Pulumi.dr.yaml")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), "role: standby", "role: active", 1)), 0o600))
	after, err := site.Cost(t.Context(), ops.CostOptions{})
	require.NoError(t, err)
	assert.Greater(t, after.Month, before.Month+100)
}

// TestCostMeasured deploys a site, fills its bucket, and finds in the bill what it has, at live prices.
func TestCostMeasured(t *testing.T) {
	t.Parallel()
	stage, err := scenario.Open(staged.Options())
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	media := func(o ops.CostOptions) (found float64) {
		bill, err := site.Cost(t.Context(), o)
		require.NoError(t, err)
		for _, section := range bill.Stacks {
			for _, line := range section.Lines {
				if line.Part == cost.Media && section.Stack == "prod" {
					found = line.Quantity
				}
			}
		}
		return found
	}
	assert.Zero(t, media(ops.CostOptions{Measured: true}), "never deployed")
	_, err = site.Deploy(t.Context(), ops.Run{})
	require.NoError(t, err)
	sides, err := site.Sides(t.Context())
	require.NoError(t, err)
	for _, side := range sides {
		if side.Config.Stack == "prod" {
			require.NoError(t, stage.World.Put(strings.TrimPrefix(side.State.Published.Bucket, "arn:aws:s3:::"), "film.mp4", 12<<30))
		}
	}
	assert.InDelta(t, 12, media(ops.CostOptions{Measured: true, Live: true}), 1e-9)
	assert.Zero(t, media(ops.CostOptions{}))
}
