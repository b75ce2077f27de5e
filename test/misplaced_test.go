package test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestMisplacedSecretIsNotPrinted holds that neither a site's files nor the program's own refusal give away a secret that was copied, as
// it stands encrypted, to a key whose value is printed.
func TestMisplacedSecretIsNotPrinted(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	o := stage.Options(stage.Env())
	site, err := ops.OpenSite(o)
	require.NoError(t, err)
	opened, err := site.Stack(t.Context(), "dr", false)
	require.NoError(t, err)
	workspace, err := auto.NewLocalWorkspace(t.Context(), auto.WorkDir(o.Dir), auto.EnvVars(o.EnvVars), auto.Pulumi(o.Command))
	require.NoError(t, err)
	require.NoError(t, workspace.SetConfig(t.Context(), "dr", "aws:profile", auto.ConfigValue{Value: "hunter2", Secret: true}))

	_, err = opened.Preview(t.Context(), ops.Run{}) // by the program, which the engine hands what it has decrypted
	require.ErrorContains(t, err, "aws:profile is encrypted: remove it, or write it in plain text if it is no secret")
	assert.NotContains(t, err.Error(), "hunter2")
	_, err = ops.OpenSite(o) // by the file
	require.ErrorContains(t, err, "aws:profile is encrypted: remove it, or write it in plain text if it is no secret")
	assert.NotContains(t, err.Error(), "hunter2")
}
