package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/images"
	"github.com/pilotlight-dr/pilotlight/ops"
)

func newImagesCmd(c connect) *cobra.Command {
	parent := ofVerbs(&cobra.Command{Use: "images", Short: "Bring the newest machine image to the standby's region"})
	parent.AddCommand(newImagesSyncCmd(c))
	return parent
}

func newImagesSyncCmd(c connect) *cobra.Command {
	p := project{connect: c}
	cmd := &cobra.Command{
		Use: "sync", Short: "Copy the newest image of the active side to the standby's region",
		Long: "Sync copies the newest image with the tag " + images.SiteTag + " and the site's name, unless it is there. It points new instances\n" +
			"to the newest image that has arrived, where app.image is left out, and ends copies that are not needed: all but the last\n" +
			"two and those in use. It waits for no copy; run it again to see one arrive. With images.sync a Lambda function does\n" +
			"the same by itself (docs/image.md).",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.syncImages(cmd.Context()) },
	}
	p.flags(cmd)
	return cmd
}

// syncedImages is what a sync set out to do.
type syncedImages struct {
	Newest       string   `json:"newest,omitempty"` // image of the active side
	Copied       bool     `json:"copied"`           // a copy was asked for
	Arrived      bool     `json:"arrived"`          // it is in the standby's region
	Behind       float64  `json:"behindSeconds"`
	Pointed      string   `json:"pointed,omitempty"` // what new instances start from, where that has changed
	Deregistered []string `json:"deregistered,omitempty"`
}

func (p *project) syncImages(ctx context.Context) error {
	site, err := p.open(ctx)
	if err != nil {
		return err
	}
	plan, err := site.SyncImages(ctx, ops.Run{Say: func(line string) { p.say("%s", line) }})
	result := syncedImages{
		Newest: plan.Newest.ID, Copied: plan.Try > 0, Arrived: plan.Newest.ID != "" && plan.Behind == 0, Behind: plan.Behind.Seconds(), Pointed: plan.Point,
	}
	for _, i := range plan.Deregister {
		result.Deregistered = append(result.Deregistered, i.ID)
	}
	var t text
	switch {
	case plan.Newest.ID == "": // the error says why
	case result.Arrived:
		t.say("image %s is in the standby's region", plan.Newest.ID)
	case plan.GivenUp:
		t.say("image %s could not be copied", plan.Newest.ID)
	default:
		t.say("image %s is on its way to the standby's region: run this again in a while", plan.Newest.ID)
	}
	return p.conclude(result, t.String(), err)
}
