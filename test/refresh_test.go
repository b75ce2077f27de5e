package test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestProjectThatRefreshes holds that no operation reads all resources first, although the project asks pulumi to.
func TestProjectThatRefreshes(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	file, err := os.OpenFile(filepath.Join(stage.Dir(), "Pulumi.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString("\noptions:\n  refresh: always\n")
	require.NoError(t, err)
	require.NoError(t, file.Close())

	stack, err := stage.Stack(t.Context(), scenario.Recovery, stage.Env())
	require.NoError(t, err)
	for name, operate := range map[string]func(ops.Run) error{
		"preview": func(run ops.Run) error { _, err := stack.Preview(t.Context(), run); return err },
		"up":      func(run ops.Run) error { _, err := stack.Up(t.Context(), run); return err },
		"destroy": func(run ops.Run) error {
			assert.ErrorContains(t, stack.Destroy(t.Context(), run), "destroy-needs-teardown-in-the-configuration")
			return nil
		},
	} {
		heard, read := 0, 0
		require.NoError(t, operate(ops.Run{Event: func(e events.EngineEvent) {
			heard++
			if e.ResourcePreEvent != nil && e.ResourcePreEvent.Metadata.Op == apitype.OpRefresh {
				read++
			}
		}}), name)
		assert.NotZero(t, heard, name)
		assert.Zero(t, read, "%s reads resources first", name)
	}
}
