package roundtrip

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestMediaOfARebuild uploads until production is lost. What had no time to be
// copied is named when production comes back, and arrives by itself; what was
// uploaded meanwhile, too.
func TestMediaOfARebuild(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	bucket := func(stack string) string {
		name, ok := staged.Outputs(t, stage, stack)[stacks.OutputMedia].(string)
		require.True(t, ok)
		return name
	}
	prod, dr := bucket(scenario.Production), bucket(scenario.Recovery)
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, map[string]string{"media": `{"timeControl": true}`}))
	put := func(bucket, key string) { require.NoError(t, stage.World.Put(bucket, key, 1000)) }
	held := func(region, bucket string) (keys []string) {
		uploads, err := stage.World.Uploads(region, bucket)
		require.NoError(t, err)
		for _, u := range uploads {
			keys = append(keys, u.Key)
		}
		return keys
	}
	put(prod, "early.jpg")
	stage.World.Clock().Advance(time.Hour)
	put(prod, "late.jpg")
	stage.World.Clock().Advance(time.Minute)
	stage.World.LoseRegion("us-west-2", "refuse")
	stage.World.Clock().Advance(15 * time.Minute)
	reported := staged.FailOver(t, stage)
	require.Empty(t, reported.Refusal)
	assert.Equal(t, []string{"early.jpg"}, held("us-east-2", dr))
	assert.Contains(t, reported.Run.Verdict.Media, "S3 had yet to copy 1 of the uploads", "S3 measures that where the copies go")
	put(dr, "meanwhile.jpg")

	stage.World.ReturnRegion("us-west-2")
	env := stage.Env()
	var rebuild report.Report
	env.Report = func(r report.Report) { rebuild = r }
	require.NoError(t, staged.Up(t, stage, env, scenario.Production, map[string]string{"role": "standby"}))
	require.NotNil(t, rebuild.Media)
	assert.Equal(t, []string{"late.jpg"}, rebuild.Media.FirstMissing)
	assert.Contains(t, rebuild.String(), "(late.jpg …): copy them with pilotlight media sync --from prod --to dr")

	stage.World.Clock().Advance(time.Hour)
	for region, bucket := range map[string]string{"us-west-2": prod, "us-east-2": dr} {
		assert.Equal(t, []string{"early.jpg", "late.jpg", "meanwhile.jpg"}, held(region, bucket), region)
	}
}
