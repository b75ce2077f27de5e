package test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestCallsForTheState counts the calls to S3 that an update makes for its state. Each
// takes a tenth of a second from another continent, and those before the balancer is asked
// for lengthen a failover.
func TestCallsForTheState(t *testing.T) {
	t.Parallel()
	stage, err := scenario.Open(staged.Options())
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	made, err := backend.Bootstrap(t.Context(), backend.Options{
		Site: "blog", Region: "us-west-1", Production: "us-west-2", Recovery: "us-east-2",
		AWS: func(_ context.Context, region, _ string) (aws.Config, error) { return stage.Face().Config(region), nil },
	})
	require.NoError(t, err)
	endpoint, stop, err := stage.Face().Listen()
	require.NoError(t, err)
	t.Cleanup(stop)
	o := stage.Options(stage.Env())
	o.EnvVars["PULUMI_BACKEND_URL"] = made.Login
	o.EnvVars["AWS_ENDPOINT_URL"], o.EnvVars["AWS_ACCESS_KEY_ID"], o.EnvVars["AWS_SECRET_ACCESS_KEY"] = "http://"+endpoint, "AKIASIMULATED", "simulated"
	up := func(name string) []sim.Step {
		t.Helper()
		stack, err := ops.Create(t.Context(), name, o)
		require.NoError(t, err)
		before := len(stage.World.Journal())
		_, err = stack.Up(t.Context(), ops.Run{})
		require.NoError(t, err)
		return stage.World.Journal()[before:]
	}
	up(scenario.Production)
	up(scenario.Recovery)
	up(scenario.Production)
	idle := count(up(scenario.Recovery), "") // the first after a change of role
	t.Logf("an update that changes nothing: %d calls", idle)
	assert.Less(t, idle, 60, "245 while the hooks of resources varied from update to update")

	stage.World.Clock().Advance(time.Hour)
	stage.World.LoseRegion("us-west-2", sim.Refuse)
	stage.World.Clock().Advance(15 * time.Minute)
	staged.SetRole(t, o.Dir, scenario.Recovery, roles.Active)
	failover := up(scenario.Recovery)
	all, before := count(failover, ""), count(failover, "aws:lb/loadBalancer:LoadBalancer")
	t.Logf("a failover: %d calls, %d before the balancer is asked for", all, before)
	assert.Less(t, all, 240, "402 while the hooks varied")
	assert.Less(t, before, 65, "240 while the hooks varied")
}

// TestStateHoldsNoForeignCalls: the engine keeps the calls that led to each resource, and writes the whole state
// at each step. Those of the Automation API and of gRPC below the program were half of it.
func TestStateHoldsNoForeignCalls(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	for _, stack := range []string{scenario.Production, scenario.Recovery} {
		text, err := os.ReadFile(stateFile(t, stage, stack))
		require.NoError(t, err)
		assert.Greater(t, strings.Count(string(text), "stacks/program.go#"), 100, "it keeps those of the program")
		for _, foreign := range []string{"google.golang.org/grpc@", "/auto/stack.go#"} {
			assert.Less(t, strings.Count(string(text), foreign), 10, "%s: only the root has them, which the SDK registers", foreign)
		}
		t.Logf("the state of %s has %d bytes", stack, len(text))
	}
}

// count counts the calls of S3 from the lock of the stack on, up to the creation of a
// resource of a type; empty counts all.
func count(steps []sim.Step, until string) (calls int) {
	locked := false
	for _, step := range steps {
		if until != "" && step.Type == until {
			return calls
		}
		locked = locked || step.Operation == "s3:PutObject" && strings.Contains(step.Name, "/.pulumi/locks/")
		if locked && strings.HasPrefix(step.Operation, "s3:") && step.Region == "us-west-1" {
			calls++
		}
	}
	return calls
}
