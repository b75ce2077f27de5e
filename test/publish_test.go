package test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestPublishedCheck has a check say yes, and a day later no, and looks for both where others read them.
func TestPublishedCheck(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	check := func() ops.Readiness {
		ready, err := site.Check(t.Context(), ops.ForFailover, "", ops.Run{})
		require.NoError(t, err)
		return ready
	}
	values := func(metric string) (all []float64) {
		for _, v := range stage.World.Metrics("us-east-2", "Pilotlight "+metric) {
			assert.Equal(t, map[string]string{"Site": "blog", "Stack": scenario.Recovery}, v.Dimensions)
			all = append(all, v.Value)
		}
		return all
	}
	status, err := site.Status(t.Context())
	require.NoError(t, err)
	assert.Nil(t, status.LastPublished)

	first, err := site.Publish(t.Context(), check())
	require.NoError(t, err)
	assert.True(t, first.Ready)
	require.NotNil(t, first.Recover)
	assert.Equal(t, []float64{1}, values("Ready"))
	assert.Equal(t, []float64{first.Recover.Most.Seconds()}, values("TimeToRecover"))
	require.NotNil(t, first.LossSeconds)

	stage.World.Clock().Advance(24 * time.Hour)
	staged.Inject(t, stage, "image=missing")
	second, err := site.Publish(t.Context(), check())
	require.NoError(t, err)
	assert.False(t, second.Ready)
	assert.Equal(t, []string{"image"}, second.Missing)
	assert.Equal(t, []float64{1, 0}, values("Ready"))
	status, err = site.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, &second, status.LastPublished)

	assert.Equal(t, []any{2, ""}, []any{second.Serving, second.ServingUnread})

	stage.World.Clock().Advance(time.Hour)
	staged.Inject(t, stage, "error=autoscaling:DescribeAutoScalingGroups:AccessDenied:99", "error=cloudwatch:PutMetricData:AccessDenied:99")
	third, err := site.Publish(t.Context(), check())
	require.ErrorContains(t, err, "AccessDenied")
	assert.Zero(t, third.Serving)
	assert.Contains(t, third.ServingUnread, "with how many instances us-west-2 (prod) serves could not be read, so a failover goes by earlier checks: AccessDenied")
	all, err := site.PublishedChecks(t.Context(), 2)
	require.NoError(t, err)
	assert.Equal(t, []ops.PublishedCheck{third, second}, all, "what one place refuses the other keeps")
}
