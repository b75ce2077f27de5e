package engine

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// option begins the variables that stand for a flag of the engine that is not given: PULUMI_OPTION_TARGET, say.
const option = "PULUMI_OPTION_"

// settings are the other variables with which the engine does another thing than it was asked for. What says where
// states, plugins and keys are stays.
var settings = []string{
	"PULUMI_CONTINUE_ON_ERROR",        // a destroy goes on
	"PULUMI_DISABLE_PROVIDER_PREVIEW", // a plan knows less
	"PULUMI_ENABLE_LEGACY_DIFF",
	"PULUMI_ENABLE_LEGACY_REFRESH_DIFF", // what was changed in the console is not seen
	"PULUMI_RUN_PROGRAM",                // a refresh or a destroy runs the program
	"PULUMI_SKIP_CHECKPOINTS",           // a killed update leaves no state
}

// environment leaves out of an environment what somebody set for his own use of pulumi, and what would change what
// an operation does.
func environment(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(setting string) bool {
		name, _, _ := strings.Cut(setting, "=")
		return strings.HasPrefix(name, option) || slices.Contains(settings, name)
	})
}

// WithoutRefresh is a command whose operations do not read all resources first, as refresh: always of a project's options
// asks for. A failover may not have to read what it does not change: IAM, say, whose control plane may be lost.
func WithoutRefresh(command auto.PulumiCommand) auto.PulumiCommand { return withoutRefresh{command} }

type withoutRefresh struct{ auto.PulumiCommand }

// Run executes the command. The Automation API has no option that says no.
func (c withoutRefresh) Run(ctx context.Context, dir string, in io.Reader, out, errOut []io.Writer, env []string, args ...string) (stdout, stderr string, code int, err error) {
	if len(args) > 0 && slices.Contains([]string{"up", "preview", "destroy"}, args[0]) {
		args = append(slices.Clone(args), "--refresh=false")
	}
	return c.PulumiCommand.Run(ctx, dir, in, out, errOut, env, args...)
}

// WithoutSelecting is a command that leaves the stack which somebody has selected in the project's folder: plain pulumi acts on
// that one where it is given no other.
func WithoutSelecting(command auto.PulumiCommand) auto.PulumiCommand {
	return withoutSelecting{command}
}

type withoutSelecting struct{ auto.PulumiCommand }

// Run executes the command. The Automation API opens a stack by selecting it. To show its name finds out the same, and fails
// with the same words where there is no such stack.
func (c withoutSelecting) Run(ctx context.Context, dir string, in io.Reader, out, errOut []io.Writer, env []string, args ...string) (stdout, stderr string, code int, err error) {
	switch first := args[:min(2, len(args))]; {
	case slices.Equal(first, []string{"stack", "select"}):
		args = append([]string{"stack", "--show-name"}, args[2:]...)
	case slices.Equal(first, []string{"stack", "init"}):
		args = append(slices.Clone(args), "--no-select")
	}
	return c.PulumiCommand.Run(ctx, dir, in, out, errOut, env, args...)
}
