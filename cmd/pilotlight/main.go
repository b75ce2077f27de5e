// Command pilotlight is the operator's tool: it shows where a site stands, and
// moves it. It holds the program, so on the night nothing is compiled.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
)

func main() {
	ctx, in, stop := interruptible(context.Background())
	root := newRootCmd(theWorld)
	root.SetOut(in.writer(os.Stdout))
	root.SetErr(in.writer(os.Stderr))
	code := run(ctx, root, os.Args[1:])
	stop()
	os.Exit(code)
}

// The groups of the root command's help.
const (
	groupSee     = "see"
	groupMove    = "move"
	groupRepair  = "repair"
	groupPrepare = "prepare"
)

func newRootCmd(c connect) *cobra.Command {
	root := &cobra.Command{
		Use:   "pilotlight",
		Short: "Survive the loss of an AWS region",
		Long: "Pilotlight moves a WordPress site between two AWS regions, and shows where it stands.\n" +
			"Try it without an account: pilotlight rehearse\n" +
			"Run it in the project's folder. On the night: pilotlight failover\n\n" + exitCodes,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			cmd.SetOut(report.EscapingWriter{To: cmd.OutOrStdout()}) // AWS and files say what they like
		},
	}
	ofVerbs(root)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if verb := cmd.Flags().Args(); cmd.HasSubCommands() && len(verb) > 0 { // an unknown one knows no flags
			return cmd.Args(cmd, verb)
		}
		if value, wrong := errors.AsType[*pflag.InvalidValueError](err); wrong { // cobra's words are those of a parser
			flag := value.GetFlag()
			name, usage := pflag.UnquoteUsage(flag)
			err = fmt.Errorf("--%s is %q: give it a value of the kind %s (%s)", flag.Name, value.GetValue(), name, usage)
		}
		return &usageError{err}
	})
	root.AddGroup(&cobra.Group{ID: groupSee, Title: "See:"}, &cobra.Group{ID: groupMove, Title: "Move the site:"},
		&cobra.Group{ID: groupRepair, Title: "Repair:"}, &cobra.Group{ID: groupPrepare, Title: "Prepare:"})
	add := func(group string, commands ...*cobra.Command) {
		for _, cmd := range commands {
			cmd.GroupID = group
			root.AddCommand(cmd)
		}
	}
	add(groupPrepare, newInitCmd(runInit), newBootstrapCmd(c))
	add(groupSee, newStatusCmd(c), newCheckCmd(c, scenario.Run), newPlanCmd(c), newCostCmd(c), newHistoryCmd(c), newReportCmd(c))
	for _, o := range operations {
		add(o.group, newOperationCmd(o, c))
	}
	add(groupRepair, newUnlockCmd(c), newStateCmd(c), newAdoptCmd(c))
	add(groupPrepare, newMediaCmd(c), newImagesCmd(c), newDrillCmd(c), newRehearseCmd(c, scenario.Run), newSimCmd())
	return root
}

// ofVerbs lets a command that only has others take an unknown one for a wrong usage,
// which cobra takes for a failure, or for a wish for help.
func ofVerbs(cmd *cobra.Command) *cobra.Command {
	cmd.SuggestionsMinimumDistance = 2 // its default is set too late for SuggestionsFor
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		did := ""
		if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
			did = fmt.Sprintf(" (did you mean %s?)", strings.Join(like, " or "))
		}
		return &usageError{fmt.Errorf("unknown command %q for %q%s; run %q", args[0], cmd.CommandPath(), did, cmd.CommandPath()+" --help")}
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return cmd
}
