package test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestFailoverInTwoTerminals: three operators ask for a failover at once. The one who confirms it last does not
// hear that he did it, and the one who comes while it runs hears of the lock.
func TestFailoverInTwoTerminals(t *testing.T) {
	t.Parallel()
	stage := staged.Disaster(t, staged.Options())
	failover := func(run ops.Run) (ops.Outcome, error) {
		site, err := ops.OpenSite(stage.Options(stage.Env()))
		require.NoError(t, err)
		return site.Failover(t.Context(), ops.Accepted{}, run)
	}
	var first ops.Outcome
	var meanwhile error
	last, err := failover(ops.Run{Confirm: func(ops.Status, []ops.Change) error {
		var once sync.Once
		var err error
		first, err = failover(ops.Run{Progress: func(ops.Progress) {
			once.Do(func() { _, meanwhile = failover(ops.Run{}) })
		}})
		return err
	}})
	require.NoError(t, err)
	assert.Len(t, first.Reports, 1)
	assert.Empty(t, first.NothingToDo)
	assert.Equal(t, refusal.CodeLocked, refusal.CodeOf(meanwhile), meanwhile)
	assert.Equal(t, "another run has done it meanwhile", last.NothingToDo)
	assert.Equal(t, []ops.Change{}, last.Done)
	assert.Equal(t, []string{"commit Pulumi.dr.yaml, which now holds role: active", "pilotlight reprotect, once its region is back"}, last.Next)
	assert.Contains(t, stage.Visit(), "visitors are served from us-east-2")
}
