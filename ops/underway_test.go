package ops

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/config"
)

// TestALockThatAnEngineCouldNotRelease holds that the next run of the folder releases the lock of an engine that ended by itself and
// left it, as it does where the state's bucket takes no deletion at that moment. A lock that was taken after the engine
// had ended is another machine's.
func TestALockThatAnEngineCouldNotRelease(t *testing.T) {
	t.Parallel()
	const dead = 1<<22 + 1 // above the largest process id
	for name, tc := range map[string]struct {
		taken    time.Duration // from the end of the engine
		ends     bool          // by itself
		host     string
		released bool
	}{
		"an engine that ended":                  {-time.Minute, true, hostname(), true},
		"an engine that was killed":             {-time.Minute, false, hostname(), true},
		"another's of the same name, later":     {time.Minute, true, hostname(), false},
		"another machine's":                     {-time.Minute, true, hostname() + "-b", false},
		"another machine's, while ours was not": {-time.Minute, false, hostname() + "-b", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.Mkdir(filepath.Join(dir, "state"), 0o700))
			s := &Stack{options: Options{Dir: dir, EnvVars: map[string]string{"PULUMI_BACKEND_URL": "file://" + dir + "/state"}}, observer: &observer{}}
			store, err := s.store(t.Context())
			require.NoError(t, err)
			s.engineBegins(dead)
			require.NoError(t, store.PutLock(t.Context(), config.Project, s.Name(), backend.Lock{PID: dead, User: "ann", Host: tc.host, Since: time.Now().Add(tc.taken)}))
			if tc.ends {
				s.engineEnds(dead)
			}
			elsewhere := filepath.Join(dir, runsFolder, s.Name()+"-7")
			require.NoError(t, os.WriteFile(elsewhere, []byte("another machine"+ended+"2026-03-02T03:00:00Z"), 0o600))
			others := filepath.Join(dir, runsFolder, s.Name()+"-dr-7") // of a stack whose name begins with this one's
			require.NoError(t, os.WriteFile(others, []byte("another machine"+ended+"2026-03-02T03:00:00Z"), 0o600))
			var said []string
			s.releaseLeftLocks(t.Context(), Run{Say: func(line string) { said = append(said, line) }})
			left, err := s.Locks(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tc.released, len(left) == 0, "%v", left)
			assert.Equal(t, tc.released, len(said) == 1, "%q", said)
			assert.Empty(t, engines(dir, s.Name()), "what was seen to have left none is forgotten")
			assert.FileExists(t, others)
		})
	}
}
