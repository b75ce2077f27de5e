package test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// longest is how long the longest operation on a type took since a time.
func longest(stage *scenario.Stage, operation, typ string, since time.Time) (took time.Duration) {
	for _, step := range stage.World.Journal() {
		if step.Operation == operation && step.Type == typ && !step.Begin.Before(since) {
			took = max(took, step.End.Sub(step.Begin))
		}
	}
	return took
}

// TestRaisedMinimum raises app.min: while the site is scaled out, when nothing has to be
// launched, and later, when that fails at first.
func TestRaisedMinimum(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	staged.Inject(t, stage, "load=high")
	stage.World.Clock().Advance(10 * time.Minute)
	began := stage.World.Clock().Now()
	staged.Rewrite(t, stage, scenario.Production, "min: 2", "min: 3")
	require.NoError(t, up(t, stage, scenario.Production, nil))
	assert.Less(t, longest(stage, "update", "aws:autoscaling/group:Group", began), 30*time.Second)

	stage.World.Heal()
	staged.Inject(t, stage, "launches=quota")
	staged.Rewrite(t, stage, scenario.Production, "min: 3", "min: 7")
	staged.Rewrite(t, stage, scenario.Production, "max: 6", "max: 8")
	err := up(t, stage, scenario.Production, nil)
	require.ErrorContains(t, err, "6 of 7 instances in service, launching fails: You have requested more vCPU capacity")
	require.ErrorContains(t, err, "ask for a higher quota of EC2 vCPUs in this region")
	stage.World.Heal()
	require.NoError(t, up(t, stage, scenario.Production, nil))
	stage.World.Clock().Advance(time.Hour) // another maximum has PHP's processes shared out anew, and so all instances replaced
	groups := stage.World.ScalingGroups("us-west-2")
	require.Len(t, groups, 1)
	assert.Len(t, groups[0].Machines, 7)
}
