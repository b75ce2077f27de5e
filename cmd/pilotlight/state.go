package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/when"
)

func newStateCmd(c connect) *cobra.Command {
	cmd := ofVerbs(&cobra.Command{
		Use: "state", Short: "List and restore the copies of a stack's state",
		Long: "State is for a stack's state that is damaged, lost, or older than AWS. The backend keeps what a state was before its last\n" +
			"change, at the end of each update and, in a versioned bucket, after every change. What none of them has, adopt takes from AWS.",
	})
	cmd.AddCommand(newStateListCmd(c), newStateRestoreCmd(c))
	return cmd
}

func newStateListCmd(c connect) *cobra.Command {
	p := project{connect: c}
	var last int
	cmd := &cobra.Command{
		Annotations: map[string]string{reads: "only"},
		Use:         "list STACK", Short: "List the state of a stack and its copies, the newest first", Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			site, err := p.openWith(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			copies, err := site.StateCopies(cmd.Context(), args[0], last)
			if err != nil {
				return err
			}
			return p.show(copies, copiesText(args[0], copies))
		},
	}
	cmd.Flags().IntVarP(&last, "last", "n", 20, "how many copies, or 0 for all, which may take minutes")
	p.flags(cmd)
	return cmd
}

// copiesText lists copies of a state, one a line.
func copiesText(stack string, copies []ops.StateCopy) string {
	var t text
	if len(copies) == 0 {
		t.say("stack %s has no state in this backend, and no copy of one", stack)
	}
	for _, c := range copies {
		t.say("%s  %s  %s", when.Date(c.Modified), c.ID, copyText(c))
	}
	return t.String()
}

// copyText is what a copy of a state says.
func copyText(c ops.StateCopy) string {
	switch {
	case c.Unreadable != "":
		return "can't be read: " + c.Unreadable
	case c.Diverged != "":
		return fmt.Sprintf("%s: %s", c.Says, c.Diverged)
	}
	return c.Says
}

func newStateRestoreCmd(c connect) *cobra.Command {
	p := project{connect: c}
	var id string
	var yes bool
	cmd := &cobra.Command{
		Use: "restore STACK", Short: "Bring back the best copy of a stack's state, or the one that --copy names", Args: exactly(1),
		Long: "Restore puts a copy in the place of the state: the latest change that can be read, or the copy that --copy names, as state list\n" +
			"shows it. The state that is replaced stays among the copies. AWS is not touched.",
		RunE: func(cmd *cobra.Command, args []string) error {
			site, err := p.openWith(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			var confirm func(ops.StateCopy) error
			if !yes {
				confirm = func(chosen ops.StateCopy) error { return p.confirmCopy(cmd.Context(), site.Name, args[0], chosen) }
			}
			restored, err := site.RestoreState(cmd.Context(), args[0], id, confirm)
			if err != nil {
				return err
			}
			return p.show(restored, fmt.Sprintf("restored   stack %s from copy %s of %s: %s\nnext       pilotlight status\n",
				args[0], restored.ID, when.Date(restored.Modified), copyText(restored)))
		},
	}
	cmd.Flags().StringVar(&id, "copy", "", "the `ID` of the copy, as state list shows it")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	p.flags(cmd)
	return cmd
}

// confirmCopy asks before a state is replaced.
func (p *project) confirmCopy(ctx context.Context, site, stack string, chosen ops.StateCopy) error {
	fmt.Fprintf(p.progress, "The state of stack %s is replaced by copy %s of %s: %s\n\n", stack, chosen.ID,
		when.Date(chosen.Modified), report.Escape(copyText(chosen)))
	return p.ask(ctx, "state restore", site)
}
