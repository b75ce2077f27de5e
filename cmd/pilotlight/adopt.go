package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
)

func newAdoptCmd(c connect) *cobra.Command {
	p := project{connect: c}
	var yes bool
	cmd := &cobra.Command{
		Use: "adopt STACK", Short: "Take what AWS holds of a stack into its state", Args: exactly(1),
		Long: "Adopt is for a state that was lost, or is older than AWS, where no copy of it will do (pilotlight state list STACK). In the stack's\n" +
			"region AWS holds the stack's claim, the ids of its resources and its secrets. Adopt puts them into the state, and a refresh\n" +
			"reads the rest. It changes nothing on AWS. Run again, it resumes.",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			site, err := p.openWith(ctx, args[0])
			if err != nil {
				return err
			}
			run, end := p.run(ctx, "adopt", false)
			if !yes {
				run.Confirm = func(status ops.Status, _ []ops.Change) error { return p.confirmAdoption(ctx, status, args[0]) }
			}
			adopted, err := site.Adopt(ctx, args[0], run)
			end()
			if err != nil {
				return err
			}
			return p.show(adopted, adoptedText(adopted))
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	p.flags(cmd)
	p.verboseFlag(cmd)
	return cmd
}

func (p *project) confirmAdoption(ctx context.Context, status ops.Status, stack string) error {
	var t text
	t.say("\n%s", statusText(status))
	t.say("The state of stack %s takes the claim and the resources that AWS holds. AWS is only read.\n", stack)
	fmt.Fprint(p.progress, report.Escape(t.String()))
	return p.ask(ctx, "adopt", status.Site)
}

// adoptedText is what an adoption did, for people.
func adoptedText(a ops.Adopted) string {
	var t text
	t.say("adopted    %d resources into the state of stack %s", len(a.Resources), a.Stack)
	for _, name := range a.Resources {
		t.say("           %s", name)
	}
	for _, left := range a.Remaining {
		t.say("left       %s", left)
	}
	for _, next := range a.Next {
		t.say("next       %s", next)
	}
	return t.String()
}
