package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/when"
)

type checkOptions struct {
	project
	purpose string
	to      string
	// hold is how a rehearsal is held after the check, if rehearsed asks for one.
	hold      rehearse
	rehearsed bool
	request   bool
	drift     bool
	publish   bool
}

func newCheckCmd(c connect, run rehearse) *cobra.Command {
	o := checkOptions{project: project{connect: c}, hold: run}
	cmd := &cobra.Command{
		Use: "check", Short: "Find out whether a failover could be done now, from this machine",
		Long: "Check finds out whether everything is there that a failover needs: the engine and its plugin on this machine,\n" +
			"credentials that the other region takes, state and keys outside the region that may be lost, and a standby\n" +
			"that can take over, within the account's quotas. That production lives is no problem for it. It changes\n" +
			"nothing of the site, and requests nothing of AWS but with --request-increases.\n\n" +
			"With --drift each resource of that standby is compared with what the program made of it. With --rehearse the failover\n" +
			"is rehearsed, too, as pilotlight rehearse --live does: ready means that it recovers. With --publish all of this can be\n" +
			"read elsewhere: by pilotlight status and history --checks, and in CloudWatch.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().StringVar(&o.purpose, "for", string(ops.ForFailover), "what to be ready for: failover, switchover or reprotect")
	cmd.Flags().StringVar(&o.to, "to", "", "the stack that a switchover goes to")
	cmd.Flags().BoolVar(&o.rehearsed, "rehearse", false, "also rehearse the failover of the site as it stands, on simulated AWS")
	cmd.Flags().BoolVar(&o.drift, "drift", false, "also read each resource of the stack that would take over, and tell what was changed outside of the program")
	cmd.Flags().BoolVar(&o.publish, "publish", false, "also keep the result in the state's backend, and as metrics in CloudWatch in the standby's region")
	cmd.Flags().BoolVar(&o.request, "request-increases", false, "ask AWS for higher quotas, of what is short or would be at app.max")
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
	case o.publish && purpose != ops.ForFailover:
		return &usageError{fmt.Errorf("--publish publishes whether a failover could be done, not a %s: leave one of the two out", purpose)}
	case o.rehearsed && purpose != ops.ForFailover:
		return &usageError{fmt.Errorf("--rehearse rehearses a failover, not a %s: leave one of the two out", purpose)}
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
	if o.request {
		ready.Increases, err = site.RequestIncreases(ctx, ready)
	}
	if o.drift {
		site.CheckDrift(ctx, &ready, ops.Run{})
		if purpose == ops.ForFailover {
			site.KeepCheck(ready)
		}
	}
	if o.rehearsed {
		ready.Requirements = append(ready.Requirements, o.recovers(ctx, site))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		site.KeepCheck(ready)
	}
	var unpublished error
	if o.publish {
		var published ops.PublishedCheck
		published, unpublished = site.Publish(ctx, ready)
		ready.Published = &published
	}
	switch missing := ready.Err(); {
	case err != nil:
	case missing == nil:
		err = unpublished
	default:
		err = &notReadyError{missing}
		if unpublished != nil {
			o.say("%v", unpublished)
		}
	}
	return o.conclude(ready, readyText(ready), err)
}

// recovers is a requirement: the failover of the site as it stands recovers, in a rehearsal.
func (o *checkOptions) recovers(ctx context.Context, site *ops.Site) ops.Requirement {
	const whole = "pilotlight rehearse --live shows all of it"
	q := ops.Requirement{Subject: "rehearsal", Code: codeNotServing, Remedy: whole}
	r, err := o.rehearse(ctx, site, o.hold, scenario.Options{Project: o.dir, Seed: 1, Outage: sim.Hang, Progress: func(line string) { o.say("%s", line) }})
	switch {
	case err != nil:
		q.Code, q.Reason, q.Remedy = ops.FailureOf(err).Code, "it could not be held: "+err.Error(), "do what it says; "+whole
	case len(r.Unread) > 0:
		q.Code, q.Reason, q.Remedy = refusal.CodeNotReady, "it proves nothing, as not all could be read: "+strings.Join(r.Unread, "; "), "let these credentials read it, and check again"
	case !r.Recovered:
		q.Reason = cmp.Or(r.Refusal, r.Serves)
	case r.Unfinished():
		q.Code, q.Reason = codeNotWhole, "the site would recover, and not all of it could be made: "+r.Refusal
	default:
		q = ops.Requirement{Subject: "rehearsal", OK: true, Reason: fmt.Sprintf("if %s were lost now, the site would recover in %s, on simulated AWS", r.ProdRegion, when.Minutes(when.Seconds(r.Run.TimeToRecover)))}
	}
	return q
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
		t.say("%-3s %-12s %s", mark, q.Subject, q.Reason)
		if q.Remedy != "" {
			t.say("    %-12s %s", "", q.Remedy)
		}
	}
	if r.Published != nil && r.Published.ServingUnread != "" {
		t.say("")
		t.say("Published, but %s.", r.Published.ServingUnread)
	}
	if len(r.Increases) > 0 {
		t.say("")
	}
	for _, i := range r.Increases {
		t.say("%s", i)
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
