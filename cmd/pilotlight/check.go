package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/ops"
)

type checkOptions struct {
	project
	purpose string
	to      string
}

func newCheckCmd(c connect) *cobra.Command {
	o := checkOptions{project: project{connect: c}}
	cmd := &cobra.Command{
		Use: "check", Short: "Find out whether a failover could be done now, from this machine",
		Long: "Check finds out whether everything is there that a failover needs: the engine and its plugin on this machine,\n" +
			"credentials that the other region takes, state and keys outside the region that may be lost, and a standby\n" +
			"that can take over. That production lives is no problem for it. It changes nothing.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().StringVar(&o.purpose, "for", string(ops.ForFailover), "what to be ready for: failover, switchover or reprotect")
	cmd.Flags().StringVar(&o.to, "to", "", "the stack that a switchover goes to")
	o.flags(cmd)
	return cmd
}

func (o *checkOptions) run(ctx context.Context) error {
	purpose := ops.Purpose(o.purpose)
	switch {
	case purpose != ops.ForFailover && purpose != ops.ForSwitchover && purpose != ops.ForReprotect:
		return &usageError{fmt.Errorf("--for is %q: set it to failover, switchover or reprotect", o.purpose)}
	case (purpose == ops.ForSwitchover) != (o.to != ""):
		return &usageError{fmt.Errorf("--to is %q: name the stack that a switchover goes to, with --for switchover and only there", o.to)}
	}
	site, err := o.open(ctx)
	if err != nil {
		return err
	}
	if o.to != "" {
		if err := known(site, o.to); err != nil {
			return err
		}
	}
	ready, err := site.Check(ctx, purpose, o.to, ops.Run{})
	if err != nil {
		return err
	}
	if missing := ready.Err(); missing != nil {
		err = &notReadyError{missing}
	}
	return o.conclude(ready, readyText(ready), err)
}

// readyText is a readiness for people.
func readyText(r ops.Readiness) string {
	var t text
	if r.Stack == "" {
		t.say("Is the site ready for a %s?", r.For)
	} else {
		t.say("Is stack %s ready for a %s?", r.Stack, r.For)
	}
	t.say("")
	for _, q := range r.Requirements {
		mark := "ok"
		if !q.OK {
			mark = "NO"
		}
		t.say("%-3s %-12s %s", mark, q.What, q.Seen)
		if q.Remedy != "" {
			t.say("    %-12s %s", "", q.Remedy)
		}
	}
	if r.Plan != nil && r.Plan.Estimate != nil {
		t.say("")
		t.say("It would take %s.", r.Plan.Estimate)
		if r.For == ops.ForSwitchover {
			t.say("Visitors see a maintenance page meanwhile.")
		}
	}
	return t.String()
}
