// Package live holds that a rehearsal of a site as it stands tells what the failover would do there.
package live

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

func TestMain(m *testing.M) { staged.Main(m) }

// rehearse holds the rehearsal of a stage's site as it stands: the stage is AWS.
func rehearse(t *testing.T, stage *scenario.Stage) *scenario.Report {
	t.Helper()
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	survey, err := site.Survey(t.Context())
	require.NoError(t, err)
	o := staged.Options()
	o.Survey = &survey
	o.Progress = func(line string) { t.Log(line) }
	report, err := scenario.Run(context.WithoutCancel(t.Context()), o)
	require.NoError(t, err)
	return report
}

func TestSteady(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	report := rehearse(t, stage)
	t.Log(report)
	assert.True(t, report.Recovered)
	assert.Empty(t, report.Unread)
}
