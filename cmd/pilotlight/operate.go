package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// operation is a verb that changes a site.
type operation struct {
	verb, short, long, group string
	// takes are its arguments, by which its usage names them; none may be left out, unless all may be.
	takes    []string
	optional bool
	// example shows its use, a line each.
	example string

	// warning is what a person must have read before they confirm it; empty asks nothing.
	warning string
	// outlives keeps it going when its terminal closes: stopped half-way, it would leave the site down.
	outlives bool
	// risks reports that it takes flags to accept the risks of an activation.
	risks bool
	// alone reports that it asks nothing of production, and takes the flag that has it believe production lost.
	alone bool
	// snapshot reports that it takes the flag that accepts the loss of a final snapshot.
	snapshot bool
	do       func(ctx context.Context, site *ops.Site, args []string, accepted ops.Accepted, run ops.Run) (ops.Outcome, error)
}

// stackArg is how usage names a stack of the site.
const stackArg = "STACK"

var operations = []operation{
	{
		verb: "failover", group: groupMove, short: "Make the standby active, now that the other region is lost", risks: true, alone: true, outlives: true,
		long: "Failover promotes the standby's database, starts the application beside it, verifies it in depth, and points\n" +
			"DNS to it last of all. It needs nothing of the lost region, and refuses while production is seen to live:\n" +
			"switchover moves a living site without loss. Run again, it resumes; once done, it changes nothing.",
		warning: "Writes that have not reached the standby are lost, and the lost side's database becomes stale.\n" +
			"It is refused as long as production is seen to live.",
		do: func(ctx context.Context, site *ops.Site, _ []string, accepted ops.Accepted, run ops.Run) (ops.Outcome, error) {
			return site.Failover(ctx, accepted, run)
		},
	},
	{
		verb: "switchover", takes: []string{stackArg}, group: groupMove, short: "Move the living site to a stack, without losing a write", risks: true, outlives: true,
		long: "Switchover freezes the active side (a maintenance page, and a database that takes no writes), waits until the\n" +
			"other has every write, makes that active, and lets the first stand by. Run again, it resumes.",
		warning: "Visitors see a maintenance page until DNS has moved: some 20 minutes, less with keepWarm.",
		do: func(ctx context.Context, site *ops.Site, args []string, accepted ops.Accepted, run ops.Run) (ops.Outcome, error) {
			return site.Switchover(ctx, args[0], accepted, run)
		},
	},
	{
		verb: "reprotect", group: groupMove, short: "Make the side that was lost a standby again, or replace its replica",
		long: "Reprotect makes the lost side a standby, once its region is back: its application ends, and it gets a new replica\n" +
			"of the active database, which takes from 20 minutes to hours. Its old database is kept: retire deletes it.\n" +
			"A standby whose replica RDS can't go on with gets another one, and keeps the one before.\n" +
			"When status says protected, and at a quiet moment, failback goes home.",
		warning: "The lost side's application ends, and its old database is kept aside, read-only.",
		do: func(ctx context.Context, site *ops.Site, _ []string, _ ops.Accepted, run ops.Run) (ops.Outcome, error) {
			return site.Reprotect(ctx, run)
		},
	},
	{
		verb: "failback", group: groupMove, short: "Move the site back to its home stack, without losing a write", risks: true, outlives: true,
		long: "Failback is the switchover to the stack at which the site is at home: the one that home names in the configuration,\n" +
			"or else the one that was active first. It is refused until reprotect has made that a standby. Run again, it resumes.",
		warning: "Visitors see a maintenance page until DNS has moved: some 20 minutes, less with keepWarm.",
		do: func(ctx context.Context, site *ops.Site, _ []string, accepted ops.Accepted, run ops.Run) (ops.Outcome, error) {
			return site.Failback(ctx, accepted, run)
		},
	},
	{
		verb: "thaw", group: groupMove, short: "Undo the freeze of a switchover, as long as the other side has not claimed",
		long: "Thaw lets the frozen side take writes again, and ends its maintenance page. Once the other side has claimed, it is\n" +
			"refused, and abort is for that. It asks nothing. Run again, it resumes.",
		example: "  pilotlight thaw",
		do: func(ctx context.Context, site *ops.Site, _ []string, _ ops.Accepted, run ops.Run) (ops.Outcome, error) {
			return site.Thaw(ctx, run)
		},
	},
	{
		verb: "abort", group: groupMove, short: "Abort an activation before DNS points to it",
		long: "Abort is for a promotion that fails for good, or a production that came back meanwhile: the standby drops its\n" +
			"claim, its copy of the database is kept aside, and production reclaims the site. It is refused unless production answers.\n" +
			"If the standby's own region does not answer, production reclaims the site without it: also from the maintenance page\n" +
			"of a switchover. That is refused while the site is served from there; reprotect makes it a standby again later.",
		warning: "The standby's promoted copy is kept aside, and the standby copies production's database anew. A standby whose region\n" +
			"does not answer is left as it is, and loses its claim: make sure that its activation is not resumed.",
		do: func(ctx context.Context, site *ops.Site, _ []string, _ ops.Accepted, run ops.Run) (ops.Outcome, error) {
			return site.Abort(ctx, run)
		},
	},
	{
		verb: "deploy", takes: []string{stackArg}, optional: true, group: groupPrepare, short: "Bring both stacks to what their files say, in the right order, or one of them",
		long: "Deploy updates the active side, then the standby, then the active side again, which can now replicate its media. With a\n" +
			"stack it updates that one alone, and needs nothing of the other side: so a standby is mended while production is lost.",
		do: func(ctx context.Context, site *ops.Site, args []string, _ ops.Accepted, run ops.Run) (ops.Outcome, error) {
			if len(args) > 0 {
				return site.DeployStack(ctx, args[0], run)
			}
			return site.Deploy(ctx, run)
		},
	},
	{
		verb: "rotate", takes: []string{"PART"}, group: groupPrepare, short: "Change the site's secrets on both sides: database, salts, cache or all",
		long: "Rotate makes new secrets: the database's password (WordPress's user and the master's), WordPress's salts, the cache's\n" +
			"token, or all of them. The active side takes them first and the standby next; then those before are ended, once every\n" +
			"instance uses the new ones. Pages answer all the while, and a failover in the middle works. Run again, it resumes a\n" +
			"rotation that has not ended, or begins another. It is refused while a move is under way.",
		warning: "Rotated salts end the log-ins of all visitors and editors. The database's password and the cache's token end none.",
		do: func(ctx context.Context, site *ops.Site, args []string, _ ops.Accepted, run ops.Run) (ops.Outcome, error) {
			part := wordpress.Part(args[0])
			if !slices.Contains(wordpress.Parts(), part) {
				return ops.Outcome{}, &usageError{fmt.Errorf("%q can't be rotated: name database, salts, cache or all", args[0])}
			}
			return site.Rotate(ctx, string(part), run)
		},
	},
	{
		verb: "retire", takes: []string{stackArg, "GENERATION"}, group: groupPrepare, short: "Delete a former database, leaving a final snapshot", snapshot: true,
		long: "Retire deletes a database that was current once, such as the one that reprotect has kept. Of a standby it is refused\n" +
			"while its replica is not in step. status shows the generations.",
		example: "  pilotlight retire prod 1   # prod's first database",
		warning: "The database is deleted. What only it holds is in its final snapshot from then on (a replica that\nnever led leaves none).",
		do: func(ctx context.Context, site *ops.Site, args []string, accepted ops.Accepted, run ops.Run) (ops.Outcome, error) {
			generation, err := strconv.Atoi(args[1])
			if err != nil || generation < 1 {
				return ops.Outcome{}, &usageError{fmt.Errorf("the generation is %q: give its number, as status shows it", args[1])}
			}
			return site.Retire(ctx, args[0], generation, accepted, run)
		},
	},
	{
		verb: "destroy", group: groupPrepare, short: "End both stacks; media, keys, backups and final snapshots stay",
		long:    "Destroy ends the standby, then the active side. What stays, and may cost, is listed at the end. Run again, it resumes.",
		example: "  pilotlight destroy",
		warning: "The site ends. Media, KMS keys, automated backups for their days, and a final snapshot of each active database stay.",
		do: func(ctx context.Context, site *ops.Site, _ []string, _ ops.Accepted, run ops.Run) (ops.Outcome, error) {
			return site.Destroy(ctx, run)
		},
	},
}

