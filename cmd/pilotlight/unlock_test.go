package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/ops"
)

// TestUnlock holds that unlock shows whose lock it is, asks, and takes away no lock of a
// process that lives.
func TestUnlock(t *testing.T) {
	t.Parallel()
	here, err := os.Hostname()
	require.NoError(t, err)
	ended := exec.CommandContext(t.Context(), "true")
	require.NoError(t, ended.Run())
	since := time.Now().UTC().Truncate(time.Second) // of a process that is younger it is not known whether it holds the lock
	taken := func(since time.Time, host string, pid int) string {
		text, err := json.Marshal(backend.Lock{PID: pid, User: "amy", Host: host, Since: since})
		require.NoError(t, err)
		return string(text)
	}
	lock := func(host string, pid int) string { return taken(since, host, pid) }
	younger := fmt.Sprintf("process %d is younger than the lock, or this machine's clock was put forward", os.Getpid())
	for name, tc := range map[string]struct {
		locks []string
		line  string
		code  int
		says  []string
		left  int
	}{
		"none":                    {nil, "unlock dr", 0, nil, 0},
		"a living process's":      {[]string{lock(here, os.Getpid())}, "unlock dr --yes", 4, []string{fmt.Sprintf("locked by amy@%s, process %d, since %s UTC", here, os.Getpid(), since.Format(time.DateTime)), "it runs on this machine", "wait for it, or end it with Ctrl-C"}, 1},
		"a younger process's":     {[]string{taken(since.AddDate(-1, 0, 0), here, os.Getpid())}, "unlock dr --yes", 0, []string{younger}, 0},
		"a younger one's, asked":  {[]string{taken(since.AddDate(-1, 0, 0), here, os.Getpid())}, "unlock dr", 4, []string{younger, "unlock needs confirmation"}, 1},
		"a dead process's":        {[]string{lock(here, ended.Process.Pid)}, "unlock dr --yes", 0, []string{"this machine has no such process"}, 0},
		"a dead one's, unasked":   {[]string{lock(here, ended.Process.Pid)}, "unlock dr", 4, []string{"this machine has no such process", "unlock needs confirmation, and stdin is not a terminal: pass --yes"}, 1},
		"another machine's":       {[]string{lock("elsewhere", 1)}, "unlock dr --yes", 0, []string{"locked by amy@elsewhere, process 1, since", "can't be seen from here"}, 0},
		"half written":            {[]string{`{"pid":`}, "unlock dr --yes", 0, []string{"an update that did not say who it is", "can't be seen from here"}, 0},
		"a dead and a living one": {[]string{lock(here, ended.Process.Pid), lock(here, os.Getpid())}, "unlock dr --yes", 4, []string{"it runs on this machine"}, 2},
		"no terminal's":           {[]string{lock("\x1b[2Jelsewhere", 1)}, "unlock dr", 4, []string{`\u001b[2Jelsewhere`}, 1},
		"of a drill":              {nil, "unlock dr-drill", 0, nil, 0},
		"of no stack":             {nil, "unlock mars --yes", 2, []string{"the site has no stack mars"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, state := t.TempDir(), t.TempDir()
			_, err := initWith(t, runInit, enough(dir)...)
			require.NoError(t, err)
			folder := filepath.Join(state, ".pulumi", "locks", "organization", "pilotlight", "dr")
			require.NoError(t, os.MkdirAll(folder, 0o700))
			for i, text := range tc.locks {
				require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.json", i)), []byte(text), 0o600))
			}
			in := func(context.Context) (ops.Options, error) {
				return ops.Options{Dir: dir, EnvVars: map[string]string{"PULUMI_BACKEND_URL": "file://" + state}}, nil
			}
			out, complaints, code := command(t, in, dir, tc.line+" --json")
			assert.Equal(t, tc.code, code, complaints)
			for _, says := range tc.says {
				assert.Contains(t, complaints, says)
			}
			assert.Empty(t, obeyed(complaints))
			assert.Len(t, listed(t, folder), tc.left)
			if code != 0 {
				assert.False(t, failed(t, out).Changed)
				return
			}
			var done unlocked
			require.NoError(t, json.Unmarshal([]byte(out), &done))
			assert.Len(t, done.Locks, len(tc.locks))
			assert.False(t, done.Blind)
		})
	}
}
