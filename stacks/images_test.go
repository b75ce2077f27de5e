package stacks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// TestRollout holds in which updates the tag changes that has instances replaced, and in which a side keeps its image.
func TestRollout(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	claim := func(role roles.Role, reason roles.Reason, progress roles.Progress) roles.Claim {
		return roles.Claim{Role: role, Epoch: 2, Reason: reason, Progress: progress}
	}
	serves := claim(roles.Active, roles.ReasonCreate, roles.Switched)
	frozen := claim(roles.Frozen, roles.ReasonCreate, roles.Switched)
	standby := claim(roles.Standby, "", roles.Claimed)
	half := claim(roles.Active, roles.ReasonFailover, roles.Promoted)
	reclaims := claim(roles.Active, roles.ReasonReclaim, roles.Claimed)
	const older, newer, before = "ami-1", "ami-2", "ami-1 at 2026-02-01T12:00:00Z"
	for name, tc := range map[string]struct {
		do             roles.Action
		own, planned   roles.Claim
		published      string
		teardown       bool
		changes, keeps bool
	}{
		"a plain update":                 {roles.Keep, serves, serves, older, false, true, false},
		"the same image":                 {roles.Keep, serves, serves, newer, false, false, false},
		"no image was known":             {roles.Keep, serves, serves, "", false, false, false},
		"before a destroy":               {roles.Keep, serves, serves, older, true, false, false},
		"a standby":                      {roles.Keep, standby, standby, older, false, false, false},
		"a freeze":                       {roles.Freeze, serves, frozen, older, false, false, true},
		"while it is frozen":             {roles.Keep, frozen, frozen, older, false, false, true},
		"a thaw":                         {roles.Thaw, frozen, serves, older, false, false, true},
		"a former database is to go":     {roles.Unprotect, serves, serves, older, false, false, true},
		"an activation":                  {roles.Activate, standby, half, older, false, false, false},
		"an activation that was killed":  {roles.Keep, half, half, older, false, false, false},
		"a reclaim":                      {roles.Activate, serves, reclaims, older, false, false, true},
		"a reclaim that was killed":      {roles.Keep, reclaims, reclaims, older, false, false, true},
		"an abort":                       {roles.Abort, half, standby, older, false, false, false},
		"it becomes a standby":           {roles.StandBy, serves, standby, older, false, false, false},
		"the first deployment of a site": {roles.Activate, roles.Claim{}, half, "", false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &site{
				situation: situation{
					cfg: config.Config{Site: "blog"}, plan: roles.Plan{Do: tc.do, Claim: tc.planned}, ownClaim: tc.own,
					published: state.PeerInfo{Image: tc.published}, rolledOut: before,
				},
				env: failover.Env{Now: func() time.Time { return now }}, image: image{id: newer},
			}
			if tc.teardown {
				s.cfg.Teardown = s.cfg.Site
			}
			want := before
			if tc.changes {
				want = "ami-2 at 2026-03-01T12:00:00Z"
			}
			assert.Equal(t, map[string]string{state.RolloutTag: want}, s.rollout())
			assert.Equal(t, tc.keeps, s.keepsImage())
			s.rolledOut = ""
			assert.Equal(t, tc.changes, s.rollout() != nil, "no tag is none")
		})
	}
}
