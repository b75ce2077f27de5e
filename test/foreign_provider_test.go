package test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestNothingIsDownloadedForAState holds that a provider which a state names is not downloaded from where it says: who can write
// the state could else have the machine of the next deployment run a program.
func TestNothingIsDownloadedForAState(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.CommandLine())
	var asked atomic.Int32
	theirs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.NotFound(w, nil)
	}))
	defer theirs.Close()
	path := filepath.Join(stage.Dir(), "state", ".pulumi", "stacks", "pilotlight", "dr.json")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	foreign := `{"urn": "urn:pulumi:dr::pilotlight::pulumi:providers:other::other", "custom": true, "id": "5f0b8a3e-0000-4000-8000-000000000000",
		"type": "pulumi:providers:other", "inputs": {"version": "1.0.0", "pluginDownloadURL": "` + theirs.URL + `"}, "outputs": {"version": "1.0.0"}},
		{"urn": "urn:pulumi:dr::pilotlight::other:index:Thing::thing", "custom": true, "id": "thing", "type": "other:index:Thing",
		"provider": "urn:pulumi:dr::pilotlight::pulumi:providers:other::other::5f0b8a3e-0000-4000-8000-000000000000"}, `
	at := bytes.Index(text, []byte(`"resources":[`))
	require.Positive(t, at)
	at += len(`"resources":[`)
	require.NoError(t, os.WriteFile(path, append(append(bytes.Clone(text[:at]), foreign...), text[at:]...), 0o600))

	o := stage.Options(stage.Env())
	o.EnvVars["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "false" // as it is on an operator's machine
	site, err := ops.OpenSite(o)
	require.NoError(t, err)
	stack, err := site.Stack(t.Context(), "dr", false)
	require.NoError(t, err)
	_, err = stack.Preview(t.Context(), ops.Run{})
	assert.ErrorContains(t, err, theirs.URL+": the state names this provider, and nothing of this program uses it")
	_, err = stack.Up(t.Context(), ops.Run{})
	assert.ErrorContains(t, err, theirs.URL+": the state names this provider, and nothing of this program uses it")
	assert.Zero(t, asked.Load())
}
