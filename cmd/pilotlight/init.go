package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/setup"
)

type initOptions struct {
	project
	site     setup.Site
	existing setup.Existing  // the site's, if the dialogue or the flags say so
	given    map[string]bool // flags that say what is otherwise asked for
	force    bool
}

func newInitCmd(run func(context.Context, initOptions) error) *cobra.Command {
	o := initOptions{given: map[string]bool{}}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make the files of a new site's stacks",
		Long: "Init makes Pulumi.prod.yaml and Pulumi.dr.yaml, and Pulumi.yaml if there is none. On a terminal it asks for what no\n" +
			"flag says, unless the flags say all that is needed. With --production-… it makes only Pulumi.dr.yaml, for a pilot\n" +
			"light of a production that exists. Each answer is checked by the program's own rules before a file is written.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, flag := range o.flagNames() {
				o.given[flag] = cmd.Flags().Changed(flag)
			}
			return run(cmd.Context(), o)
		},
	}
	for _, q := range o.questions() {
		cmd.Flags().StringVar(q.answer, q.flag, "", q.text)
	}
	cmd.Flags().BoolVar(&o.existing.Unencrypted, unencryptedFlag, false, "that instance is not encrypted")
	cmd.Flags().BoolVar(&o.force, "force", false, "overwrite the stacks' files; what Pulumi encrypts their secrets with is kept")
	o.flags(cmd)
	return cmd
}

func runInit(ctx context.Context, o initOptions) error {
	if err := o.complete(ctx); err != nil {
		return err
	}
	written, err := o.site.Write(o.dir, o.force)
	if err != nil {
		return fmt.Errorf("writing the files of the stacks: %w", err)
	}
	result := initResult{written, o.site.Next()}
	return o.show(result, result.String())
}

// complete fills in the site from flags and answers.
func (o *initOptions) complete(ctx context.Context) error {
	exists, err := o.productionGiven()
	if err != nil {
		return err
	}
	if exists {
		o.site.Existing = &o.existing
	}
	if !o.terminal || len(o.missing()) == 0 {
		if err := o.inTheWay(); err != nil {
			return err
		}
		return o.check()
	}
	return o.ask(ctx)
}

// inTheWay refuses to overwrite, before anybody is asked anything.
func (o *initOptions) inTheWay() error {
	there, err := o.site.InTheWay(o.dir)
	if err != nil {
		return fmt.Errorf("looking for the files of the stacks: %w", err)
	}
	if len(there) > 0 && !o.force {
		return &usageError{fmt.Errorf("%s would be overwritten: edit what is there, or give --force", strings.Join(there, " and "))}
	}
	return nil
}

// check refuses what the flags say, all of it at once.
func (o *initOptions) check() error {
	var errs []error
	for _, q := range o.asked() {
		if !o.given[q.flag] && q.preset != nil {
			*q.answer = q.preset()
		}
		remedy, err := o.remedy(q)
		if err != nil {
			return err
		}
		if remedy != "" {
			errs = append(errs, q.refused(remedy))
		}
	}
	if len(errs) > 0 {
		return &usageError{errors.Join(errs...)}
	}
	return nil
}

// initResult is what was done, and what comes next.
type initResult struct {
	Written []string     `json:"written"`
	Next    []setup.Step `json:"next"`
}

func (r initResult) String() string {
	var t text
	t.say("Written: %s. Sizes and networks are values to begin with: look at them.", strings.Join(r.Written, ", "))
	t.say("\nThen, in this order:\n")
	for _, step := range r.Next {
		t.say("  %s\n      %s", step.Command, step.Why)
	}
	return t.String()
}
