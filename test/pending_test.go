package test

import (
	"maps"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestPendingOperations has the engine list what a killed update had begun, of every
// kind. Each is told for what it is, once: the next update finds none of them.
func TestPendingOperations(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	file := stateFile(t, stage, scenario.Recovery)
	stack, err := stage.Stack(t.Context(), scenario.Recovery, stage.Env())
	require.NoError(t, err)
	pend(t, file, "aws:ec2/vpc:Vpc", "deleting")
	pend(t, file, "aws:ec2/subnet:Subnet", "updating")
	pend(t, file, "aws:lb/targetGroup:TargetGroup", "creating")
	pend(t, file, "aws:rds/parameterGroup:ParameterGroup", "creating") // that was to take the place of the one that is held
	pend(t, file, "aws:kms/key:Key", "creating", "::blog-dr-gone")

	told := func() (said []string, notes []string) {
		result, err := stack.Up(t.Context(), ops.Run{Say: func(line string) { said = append(said, line) }})
		require.NoError(t, err)
		return said, result.Notes
	}
	said, notes := told()
	all := strings.Join(said, "\n")
	assert.Contains(t, all, "a killed update was deleting Vpc blog-dr")
	assert.Contains(t, all, "a killed update was updating Subnet blog-dr-")
	assert.Contains(t, all, "a killed update was creating TargetGroup blog-dr")
	assert.Contains(t, all, "a killed update was creating Key blog-dr-gone")
	require.Len(t, notes, 3)
	assert.Contains(t, strings.Join(notes, "\n"), "had begun to make ParameterGroup blog-dr-1-parameters, too; the stack uses ", "the engine takes no two of a URN")
	assert.Contains(t, strings.Join(notes, "\n"), "too; the stack uses arn:aws:elasticloadbalancing:")
	assert.Contains(t, strings.Join(notes, "\n"), "had begun to make Key blog-dr-gone: look for it on AWS")

	said, notes = told()
	assert.NotContains(t, strings.Join(said, "\n"), "killed")
	assert.Empty(t, notes)
}

// stateFile is the file of a stack's state.
func stateFile(t *testing.T, stage *scenario.Stage, stack string) string {
	t.Helper()
	address, err := url.Parse(stage.EngineEnv()["PULUMI_BACKEND_URL"])
	require.NoError(t, err)
	return filepath.Join(address.Path, ".pulumi", "stacks", "pilotlight", stack+".json")
}

// pend notes in a state that an operation on the first resource of a type had begun;
// named gives that another name.
func pend(t *testing.T, file, typ, operation string, named ...string) {
	t.Helper()
	found := false
	editState(t, file, func(latest map[string]any) {
		for _, r := range latest["resources"].([]any) {
			resource := r.(map[string]any)
			if found || resource["type"] != typ {
				continue
			}
			found = true
			held := maps.Clone(resource)
			if len(named) > 0 {
				urn := held["urn"].(string)
				held["urn"] = urn[:strings.LastIndex(urn, "::")] + named[0]
			}
			operations, _ := latest["pending_operations"].([]any)
			latest["pending_operations"] = append(operations, map[string]any{"type": operation, "resource": held})
		}
	})
	require.True(t, found, "the state holds no %s", typ)
}
