package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
)

// TestReplacedInstancesAreTold holds that a plan says that instances would be replaced, and status how far they are.
func TestReplacedInstancesAreTold(t *testing.T) {
	t.Parallel()
	const replaced = "those that run are replaced one by one, each once a new one is healthy"
	plan := ops.Plan{Change: ops.Change{Stack: "prod"}, ReplacesInstances: true}
	assert.Contains(t, planText("update of stack prod", plan), "instances  "+replaced+"\n")
	assert.Contains(t, planMarkdown("update of stack prod", plan), "Instances: "+replaced+".\n")
	plan.ReplacesInstances = false
	assert.NotContains(t, planText("", plan)+planMarkdown("", plan), replaced)

	side := ops.SideStatus{Stack: "prod", Rollout: &checks.Rollout{Status: "InProgress", Began: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Percent: 50}}
	assert.Contains(t, statusText(ops.Status{Sides: []ops.SideStatus{side}}), "    instances  being replaced one by one since 2026-03-01 12:00:00 UTC, 50 % so far\n")
}
