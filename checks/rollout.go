package checks

import (
	"fmt"
	"slices"
	"time"

	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/when"
)

// Rollout is the replacement of a side's instances, one by one: an instance refresh of EC2 Auto Scaling.
type Rollout struct {
	Region string `json:"region"`
	Group  string `json:"group"`
	// Status is as AWS words it, such as InProgress, and Reason why it is so; empty where AWS says nothing.
	Status string    `json:"status"`
	Reason string    `json:"reason,omitempty"`
	Began  time.Time `json:"began"`
	// Percent is how many instances, in a hundred, are replaced.
	Percent int `json:"percent"`
}

// rolloutLasts is within what time all instances are replaced: a boot takes some minutes, and half of them boot at once.
const rolloutLasts = time.Hour

// Over reports that nothing is being replaced any more, and that it did not fail. One that somebody cancelled or rolled back is over.
func (r Rollout) Over() bool {
	return slices.Contains([]string{"", "Successful", "Cancelled", "RollbackSuccessful"}, r.Status)
}

// String is how far it is.
func (r Rollout) String() string {
	since := when.Date(r.Began)
	if r.failed() {
		return fmt.Sprintf("their replacement, begun at %s, failed at %d %%", since, r.Percent)
	}
	return fmt.Sprintf("being replaced one by one since %s, %d %% so far", since, r.Percent)
}

func (r Rollout) failed() bool { return r.Status == "Failed" || r.Status == "RollbackFailed" }

// Problem is what is wrong with it, and what to do; empty when it is over, and while it may still come to its end. The
// site serves all the while: an instance goes once a new one is healthy.
func (r Rollout) Problem(now time.Time) string {
	if r.Over() || !r.failed() && now.Sub(r.Began) < rolloutLasts {
		return ""
	}
	reason := "the instances of " + r.Group + ": " + r.String()
	if r.Reason != "" {
		reason += " (" + r.Reason + ")"
	}
	return refusal.Sentence(reason, fmt.Sprintf("those before serve on; if the new image is to blame, take it back and run pilotlight deploy; "+
		"what the group did: aws autoscaling describe-scaling-activities --region %s --auto-scaling-group-name %s", r.Region, r.Group))
}
