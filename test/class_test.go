package test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestAFailoverChangesNoClass holds that a database.class that is not deployed takes no database away in a failover: check
// tells it, and the next plain update applies it.
func TestAFailoverChangesNoClass(t *testing.T) {
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

	require.NoError(t, stage.Lose())
	assert.Empty(t, staged.FailOver(t, stage).Refusal)
	assert.Equal(t, "db.m6g.large", class())
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	assert.Equal(t, "db.m6g.xlarge", class())
}
