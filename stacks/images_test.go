package stacks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/state"
)

// TestRollout holds that the tag changes, with the time, where another image is rolled out, and only there.
func TestRollout(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const older, newer, before, after = "ami-1", "ami-2", "ami-1 at 2026-02-01T12:00:00Z", "ami-2 at 2026-03-01T12:00:00Z"
	for name, tc := range map[string]struct {
		do           imageAction
		running      string
		before, want string
	}{
		"another image":       {rollOutImage, older, before, after},
		"the first rollout":   {rollOutImage, older, "", after},
		"the same image":      {rollOutImage, newer, before, before},
		"none so far":         {rollOutImage, newer, "", ""},
		"a side that moves":   {keepImage, older, before, before},
		"nothing is replaced": {launchImage, older, before, before},
	} {
		s := &site{
			situation: situation{own: state.State{Rollout: tc.before}}, env: failover.Env{Now: func() time.Time { return now }},
			image: image{id: newer}, imageDo: tc.do, running: tc.running,
		}
		assert.Equal(t, tc.want, s.rollout()[state.RolloutTag], name)
		assert.Equal(t, tc.want == "", s.rollout() == nil, "%s: no tag is none", name)
	}
}
