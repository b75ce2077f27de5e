package server

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// Client is a served world, as a command uses it. While it is open, simulated
// time passes only as far as it is waited for.
type Client struct {
	url     *url.URL
	dir     string
	engine  map[string]string
	client  *http.Client
	session io.Closer

	mu   sync.Mutex
	last time.Time // that the world told
}

// FromEnvironment connects to the world that the environment names; nil without
// an error when it names none.
func FromEnvironment(ctx context.Context) (*Client, error) {
	address := os.Getenv(Variable)
	if address == "" {
		return nil, nil //nolint:nilnil // this is AWS
	}
	return Connect(ctx, address)
}

// Connect opens a session with a served world. It lasts until Close, or until
// the context ends.
func Connect(ctx context.Context, address string) (*Client, error) {
	at, err := url.Parse(address)
	if err != nil || at.Scheme != "http" || at.Host == "" {
		return nil, fmt.Errorf("%q is no address of a simulated AWS: set %s to what pilotlight sim serve printed, or unset it", address, Variable)
	}
	p := &Client{url: at, last: sim.Epoch, client: &http.Client{
		// Every wait of a failover at once is one connection each.
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
	}}
	res, err := p.send(ctx, http.MethodGet, sessionPath, nil)
	if err != nil {
		return nil, err
	}
	var hello greeting
	err = json.NewDecoder(res.Body).Decode(&hello)
	if err == nil {
		err = hello.check(p.URL())
	}
	if err != nil {
		_ = res.Body.Close() // it was of no use
		return nil, fmt.Errorf("what answers at %s is no simulated AWS: %w", address, err)
	}
	p.dir, p.session = hello.Dir, res.Body
	p.engine = scenario.EngineEnv(hello.Dir, hello.Provider)
	return p, nil
}

// check holds what a server says of itself against what its folder says of it: the
// engine is to work in a folder in which that world was begun, and in no other.
func (g greeting) check(url string) error {
	if g.Provider < 1 || g.Provider > math.MaxUint16 {
		return fmt.Errorf("port %d of its provider is none", g.Provider)
	}
	if !filepath.IsAbs(g.Dir) || filepath.Clean(g.Dir) != g.Dir {
		return fmt.Errorf("%q is not where a project's folder is", g.Dir)
	}
	world, found, err := load(g.Dir)
	switch {
	case err != nil:
		return err
	case !found || !sameAddress(world.URL, url):
		return fmt.Errorf("the folder that it names, %q, holds no world that is served there: use the address that pilotlight sim serve printed, on this machine", g.Dir)
	}
	return nil
}

// sameAddress reports whether two URLs lead to one port of this machine, or are equal.
func sameAddress(one, other string) bool {
	if one == other {
		return true
	}
	a, err := url.Parse(one)
	b, err2 := url.Parse(other)
	return err == nil && err2 == nil && a.Port() == b.Port() && loopback(a.Hostname()) && loopback(b.Hostname())
}

func loopback(host string) bool {
	at, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (at.IsLoopback() || at.IsUnspecified())
}

// Close ends the session.
func (p *Client) Close() {
	_ = p.session.Close() // nothing is read from it
	p.client.CloseIdleConnections()
}

// URL is where the world is served.
func (p *Client) URL() string { return p.url.String() }

// Options open the project in this world.
func (p *Client) Options() ops.Options {
	return ops.Options{Dir: p.dir, EnvVars: maps.Clone(p.engine), Env: failover.Env{
		AWS:       func(_ context.Context, region, _ string) (aws.Config, error) { return wire.Config(region, p), nil },
		Transport: &http.Transport{DialContext: p.dial},
		Sleep:     p.Sleep,
		Lookup:    p.lookup,
		LookupNS:  p.lookupNS,
		Now:       p.now,
	}}
}

// Do sends a request for AWS to the world. It goes over the network as it is, to
// the served address in place of AWS's.
func (p *Client) Do(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.Host = cmp.Or(req.Host, req.URL.Host)
	out.URL.Scheme, out.URL.Host = p.url.Scheme, p.url.Host
	if deadline, ok := req.Context().Deadline(); ok {
		out.Header.Set(limitHeader, time.Until(deadline).String())
	}
	res, err := p.client.Do(out)
	if err != nil {
		return nil, p.unreachable(req.Context(), err)
	}
	why := res.Header.Get(silenceHeader)
	if why == "" {
		return res, nil
	}
	_ = res.Body.Close() // it says the same
	if res.StatusCode == http.StatusGatewayTimeout {
		return nil, context.DeadlineExceeded
	}
	return nil, errors.New(why)
}

