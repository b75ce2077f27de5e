// The Pulumi program of both stacks: prod and dr.
package main

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/stacks"
)

// main is pulumi.Run, which would call a refusal an unhandled error.
func main() {
	shown := false
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		err := stacks.Program(ctx)
		shown = err != nil && ctx.Log.Error(err.Error(), nil) == nil
		return err
	})
	if err == nil {
		return
	}
	if !shown { // it follows from a resource that failed, or from an output of one
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(constant.ExitStatusLoggedError) // tells the engine that the error was shown
}
