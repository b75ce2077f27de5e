package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

func TestMain(m *testing.M) { staged.Main(m) }

// TestNoPageOfOthersAsks holds that a web page can't ask through a browser: neither across origins, nor by a name of its own that leads here.
func TestNoPageOfOthersAsks(t *testing.T) {
	t.Parallel()
	const address = "127.0.0.1:8080"
	asked := guard(address, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for name, tc := range map[string]struct {
		host   string
		header http.Header
		code   int
	}{
		"a tool":                     {address, nil, http.StatusNoContent},
		"a person's browser":         {address, http.Header{"Sec-Fetch-Site": {"none"}}, http.StatusNoContent},
		"a page of its own":          {address, http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {"http://" + address}}, http.StatusNoContent},
		"a name that leads here":     {"page.example.com:8080", http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {"http://page.example.com:8080"}}, http.StatusMisdirectedRequest},
		"another port":               {"127.0.0.1:80", nil, http.StatusMisdirectedRequest},
		"no host":                    {"", nil, http.StatusMisdirectedRequest},
		"another origin":             {address, http.Header{"Origin": {"http://page.example.com"}}, http.StatusForbidden},
		"a sandbox":                  {address, http.Header{"Origin": {"null"}}, http.StatusForbidden},
		"another port's page":        {address, http.Header{"Sec-Fetch-Site": {"same-site"}}, http.StatusForbidden},
		"an image of another's page": {address, http.Header{"Sec-Fetch-Site": {"cross-site"}}, http.StatusForbidden},
	} {
		for _, r := range []*http.Request{httptest.NewRequest(http.MethodGet, "/plan", http.NoBody), httptest.NewRequest(http.MethodPost, "/failover?code=x", http.NoBody)} {
			r.Host, r.Header = tc.host, tc.header
			if r.Header == nil {
				r.Header = http.Header{}
			}
			w := httptest.NewRecorder()
			asked.ServeHTTP(w, r)
			assert.Equal(t, tc.code, w.Code, "%s: %s", name, r.Method)
		}
	}
}

// TestApproval fails a site over through the service: refused without the code of
// the plan, refused while production lives, and done once it is lost.
func TestApproval(t *testing.T) {
	stage := staged.Steady(t, staged.Options())
	stage.World.Clock().Advance(time.Hour)
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	service := newServer(t.Context(), "example.com", site).Handler // whom httptest asks
	ask := func(method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		service.ServeHTTP(w, httptest.NewRequest(method, path, http.NoBody))
		return w
	}
	propose := func() (p proposal) {
		w := ask(http.MethodGet, "/plan")
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
		return p
	}
	assert.Equal(t, http.StatusMisdirectedRequest, ask(http.MethodGet, "http://page.example.com/plan").Code)
	assert.Contains(t, propose().Plan.Refusal, "production still serves")
	refused := ask(http.MethodPost, "/failover?code="+propose().Code)
	assert.Equal(t, http.StatusConflict, refused.Code)
	assert.Contains(t, refused.Body.String(), "production still serves")

	require.NoError(t, stage.Lose())
	assert.Equal(t, http.StatusConflict, ask(http.MethodPost, "/failover?code=guessed").Code)
	plan := propose()
	assert.Empty(t, plan.Plan.Refusal)
	done := ask(http.MethodPost, "/failover?code="+plan.Code)
	require.Equal(t, http.StatusOK, done.Code, done.Body)
	var status ops.Status
	require.NoError(t, json.Unmarshal(ask(http.MethodGet, "/status").Body.Bytes(), &status))
	assert.Equal(t, "dr", status.Active)
	assert.Equal(t, 2, status.Epoch)
}
