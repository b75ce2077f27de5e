package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim/server"
)

// pilotlight runs a command line.
func pilotlight(t *testing.T, args ...string) (out string, err error) {
	t.Helper()
	root := newRootCmd(theWorld)
	var stdout bytes.Buffer
	root.SetOut(&stdout)
	root.SetErr(&stdout)
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	return stdout.String(), err
}

func TestSim(t *testing.T) {
	srv, err := server.Serve(server.Options{Dir: filepath.Join(t.TempDir(), "it's a sim"), Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, srv.Close()) })
	t.Setenv(server.Variable, srv.URL())
	nowhere := "site        visitors cannot reach the site: lookup www.example.com: no such host\n"
	for _, step := range []struct{ line, out string }{
		{"sim status", "time        Mon 2 Mar 03:00:00\n" + nowhere + "production  us-west-2\npilot light us-east-2\n"},
		{"sim wait 1h30m", "time        Mon 2 Mar 04:30:00\n" + nowhere + "production  us-west-2\npilot light us-east-2\n"},
		{"sim lose us-west-2 --outage refuse", "time        Mon 2 Mar 04:30:00\n" + nowhere + "production  us-west-2, lost since Mon 2 Mar 04:30:00 (refuse)\npilot light us-east-2\n"},
		{"sim lose us-east-1", "time        Mon 2 Mar 04:30:00\n" + nowhere +
			"production  us-west-2, lost since Mon 2 Mar 04:30:00 (refuse)\npilot light us-east-2\nalso        us-east-1, lost since Mon 2 Mar 04:30:00 (hang)\n"},
		{"sim return us-east-1", "time        Mon 2 Mar 04:30:00\n" + nowhere + "production  us-west-2, lost since Mon 2 Mar 04:30:00 (refuse)\npilot light us-east-2\n"},
		{"sim return us-west-2", "time        Mon 2 Mar 04:30:00\n" + nowhere + "production  us-west-2\npilot light us-east-2\n"},
		{"sim fault lag=12m", "time        Mon 2 Mar 04:30:00\n" + nowhere + "production  us-west-2\npilot light us-east-2\nfault       lag=12m\n"},
		{"sim fault none", "time        Mon 2 Mar 04:30:00\n" + nowhere + "production  us-west-2\npilot light us-east-2\n"},
	} {
		out, err := pilotlight(t, strings.Fields(step.line)...)
		require.NoError(t, err, step.line)
		assert.Equal(t, step.out, out, step.line)
	}
	asJSON, err := pilotlight(t, "sim", "status", "--json")
	require.NoError(t, err)
	var world server.Status
	require.NoError(t, json.Unmarshal([]byte(asJSON), &world))
	assert.Equal(t, "us-west-2", world.ProdRegion)

	for line, says := range map[string]string{
		"sim lose mars": `"mars" is no region of this world`, "sim return us-west-2": "us-west-2 is not lost", "sim fault meteor=1": `there is no fault "meteor=1"`,
	} {
		_, err = pilotlight(t, strings.Fields(line)...)
		assert.ErrorContains(t, err, says)
		assert.Equal(t, 2, exitCode(err), line)
	}

	_, err = pilotlight(t, "status")
	assert.ErrorContains(t, err, "PILOTLIGHT_SIM names a simulated AWS, and this is not its project: go to "+srv.Dir())
	assert.Equal(t, 2, exitCode(err))
	env, err := pilotlight(t, "sim", "env")
	require.NoError(t, err)
	assert.Contains(t, env, "export AWS_ENDPOINT_URL="+srv.URL()+"\n")
	assert.Contains(t, env, `it'\''s a sim/state?metadata=skip'`, "a shell takes it for one word")
}

func TestExitCodesWithoutASite(t *testing.T) {
	for name, tc := range map[string]struct {
		sim  string // PILOTLIGHT_SIM
		line string
		code int
		says string
	}{
		"for others":       {"", "sim serve --listen 0.0.0.0:0", 2, "0.0.0.0 is reached by other machines"},
		"no world named":   {"", "sim status", 1, "PILOTLIGHT_SIM is not set: start pilotlight sim serve"},
		"no world there":   {"http://127.0.0.1:1", "sim status", 1, "no simulated AWS answers at http://127.0.0.1:1: start it with pilotlight sim serve"},
		"no region":        {"", "sim lose", 2, "use it as pilotlight sim lose REGION"},
		"an argument":      {"", "sim serve now", 2, "use it as pilotlight sim serve"},
		"one region":       {"", "sim serve --prod-region us-east-2 --dr-region us-east-2", 2, "name two"},
		"a number":         {"", "failover --accept-data-loss x", 2, `--accept-data-loss is "x": give it a value of the kind EPOCH (accept the loss`},
		"one side":         {"", "media sync --from dr --to dr", 2, `--from is "dr" and --to is "dr": name both sides`},
		"speed backwards":  {"", "sim serve --speed -1", 2, "--speed is -1: set it to 0 or more"},
		"unusable address": {"", "sim serve --listen nowhere --dir " + t.TempDir(), 1, "choose another address with --listen"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(server.Variable, tc.sim)
			_, err := pilotlight(t, strings.Fields(tc.line)...)
			assert.Equal(t, tc.code, exitCode(err))
			assert.ErrorContains(t, err, tc.says)
		})
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "''", "plain-1.2/x_y:z@a+b,c": "plain-1.2/x_y:z@a+b,c", "a=b": "a=b", "=ls": "'=ls'", "~root": "'~root'", "it's": `'it'\''s'`, "$(id)": "'$(id)'",
		"a b": "'a b'", "a;b": "'a;b'", "a\nb": "'a\nb'", "a\rb": "'a\rb'", "%1": "'%1'", "a^b": "'a^b'", "ä": "'ä'", "x?": "'x?'", "!!": "'!!'",
	} {
		assert.Equal(t, want, quote(text))
	}
}
