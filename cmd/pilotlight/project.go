package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/sim/server"
	"github.com/pilotlight-dr/pilotlight/when"
)

// connect says in what world a site is worked on, and with what engine: the real
// one, or a simulated one.
type connect func(ctx context.Context) (ops.Options, error)

// realAWS is the world outside.
func realAWS(context.Context) (ops.Options, error) { return ops.Options{}, nil }

// theWorld is the one outside, or the simulated one that the environment names. A
// session with that lasts as long as the process.
func theWorld(ctx context.Context) (ops.Options, error) {
	p, err := server.FromEnvironment(ctx)
	switch {
	case err != nil:
		return ops.Options{}, err
	case p == nil:
		return realAWS(ctx)
	}
	return p.Options(), nil
}

// project is what every verb that knows a site is told.
type project struct {
	connect connect

	dir     string
	options ops.Options // with which its site was opened
	json    bool
	verbose bool // the engine's and the provider's own lines are shown, too
	reads   bool // the verb can change nothing

	in            io.Reader
	out, progress io.Writer
	terminal      bool // somebody sits there
	began         time.Time
}

// flags adds the flags of a project to a command, and fills in the rest before it runs.
func (p *project) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&p.dir, "cwd", "C", ".", "the project's folder")
	cmd.Flags().BoolVar(&p.json, "json", false, "print the result as JSON")
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p.in, p.out, p.progress, p.began, p.reads = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), time.Now(), readsOnly(cmd)
		file, ok := p.in.(*os.File)
		p.terminal = ok && term.IsTerminal(int(file.Fd()))
		return run(cmd, args)
	}
}

// verboseFlag adds the flag of verbs that run the engine.
func (p *project) verboseFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&p.verbose, "verbose", false, "also show the lines of the engine and the provider, which the log has")
}

// noArgs refuses arguments as a wrong usage.
func noArgs(cmd *cobra.Command, args []string) error { return exactly(0)(cmd, args) }

// exactly wants so many arguments.
func exactly(n int) cobra.PositionalArgs { return between(n, n) }

// between wants at least and at most so many arguments.
func between(least, most int) cobra.PositionalArgs {
	wants := cobra.RangeArgs(least, most)
	if least == most { // which says so in fewer words
		wants = cobra.ExactArgs(least)
	}
	return func(cmd *cobra.Command, args []string) error {
		if err := wants(cmd, args); err != nil {
			return &usageError{fmt.Errorf("%s: %w: it is used as %s", cmd.Name(), err, cmd.UseLine())}
		}
		return nil
	}
}

// open opens the site of the project's folder.
func (p *project) open(ctx context.Context) (*ops.Site, error) {
	o, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	if o.Dir != "" && !sameFolder(o.Dir, p.dir) {
		return nil, &usageError{fmt.Errorf("%s names a simulated AWS, and this is not its project: go to %s, or unset it", server.Variable, o.Dir)}
	}
	if _, err := os.Stat(filepath.Join(p.dir, server.World)); err == nil && o.Dir == "" {
		return nil, &usageError{fmt.Errorf("this is the project of a simulated AWS: export %s=…, as pilotlight sim serve printed it", server.Variable)}
	}
	o.Dir, o.Progress, o.Abandon = p.dir, p.progress, interruptionOf(ctx).abandon
	p.options = o
	return ops.OpenSite(o)
}

// openWith opens the site of the project's folder, which has a stack of that name.
func (p *project) openWith(ctx context.Context, stack string) (*ops.Site, error) {
	site, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	return site, known(site, stack)
}

// known refuses a stack that the site does not have, as a wrong usage.
func known(site *ops.Site, stack string) error {
	if !slices.Contains(site.Stacks(), stack) {
		return &usageError{fmt.Errorf("the site has no stack %s: it has %s", stack, strings.Join(site.Stacks(), " and "))}
	}
	return nil
}

// sameFolder compares folders, not their names. A simulated failover would write the
// role into the file of a real site.
func sameFolder(a, b string) bool {
	one, err := os.Stat(a)
	other, missing := os.Stat(b)
	return err == nil && missing == nil && os.SameFile(one, other)
}

// say prints a line of progress, with the time since the command began.
func (p *project) say(format string, args ...any) {
	fmt.Fprintf(p.progress, "%6s  %s\n", when.Minutes(time.Since(p.began)), report.Escape(fmt.Sprintf(format, args...)))
}

// run follows an operation: it is shown live on a terminal, else a line each, and kept in
// a log. Call end when it is over. outlives is as interruption.watch has it.
func (p *project) run(ctx context.Context, verb string, outlives bool) (run ops.Run, end func()) {
	run, closeView := p.shown()
	if say := run.Say; p.verbose {
		run = run.With(ops.Run{Event: func(e events.EngineEvent) {
			if severity, text := diagnostic(e); severity == "debug" {
				say(text)
			}
		}})
	}
	log, path, err := openLog(p.dir, verb, p.began)
	if err != nil {
		run.Say(err.Error())
	} else {
		run.Say("log: " + path)
		run = run.With(log.run())
	}
	interruptionOf(ctx).watch(outlives, run.Say)
	return run, func() {
		interruptionOf(ctx).watch(outlives, func(string) {})
		closeView()
		if log != nil {
			log.close()
		}
	}
}

// shown is what the user sees of an operation.
func (p *project) shown() (run ops.Run, end func()) {
	if file, ok := p.progress.(*os.File); ok {
		if l := watch(file, p.began); l != nil {
			return l.run(), l.close
		}
	}
	return ops.Run{
		Begin:    func(c ops.Change) { p.say("%s", c) },
		Progress: func(seen ops.Progress) { p.say("%s", seen) },
		Say:      func(line string) { p.say("%s", line) },
		Step: func(step report.Step) {
			for _, line := range stepLines(step) {
				p.say("%s", line)
			}
		},
	}, func() {}
}

// show prints a result: as JSON where that was asked for, else as text.
func (p *project) show(value any, text string) error {
	if !p.json {
		_, err := io.WriteString(p.out, text)
		return err
	}
	return writeJSON(p.out, value)
}

// conclude prints what a verb did and ends with err, which is beside the result in JSON.
func (p *project) conclude(value any, text string, err error) error {
	if err == nil || !p.json {
		return errors.Join(err, p.show(value, text))
	}
	return p.concludeJSON(value, err)
}

func (p *project) concludeJSON(value any, err error) error {
	f := failureOf(err)
	f.Changed = f.Changed && !p.reads
	if unwritten := writeFailure(p.out, value, f); unwritten != nil {
		return errors.Join(err, unwritten)
	}
	return &shownError{err}
}

func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// text collects lines.
type text struct{ strings.Builder }

func (t *text) say(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }
