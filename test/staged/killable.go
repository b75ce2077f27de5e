package staged

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// Inventory counts the resources of a world by type and region.
func Inventory(w *sim.World) map[string]int {
	var state struct {
		Objects map[string]struct{ Type, Region string }
	}
	if err := json.Unmarshal(w.Snapshot(), &state); err != nil {
		panic(err)
	}
	count := map[string]int{}
	for _, o := range state.Objects {
		count[o.Region+" "+o.Type]++
	}
	return count
}

// KillableEngine is an engine root whose pulumi writes its process id beside it: see Kill.
func KillableEngine(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "bin"), 0o700))
	script := fmt.Sprintf("#!/bin/sh\necho $$ >%q\nexec %q \"$@\"\n", filepath.Join(root, "pid"), filepath.Join(EngineRoot, "bin", "pulumi"))
	require.NoError(t, os.WriteFile(filepath.Join(root, "bin", "pulumi"), []byte(script), 0o700))
	return root
}

// Kill ends the engine that runs from root, without a chance to tidy up.
func Kill(t *testing.T, root string) {
	t.Helper()
	pid, err := os.ReadFile(filepath.Join(root, "pid"))
	require.NoError(t, err)
	_, err = strconv.Atoi(strings.TrimSpace(string(pid)))
	require.NoError(t, err)
	require.NoError(t, exec.Command("kill", "-KILL", strings.TrimSpace(string(pid))).Run())
}
