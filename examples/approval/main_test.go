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

// TestApproval fails a site over through the service: refused without the code of
// the plan, refused while production lives, and done once it is lost.
func TestApproval(t *testing.T) {
	stage := staged.Steady(t, staged.Options())
	stage.World.Clock().Advance(time.Hour)
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	service := newService(t.Context(), site)
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
