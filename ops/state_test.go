package ops

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
)

// TestBestCopy holds which copy of a state is brought back, and that no more are read than decide it: a bucket keeps
// thousands.
func TestBestCopy(t *testing.T) {
	t.Parallel()
	const serials = 40
	dir := t.TempDir()
	for i := range serials { // the newest is cut off in its middle, the next is the latest change, as is the one before it
		serial := serials - max(i, 2)
		text := checkpointOf(t, serial)
		if i == 0 {
			text = text[:len(text)/2]
		}
		file := filepath.Join(dir, ".pulumi", "backups", config.Project, "dr", fmt.Sprintf("dr.%02d.json", i))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, text, 0o600))
		at := time.Date(2026, 3, 1, 12, serials-i, 0, 0, time.UTC)
		require.NoError(t, os.Chtimes(file, at, at))
	}
	store, err := backend.OpenStore(t.Context(), "file://"+filepath.ToSlash(dir), dir, nil)
	require.NoError(t, err)
	stored, err := store.StateCopies(t.Context(), config.Project, "dr")
	require.NoError(t, err)
	require.Len(t, stored, serials)

	kept := copies{store: store, stored: stored}
	found, ok := kept.best(t.Context())
	assert.True(t, ok)
	assert.Equal(t, "backup-01", found.ID, "the newest of the latest change")
	found, ok = kept.find(t.Context(), "backup-30")
	assert.True(t, ok)
	assert.Equal(t, 10, found.state.Claim.Serial)
	_, ok = kept.find(t.Context(), "backup-99")
	assert.False(t, ok)

	// One that no site has: a change that is newer than all that came after it.
	late := filepath.Join(dir, ".pulumi", "backups", config.Project, "dr", "dr.39.json")
	require.NoError(t, os.WriteFile(late, checkpointOf(t, 99), 0o600))
	require.NoError(t, os.Chtimes(late, time.Unix(0, 0), time.Unix(0, 0)))
	found, _ = kept.best(t.Context())
	assert.Equal(t, "backup-39", found.ID, "where AWS does not tell its own, all are read")
	kept.record = &roles.Claim{Serial: serials - 2}
	found, _ = kept.best(t.Context())
	assert.Equal(t, "backup-01", found.ID, "as new as AWS: the older ones are not read")
}

// TestRestoreAfterItWasConfirmed holds that no copy is put in the place of a state that was changed, or is being changed, while a
// person was asked.
func TestRestoreAfterItWasConfirmed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		meanwhile func(states string) error
		code      string
		serial    int // of the state afterwards
	}{
		"nothing happens": {func(string) error { return nil }, "", 2},
		"an update begins": {func(states string) error {
			locks := filepath.Join(states, "..", "..", "locks", "organization", config.Project, "dr")
			return errors.Join(os.MkdirAll(locks, 0o700), os.WriteFile(filepath.Join(locks, "1.json"), []byte("{}"), 0o600))
		}, refusal.CodeLocked, 1},
		"an update has ended": {func(states string) error {
			return os.WriteFile(filepath.Join(states, "dr.json"), checkpointOf(t, 3), 0o600)
		}, refusal.CodeState, 3},
		"it is compressed now": {func(states string) error {
			return os.Rename(filepath.Join(states, "dr.json"), filepath.Join(states, "dr.json.gz"))
		}, refusal.CodeState, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, states := aSite(t, nil)
			s.options.Env.AWS = unreached
			backups := filepath.Join(states, "..", "..", "backups", config.Project, "dr")
			require.NoError(t, os.MkdirAll(backups, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(states, "dr.json"), checkpointOf(t, 1), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(backups, "dr.1.json"), checkpointOf(t, 2), 0o600))
			_, err := s.RestoreState(t.Context(), "dr", "", func(StateCopy) error { return tc.meanwhile(states) })
			require.Equal(t, tc.code, refusal.CodeOf(err), err)
			assert.False(t, err != nil && FailureOf(err).Changed)
			now, found, err := s.current(t.Context(), "dr")
			require.NoError(t, err)
			require.True(t, found)
			assert.Equal(t, tc.serial, now.state.Claim.Serial)
		})
	}
}

// checkpointOf is the state of a stack with a claim of some serial.
func checkpointOf(t *testing.T, serial int) []byte {
	t.Helper()
	claim, err := json.Marshal(roles.Claim{Epoch: 1, Role: roles.Active, Serial: serial})
	require.NoError(t, err)
	text, err := json.Marshal(map[string]any{"version": 3, "checkpoint": map[string]any{"latest": map[string]any{
		"resources": []any{map[string]any{
			"urn": "urn:pulumi:dr::pilotlight::pulumi:index:Stash::claim", "type": "pulumi:index:Stash", "custom": true,
			"inputs": map[string]any{"input": string(claim)}, "outputs": map[string]any{"input": string(claim), "output": string(claim)},
		}},
	}}})
	require.NoError(t, err)
	return text
}
