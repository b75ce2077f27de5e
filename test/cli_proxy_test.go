package test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// dialer connects to a host and port by name.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// serveProxy starts a SOCKS proxy (RFC 1928) that dials by dial, and returns its
// URL for HTTP_PROXY. An HTTP proxy would not do: it goes where the request's
// Host says, and the program asks a new balancer in the name of the site.
func serveProxy(t *testing.T, dial dialer) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil { // closed
				return
			}
			go func() {
				defer client.Close()
				_ = forward(t.Context(), client, dial) // the program sees a broken connection, and says so
			}()
		}
	}()
	return "socks5://" + listener.Addr().String()
}

// forward does what one client of the proxy asks for.
func forward(ctx context.Context, client net.Conn, dial dialer) error {
	address, err := destination(client)
	if err != nil {
		return err
	}
	server, err := dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	if _, err := client.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0}); err != nil { // connected
		return errors.Join(err, server.Close())
	}
	go func() {
		_, _ = io.Copy(server, client) // until the client hangs up
		_ = server.Close()
	}()
	_, err = io.Copy(client, server)
	return errors.Join(err, server.Close())
}

// destination reads where a client wants to go, up to the moment in which it
// waits to be connected.
func destination(client net.Conn) (address string, err error) {
	var greeting [2]byte // version, number of methods
	if _, err := io.ReadFull(client, greeting[:]); err != nil {
		return "", err
	}
	if _, err := io.CopyN(io.Discard, client, int64(greeting[1])); err != nil {
		return "", err
	}
	if _, err := client.Write([]byte{5, 0}); err != nil { // no authentication
		return "", err
	}
	var request [5]byte // version, connect, reserved, kind of address, length of the name
	if _, err := io.ReadFull(client, request[:]); err != nil {
		return "", err
	}
	if request[1] != 1 || request[3] != 3 {
		return "", errors.New("a SOCKS client wants something else than to connect to a name")
	}
	target := make([]byte, int(request[4])+2)
	if _, err := io.ReadFull(client, target); err != nil {
		return "", err
	}
	host, port := target[:len(target)-2], binary.BigEndian.Uint16(target[len(target)-2:])
	return net.JoinHostPort(string(host), strconv.Itoa(int(port))), nil
}
