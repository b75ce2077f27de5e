package stacks

import (
	"cmp"

	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// imageAction is what an update does about the image of a side's instances.
type imageAction string

const (
	keepImage    imageAction = "keep"     // instances keep the one that they run
	launchImage  imageAction = "launch"   // what is launched takes the one that is found, and nothing that runs is replaced
	rollOutImage imageAction = "roll out" // the one that is found replaces instances, if they run another
)

// imageFacts are what that is decided by.
type imageFacts struct {
	plan       roles.Plan
	own        state.State // before the update
	configured string      // app.image
	leaves     bool        // the update adopts, or readies a destroy: it replaces nothing
}

// decideImage decides it, and finds out which image the instances run: the one that the stack has published, or what its
// parameter holds. running is empty where there are none.
func decideImage(f imageFacts) (do imageAction, running string) {
	published, holds := f.own.Published.Image, f.own.Image
	// The activation was stopped after the switch, and before it published what it has launched: what was published last is
	// a standby's, which has no instances. A side that was adopted has published nothing.
	unpublished := f.own.Unfinished && f.own.Claim.Switched() && f.own.Published.Instances == 0
	running = cmp.Or(published, holds)
	if unpublished {
		running = cmp.Or(holds, published)
	}
	// A plain update may finish one which moved this side, and was stopped after the switch or the thaw. Where the parameter
	// holds another image than was published, that one was about to roll it out. An image that the configuration names is
	// wanted all the same, once this side has published: a part that can't be had may keep it unfinished for long.
	wanted := f.configured != "" && f.configured != published
	resumes := unpublished || f.own.Unfinished && holds == published && !wanted
	plain, has := f.plan.Plain(f.own.Claim), f.plan.Claim.Leads() && f.own.Claim.Leads() && f.own.Claim.HoldsName()
	switch {
	case running == "":
		return launchImage, ""
	case has && (!plain || resumes):
		return keepImage, running
	case plain && !f.leaves:
		return rollOutImage, running
	}
	return launchImage, running
}
