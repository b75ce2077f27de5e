package failover_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/report"
)

// TestAnswers holds that an instance alone answers for the site: its deep page refuses who brings no token.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{http.StatusForbidden: true, http.StatusServiceUnavailable: false, http.StatusBadGateway: false, http.StatusOK: false, 0: false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(server.Close)
		address := server.Listener.Addr().String()
		if status == 0 {
			server.Close() // nothing listens there
		}
		rt := failover.New(failover.Env{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}}}, failover.Site{Policy: checks.Policy{Names: []string{"www.example.com"}}, DeepPath: "/deep"})
		assert.Equal(t, want, rt.Answers(t.Context()), status)
	}
}

// TestWaitServing asks a real server over HTTP and over TLS, by the site's own name.
func TestWaitServing(t *testing.T) {
	t.Parallel()
	page := checks.DeepPage{OK: true, Epoch: 2, Database: "writable", Media: "mounted", Cache: "none"}
	for name, tc := range map[string]struct {
		spoil       func(*checks.DeepPage)
		heals       int // the look from which on nothing is spoiled
		front       int
		certificate string
		fails       string
	}{
		"healthy":             {heals: 0, front: 200},
		"healthy over TLS":    {heals: 0, front: 200, certificate: "arn:certificate"},
		"heals":               {spoil: func(p *checks.DeepPage) { p.OK, p.Database = false, "read-only" }, heals: 4, front: 200},
		"flickers":            {spoil: func(p *checks.DeepPage) { p.OK = false }, heals: 2, front: 200},
		"stays read-only":     {spoil: func(p *checks.DeepPage) { p.OK, p.Database = false, "read-only" }, heals: 1000, front: 200, fails: "database read-only"},
		"is of another epoch": {spoil: func(p *checks.DeepPage) { p.Epoch = 1 }, heals: 1000, front: 200, fails: "epoch 1 instead of 2"},
		"has no front page":   {heals: 0, front: 500, fails: "front page answers 500"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			looks := 0
			handler := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				assert.Equal(t, "www.example.com", req.Host)
				if req.URL.Path == "/" {
					w.WriteHeader(tc.front)
					return
				}
				p := page
				if looks++; tc.spoil != nil && looks <= tc.heals {
					tc.spoil(&p)
				}
				if !p.OK {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
				assert.NoError(t, json.NewEncoder(w).Encode(p))
			})
			transport := &http.Transport{}
			server := httptest.NewServer(handler)
			if tc.certificate != "" {
				server.Close()
				server = httptest.NewTLSServer(handler)
				transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
			}
			t.Cleanup(server.Close)
			address := server.Listener.Addr().String()
			transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, address)
			}
			now := time.Unix(0, 0)
			rt := failover.New(failover.Env{
				Transport: transport, Now: func() time.Time { return now },
				Sleep: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
			}, failover.Site{Policy: checks.Policy{Names: []string{"www.example.com"}, Epoch: 2, Certificate: tc.certificate}, DeepPath: "/deep", Limits: failover.Limits{Healthy: time.Minute}})
			err := rt.WaitHealthy(t.Context(), "balancer.invalid")
			if tc.fails != "" {
				assert.ErrorContains(t, err, tc.fails)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.heals+3, looks, "healthy three times in a row, and no more")
		})
	}
}

// TestWaitServingPassesHTTPProxiesBy holds that the balancer is asked and not
// whatever the site's name points to, which is where an HTTP proxy would go.
func TestWaitServingPassesHTTPProxiesBy(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		assert.False(t, req.URL.IsAbs(), "a proxy is asked for %s", req.URL)
		assert.NoError(t, json.NewEncoder(w).Encode(checks.DeepPage{OK: true, Epoch: 2}))
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	rt := failover.New(failover.Env{
		Transport: &http.Transport{Proxy: http.ProxyURL(address)},
		Sleep:     func(context.Context, time.Duration) error { return nil },
	}, failover.Site{Policy: checks.Policy{Names: []string{"www.example.com"}, Epoch: 2}, DeepPath: "/deep", Limits: failover.Limits{Healthy: time.Minute}})
	assert.NoError(t, rt.WaitHealthy(t.Context(), address.Host))
}

