package server

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGuard has requests come as web pages, tools and commands send them.
func TestGuard(t *testing.T) {
	t.Parallel()
	const sig = "AWS4-HMAC-SHA256 Credential=AKIASIMULATED/20260302/us-east-2/rds/aws4_request"
	type header map[string]string
	for name, tc := range map[string]struct {
		listen, method, target, host string
		header                       header
		want                         int
	}{
		"a command":                     {"127.0.0.1:4700", "POST", "/sim/lose", "127.0.0.1:4700", nil, 200},
		"by another name":               {"127.0.0.1:4700", "POST", "/sim/lose", "localhost:4700", nil, 200},
		"over IPv6":                     {"[::1]:4700", "GET", "/sim/status", "[::1]:4700", nil, 200},
		"a person's browser":            {"127.0.0.1:4700", "GET", "/sim/status", "127.0.0.1:4700", header{"Sec-Fetch-Site": "none"}, 200},
		"a page's form":                 {"127.0.0.1:4700", "POST", "/sim/lose", "127.0.0.1:4700", header{"Origin": "http://evil.example"}, 403},
		"a page's script":               {"127.0.0.1:4700", "POST", "/sim/fault", "127.0.0.1:4700", header{"Sec-Fetch-Site": "cross-site"}, 403},
		"a page that begins a session":  {"127.0.0.1:4700", "GET", "/sim/session", "127.0.0.1:4700", header{"Sec-Fetch-Site": "cross-site"}, 403},
		"a page on another port":        {"127.0.0.1:4700", "GET", "/sim/session", "127.0.0.1:4700", header{"Sec-Fetch-Site": "same-site"}, 403},
		"a page whose name leads here":  {"127.0.0.1:4700", "GET", "/sim/session", "evil.example:4700", header{"Sec-Fetch-Site": "same-origin"}, 421},
		"that signs for AWS":            {"127.0.0.1:4700", "POST", "/", "evil.example:4700", header{"Authorization": sig}, 421},
		"that signs, across origins":    {"127.0.0.1:4700", "POST", "/", "127.0.0.1:4700", header{"Authorization": sig, "Origin": "http://evil.example"}, 403},
		"a page that asks beforehand":   {"127.0.0.1:4700", "OPTIONS", "/", "127.0.0.1:4700", header{"Origin": "http://evil.example", "Access-Control-Request-Headers": "authorization"}, 403},
		"without a name":                {"127.0.0.1:4700", "GET", "/sim/status", "", nil, 421},
		"by its address elsewhere":      {"127.0.0.1:4700", "GET", "/sim/status", "192.0.2.7:4700", nil, 421},
		"a command, for AWS":            {"127.0.0.1:4700", "POST", "/", "rds.us-east-2.amazonaws.com", header{"Authorization": sig}, 200},
		"the same in China":             {"127.0.0.1:4700", "POST", "/", "rds.cn-north-1.amazonaws.com.cn", header{"Authorization": sig}, 200},
		"a bucket by its name":          {"127.0.0.1:4700", "GET", "/", "media.s3.us-east-2.amazonaws.com", header{"Authorization": sig}, 200},
		"unsigned, for AWS":             {"127.0.0.1:4700", "GET", "/sim/status", "rds.us-east-2.amazonaws.com", nil, 421},
		"almost AWS":                    {"127.0.0.1:4700", "POST", "/", "rds.amazonaws.com.evil.example", header{"Authorization": sig}, 421},
		"the AWS CLI":                   {"127.0.0.1:4700", "POST", "/", "127.0.0.1:4700", header{"Authorization": sig}, 200},
		"the AWS CLI, a bucket's name":  {"localhost:4700", "GET", "/", "media.localhost:4700", header{"Authorization": sig}, 200},
		"a visitor":                     {"127.0.0.1:4700", "GET", "http://www.example.com/", "www.example.com", nil, 200},
		"a visitor's form":              {"127.0.0.1:4700", "POST", "http://www.example.com/", "www.example.com", header{"Origin": "http://www.example.com", "Sec-Fetch-Site": "same-origin"}, 200},
		"a tunnel":                      {"127.0.0.1:4700", "CONNECT", "www.example.com:80", "www.example.com:80", nil, 200},
		"for others, by its name":       {"build.example:4700", "GET", "/sim/status", "build.example:4700", nil, 200},
		"for others, by another":        {"build.example:4700", "GET", "/sim/status", "evil.example:4700", nil, 421},
		"for everybody, by its address": {"0.0.0.0:4700", "GET", "/sim/status", "192.0.2.7:4700", nil, 200},
		"for everybody, by a name":      {":4700", "GET", "/sim/status", "evil.example:4700", nil, 421},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequest(tc.method, tc.target, http.NoBody)
			req.Host = tc.host
			for key, value := range tc.header {
				req.Header.Set(key, value)
			}
			res := httptest.NewRecorder()
			newGuard(Options{Listen: tc.listen}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(res, req)
			assert.Equal(t, tc.want, res.Code, res.Body)
		})
	}
}

