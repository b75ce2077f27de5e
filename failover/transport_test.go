package failover

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// traced is what a program puts around its default transport.
type traced struct{ http.RoundTripper }

// TestTransport holds that a program may have wrapped its default transport, and that its own proxy and certificates count
// where it has not. It is not parallel: the default is the process's.
func TestTransport(t *testing.T) {
	was := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = was })
	assert.Same(t, was, New(Env{}, Site{}).env.Transport)

	http.DefaultTransport = traced{was}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	t.Cleanup(server.Close)
	answer, err := New(Env{}, Site{}).get(t.Context(), New(Env{}, Site{}).siteClient(), server.Listener.Addr().String(), "/")
	require.NoError(t, err)
	assert.Equal(t, http.StatusTeapot, answer.Status)
	assert.NotNil(t, New(Env{}, Site{}).env.Transport.Proxy, "a machine may reach the site by its proxy alone")
}
