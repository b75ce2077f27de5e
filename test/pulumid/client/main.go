// Command client is a pulumi command for other processes: it has the server beside it
// run the command, in this folder and with this environment.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/pilotlight-dr/pilotlight/test/pulumid/wire"
)

func main() { os.Exit(run()) }

func run() int {
	const failed = 255 // as pulumi's own for what it does not expect
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	program, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return failed
	}
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return failed
	}
	command := wire.Request{Dir: dir, Env: os.Environ(), Args: os.Args[1:]}
	code, err := wire.Run(ctx, filepath.Join(filepath.Dir(program), "..", wire.Socket), command, os.Stdout, os.Stderr, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return failed
	}
	return code
}