// dial connects to a host and port of the simulated internet.
func (p *Client) dial(ctx context.Context, _, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.url.Host)
	if err != nil {
		return nil, p.unreachable(ctx, err)
	}
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if err := req.Write(conn); err != nil {
		return nil, errors.Join(p.unreachable(ctx, err), conn.Close())
	}
	// Nothing is read too far: a server speaks when it was spoken to.
	res, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return nil, errors.Join(p.unreachable(ctx, err), conn.Close())
	}
	defer res.Body.Close() //nolint:errcheck // it is empty
	if res.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("dial tcp %s: %s", address, res.Status), conn.Close())
	}
	return conn, nil
}

// now is the simulated time. A world that went away leaves the last that it told;
// those that wait in it hear of that.
func (p *Client) now() time.Time {
	var text []byte
	res, err := p.send(context.Background(), http.MethodGet, nowPath, nil)
	if err == nil {
		text, err = io.ReadAll(res.Body)
		_ = res.Body.Close() // only read from
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, parsed := time.Parse(time.RFC3339Nano, string(text)); err == nil && parsed == nil {
		p.last = at
	}
	return p.last
}

func (p *Client) lookup(ctx context.Context, host string) (addresses []string, err error) {
	err = p.get(ctx, lookupPath+"?"+url.Values{"host": {host}}.Encode(), &addresses)
	return addresses, err
}

func (p *Client) lookupNS(ctx context.Context, zone string) (servers []string, err error) {
	err = p.get(ctx, serversPath+"?"+url.Values{"zone": {zone}}.Encode(), &servers)
	return servers, err
}

// Status tells how the world is.
func (p *Client) Status(ctx context.Context) (s Status, err error) {
	err = p.get(ctx, statusPath, &s)
	return s, err
}

// Lose makes a region unreachable.
func (p *Client) Lose(ctx context.Context, region string, how sim.How) error {
	return p.post(ctx, losePath, url.Values{"region": {region}, "how": {string(how)}})
}

// Return ends a region's outage.
func (p *Client) Return(ctx context.Context, region string) error {
	return p.post(ctx, returnPath, url.Values{"region": {region}})
}

// Inject lets a fault loose, written name=value.
func (p *Client) Inject(ctx context.Context, fault string) error {
	return p.post(ctx, faultPath, url.Values{"fault": {fault}})
}

// Heal takes all faults back.
func (p *Client) Heal(ctx context.Context) error { return p.post(ctx, healPath, nil) }

// Sleep lets simulated time pass, along with whatever else waits for it.
func (p *Client) Sleep(ctx context.Context, d time.Duration) error {
	return p.post(ctx, sleepPath, url.Values{"for": {d.String()}})
}

// get reads what a path tells.
func (p *Client) get(ctx context.Context, path string, into any) error {
	res, err := p.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // only read from
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return p.unreachable(ctx, err)
	}
	return nil
}

// post has something done, and returns when it is.
func (p *Client) post(ctx context.Context, path string, form url.Values) error {
	res, err := p.send(ctx, http.MethodPost, path, form)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// send asks the control of the world. A refusal is an error, in its words.
func (p *Client) send(ctx context.Context, method, path string, form url.Values) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, p.url.Scheme+"://"+p.url.Host+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("asking the simulated AWS: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := p.client.Do(req)
	if err != nil {
		return nil, p.unreachable(ctx, err)
	}
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	why, err := io.ReadAll(res.Body)
	_ = res.Body.Close() // only read from
	if err != nil {
		return nil, p.unreachable(ctx, err)
	}
	if res.StatusCode == http.StatusBadRequest {
		return nil, &AskedWrongError{strings.TrimSpace(string(why))}
	}
	return nil, errors.New(strings.TrimSpace(string(why)))
}

// AskedWrongError is a request that the world does not understand. It changed nothing.
type AskedWrongError struct {
	Why string // and what to ask instead
}

// Error says why.
func (e *AskedWrongError) Error() string { return e.Why }

// unreachable words that the world is not served, unless the caller cancelled.
func (p *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if request, ok := errors.AsType[*url.Error](err); ok {
		err = request.Err // the rest says what was asked
	}
	return fmt.Errorf("no simulated AWS answers at %s: start it with pilotlight sim serve, or unset %s: %w", p.url, Variable, err)
}
