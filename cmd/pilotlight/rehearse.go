package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/when"
)

// rehearse is how a rehearsal is held; tests put something else in its place.
type rehearse func(context.Context, scenario.Options) (*scenario.Report, error)

type rehearseOptions struct {
	scenario.Options
	faults []string
	outage string
	json   bool
	dir    string
	// project is the folder whose site is rehearsed, if it is a project's.
	project  string
	sample   bool
	live     bool
	base     string // file of the report to compare with
	markdown bool
}

func newRehearseCmd(c connect, run rehearse) *cobra.Command {
	var o rehearseOptions
	cmd := &cobra.Command{
		Use:   "rehearse",
		Short: "Lose a region and fail over, on simulated AWS",
		Long: "Rehearse deploys production and its pilot light on simulated AWS, loses the production region, fails over,\n" +
			"and shows what happened when. The real Pulumi engine runs the real program; no account is needed.\n\n" +
			"In a project's folder it rehearses that project, as its stacks' files say; elsewhere, or with --sample, a sample.\n" +
			"It works on copies, needs no passphrase, and says what it assumes of the real AWS.\n\n" +
			"With --live it rehearses that project as it stands: copies of both stacks' states and files fail over in a\n" +
			"simulated AWS that holds what the states hold and what AWS says now. It needs the passphrase and credentials that\n" +
			"may read, writes nothing outside of a temporary folder, and says what could not be read: the site is not ready then.\n\n" +
			"Faults for --fault, which may be given several times:\n" + faultHelp() +
			"\nExit status: 0 the site serves from the DR region and the failover came to its end, 1 the rehearsal could not be held,\n" +
			"or a fault never struck, 2 wrong usage, 3 the site does not serve, the failover did not end, or not all could be read,\n" +
			"4 there is no standby to rehearse, 130 interrupted.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{fmt.Errorf("rehearse takes no arguments, not %q: see pilotlight rehearse --help", args)}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			flags := cmd.Flags()
			if err := o.complete(flags.Changed("prod-region") || flags.Changed("dr-region")); err != nil {
				return &usageError{err}
			}
			if o.live {
				run = liveOf(&project{connect: c, dir: o.project, progress: cmd.ErrOrStderr()}, run)
			}
			return o.run(cmd.Context(), run, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.live, "live", false, "rehearse the project as it stands: its states, and what AWS says now")
	flags.BoolVar(&o.sample, "sample", false, "rehearse the sample in a project's folder, too")
	flags.StringVar(&o.ProdRegion, "prod-region", "us-west-2", "region of the sample's production")
	flags.StringVar(&o.DRRegion, "dr-region", "us-east-2", "region of the sample's pilot light")
	flags.Uint64Var(&o.Seed, "seed", 1, "equal seeds give equal timelines")
	flags.StringArrayVar(&o.faults, "fault", nil, "what else goes wrong, as name=value")
	flags.StringVar(&o.outage, "outage", string(sim.Hang), "how the lost region behaves: refuse or hang")
	flags.BoolVar(&o.json, "json", false, "print the report as JSON")
	flags.BoolVar(&o.markdown, "markdown", false, "print it for a comment in a pull request")
	flags.StringVar(&o.base, "base", "", "also say what changed since the rehearsal whose report is this `FILE`, printed with --json")
	flags.StringVarP(&o.project, "cwd", "C", ".", "the project's folder, where status tells of its last rehearsal")
	flags.StringVarP(&o.dir, "output", "o", "", "also write report.json, report.txt and report.html into this `DIR`")
	return cmd
}

func faultHelp() string {
	var text strings.Builder
	for _, f := range sim.Faults() {
		fmt.Fprintf(&text, "  %s=%s\n      %s\n", f.Name, f.Values, f.Meaning)
	}
	return text.String()
}

// complete turns flags into options. placed says that regions were named.
func (o *rehearseOptions) complete(placed bool) error {
	for _, text := range o.faults {
		fault, err := sim.ParseFault(text)
		if err != nil {
			return err
		}
		o.Faults = append(o.Faults, fault)
	}
	o.Outage = sim.How(o.outage)
	if o.Outage != sim.Refuse && o.Outage != sim.Hang {
		return fmt.Errorf("--outage is %q: set it to %s or %s", o.outage, sim.Refuse, sim.Hang)
	}
	if o.live && (o.sample || placed) {
		return errors.New("--live rehearses the project as it stands, not the sample: leave out --sample, --prod-region and --dr-region")
	}
	if found, err := fs.Glob(os.DirFS(filepath.Clean(o.project)), "Pulumi.*yaml"); !o.live && (err != nil || len(found) == 0 || o.sample) {
		return scenario.CheckRegions(o.ProdRegion, o.DRRegion)
	}
	if placed {
		return errors.New("--prod-region and --dr-region place the sample, and this is a project's folder, whose files name its regions: add --sample, or leave them out")
	}
	o.Project, o.ProdRegion, o.DRRegion = o.project, "", ""
	return nil
}

func (o *rehearseOptions) run(ctx context.Context, run rehearse, out, progress io.Writer) error {
	base, err := o.readBase()
	if err != nil {
		return err
	}
	began := time.Now()
	o.Progress = func(line string) {
		fmt.Fprintf(progress, "%5.1fs  %s\n", time.Since(began).Seconds(), report.Escape(line))
	}
	report, err := run(ctx, o.Options)
	switch {
	case ctx.Err() != nil: // whatever else broke, broke of that
		return fmt.Errorf("the rehearsal was interrupted, and leaves nothing behind: %w", ctx.Err())
	case err != nil:
		return err
	}
	if base != nil {
		report.Changed = scenario.Compare(base, report)
	}
	err = errors.Join(o.keep(report), unmet(report.Unmet), unread(report.Unread))
	switch {
	case !report.Recovered:
		err = errors.Join(err, errNotServing)
	case report.Unfinished():
		err = errors.Join(err, errNotWhole)
	}
	shown, text := project{json: o.json, out: out}, report.String()
	if o.markdown {
		text = rehearsalMarkdown(report, base != nil)
	}
	return shown.conclude(report, text, err)
}

// readBase reads the report to compare with; nil for none.
func (o *rehearseOptions) readBase() (*scenario.Report, error) {
	if o.base == "" {
		return nil, nil //nolint:nilnil // none was named
	}
	text, err := os.ReadFile(o.base)
	if err != nil {
		return nil, &usageError{fmt.Errorf("reading the report of --base: %w", err)}
	}
	base := &scenario.Report{}
	if err := json.Unmarshal(text, base); err != nil {
		return nil, &usageError{fmt.Errorf("%s is no report of a rehearsal: %w; make one with pilotlight rehearse --json", o.base, err)}
	}
	return base, nil
}

// rehearsalMarkdown is a rehearsal for a comment in a pull request: what came of it and what
// changed, with the timeline folded away.
func rehearsalMarkdown(r *scenario.Report, compared bool) string {
	var t text
	t.say("### Rehearsal of %s", inProse(r.Domain))
	t.say("")
	if r.Recovered {
		t.say("On simulated AWS the site recovers in %s after %s minutes, and loses %.0f s of writes.", inProse(r.DRRegion), when.Minutes(when.Seconds(r.Run.TimeToRecover)), r.DataLoss)
	} else {
		t.say("> [!CAUTION]\n> On simulated AWS the site does not recover: %s", inProse(r.Serves))
	}
	t.say("")
	if r.Refusal != "" {
		t.say("%s\n", fenced(r.Refusal))
	}
	switch {
	case compared && len(r.Changed) == 0:
		t.say("Nothing of it changes against the base branch.\n")
	case compared:
		t.say("| changed | base branch | here |\n|---|---|---|")
		for _, d := range r.Changed {
			t.say("| %s | %s | %s |", d.What, inProse(cmp.Or(d.Base, "none")), inProse(cmp.Or(d.Now, "none")))
		}
		t.say("")
	}
	t.say("<details><summary>Timeline, and what is assumed</summary>\n\n%s\n\n</details>", fenced(strings.TrimSuffix(r.String(), "\n")))
	return t.String()
}

// unmet is an error of a rehearsal whose faults did not all strike: it would pass for one that
// survives them.
func unmet(faults []sim.Fault) error {
	var names []string
	for _, f := range faults {
		names = append(names, f.Name+"="+f.Value)
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("the rehearsal does not show what was asked: %s never struck; name a fault of what this failover does", strings.Join(names, ", "))
}

// unread is an error of a rehearsal that did not know all of the site: it would pass for one that did.
func unread(what []string) error {
	if len(what) == 0 {
		return nil
	}
	return refusal.New(refusal.CodeNotReady, "not all of the site could be read, so the rehearsal proves nothing (%s): mend that, and rehearse again", strings.Join(what, "; "))
}

// liveOf rehearses the site of a project as it stands.
func liveOf(p *project, run rehearse) rehearse {
	return func(ctx context.Context, o scenario.Options) (*scenario.Report, error) {
		site, err := p.open(ctx)
		if err != nil {
			return nil, err
		}
		o.Progress("reading both states, and what AWS says …")
		return p.rehearse(ctx, site, run, o)
	}
}

// rehearse rehearses the site that was opened as it stands.
func (p *project) rehearse(ctx context.Context, site *ops.Site, run rehearse, o scenario.Options) (*scenario.Report, error) {
	survey, err := site.Survey(ctx)
	if err != nil {
		return nil, err
	}
	o.Survey, o.EngineRoot, o.Command = &survey, p.options.EngineRoot, p.options.Command
	return run(ctx, o)
}

// keep keeps the report where it was asked to be kept, and that of a project in its folder for
// status to tell of.
func (o *rehearseOptions) keep(reported *scenario.Report) (err error) {
	if o.dir != "" {
		err = report.WriteFiles(filepath.Join(o.dir, "report"), reported)
	}
	if o.Project != "" && !o.live { // which writes nothing there
		err = errors.Join(err, report.WriteFiles(filepath.Join(o.project, filepath.FromSlash(report.Rehearsal)), reported))
	}
	return err
}
