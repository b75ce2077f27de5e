package backend

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/user"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stateFile is the file of a state that holds a word.
func stateFile(t *testing.T, end, word string) []byte {
	t.Helper()
	text := []byte(`{"version": 3, "checkpoint": {"latest": {"says": "` + word + `"}}}`)
	var packed bytes.Buffer
	switch end {
	case ".gz":
		w := gzip.NewWriter(&packed)
		_, err := w.Write(text)
		require.NoError(t, err)
		require.NoError(t, w.Close())
	case ".zst":
		w, err := zstd.NewWriter(&packed)
		require.NoError(t, err)
		_, err = w.Write(text)
		require.NoError(t, err)
		require.NoError(t, w.Close())
	default:
		return text
	}
	return packed.Bytes()
}

// storeOf is a store whose folder holds files of a project, by their names.
func storeOf(t *testing.T, files map[string][]byte) *Store {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, ".pulumi", "stacks", "pilotlight", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, text, 0o600))
	}
	store, err := OpenStore(t.Context(), "file://"+filepath.ToSlash(dir), dir, nil)
	require.NoError(t, err)
	return store
}

// read is what the state of stack dr says; found is false where there is none.
func read(t *testing.T, store *Store) (text string, found bool) {
	t.Helper()
	current, found, err := store.Current(t.Context(), "pilotlight", "dr")
	require.NoError(t, err)
	if !found {
		return "", false
	}
	assert.Equal(t, time.UTC, current.Modified.Location())
	deployment, err := store.ReadState(t.Context(), current)
	require.NoError(t, err)
	return string(deployment), true
}

func TestCurrent(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		files []string
		want  string // empty for none
	}{
		"plain":                {[]string{"dr.json", "dr.json.bak", "prod.json", "dr.json.replaced-1"}, "dr.json"},
		"compressed":           {[]string{"dr.json.gz", "dr.json.gz.bak"}, "dr.json.gz"},
		"compressed by zstd":   {[]string{"dr.json.zst"}, "dr.json.zst"},
		"none":                 {[]string{"prod.json"}, ""},
		"an old one beside":    {[]string{"dr.json", "dr.json.gz"}, "dr.json.gz"},
		"the other way around": {[]string{"dr.json.gz", "dr.json"}, "dr.json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string][]byte{}
			for _, file := range tc.files {
				files[file] = stateFile(t, filepath.Ext(file), file)
			}
			store := storeOf(t, files)
			for i, file := range tc.files { // the last is the newest
				at := time.Date(2026, 3, 1, 12, i, 0, 0, time.UTC)
				require.NoError(t, os.Chtimes(store.files.(folder).path(".pulumi/stacks/pilotlight/"+file), at, at))
			}
			text, found := read(t, store)
			require.Equal(t, tc.want != "", found)
			if found {
				assert.JSONEq(t, `{"says": "`+tc.want+`"}`, text)
			}
		})
	}
}

// TestRestoreLeavesOneState holds that a copy which is brought back is the only state, whatever the one before was compressed
// by. That one is kept.
func TestRestoreLeavesOneState(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"", ".gz", ".zst"} {
		for _, now := range []string{"", ".gz", ".zst"} {
			store := storeOf(t, map[string][]byte{
				"dr.json" + before: stateFile(t, before, "damaged"),
				"../../backups/pilotlight/dr/dr.1.json" + now: stateFile(t, now, "whole"),
			})
			copies, err := store.StateCopies(t.Context(), "pilotlight", "dr")
			require.NoError(t, err)
			require.Len(t, copies, 2)
			chosen := copies[0]
			if chosen.Source == SourceCurrent {
				chosen = copies[1]
			}
			require.NoError(t, store.RestoreState(t.Context(), "pilotlight", "dr", chosen))
			text, _ := read(t, store)
			assert.JSONEq(t, `{"says": "whole"}`, text, "%q over %q", now, before)
			copies, err = store.StateCopies(t.Context(), "pilotlight", "dr")
			require.NoError(t, err)
			sources := map[Source]int{}
			for _, c := range copies {
				sources[c.Source]++
			}
			assert.Equal(t, map[Source]int{SourceCurrent: 1, SourceBackup: 1, SourceReplaced: 1}, sources, "%q over %q", now, before)
		}
	}
}

// TestFolderAtHome holds that a folder below ~ is the one that Pulumi takes. It is not parallel: the environment is the process's.
func TestFolderAtHome(t *testing.T) {
	owner, err := user.Current()
	require.NoError(t, err)
	t.Setenv("HOME", t.TempDir())
	for address, want := range map[string]string{"file://~": owner.HomeDir, "file://~/blog/state": filepath.Join(owner.HomeDir, "blog", "state")} {
		store, err := OpenStore(t.Context(), address, t.TempDir(), nil)
		require.NoError(t, err)
		assert.Equal(t, folder(want), store.files)
	}
}
