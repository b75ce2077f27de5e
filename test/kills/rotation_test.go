package kills

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestFailoverInRotation loses production in the middle of a rotation, at points that are spread over
// all at which AWS or a state changes, with -everywhere at all of them. The site fails over, whichever
// secrets its replica knows, and once the lost region is back it is protected by new secrets.
func TestFailoverInRotation(t *testing.T) {
	t.Parallel()
	known := rotation.known(t)
	for n, i := range staged.Sample(len(known.points), 6) {
		t.Run(fmt.Sprintf("%d %s", i, known.points[i].Name), func(t *testing.T) {
			t.Parallel()
			stage := again(t, known.points[i].Moment)
			assert.Equal(t, "visitors are served from us-west-2", stage.Visit())
			require.NoError(t, stage.Lose())
			report := staged.FailOver(t, stage)
			require.True(t, report.Recovered, "%s %s", report.Refusal, report.Serves)
			if n%3 != 0 {
				return // the way back is the same from all of them
			}
			stage.World.ReturnRegion("us-west-2")
			stage.World.Clock().Advance(10 * time.Minute)
			site, err := ops.OpenSite(stage.Options(stage.Env()))
			require.NoError(t, err)
			_, err = site.Reprotect(t.Context(), ops.Run{})
			require.NoError(t, err)
			stage.World.Clock().Advance(time.Hour)
			_, err = site.Rotate(t.Context(), "database", ops.Run{})
			require.NoError(t, err)
			assert.Equal(t, "visitors are served from us-east-2", stage.Visit())
			sides, err := site.Sides(t.Context())
			require.NoError(t, err)
			for _, side := range sides {
				assert.Empty(t, side.State.Published.Rotating)
				assert.Equal(t, sides[0].State.Published.Secrets, side.State.Published.Secrets)
				if side.Config.Stack == scenario.Recovery {
					assert.True(t, side.State.Claim.Generation.PasswordSet)
				}
			}
		})
	}
}
