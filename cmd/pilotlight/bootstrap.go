package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/ops"
)

type bootstrapOptions struct {
	project
	region, bucket string
	move           bool
}

func newBootstrapCmd(c connect) *cobra.Command {
	o := bootstrapOptions{project: project{connect: c}}
	cmd := &cobra.Command{
		Use: "bootstrap", Short: "Make the bucket and the key for the state, outside the production region",
		Long: "Bootstrap makes a versioned, encrypted, private bucket for the state of both stacks, and a KMS key for the secrets\n" +
			"in it, in a region that is not production's; a third one is best. Run again, it makes what is missing.\n" +
			"With --move it copies the state there from where it is now, after a role change that lasts. It deletes nothing.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().StringVar(&o.region, "region", "", "where the state shall lie")
	cmd.Flags().StringVar(&o.bucket, "bucket", "", "name of the bucket; made up of site, account and region if there is none")
	cmd.Flags().BoolVar(&o.move, "move", false, "copy the state there from where it is now")
	o.flags(cmd)
	return cmd
}

func (o *bootstrapOptions) run(ctx context.Context) error {
	if o.region == "" {
		return &usageError{fmt.Errorf("--region is empty: name a region for the state that is not production's")}
	}
	if err := backend.CheckRegion(o.region); err != nil {
		return &usageError{err}
	}
	if err := backend.CheckBucket(o.bucket); o.bucket != "" && err != nil {
		return &usageError{err}
	}
	site, err := o.open(ctx)
	if err != nil {
		return err
	}
	run := ops.Run{Say: func(line string) { o.say("%s", line) }}
	if !o.move {
		made, err := site.Bootstrap(ctx, o.region, o.bucket, run)
		if err != nil {
			return err
		}
		return o.show(made, bootstrapText(made, made.Lines(site.Stacks())))
	}
	moved, err := site.MoveBackend(ctx, o.region, o.bucket, run)
	if err != nil {
		return err
	}
	return o.show(moved, bootstrapText(moved.To, moved.Next))
}

func bootstrapText(r *backend.Result, next []string) string {
	var t text
	for _, part := range r.Parts {
		t.say("%-8s %s", part.Did, part.Name)
	}
	for _, warning := range r.Warnings {
		t.say("warning  %s", warning)
	}
	if !r.Changed() {
		t.say("nothing to do: it is as it should be")
	}
	t.say("")
	for _, line := range next {
		t.say("%s", line)
	}
	return t.String()
}