type operateOptions struct {
	project
	operation
	yes      bool
	keep     string // folder for the last report
	accepted ops.Accepted
	args     []string
}

func newOperationCmd(op operation, c connect) *cobra.Command {
	o := operateOptions{project: project{connect: c}, operation: op}
	usage, least := strings.Join(append([]string{op.verb}, op.takes...), " "), len(op.takes)
	if op.optional {
		usage, least = fmt.Sprintf("%s [%s]", op.verb, strings.Join(op.takes, " ")), 0
	}
	cmd := &cobra.Command{
		Use: usage, Short: op.short, Long: op.long, Example: op.example, GroupID: op.group, Args: between(least, len(op.takes)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.args = args
			return o.run(cmd.Context())
		},
	}
	switch {
	case op.warning != "":
		cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	case op.group == groupMove:
		cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "no effect: it does not ask")
	}
	if op.group == groupMove {
		cmd.Flags().StringVarP(&o.keep, "output", "o", "", "also write the last report, as report.json, report.txt and report.html, into this `DIR`")
	}
	if op.snapshot {
		cmd.Flags().IntVar(&o.accepted.NoSnapshot, "accept-no-snapshot", 0, "end this `GENERATION` without a final snapshot, which RDS takes of none in its state; the refusal names it")
	}
	if op.risks {
		cmd.Flags().IntVar(&o.accepted.DataLoss, "accept-data-loss", 0, "accept the loss for the activation at this `EPOCH`, which the refusal names")
		cmd.Flags().IntVar(&o.accepted.Standby, "accept-standby", 0, "activate at this `EPOCH` although the standby is not as it should be: an old image, a type that no zone offers, a key of its volumes that may not be used, an unknown state of its database, a part that AWS no longer has or refuses to tell of, a certificate that browsers refuse, a network that lets no visitor in")
	}
	if op.alone {
		cmd.Flags().IntVar(&o.accepted.IgnoreProduction, "ignore-production", 0, "activate at this `EPOCH` although production seems to live")
	}
	o.flags(cmd)
	o.verboseFlag(cmd)
	return cmd
}

