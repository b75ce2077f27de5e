// Command pilotlight is the operator's tool: it shows where a site stands, and
// moves it. It holds the program, so on the night nothing is compiled.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/deploy"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/rehearsal"
)

func main() {
	ctx, in, stop := interruptible(context.Background())
	root := newRootCmd(theWorld)
	root.SetOut(in.writer(os.Stdout))
	root.SetErr(in.writer(os.Stderr))
	err := root.ExecuteContext(ctx)
	stop()
	if err != nil && !errors.Is(err, syscall.EPIPE) { // then there is no reader
		fmt.Fprintln(os.Stderr, complaint(err))
	}
	os.Exit(exitCode(err))
}

// complaint is an error for people.
func complaint(err error) string {
	_, stopped := errors.AsType[*deploy.StoppedError](err)
	if errors.Is(err, context.Canceled) && !stopped && !errors.Is(err, errUnconfirmed) {
		return "pilotlight: interrupted: the same command carries on; pilotlight status says what else can be done"
	}
	return "pilotlight: " + failover.Visible(err.Error())
}

// The groups of the root command's help.
const (
	groupSee     = "see"
	groupMove    = "move"
	groupPrepare = "prepare"
)

func newRootCmd(c connect) *cobra.Command {
	root := &cobra.Command{
		Use:   "pilotlight",
		Short: "Survive the loss of an AWS region",
		Long: "Pilotlight moves a WordPress site between two AWS regions, and shows where it stands.\n" +
			"Run it in the project's folder. On the night: pilotlight failover\n\n" + exitCodes,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			cmd.SetOut(failover.VisibleWriter{To: cmd.OutOrStdout()}) // AWS and files say what they like
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
	root.AddGroup(&cobra.Group{ID: groupSee, Title: "See:"}, &cobra.Group{ID: groupMove, Title: "Move the site:"}, &cobra.Group{ID: groupPrepare, Title: "Prepare:"})
	add := func(group string, commands ...*cobra.Command) {
		for _, cmd := range commands {
			cmd.GroupID = group
			root.AddCommand(cmd)
		}
	}
	add(groupSee, newStatusCmd(c), newCheckCmd(c), newPlanCmd(c), newHistoryCmd(c), newReportCmd(c))
	for _, o := range operations {
		add(o.group, newOperationCmd(o, c))
	}
	add(groupMove, newUnlockCmd(c), newStateCmd(c), newAdoptCmd(c))
	add(groupPrepare, newInitCmd(runInit), newBootstrapCmd(c), newMediaCmd(c), newDrillCmd(c), newRehearseCmd(rehearsal.Run), newSimCmd())
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
			did = fmt.Sprintf("; did you mean %s?", strings.Join(like, " or "))
		}
		return &usageError{fmt.Errorf("there is no %s %s%s (%s --help lists what there is)", cmd.CommandPath(), args[0], did, cmd.CommandPath())}
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return cmd
}

// usageError is a command line that makes no sense. Nothing was done.
type usageError struct{ error }

// errNotReady is a site that could not do now what it is there for.
var errNotReady = errors.New("not ready: see what is marked NO")

// errNotServing is a rehearsal that was held, and in which the site did not come back.
var errNotServing = errors.New("the site does not serve from the DR region: see the report for why and what to do next")

const exitCodes = `Exit status:
  0    done, or there was nothing to do
  1    failed; what was changed, if anything, is said
  2    wrong usage; nothing was done
  3    not ready (check), or the rehearsed site did not come back
  4    refused, or locked by another update; nothing was changed
  5    stopped part-way: run the same command again, it carries on
  130  interrupted; run the same command again, it carries on`

// exitCode is the contract with scripts.
func exitCode(err error) int {
	_, usage := errors.AsType[*usageError](err)
	_, refused := errors.AsType[*deploy.RefusedError](err)
	_, misplaced := errors.AsType[*backend.RefusedError](err)
	_, stopped := errors.AsType[*deploy.StoppedError](err)
	_, locked := errors.AsType[*deploy.LockedError](err)
	_, damaged := errors.AsType[*deploy.StateError](err)
	switch {
	case err == nil:
		return 0
	case usage:
		return 2
	case errors.Is(err, context.Canceled):
		return 130 // as a shell says it of Ctrl-C
	case errors.Is(err, errNotReady), errors.Is(err, errNotServing):
		return 3
	case stopped: // also by a refusal, after something was done
		return 5
	case refused, misplaced, locked, damaged, errors.Is(err, errUnconfirmed):
		return 4
	}
	return 1
}
