package main

import (
	"context"
	"io"
	"os"

	cmdBackend "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/backend"
	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/cancel"
	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/cmd"
	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/config"
	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/operations"
	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/stack"
	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/version"
	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/whoami"
	pkgWorkspace "github.com/pulumi/pulumi/pkg/v3/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel/propagation"
)

// A command is one that runs.
type command struct {
	request
	client *client
	out    io.Writer
	err    io.Writer
}

type commandKey struct{}

func of(ctx context.Context) *command { return ctx.Value(commandKey{}).(*command) }

// run executes a command of pulumi and returns its exit code.
func run(ctx context.Context, r request, from *client) int {
	c := &command{
		request: r, client: from,
		out: from.stream(func(text string) message { return message{Out: text} }),
		err: from.stream(func(text string) message { return message{Err: text} }),
	}
	// The engine closes its connections when the context of the operation ends.
	ctx, end := context.WithCancel(context.WithValue(ctx, commandKey{}, c))
	defer end()
	var err error
	process.as(c, func() {
		ctx := propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": os.Getenv("TRACEPARENT")})
		pulumi := tree()
		pulumi.SetArgs(r.Args)
		pulumi.SetOut(c.out)
		pulumi.SetErr(c.err)
		if err = pulumi.ExecuteContext(ctx); err != nil {
			cmd.DisplayErrorMessage(ctx, err, c.err)
		}
	})
	return cmd.ExitCodeFor(err)
}

// tree is the part of the pulumi command that the Automation API uses for a local stack.
func tree() *cobra.Command {
	pulumi := &cobra.Command{Use: "pulumi", SilenceErrors: true, SilenceUsage: true}
	pulumi.PersistentFlags().BoolVar(&cmdutil.DisableInteractive, "non-interactive", false, "never ask")
	ws, login := pkgWorkspace.Instance, cmdBackend.DefaultLoginManager
	pulumi.AddCommand(
		config.NewConfigCmd(ws), stack.NewStackCmd(), cancel.NewCancelCmd(ws), whoami.NewWhoAmICmd(ws, login), version.NewVersionCmd(),
		operations.NewUpCmd(), operations.NewPreviewCmd(), operations.NewRefreshCmd(), operations.NewDestroyCmd(),
	)
	return pulumi
}
