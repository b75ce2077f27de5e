// Command pilotlight is the operator's tool. Today it rehearses a disaster; the
// failover itself is pulumi up -s dr -c role=active.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/rehearsal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := newRootCmd().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pilotlight: "+err.Error())
	}
	os.Exit(exitCode(err))
}

func newRootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:           "pilotlight",
		Short:         "Survive the loss of an AWS region",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(newRehearseCmd(rehearsal.Run))
	return root
}

// usageError is a command line that makes no sense. Nothing was done.
type usageError struct{ error }

// errNotServing is a rehearsal that was held, and in which the site did not come back.
var errNotServing = errors.New("the site does not serve from the DR region: see the report for why and what to do next")

// exitCode is the contract with scripts.
func exitCode(err error) int {
	_, usage := errors.AsType[*usageError](err)
	switch {
	case err == nil:
		return 0
	case usage:
		return 2
	case errors.Is(err, errNotServing):
		return 3
	case errors.Is(err, context.Canceled):
		return 130 // as a shell says it of Ctrl-C
	}
	return 1
}
