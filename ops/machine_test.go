package ops

import (
	"os"
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

// TestPluginOnPath holds that check finds the plugin that the engine takes. It is not parallel: the environment is the process's.
func TestPluginOnPath(t *testing.T) {
	folder := t.TempDir()
	plugin := filepath.Join(folder, "pulumi-resource-aws")
	t.Setenv("PATH", folder)
	t.Setenv("PULUMI_HOME", t.TempDir())
	t.Setenv("PULUMI_IGNORE_AMBIENT_PLUGINS", "")
	look := func(env map[string]string) Requirement { return Options{EnvVars: env}.plugin() }
	assert.Equal(t, PluginMissing, look(nil).Code)
	require.NoError(t, os.WriteFile(plugin, nil, 0o600))
	assert.Equal(t, PluginMissing, look(nil).Code, "a file that is no program")
	require.NoError(t, os.Chmod(plugin, 0o700))
	assert.Equal(t, Requirement{Subject: "plugin", OK: true, Reason: "Pulumi's plugin for AWS is " + plugin}, look(nil))
	assert.Equal(t, PluginMissing, look(map[string]string{"PULUMI_IGNORE_AMBIENT_PLUGINS": "true"}).Code)
	t.Setenv("PULUMI_IGNORE_AMBIENT_PLUGINS", "1")
	assert.Equal(t, PluginMissing, look(nil).Code)
	assert.True(t, look(map[string]string{"PULUMI_IGNORE_AMBIENT_PLUGINS": "false"}).OK, "the engine's environment decides")
}

// TestEngineMissing: a machine that has no engine, neither on PATH nor built before, is told. It is not parallel: the environment is the process's.
func TestEngineMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	site := &Site{options: Options{EnvVars: map[string]string{"PULUMI_HOME": t.TempDir()}}}
	found := site.machine(t.Context())[0]
	assert.Equal(t, EngineMissing, found.Code, found.Reason)
	site.options.EngineRoot = "/of/the/tests"
	assert.True(t, site.machine(t.Context())[0].OK)
}

func TestByProfile(t *testing.T) {
	t.Parallel()
	assert.Empty(t, byProfile("", "night"), "the environment decides")
	assert.Equal(t, ", by aws:profile daily of its file", byProfile("daily", ""))
	assert.Equal(t, ", by aws:profile daily of its file", byProfile("daily", "daily"))
	assert.Equal(t, ", by aws:profile daily of its file, and not by AWS_PROFILE=night", byProfile("daily", "night"))
}