func TestWaitServingOfASilentBalancer(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	rt := failover.New(failover.Env{
		Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("refused") }},
		Now:       func() time.Time { return now },
		Sleep:     func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
	}, failover.Site{Policy: checks.Policy{Names: []string{"www.example.com"}}, Limits: failover.Limits{Healthy: time.Minute}})
	assert.ErrorContains(t, rt.WaitHealthy(t.Context(), "balancer.invalid"), `last saw "no answer yet"`)
}

// TestFreezeOfAUserThatIgnoresReadOnly holds that a freeze does not go on where the database
// takes writes although it is frozen, and says what to do.
func TestFreezeOfAUserThatIgnoresReadOnly(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		page    string
		refuses bool
	}{
		"bound":   {`{"ok":false,"epoch":3,"frozen":true,"marker":"written","database":"read-only"}`, false},
		"unbound": {`{"ok":false,"epoch":3,"frozen":true,"ignores_read_only":true,"marker":"written","database":"writable"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			looks := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				looks++
				w.WriteHeader(http.StatusServiceUnavailable)
				_, err := io.WriteString(w, tc.page)
				assert.NoError(t, err)
			}))
			t.Cleanup(server.Close)
			now := time.Unix(0, 0)
			env := failover.Env{
				Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
					return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
				}},
				Now:   func() time.Time { return now },
				Sleep: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
			}
			rt := failover.New(env, failover.Site{Policy: checks.Policy{Names: []string{"www.example.com"}, Epoch: 3}, DeepPath: "/deep", Limits: failover.Limits{Healthy: time.Minute}})
			err := rt.WaitReadOnly(t.Context(), "balancer.invalid")
			if !tc.refuses {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "the database takes the writes of WordPress's user although read_only is set")
			require.ErrorContains(t, err, "REVOKE CONNECTION_ADMIN")
			assert.False(t, isTimeout(err), "waiting longer would not help")
			assert.Equal(t, 1, looks)
		})
	}
}

// TestWaitVisitors waits until each of the site's names leads here.
func TestWaitVisitors(t *testing.T) {
	t.Parallel()
	side := func(epoch int) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"ok": true, "epoch": %d}`, epoch)
		}))
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	}
	there, here := side(2), side(3)
	for name, tc := range map[string]struct {
		behind string // the name that leads to the other side
		says   string
	}{
		"all moved":      {"", ""},
		"the domain":     {"www.example.com", "www.example.com: resolvers lead here, the site answers at epoch 2"},
		"a further name": {"example.com", "example.com: resolvers lead here, the site answers at epoch 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Unix(0, 0)
			var step report.Step
			var awaits string
			rt := failover.New(failover.Env{
				Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
					if host, _, _ := net.SplitHostPort(address); host == tc.behind {
						return (&net.Dialer{}).DialContext(ctx, network, there)
					}
					return (&net.Dialer{}).DialContext(ctx, network, here)
				}},
				Now:    func() time.Time { return now },
				Sleep:  func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
				Lookup: func(context.Context, string) ([]string, error) { return []string{"192.0.2.1"}, nil },

				Observe:  func(s report.Step) { step = s },
				Progress: func(of, _ string) { awaits = of },
			}, failover.Site{Policy: checks.Policy{Names: []string{"www.example.com", "example.com"}, Epoch: 3}, DeepPath: "/deep", Limits: failover.Limits{DNS: time.Minute}})
			if err := rt.WaitVisitors(t.Context(), "balancer.invalid"); tc.says == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, "gave up waiting for www.example.com, example.com after 1m0s")
				require.ErrorContains(t, err, tc.says)
			}
			assert.Equal(t, awaits, step.Awaits, "by which the live view knows whose progress it is")
		})
	}
}
