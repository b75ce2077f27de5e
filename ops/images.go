package ops

import (
	"context"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/images"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// SyncImages brings the site's newest image to its standby's region, as the stack's function does by itself where
// images.sync is set. It returns once AWS has been asked: a copy takes AWS minutes, and the next call finds it.
func (s *Site) SyncImages(ctx context.Context, run Run) (_ images.Plan, err error) {
	defer noteEnd(ctx, &err)
	sides, err := s.Sides(ctx)
	if err != nil {
		return images.Plan{}, err
	}
	standby, err := failoverTarget(sides)
	if err != nil {
		return images.Plan{}, err
	}
	if standby == nil || standby.State.Claim.Leads() {
		return images.Plan{}, refusal.New(refusal.CodeClaims, "there is no standby to bring images to: pilotlight status says what to do")
	}
	c, rt := standby.Config, s.runtimeOf(*standby)
	rt.Say = run.say
	path := config.ParameterPath(c.Site, c.Stack)
	job := images.Job{Site: c.Site, Stack: c.Stack, Claim: path + "/claim", Image: path + "/image", Points: c.App.Image == "", CopyMinutes: c.Images.CopyMinutes}
	return rt.SyncImages(ctx, job)
}
