package test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// zoneOf is the hosted zone of a balancer, which the console fills in for a person.
func zoneOf(t *testing.T, w *sim.World, balancer string) any {
	t.Helper()
	var state struct {
		Objects map[string]struct{ Props map[string]any }
	}
	require.NoError(t, json.Unmarshal(w.Snapshot(), &state))
	for _, o := range state.Objects {
		if o.Props["dnsName"] == balancer {
			return o.Props["zoneId"]
		}
	}
	t.Fatalf("there is no balancer %s", balancer)
	return nil
}

// TestManualDNS fails over where a person moves the site's name: the update says
// what to set and waits, gives up in its time, and waits again when asked again.
func TestManualDNS(t *testing.T) {
	t.Parallel()
	stage := staged.Disaster(t, staged.Options())
	dr := func(env failover.Env) *ops.Stack {
		stack, err := stage.Stack(t.Context(), scenario.Recovery, env)
		require.NoError(t, err)
		return stack
	}
	staged.Set(t, stage.Dir(), scenario.Recovery, "dns", `{"mode": "manual"}`)
	staged.SetRole(t, stage.Dir(), scenario.Recovery, roles.Active)

	var said []string
	listen := ops.Run{Event: func(e events.EngineEvent) {
		if d := e.DiagnosticEvent; d != nil {
			said = append(said, ops.Plain(d.Message))
		}
	}}
	_, err := dr(stage.Env()).Up(t.Context(), listen)
	require.ErrorContains(t, err, "gave up waiting for www.example.com after 15m")
	balancer, ok := staged.Outputs(t, stage, scenario.Recovery)[stacks.OutputBalancer].(string)
	require.True(t, ok)
	assert.Contains(t, strings.Join(said, "\n"), "now set the record of www.example.com: an alias (A) of, or a CNAME to, "+balancer)
	assert.ErrorContains(t, err, "the site does not answer", "the region that the name still leads to is lost")

	// Somebody reads it, and takes three minutes.
	env := stage.Env()
	var waiting atomic.Pointer[time.Time]
	env.Observe = func(step report.Step) {
		if step.Milestone == report.Verified && step.End.IsZero() {
			waiting.Store(&step.Begin)
		}
	}
	sleep := env.Sleep
	env.Sleep = func(ctx context.Context, d time.Duration) error {
		if since := waiting.Load(); since != nil && env.Now().Sub(*since) > 3*time.Minute && waiting.CompareAndSwap(since, nil) {
			_, err := stage.World.Create(ctx, sim.Call{Region: "us-east-2", Type: "aws:route53/record:Record", Name: "by hand", Inputs: map[string]any{
				"zoneId": "Z00000000000000000000", "name": "www.example.com", "type": "A", "allowOverwrite": true,
				"aliases": []any{map[string]any{"name": balancer, "zoneId": zoneOf(t, stage.World, balancer), "evaluateTargetHealth": true}},
			}})
			if err != nil {
				return err
			}
		}
		return sleep(ctx, d)
	}
	reported, err := stage.FailOverIn(t.Context(), env)
	require.NoError(t, err)
	require.Empty(t, reported.Refusal)
	assert.True(t, reported.Recovered, reported.Serves)
	assert.Contains(t, reported.Run.Reached, report.Switched)
	staged.NothingLeft(t, stage)
}
