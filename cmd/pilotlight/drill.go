package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/when"
)

type drillOptions struct {
	operateOptions
	hold    ops.DrillOptions
	from    string
	end     bool
	expired bool
}

func newDrillCmd(c connect) *cobra.Command {
	o := drillOptions{operateOptions: operateOptions{project: project{connect: c}, operation: operation{
		verb: "drill",
		warning: "A copy of the standby's application is made beside it, from a snapshot of its database: with the data of real users,\n" +
			"in a network of its own, without the site's name, its scheduled jobs, and mail. It costs money until it has ended.",
	}}}
	cmd := &cobra.Command{
		Use: o.verb, Short: "Bring the site up for real from a snapshot, in isolation, and measure it", Args: noArgs,
		Long: "Drill makes a copy of the standby's application in a network of its own, with a database restored from the newest\n" +
			"automated snapshot of the replica, verifies it in depth, and ends it. The pilot light is not touched, and no name moves.\n" +
			"Run again, it resumes; --end ends what a run has left. docs/drill.md says what it proves, and what not.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return &usageError{err}
			}
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	flags.DurationVar(&o.hold.Keep, "keep", 0, "leave the copy for people to look at, until so long after the beginning (`2h`)")
	flags.StringVar(&o.from, "from", "", "let only these addresses reach the copy, yours among them, as a `CIDR` (everybody)")
	flags.BoolVar(&o.end, "end", false, "end the copies that drills have left, and do nothing else")
	flags.BoolVar(&o.expired, "expired", false, "with --end: only those whose time is over")
	flags.StringVarP(&o.keep, "output", "o", "", "also write the report, as report.json, report.txt and report.html, into this `DIR`")
	o.flags(cmd)
	o.verboseFlag(cmd)
	return cmd
}

// shortest is how long a copy must be kept at the least: it takes most of an hour to make one.
const shortest = time.Hour

// complete turns flags into options.
func (o *drillOptions) complete() (err error) {
	switch {
	case o.expired && !o.end:
		return errors.New("--expired goes with --end")
	case o.end && (o.hold.Keep != 0 || o.from != "" || o.keep != ""):
		return errors.New("--end takes no other flags than --expired: it holds no drill")
	case o.hold.Keep != 0 && o.hold.Keep < shortest:
		return fmt.Errorf("--keep is %s: keep the copy for an hour or longer, or leave it out", o.hold.Keep)
	case o.from == "":
		return nil
	}
	if o.hold.Visitors, err = netip.ParsePrefix(o.from); err != nil || !o.hold.Visitors.Addr().Is4() {
		return fmt.Errorf("--from is %q: give an IPv4 network, such as 192.0.2.7/32", o.from)
	}
	return nil
}

func (o *drillOptions) run(ctx context.Context) error {
	site, err := o.open(ctx)
	if err != nil {
		return err
	}
	if !o.end && !o.yes && !o.terminal {
		return fmt.Errorf("drill needs confirmation, and stdin is not a terminal: pass --yes: %w", errUnconfirmed)
	}
	run, end := o.project.run(ctx, "drill", false)
	if o.end {
		ended, err := site.EndDrill(ctx, o.expired, run)
		end()
		if err != nil && len(ended) == 0 {
			return err
		}
		return o.conclude(endedDrills{ended}, endedText(ended), err)
	}
	o.say("drill of %s: reading the state of both sides …", site.Domain)
	if !o.yes {
		run.Confirm = func(status ops.Status, changes []ops.Change) error { return o.confirm(ctx, status, changes) }
	}
	d, err := site.Drill(ctx, o.hold, run)
	end()
	if d.Report == nil {
		return err
	}
	if o.keep != "" {
		err = errors.Join(err, report.WriteFiles(filepath.Join(o.keep, "report"), d.Report))
	}
	return o.conclude(d, drillText(d), err)
}

// endedDrills are the stacks of copies that were ended.
type endedDrills struct {
	Ended []string `json:"ended"`
}

// drillText is what a drill did, for people.
func drillText(d ops.Drill) string {
	var t text
	t.say("%s", d.Report.String())
	for _, p := range d.Timings {
		means := "as in a failover"
		if !p.Failover {
			means = p.Instead
		}
		t.say("took       %6s  %s: %s", when.Minutes(when.Seconds(p.Seconds)), p.What, means)
	}
	if !d.Expires.IsZero() {
		t.say("until      %s the copy may be there, and costs", when.Date(d.Expires))
	}
	return t.String()
}

func endedText(ended []string) string {
	if len(ended) == 0 {
		return "nothing to do: no copy of a drill has to end\n"
	}
	return fmt.Sprintf("ended      %s\n", strings.Join(ended, ", "))
}
