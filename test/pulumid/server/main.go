// Command server is a pulumi command that stays: it runs the commands that come in
// over a socket, many at a time, with the engine's own code. A test saves the start of
// a process for each of them that way, which is most of what a small update costs.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: server SOCKET")
		os.Exit(2)
	}
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() { // the tests hold the other end
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println("listening")
	if err := process.adopt(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Calls to the program and to its hooks tell which command they are for.
	otel.SetTextMapPropagator(propagation.TraceContext{})
	for {
		conn, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go serve(conn)
	}
}

// A request is a command, as somebody else would start a process for it.
type request struct {
	Dir   string   `json:"dir"`
	Env   []string `json:"env"`
	Args  []string `json:"args"`
	Watch bool     `json:"watch"` // the writes of the state, each waits for an answer before and after
}

// A message goes back: some of the output, a write, or the end.
type message struct {
	Out   string `json:"out,omitempty"`
	Err   string `json:"err,omitempty"`
	Write string `json:"write,omitempty"` // before or after
	Code  *int   `json:"code,omitempty"`
}

// An answer is what comes after the request.
type answer struct {
	Interrupt bool `json:"interrupt,omitempty"`
	Resume    bool `json:"resume,omitempty"` // the write that was told of
}

// A client is the other end of a connection, for one command.
type client struct {
	mu      sync.Mutex
	encoder *json.Encoder

	interrupted chan struct{}
	resumed     chan struct{}
	gone        chan struct{}
}

func serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	decoder := json.NewDecoder(bufio.NewReader(conn))
	var r request
	if err := decoder.Decode(&r); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	c := &client{encoder: json.NewEncoder(conn), interrupted: make(chan struct{}), resumed: make(chan struct{}), gone: make(chan struct{})}
	go c.listen(decoder)
	code := run(context.Background(), r, c)
	c.send(message{Code: &code})
}

// listen takes the answers until the client closes the connection.
func (c *client) listen(decoder *json.Decoder) {
	defer close(c.gone)
	interrupt := sync.OnceFunc(func() { close(c.interrupted) })
	for {
		var a answer
		if err := decoder.Decode(&a); err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				fmt.Fprintln(os.Stderr, err)
			}
			return
		}
		if a.Interrupt {
			interrupt()
		}
		if a.Resume {
			c.resumed <- struct{}{}
		}
	}
}

func (c *client) send(m message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.encoder.Encode(m) // a client that has gone misses nothing
}

// written tells of a write and waits until the client has seen it.
func (c *client) written(when string) {
	c.send(message{Write: when})
	select {
	case <-c.resumed:
	case <-c.gone:
	}
}

// stream is an output stream of the command.
type stream func(text string) message

func (c *client) stream(of stream) io.Writer { return writer{c, of} }

type writer struct {
	client *client
	of     stream
}

// Write sends what is printed.
func (w writer) Write(text []byte) (int, error) {
	w.client.send(w.of(string(text)))
	return len(text), nil
}