func (o *operateOptions) run(ctx context.Context) error {
	site, err := o.open(ctx)
	if err != nil {
		return err
	}
	if len(o.args) > 0 && o.takes[0] == stackArg {
		if err := known(site, o.args[0]); err != nil {
			return err
		}
	}
	if o.warning != "" && !o.yes && !o.terminal {
		return fmt.Errorf("%s needs confirmation, and stdin is not a terminal: pass --yes: %w", o.verb, errUnconfirmed)
	}
	run, end := o.project.run(ctx, o.verb, o.outlives)
	if o.warning != "" {
		o.say("%s of %s: reading the state of both sides …", o.verb, site.Domain)
	}
	if o.warning != "" && !o.yes {
		run.Confirm = func(status ops.Status, changes []ops.Change) error { return o.confirm(ctx, status, changes) }
	}
	outcome, err := o.do(ctx, site, o.args, o.accepted, run)
	end()
	_, refused := errors.AsType[*refusal.Error](err)
	nothing := err != nil && (len(outcome.Remaining) == 0 || refused && len(outcome.Done) == 0 && !o.json) // and the error says why
	if last := len(outcome.Reports) - 1; o.keep != "" && last >= 0 {
		err = errors.Join(err, report.WriteFiles(filepath.Join(o.keep, "report"), &outcome.Reports[last]))
	}
	if nothing {
		return err
	}
	told := outcome
	if last := len(told.Reports) - 1; refused && last >= 0 && !o.json {
		told.Reports = told.Reports[:last] // which says what the error does
	}
	return o.conclude(outcome, outcomeText(told), err)
}

// confirm shows where the site stands, what would be done and what that means, and
// asks for the name of the site.
func (o *operateOptions) confirm(ctx context.Context, status ops.Status, changes []ops.Change) error {
	fmt.Fprint(o.progress, "\n", report.Escape(statusText(status)), "\n")
	for _, change := range changes {
		fmt.Fprintf(o.progress, "to do      %s\n", report.Escape(change.String()))
	}
	fmt.Fprint(o.progress, "\n", o.warning, "\n\n")
	return o.ask(ctx, o.verb, status.Site)
}

// ask wants the name of the site, or of what a verb is about, before anything is changed.
func (p *project) ask(ctx context.Context, verb, name string) error {
	if !p.terminal {
		return fmt.Errorf("%s needs confirmation, and stdin is not a terminal: pass --yes: %w", verb, errUnconfirmed)
	}
	fmt.Fprintf(p.progress, "Type %s to go on: ", report.Escape(name))
	answers := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(p.in).ReadString('\n') // no answer is none
		answers <- answer
	}()
	select {
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", errUnconfirmed, context.Cause(ctx))
	case answer := <-answers:
		if strings.TrimSpace(answer) != name {
			return fmt.Errorf("the answer was not %s: %w", name, errUnconfirmed)
		}
	}
	return nil
}

// outcomeText is what a procedure did, for people.
func outcomeText(o ops.Outcome) string {
	var t text
	if o.NothingToDo != "" {
		t.say("nothing to do: %s", o.NothingToDo)
		for _, next := range o.Next {
			t.say("next       %s", next)
		}
		return t.String()
	}
	for _, report := range o.Reports {
		if len(o.Remaining) == 0 || len(o.Next) > 0 { // what is next is said below, of the whole
			report.Next = nil
		}
		t.say("%s", report.String())
	}
	for _, reported := range o.Reports {
		if _, back := reported.Reached[report.Switched]; back {
			t.say("site       %s is served from %s", reported.Site, reported.Region)
		}
	}
	for _, change := range o.Done {
		t.say("done       %s", change)
	}
	for _, change := range o.Remaining {
		t.say("left       %s", change)
	}
	for _, next := range o.Next {
		t.say("next       %s", next)
	}
	return t.String()
}
