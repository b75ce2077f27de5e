package test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestInterrupt has somebody press Ctrl-C. Before the claim nothing has changed;
// after it the report says what to run, and that ends as if nothing had been.
// The engine is left to tidy up: no lock is in the way.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		at      string // the step that begins as it happens
		claimed bool   // afterwards
	}{
		"before the claim": {"check the standby", false},
		"while promoting":  {"wait for the promotion", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := staged.Disaster(t, staged.Options())
			before := staged.Changes(stage.World)
			stack, err := stage.Stack(t.Context(), scenario.Recovery, stage.Env())
			require.NoError(t, err)
			staged.SetRole(t, stage.Dir(), scenario.Recovery, roles.Active)
			ctx, interrupt := context.WithCancel(t.Context())
			var once sync.Once
			result, err := stack.Up(ctx, ops.Run{Step: func(step report.Step) {
				if strings.HasPrefix(step.Name, tc.at) {
					once.Do(interrupt)
				}
			}})
			require.ErrorIs(t, err, context.Canceled)
			require.NotNil(t, result.Report)
			assert.Contains(t, result.Report.String(), "next        run the same again, it resumes: pulumi up -s dr")
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

// TestInterruptWhileAWSIsSlow interrupts a failover while AWS makes a balancer for as long
// as it likes. The engine is waited for, or killed with all that it started when the wait
// is abandoned. Either way it leaves no lock, and the same command resumes.
func TestInterruptWhileAWSIsSlow(t *testing.T) {
	t.Parallel()
	const stuck = "stuck=elasticloadbalancing:CreateLoadBalancer"
	for name, abandons := range map[string]bool{"waiting for AWS": false, "abandoning the wait": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := staged.CommandLine(stuck)
			command.EngineRoot = staged.KillableEngine(t) // a process for what is interrupted
			stage := staged.Disaster(t, command)
			abandon := make(chan struct{})
			o := stage.Options(stage.Env())
			o.Abandon = abandon
			stack, err := ops.Open(t.Context(), scenario.Recovery, o)
			require.NoError(t, err)
			staged.SetRole(t, stage.Dir(), scenario.Recovery, roles.Active)
			ctx, interrupt := context.WithCancel(t.Context())
			var once, again sync.Once
			var said []string
			_, err = stack.Up(ctx, ops.Run{
				Event: func(e events.EngineEvent) {
					if e.ResourcePreEvent != nil && e.ResourcePreEvent.Metadata.Type == "aws:lb/loadBalancer:LoadBalancer" {
						once.Do(interrupt)
					}
				},
				Say: func(line string) {
					said = append(said, line)
					if !strings.Contains(line, "waiting until AWS has done what it began") {
						return
					}
					again.Do(func() {
						if abandons {
							close(abandon)
						} else {
							go stage.World.Heal()
						}
					})
				},
			})
			require.ErrorIs(t, err, context.Canceled)
			assert.Contains(t, strings.Join(said, "\n"), "create LoadBalancer blog-dr-lb")
			locks, err := stack.Locks(t.Context())
			require.NoError(t, err)
			assert.Empty(t, locks, "nothing is in the way of the next command")
			left, err := filepath.Glob(filepath.Join(stage.Dir(), ".pilotlight", "runs", "*"))
			require.NoError(t, err)
			assert.Empty(t, left)
			made := strings.Contains(string(saved(t, stack)), "loadbalancer/app/blog-dr-lb")
			assert.Equal(t, !abandons, made, "who waits knows what AWS made")

			stage.World.Heal()
			report := staged.FailOver(t, stage)
			require.Empty(t, report.Refusal)
			assert.True(t, report.Recovered, report.Serves)
			staged.NothingLeft(t, stage)
		})
	}
}

func saved(t *testing.T, stack *ops.Stack) []byte {
	t.Helper()
	held, err := stack.Export(t.Context())
	require.NoError(t, err)
	return held
}
