// Package wire is what a client says to the server of pulumi commands, see package
// pulumid. It uses the standard library only: a client has to start at once.
package wire

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
)

// Socket is the name of the server's socket in its folder.
const Socket = "socket"

// A Request is a command of pulumi, as the start of a process has it.
type Request struct {
	Dir   string   `json:"dir"`
	Env   []string `json:"env"`
	Args  []string `json:"args"`
	Watch bool     `json:"watch"` // the server asks before and after each write of a state
}

// message comes from the server: some output, a write, or the end.
type message struct {
	Out   string `json:"out"`
	Err   string `json:"err"`
	Write string `json:"write"` // before or after
	Code  *int   `json:"code"`
}

// answer follows the request.
type answer struct {
	Interrupt bool `json:"interrupt,omitempty"`
	Resume    bool `json:"resume,omitempty"`
}

// Run has a server run a command and returns its exit code. It interrupts the command
// when ctx ends, and waits for it. write is called before and after each write of a
// stack's state, which waits for it; nil disables it.
func Run(ctx context.Context, socket string, r Request, out, errOut io.Writer, write func(after bool)) (code int, err error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	var mu sync.Mutex
	encoder := json.NewEncoder(conn)
	send := func(v any) error {
		mu.Lock()
		defer mu.Unlock()
		return encoder.Encode(v)
	}
	r.Watch = write != nil
	if err := send(r); err != nil {
		return 0, err
	}
	defer context.AfterFunc(ctx, func() { _ = send(answer{Interrupt: true}) })()
	for decoder := json.NewDecoder(bufio.NewReader(conn)); ; {
		var m message
		if err := decoder.Decode(&m); err != nil {
			return 0, fmt.Errorf("pulumi %s: the engine's process ended: %w", strings.Join(r.Args, " "), err)
		}
		_, _ = io.WriteString(out, m.Out) // a reader that has gone misses it
		_, _ = io.WriteString(errOut, m.Err)
		switch {
		case m.Write != "":
			write(m.Write == "after")
			if err := send(answer{Resume: true}); err != nil {
				return 0, err
			}
		case m.Code != nil:
			return *m.Code, nil
		}
	}
}
