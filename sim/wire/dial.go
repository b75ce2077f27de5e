package wire

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/pilotlight-dr/pilotlight/sim"
)

type dialedKey struct{}

// DialContext connects to a host and port of the simulated internet, for
// http.Transport: unlike a proxy it lets a request go to one host in the name of
// another. At port 443 it speaks HTTPS, as Transport does.
func (f *Face) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case f.dialed.waiting <- dialed{Conn: far, to: address, by: ctx}:
		return near, nil
	case <-f.dialed.closed:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// dialed is a connection that knows where it was meant to go, and for whom.
type dialed struct {
	net.Conn
	to string
	by context.Context //nolint:containedctx // for the hold in it
}

// pipes is a listener for connections inside the process.
type pipes struct {
	waiting chan dialed
	closed  chan struct{}
	close   func()
	far     func(dialed) (net.Conn, error)
}

func newPipes(far func(dialed) (net.Conn, error)) *pipes {
	p := &pipes{waiting: make(chan dialed), closed: make(chan struct{}), far: far}
	p.close = sync.OnceFunc(func() { close(p.closed) })
	return p
}

func (p *pipes) serve(h http.Handler) {
	silent := log.New(io.Discard, "", 0) // a client that hangs up in a handshake is no news
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, ErrorLog: silent, ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		if secure, ok := c.(secured); ok {
			c = secure.dialed
		}
		d := c.(dialed)
		return context.WithValue(sim.Carry(d.by, ctx), dialedKey{}, d.to)
	}}
	go func() {
		_ = server.Serve(p) // ends with close
		_ = server.Close()
	}()
}

// Accept is for http.Server.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.waiting:
		return p.far(c)
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close is for http.Server.
func (p *pipes) Close() error {
	p.close()
	return nil
}

// Addr is for http.Server.
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "simulated", Net: "pipe"} }
