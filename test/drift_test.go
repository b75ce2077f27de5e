package test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestDrift has somebody work on the standby in the console.
func TestDrift(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	for _, stack := range []string{scenario.Production, scenario.Recovery} {
		found, err := site.Drift(t.Context(), stack, ops.Run{})
		require.NoError(t, err)
		assert.Empty(t, found, "what the program makes, and what AWS does by itself, is no drift")
	}

	const password = "changed-in-the-console"
	stage.World.ByHand(func(o *sim.Object) bool {
		switch {
		case o.Region != "us-east-2":
		case o.Type == "aws:lb/targetGroup:TargetGroup":
			o.Props["slowStart"] = 0.0
		case o.Type == "aws:autoscaling/group:Group":
			return false
		case o.Type == "aws:secretsmanager/secretVersion:SecretVersion":
			o.Props["secretString"] = password
		case o.Type == "aws:rds/instance:Instance":
			tags := map[string]any{"owner": "anna"}
			for key, value := range o.Props["tags"].(map[string]any) {
				tags[key] = value
			}
			o.Props["tags"] = tags
		}
		return true
	})
	before, calls := staged.Changes(stage.World), stage.World.CallsTo("us-west-2")
	ready := ops.Readiness{For: ops.ForFailover, Stack: scenario.Recovery}
	site.CheckDrift(t.Context(), &ready, ops.Run{})
	var told []string
	for _, q := range ready.Requirements {
		assert.Equal(t, !q.OK, q.Code == checks.Drifted, q.Reason)
		assert.NotContains(t, q.Reason, password)
		told = append(told, map[bool]string{true: "ok ", false: "NO "}[q.OK]+q.Reason)
	}
	assert.Equal(t, []string{
		"NO Group blog-dr-instances is gone",
		"NO TargetGroup blog-dr-tg: slowStart is 0, and was 60",
		`NO SecretVersion blog-dr-application: secretString is another than it was: "[secret]"`,
		`ok Instance blog-dr-1-instance: tags.owner is "anna", and was not set; a failover does not use it`,
	}, told, strings.Join(told, "\n"))
	assert.Equal(t, before, staged.Changes(stage.World), "a look changes nothing")
	assert.Equal(t, calls, stage.World.CallsTo("us-west-2"), "the other region is not asked")
}
