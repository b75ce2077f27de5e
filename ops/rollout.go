package ops

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// replacesInstances reports that a step of the engine has AWS replace the instances of a group: it changes the template
// that they are launched from, or a tag, see components.InstancesArgs.
func replacesInstances(e events.EngineEvent) bool {
	pre := e.ResourcePreEvent
	return pre != nil && pre.Metadata.Op == apitype.OpUpdate && pre.Metadata.Type == "aws:autoscaling/group:Group" &&
		slices.ContainsFunc(pre.Metadata.Diffs, func(path string) bool { // such as tags[2].value
			property, _, _ := strings.Cut(strings.ReplaceAll(path, "[", "."), ".")
			return slices.Contains([]string{"tags", "launchTemplate", "mixedInstancesPolicy"}, property)
		})
}

// watchRollout is the run, watched for a step that replaces instances.
func watchRollout(run Run) (watched Run, replaces *atomic.Bool) {
	replaces = &atomic.Bool{}
	return run.With(Run{Event: func(e events.EngineEvent) {
		if replacesInstances(e) {
			replaces.Store(true)
		}
	}}), replaces
}

// rolloutNotes say that an update began to replace the instances of a side that has some.
func (s *Stack) rolloutNotes(ctx context.Context) []string {
	if now, err := s.State(ctx); err != nil || !now.Claim.Leads() {
		return nil
	}
	return []string{fmt.Sprintf("the instances of %s are being replaced one by one, while the site serves: pilotlight status tells how far", s.Name())}
}

// rolloutProblem is what is wrong with the replacement of a side's instances; none when nothing is.
func (s SideStatus) rolloutProblem(now time.Time) []string {
	switch {
	case s.rolloutUnseen != nil:
		return []string{fmt.Sprintf("stack %s: it is not known whether instances are being replaced: %v", s.Stack, s.rolloutUnseen)}
	case s.Rollout == nil || s.Rollout.Problem(now) == "":
		return nil
	}
	return []string{fmt.Sprintf("stack %s: %s", s.Stack, s.Rollout.Problem(now))}
}