// TestTheServerIsGuarded sends what a page could send to a server that runs.
func TestTheServerIsGuarded(t *testing.T) {
	t.Parallel()
	s := served(t)
	before := s.status()
	ask := func(change func(*http.Request)) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+losePath, strings.NewReader("region=us-west-2&how=refuse"))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		change(req)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		res, err := client.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode
	}
	assert.Equal(t, http.StatusForbidden, ask(func(req *http.Request) { req.Header.Set("Origin", "http://evil.example") }))
	assert.Equal(t, http.StatusMisdirectedRequest, ask(func(req *http.Request) { req.Host = "evil.example" }))
	assert.Equal(t, before, s.status())
	assert.Equal(t, http.StatusOK, ask(func(*http.Request) {}))
	assert.NotEmpty(t, s.status().Lost)
}

func TestListeningForOthers(t *testing.T) {
	t.Parallel()
	for listen, ok := range map[string]bool{
		"127.0.0.1:0": true, "127.8.8.8:0": true, "localhost:0": true, "[::1]:0": true,
		":0": false, "0.0.0.0:0": false, "[::]:0": false, "192.0.2.7:0": false,
	} {
		err := checkListen(Options{Listen: listen})
		_, wrong := err.(*AskedWrongError) //nolint:errorlint // nil, or that
		assert.Equal(t, !ok, wrong, listen)
		assert.NoError(t, checkListen(Options{Listen: listen, Remote: true}), listen)
	}
	_, err := Serve(Options{Dir: t.TempDir(), Listen: "0.0.0.0:0"})
	assert.ErrorContains(t, err, "listen on 127.0.0.1, or add --remote if they may")
}

// TestWhatAServerSays has another server answer in the place of a world. What it says
// decides nothing but the folder and a port, and the folder must know of it.
func TestWhatAServerSays(t *testing.T) {
	t.Parallel()
	mine := t.TempDir() // of somebody's, with a world that was served elsewhere
	require.NoError(t, os.WriteFile(filepath.Join(mine, World), []byte(`{"url": "http://127.0.0.1:1"}`), 0o600))
	empty := t.TempDir()
	for name, tc := range map[string]struct {
		hello map[string]any
		says  string
	}{
		"another folder":   {map[string]any{"dir": mine, "provider": 4711}, "holds no world that is served there"},
		"no world":         {map[string]any{"dir": empty, "provider": 4711}, "holds no world that is served there"},
		"a relative path":  {map[string]any{"dir": "sim-site", "provider": 4711}, "is not where a project's folder is"},
		"a crooked path":   {map[string]any{"dir": mine + "/../" + filepath.Base(mine), "provider": 4711}, "is not where a project's folder is"},
		"no provider":      {map[string]any{"dir": mine}, "port 0 of its provider is none"},
		"no port":          {map[string]any{"dir": mine, "provider": 65536}, "port 65536 of its provider is none"},
		"something else":   {map[string]any{"dir": 5}, "cannot unmarshal"},
		"more than a text": {map[string]any{"dir": mine, "provider": "4711,evil:1"}, "cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(tc.hello)
			}))
			defer server.Close()
			_, err := Connect(t.Context(), server.URL)
			assert.ErrorContains(t, err, tc.says)
		})
	}

	// Even with a folder that knows of it.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	own := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(own, World), []byte(`{"url": "http://`+listener.Addr().String()+`"}`), 0o600))
	server := &http.Server{ReadHeaderTimeout: 0, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { //nolint:gosec // a test
		_ = json.NewEncoder(w).Encode(map[string]any{"dir": own, "provider": 4711, "engineEnv": map[string]string{"LD_PRELOAD": "/tmp/evil.so", "PATH": "/tmp/evil"}})
	})}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	p, err := Connect(t.Context(), "http://"+listener.Addr().String())
	require.NoError(t, err)
	defer p.Close()
	env := p.Options().EnvVars
	assert.Equal(t, map[string]string{
		"PULUMI_BACKEND_URL": "file://" + own + "/state?metadata=skip", "PULUMI_HOME": filepath.Join(own, "home"), "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
		"PULUMI_DEBUG_PROVIDERS": "aws:4711", "PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	}, env)
}
