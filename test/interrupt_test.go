package test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/rehearsal"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestInterrupt has somebody press Ctrl-C. Before the claim nothing has changed;
// after it the report says what to run, and that ends as if nothing had been.
func TestInterrupt(t *testing.T) {
	for name, tc := range map[string]struct {
		at      string // the step that begins as it happens
		claimed bool   // afterwards
	}{
		"before the claim": {"check the standby", false},
		"while promoting":  {"wait for the promotion", true},
	} {
		t.Run(name, func(t *testing.T) {
			o := staged.Options()
			o.EngineRoot = staged.Mortal(t)
			stage := staged.Disaster(t, o)
			before := staged.Changes(stage.World)
			env := stage.Env()
			var once sync.Once
			env.Observe = func(step failover.Step) {
				if strings.HasPrefix(step.Name, tc.at) {
					once.Do(func() { staged.Interrupt(t, o.EngineRoot) })
				}
			}
			report, err := stage.FailOverIn(t.Context(), env)
			require.NoError(t, err)
			require.NotEmpty(t, report.Refusal)
			require.False(t, report.Recovered)
			stack, err := stage.Stack(t.Context(), rehearsal.Recovery, stage.Env())
			require.NoError(t, err)
			assert.Equal(t, tc.claimed, readState(t, stack).claimed())
			if !tc.claimed {
				assert.Equal(t, before, staged.Changes(stage.World), "everything is as it was")
			}
			assert.Contains(t, report.Run.String(), "next        pulumi up -s dr: it carries on")

			report = staged.FailOver(t, stage)
			require.Empty(t, report.Refusal)
			assert.True(t, report.Recovered, report.Serves)
			staged.NothingLeft(t, stage)
		})
	}
}
