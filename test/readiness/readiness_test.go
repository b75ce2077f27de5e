// Package readiness holds that check says NO to a site that would not recover, and says why.
package readiness

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

func TestMain(m *testing.M) { staged.Main(m) }

// check is what check finds of a stage, and the codes of what is wrong.
func check(t *testing.T, stage *scenario.Stage) (ready ops.Readiness, codes []string) {
	t.Helper()
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	ready, err = site.Check(t.Context(), ops.ForFailover, "", ops.Run{})
	require.NoError(t, err)
	for _, q := range ready.Requirements {
		if q.OK {
			continue
		}
		codes = append(codes, q.Code)
		assert.NotEmpty(t, q.Seen)
		assert.NotEmpty(t, q.Remedy, q.Seen)
	}
	return ready, codes
}

// edit changes a stack's file.
func edit(t *testing.T, stage *scenario.Stage, stack, old, now string) {
	t.Helper()
	path := filepath.Join(stage.Dir(), "Pulumi."+stack+".yaml")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), old)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), old, now, 1)), 0o600))
}

// TestProductionInUSEast1: AWS has the control planes there that the defaults need, and not what
// is kept warm.
func TestProductionInUSEast1(t *testing.T) {
	t.Parallel()
	o := staged.Options()
	o.ProdRegion = "us-east-1"
	stage, err := scenario.Open(o)
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	require.NoError(t, stage.DeploySite(t.Context()))
	ready, codes := check(t, stage)
	assert.Equal(t, []string{checks.ControlPlaneLost}, codes, ready.Err())
	assert.ErrorContains(t, ready.Err(), "nothing can move the site's name", "init keeps the rest warm")

	edit(t, stage, scenario.Recovery, "pilotlight:keepWarm: [balancer, cache]", "pilotlight:keepWarm: []")
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	ready, codes = check(t, stage)
	assert.Equal(t, []string{checks.ControlPlaneLost}, codes, ready.Err())
	assert.ErrorContains(t, ready.Err(), "nothing can make a balancer, make a Redis group or move the site's name")

	require.NoError(t, stage.Lose())
	report := staged.FailOver(t, stage)
	assert.Contains(t, report.Refusal, "region us-east-1: i/o timeout", "the simulator agrees")
}
