package kills

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestFirstDeploymentKilled kills the first deployment of a site. The next one takes over what AWS has made, and what is
// destroyed afterwards leaves as little as ever.
func TestFirstDeploymentKilled(t *testing.T) {
	t.Parallel()
	nothing, err := scenario.Open(staged.Options())
	require.NoError(t, err)
	t.Cleanup(nothing.Close)
	start, err := staged.Keep(nothing, filepath.Join(scratch, "nothing"))
	require.NoError(t, err)
	points, stage := staged.Points(t, start, filepath.Join(scratch, "first deployment"), func(stage *scenario.Stage) {
		_, err := site(t, stage).Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
	})
	t.Logf("it may be killed at %d points", len(points))
	deployed := withoutOrphans(inventory(stage))
	_, err = site(t, stage).Destroy(t.Context(), ops.Run{})
	require.NoError(t, err)
	destroyed := inventory(stage)
	of := make([]string, len(points))
	for i, at := range points {
		of[i] = at.Name
	}
	alias := slices.IndexFunc(of, func(name string) bool { return strings.Contains(name, "accepted create aws:kms/alias:Alias") })
	require.GreaterOrEqual(t, alias, 0, "AWS takes no two aliases of a name, so the first has to be taken over")
	for _, i := range append(staged.Sample(len(points), 4), alias) {
		t.Run(fmt.Sprintf("%d %s", i, points[i].Name), func(t *testing.T) {
			t.Parallel()
			stage := again(t, points[i].Moment)
			_, err := site(t, stage).Deploy(t.Context(), ops.Run{})
			require.NoError(t, err)
			assert.Equal(t, deployed, withoutOrphans(inventory(stage)))
			_, err = site(t, stage).Destroy(t.Context(), ops.Run{})
			require.NoError(t, err)
			assert.Equal(t, destroyed, inventory(stage))
		})
	}
}

func site(t *testing.T, stage *scenario.Stage) *ops.Site {
	t.Helper()
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	return site
}

// inventory is what AWS holds, but for keys: they are kept on purpose, and one that a killed update had asked for is named.
func inventory(stage *scenario.Stage) map[string]int {
	all := staged.Inventory(stage.World)
	maps.DeleteFunc(all, func(what string, _ int) bool { return strings.HasSuffix(what, "aws:kms/key:Key") })
	return all
}

// withoutOrphans is an inventory but for what only a destroy ends.
func withoutOrphans(inventory map[string]int) map[string]int {
	maps.DeleteFunc(inventory, func(what string, _ int) bool {
		_, typ, _ := strings.Cut(what, " ")
		return slices.Contains(orphans, typ)
	})
	return inventory
}
