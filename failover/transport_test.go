package failover

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
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

// TestAcceptedCertificate holds that a site is seen behind a certificate that was accepted although visitors refuse it, and
// behind no other such.
func TestAcceptedCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that end
	server.StartTLS()
	t.Cleanup(server.Close)
	for risk, taken := range map[string]bool{checks.AcceptStandby: true, checks.AcceptDataLoss: false, "": false} {
		rt := New(Env{Transport: &http.Transport{}}, Site{Policy: checks.Policy{Names: []string{"www.example.net"}, Certificate: "arn:certificate", Accepted: []string{risk}}})
		var said []string
		rt.Say = func(line string) { said = append(said, line) }
		client := rt.siteClient()
		_, _ = rt.get(t.Context(), client, server.Listener.Addr().String(), "/")
		answer, err := rt.get(t.Context(), client, server.Listener.Addr().String(), "/")
		assert.Equal(t, taken, err == nil, "%s: %v", risk, err)
		if taken {
			assert.Equal(t, http.StatusTeapot, answer.Status)
			require.Len(t, said, 1, "it is said once")
			assert.Contains(t, said[0], "browsers refuse the certificate of the site")
		}
	}
}
