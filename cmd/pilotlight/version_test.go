package main

import (
	"bytes"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	commit, clean, changed := debug.BuildSetting{Key: "vcs.revision", Value: "0a1b2c"},
		debug.BuildSetting{Key: "vcs.modified", Value: "false"}, debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	for want, info := range map[string]debug.BuildInfo{
		"v1.2.3, commit 0a1b2c, go1.26":              {GoVersion: "go1.26", Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{commit, clean}},
		"v1.2.3, commit 0a1b2c with changes, go1.26": {GoVersion: "go1.26", Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{changed, commit}},
		"v1.2.3, go1.26":                             {GoVersion: "go1.26", Main: debug.Module{Version: "v1.2.3"}},
		"(devel), go1.26":                            {GoVersion: "go1.26"},
	} {
		assert.Equal(t, want, versionOf(&info))
	}
	root, out := newRootCmd(realAWS), &bytes.Buffer{}
	root.SetOut(out)
	root.SetArgs([]string{"--version"})
	require.NoError(t, root.Execute())
	assert.Equal(t, "pilotlight version "+version()+"\n", out.String())
}
