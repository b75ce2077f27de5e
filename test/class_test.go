package test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestUndeployedChangesWait holds that what is not deployed holds up no failover, and that another database.class takes no database away in a failover: check
// tells it, and the next plain update applies it.
func TestUndeployedChangesWait(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	class := func() string {
		found, err := stage.World.Databases("us-east-2", "blog-dr-1")
		require.NoError(t, err)
		return found[0].Class
	}
	staged.Rewrite(t, stage, scenario.Recovery, "class: db.m6g.large", "class: db.m6g.xlarge")
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	ready, err := site.Check(t.Context(), ops.ForFailover, "", ops.Run{})
	require.NoError(t, err)
	require.NoError(t, ready.Err())
	var told []string
	for _, q := range ready.Requirements {
		if q.Subject == "deployment" {
			told = append(told, q.Reason)
		}
	}
	require.Len(t, told, 1, "instances start with as many processes as the class that is there has connections for")
	assert.Contains(t, told[0], "database blog-dr-1 is a db.m6g.large, and database.class is db.m6g.xlarge: a failover serves from it as it is")

	// S3 looks at the lost region's bucket when a rule changes, and CloudWatch refuses an alarm once the site serves.
	staged.Rewrite(t, stage, scenario.Recovery, "pilotlight:role: standby", "pilotlight:role: standby\n  pilotlight:media: {storageClass: STANDARD, timeControl: true}")
	require.NoError(t, stage.Lose())
	staged.Inject(t, stage, "error=cloudwatch:PutMetricAlarm:LimitExceededFault")
	refused := staged.FailOver(t, stage)
	assert.True(t, refused.Recovered, refused.Serves)
	assert.Contains(t, refused.Refusal, "LimitExceeded")
	assert.NotContains(t, refused.Refusal, "ReplicationConfig")
	resumed := staged.FailOver(t, stage)
	assert.Empty(t, resumed.Refusal)
	assert.Equal(t, "db.m6g.large", class(), "the rest of a failover leaves it, too")
	stage.World.ReturnRegion("us-west-2")
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	assert.Equal(t, "db.m6g.xlarge", class())
}
