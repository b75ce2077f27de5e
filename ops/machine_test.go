package ops

import (
	"os/user"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPulumiHome holds that the folder of Pulumi's plugins is found as the engine finds it. It is not parallel: the environment is
// the process's.
func TestPulumiHome(t *testing.T) {
	owner, err := user.Current()
	require.NoError(t, err)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("PULUMI_HOME", "")
	assert.Equal(t, filepath.Join(owner.HomeDir, ".pulumi"), pulumiHome(nil))
	t.Setenv("PULUMI_HOME", "/of/the/process")
	assert.Equal(t, "/of/the/process", pulumiHome(nil))
	assert.Equal(t, "/of/the/engine", pulumiHome(map[string]string{"PULUMI_HOME": "/of/the/engine"}))
}

func TestByProfile(t *testing.T) {
	t.Parallel()
	assert.Empty(t, byProfile("", "night"), "the environment decides")
	assert.Equal(t, ", by aws:profile daily of its file", byProfile("daily", ""))
	assert.Equal(t, ", by aws:profile daily of its file", byProfile("daily", "daily"))
	assert.Equal(t, ", by aws:profile daily of its file, and not by AWS_PROFILE=night", byProfile("daily", "night"))
}
