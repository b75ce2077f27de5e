package test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/deploy"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/rehearsal"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestInterrupt has somebody press Ctrl-C. Before the claim nothing has changed;
// after it the report says what to run, and that ends as if nothing had been.
// The engine is left to tidy up: no lock is in the way.
func TestInterrupt(t *testing.T) {
	for name, tc := range map[string]struct {
		at      string // the step that begins as it happens
		claimed bool   // afterwards
	}{
		"before the claim": {"check the standby", false},
		"while promoting":  {"wait for the promotion", true},
	} {
		t.Run(name, func(t *testing.T) {
			stage := staged.Disaster(t, staged.Options())
			before := staged.Changes(stage.World)
			stack, err := stage.Stack(t.Context(), rehearsal.Recovery, stage.Env())
			require.NoError(t, err)
			require.NoError(t, stack.SetRole(t.Context(), stacks.Active))
			ctx, interrupt := context.WithCancel(t.Context())
			var once sync.Once
			result, err := stack.Up(ctx, deploy.Run{Step: func(step failover.Step) {
				if strings.HasPrefix(step.Name, tc.at) {
					once.Do(interrupt)
				}
			}})
			require.ErrorIs(t, err, context.Canceled)
			require.NotNil(t, result.Report)
			assert.Contains(t, result.Report.String(), "next        run the same again, it carries on: pulumi up -s dr")
			assert.Equal(t, tc.claimed, readState(t, stack).claimed())
			if !tc.claimed {
				assert.Equal(t, before, staged.Changes(stage.World), "everything is as it was")
			}

			report := staged.FailOver(t, stage)
			require.Empty(t, report.Refusal)
			assert.True(t, report.Recovered, report.Serves)
			staged.NothingLeft(t, stage)
		})
	}
}
