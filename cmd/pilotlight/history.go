package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/when"
)

func newHistoryCmd(c connect) *cobra.Command {
	p := project{connect: c}
	var last int
	var published bool
	cmd := &cobra.Command{
		Use: "history", Short: "List the updates of both stacks, the newest first", Args: noArgs,
		Example: "  pilotlight history -n 3\n  pilotlight history --checks   # what check --publish has found",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if last < 1 {
				return &usageError{fmt.Errorf("--last is %d: set it to 1 or more", last)}
			}
			site, err := p.open(cmd.Context())
			if err != nil {
				return err
			}
			if published {
				all, err := site.PublishedChecks(cmd.Context(), last)
				if err != nil {
					return err
				}
				return p.show(all, publishedHistory(all))
			}
			updates, err := site.History(cmd.Context(), last)
			if err != nil {
				return err
			}
			return p.show(updates, historyText(updates))
		},
	}
	cmd.Flags().IntVarP(&last, "last", "n", 10, "how many updates of each stack, or checks")
	cmd.Flags().BoolVar(&published, "checks", false, "list the checks that were published (check --publish) instead")
	p.flags(cmd)
	return cmd
}

func publishedHistory(all []ops.PublishedCheck) string {
	var t text
	for _, p := range all {
		t.say("%s", publishedText(p))
	}
	if len(all) == 0 {
		t.say("no check was published yet: pilotlight check --publish")
	}
	return t.String()
}

func historyText(updates []ops.Update) string {
	var t text
	for _, u := range updates {
		t.say("%s  %-8s %-8s %-11s %d created, %d updated, %d deleted", when.Date(u.Began), u.Stack, u.Kind, u.Result,
			u.Changes["create"], u.Changes["update"], u.Changes["delete"])
	}
	if len(updates) == 0 {
		t.say("nothing was deployed yet")
	}
	return t.String()
}

func newReportCmd(c connect) *cobra.Command {
	p := project{connect: c}
	var all bool
	var keep string
	cmd := &cobra.Command{
		Use: "report", Short: "Show the report of the last change of role that was run here", Args: noArgs,
		Example: "  pilotlight report -o DIR   # also as files for people and programs, in this folder\n  pilotlight report --all",
		RunE: func(*cobra.Command, []string) error {
			reports, err := ops.Reports(p.dir)
			switch {
			case len(reports) == 0 && err != nil:
				return err
			case len(reports) == 0:
				return fmt.Errorf("there is no report below %s: one is kept by every change of role", report.Reports)
			case err != nil: // the others are as good as ever
				p.say("%v", err)
			}
			if all {
				return p.show(reports, reportsText(reports))
			}
			last := reports[len(reports)-1]
			if keep != "" {
				if err := report.WriteFiles(filepath.Join(keep, "report"), &last); err != nil {
					return err
				}
			}
			return p.show(last, last.String())
		},
	}
	cmd.Flags().StringVarP(&keep, "output", "o", "", "also write it as report.json, report.txt and report.html into this `DIR`")
	cmd.Flags().BoolVar(&all, "all", false, "list all reports instead, the oldest first")
	p.flags(cmd)
	return cmd
}

func reportsText(reports []report.Report) string {
	var t text
	for _, r := range reports {
		took := ""
		if r.TimeToRecover > 0 {
			took = ", " + when.Minutes(when.Seconds(r.TimeToRecover)) + " to recover"
		}
		t.say("%s  %-8s epoch %-3d %s: %s%s", when.Date(r.StartedAt), r.Stack, r.Epoch, r.Title(), r.Outcome, took)
	}
	return t.String()
}
