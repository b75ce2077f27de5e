package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/ops"
)

type restoreOptions struct {
	project
	before, prefix string
	dryRun         bool
}

func newMediaRestoreCmd(c connect) *cobra.Command {
	o := restoreOptions{project: project{connect: c}}
	cmd := &cobra.Command{
		Use: "restore --before TIME STACK…", Short: "Restore media that were deleted or overwritten since a time",
		Long: "Restore undoes what was deleted or overwritten in the stacks' buckets at a time or later, from the versions that S3\n" +
			"keeps for 30 days. Delete markers are removed; the version of that time is copied over later ones, which stay. No\n" +
			"version is deleted, what was added since is left, and it may be run again. Name both stacks: S3 replicates copies,\n" +
			"but no removal of a delete marker.",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	cmd.Flags().StringVar(&o.before, "before", "", "when the media were last whole, such as 2026-11-28T03:00:00Z")
	cmd.Flags().StringVar(&o.prefix, "prefix", "", "only files whose keys begin with this, such as 2026/11/")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what it would do, and change nothing")
	o.flags(cmd)
	return cmd
}

// restoredMedia is what became of one stack's media.
type restoredMedia struct {
	Stack string `json:"stack"`
	*media.Restored
}

func (o *restoreOptions) run(ctx context.Context, names []string) error {
	before, err := time.Parse(time.RFC3339, o.before)
	if err != nil {
		return &usageError{fmt.Errorf("--before is %q: give the time at which the media were last whole, such as %s", o.before, "2026-11-28T03:00:00Z")}
	}
	if len(names) == 0 {
		return &usageError{errors.New("restore: name the stacks whose media are to be restored, mostly both: S3 does not replicate the removal of delete markers")}
	}
	site, err := o.open(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := known(site, name); err != nil {
			return err
		}
	}
	var all []restoredMedia
	var printed text
	for _, name := range names {
		var result *media.Restored
		if result, err = site.RestoreMedia(ctx, name, ops.MediaRestore{Before: before, Prefix: o.prefix, DryRun: o.dryRun}, ops.Run{Media: o.bar}); result != nil {
			all = append(all, restoredMedia{name, result})
			printed.WriteString(restoredText(name, o.dryRun, result))
		}
		if o.terminal {
			fmt.Fprintln(o.progress)
		}
		if err != nil && len(all) > 0 && !o.dryRun { // also when it is refused for a later stack
			err = &ops.StoppedError{Stack: name, Doing: "restoring the media of", Err: err}
		}
		if err != nil {
			break
		}
	}
	if len(all) == 0 {
		return err
	}
	return o.conclude(all, printed.String(), err)
}

func restoredText(stack string, dryRun bool, r *media.Restored) string {
	var t text
	t.say("stack %s", stack)
	undeleted, reverted := "undeleted", "reverted"
	if dryRun {
		t.say("  dry run    nothing was changed; it would do this")
		undeleted, reverted = "undelete", "revert"
	}
	t.say("  compared   %d files, %s", r.Compared.Objects, amount(r.Compared.Bytes))
	t.say("  %-10s %s", undeleted, tally(r.Undeleted))
	t.say("  %-10s %s", reverted, tally(r.Reverted))
	for _, line := range []struct {
		what string
		of   media.Tally
	}{{"added", r.Added}, {"failed", r.Failed}} {
		if line.of.Objects > 0 {
			t.say("  %-10s %s", line.what, tally(line.of))
		}
	}
	if !dryRun {
		t.say("  left       %s", tally(r.Left))
	}
	return t.String()
}
