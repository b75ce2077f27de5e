package staged

import (
	"context"
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

// KillableEngine is an engine root whose pulumi writes the process id of an update beside it: see Kill.
func KillableEngine(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, AloneEngine(root, "echo $$ >"+filepath.Join(root, "pid")))
	return root
}

// AloneEngine makes of a folder an engine root whose pulumi is a process of its own for whatever
// locks a stack, such as an update: it can be killed, and its lock names it. first is what such a process does
// before, in words of the shell. What merely reads has nothing to leave behind: the engine that stays does it,
// since a process of the engine needs half a second of processor before it does anything.
func AloneEngine(root, first string) error {
	shared, err := Server.EngineRoot(context.Background())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(root, "bin"), 0o700); err != nil {
		return err
	}
	script := fmt.Sprintf(`#!/bin/sh
case "$2 $3" in
up\ * | destroy\ * | refresh\ * | stack\ import) ;;
*) exec %q "$@" ;;
esac
%s
exec %q "$@"
`, filepath.Join(shared, "bin", "pulumi"), first, filepath.Join(EngineRoot, "bin", "pulumi"))
	return os.WriteFile(filepath.Join(root, "bin", "pulumi"), []byte(script), 0o700)
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
