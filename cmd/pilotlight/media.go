package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/ops"
)

type mediaOptions struct {
	project
	from, to string
}

func newMediaCmd(c connect) *cobra.Command {
	parent := ofVerbs(&cobra.Command{Use: "media", Short: "Copy media that replication left behind, or restore what was deleted"})
	parent.AddCommand(newMediaSyncCmd(c), newMediaRestoreCmd(c))
	return parent
}

func newMediaSyncCmd(c connect) *cobra.Command {
	o := mediaOptions{project: project{connect: c}}
	cmd := &cobra.Command{
		Use: "sync", Short: "Copy from one side's bucket to the other's what that lacks",
		Long: "Sync copies what was in the one bucket before it was replicated, or failed to be: within S3, several at a time.\n" +
			"It overwrites nothing newer, deletes nothing, and may be run again. A side is the name of its stack, or\n" +
			"\"production\" for one that no stack made.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().StringVar(&o.from, "from", "", "the side that has them")
	cmd.Flags().StringVar(&o.to, "to", "", "the side that lacks them")
	o.flags(cmd)
	return cmd
}

func (o *mediaOptions) run(ctx context.Context) error {
	if o.from == "" || o.to == "" || o.from == o.to {
		return &usageError{fmt.Errorf("--from is %q and --to is %q: name both sides, the one that has the files and the one that lacks them", o.from, o.to)}
	}
	site, err := o.open(ctx)
	if err != nil {
		return err
	}
	for _, side := range []string{o.from, o.to} {
		if err := known(site, side); err != nil && side != ops.Production {
			return err
		}
	}
	result, err := site.SyncMedia(ctx, o.from, o.to, ops.Run{Media: o.bar})
	if o.terminal {
		fmt.Fprintln(o.progress)
	}
	if result == nil {
		return err
	}
	return o.conclude(result, mediaText(result), err)
}

// barWidth is how wide the whole of the progress bar is.
const barWidth = 30

// bar shows how far a stage is: on a terminal in one line that changes, elsewhere
// every tenth of it.
func (p *project) bar(done media.Progress) {
	line := fmt.Sprintf("%s  %d files", done.Stage, done.Done.Objects)
	if done.Total.Objects > 0 {
		wide := barWidth * done.Done.Objects / done.Total.Objects
		line = fmt.Sprintf("%s  [%s%s] %d of %d files, %s of %s", done.Stage, strings.Repeat("=", wide), strings.Repeat(" ", barWidth-wide),
			done.Done.Objects, done.Total.Objects, amount(done.Done.Bytes), amount(done.Total.Bytes))
	}
	switch tenth := max(1, done.Total.Objects/10); {
	case p.terminal:
		fmt.Fprintf(p.progress, "\r\x1b[K%s", line)
	case done.Total.Objects > 0 && done.Done.Objects%tenth == 0:
		p.say("%s", line)
	}
}

// amount is a number of bytes for people.
func amount(bytes int64) string {
	value, unit := float64(bytes), "B"
	for _, larger := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, larger
	}
	return fmt.Sprintf("%.4g %s", value, unit)
}

func mediaText(r *media.Result) string {
	var t text
	t.say("compared   %d files, %s", r.Compared.Objects, amount(r.Compared.Bytes))
	t.say("copied     %s", tally(r.Copied))
	for _, line := range []struct {
		what string
		of   media.Tally
	}{{"newer", r.Newer}, {"deleted", r.Deleted}, {"failed", r.Failed}} {
		if line.of.Objects > 0 {
			t.say("%-10s %s", line.what, tally(line.of))
		}
	}
	t.say("left       %s", tally(r.Left))
	return t.String()
}

// tally counts files and names a few of them.
func tally(t media.Tally) string {
	few := t.First[:min(3, len(t.First))]
	line := fmt.Sprintf("%d files, %s", t.Objects, amount(t.Bytes))
	if len(few) > 0 {
		line += " (" + strings.Join(few, ", ")
		if t.Objects > len(few) {
			line += " …"
		}
		line += ")"
	}
	return line
}
