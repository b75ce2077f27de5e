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
					cfg: config.Config{Site: "blog"}, plan: roles.Plan{Do: tc.do, Claim: tc.planned},
					own: state.State{Claim: tc.own, Published: state.PeerInfo{Image: tc.published}, Rollout: before},
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
			s.own.Rollout = ""
			assert.Equal(t, tc.changes, s.rollout() != nil, "no tag is none")
		})
	}
}

// TestRolloutAfterAStop holds what the update rolls out, or keeps, that comes after one which was stopped.
func TestRolloutAfterAStop(t *testing.T) {
	t.Parallel()
	active := roles.Claim{Role: roles.Active, Epoch: 2, Reason: roles.ReasonFailover, Progress: roles.Switched}
	frozen, half, reclaims := active, active, active
	frozen.Role, half.Progress = roles.Frozen, roles.Promoted
	reclaims.Reason, reclaims.Progress = roles.ReasonReclaim, roles.Claimed
	const one, two, three = "ami-1", "ami-2", "ami-3" // the newest
	for name, tc := range map[string]struct {
		do                  roles.Action
		own, planned        roles.Claim
		published, pointsTo string
		instances           int // published
		configured          string
		unfinished          bool
		adopting            bool
		runs                string
		rollsOut, keeps     bool
	}{
		"a failover, before the switch":                          {do: roles.Keep, own: half, planned: half, published: one, pointsTo: two, unfinished: true, runs: one},
		"a failover, after the switch":                           {do: roles.Keep, own: active, planned: active, published: one, pointsTo: two, unfinished: true, runs: two, keeps: true},
		"a failover, then a freeze":                              {do: roles.Freeze, own: active, planned: frozen, published: one, pointsTo: two, unfinished: true, runs: two, keeps: true},
		"the first deployment, at its end":                       {do: roles.Keep, own: active, planned: active, pointsTo: two, unfinished: true, runs: two, keeps: true},
		"a reclaim, before the switch":                           {do: roles.Keep, own: reclaims, planned: reclaims, published: one, instances: 2, pointsTo: two, unfinished: true, runs: one, keeps: true},
		"a thaw":                                                 {do: roles.Keep, own: active, planned: active, published: one, instances: 2, pointsTo: one, unfinished: true, runs: one, keeps: true},
		"a rollout":                                              {do: roles.Keep, own: active, planned: active, published: one, instances: 2, pointsTo: three, runs: one, rollsOut: true},
		"a rollout, before the parameter":                        {do: roles.Keep, own: active, planned: active, published: one, instances: 2, pointsTo: one, runs: one, rollsOut: true},
		"a rollout that changed the claim, too":                  {do: roles.Keep, own: active, planned: active, published: one, instances: 2, pointsTo: three, unfinished: true, runs: one, rollsOut: true},
		"a failover, once it has published":                      {do: roles.Keep, own: active, planned: active, published: two, instances: 2, pointsTo: two, unfinished: true, runs: two, keeps: true},
		"an image that is configured, while a part can't be had": {do: roles.Keep, own: active, planned: active, published: two, instances: 2, pointsTo: two, unfinished: true, configured: three, runs: two, rollsOut: true},
		"none, after a failover":                                 {do: roles.Keep, own: active, planned: active, published: two, instances: 2, pointsTo: two, runs: two, rollsOut: true},
		"none, after an adoption":                                {do: roles.Keep, own: active, planned: active, pointsTo: two, runs: two, rollsOut: true},
		"an adoption, in the middle":                             {do: roles.Keep, own: active, planned: active, pointsTo: two, adopting: true, runs: two},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &site{
				situation: situation{
					cfg: config.Config{Site: "blog", App: config.App{Image: tc.configured}}, plan: roles.Plan{Do: tc.do, Claim: tc.planned}, adopting: tc.adopting,
					own: state.State{Claim: tc.own, Published: state.PeerInfo{Image: tc.published, Instances: tc.instances}, Image: tc.pointsTo, Unfinished: tc.unfinished},
				},
				image: image{id: three},
			}
			assert.Equal(t, tc.runs, s.running())
			assert.Equal(t, tc.rollsOut, s.rollsOut())
			assert.Equal(t, tc.keeps, s.keepsImage())
		})
	}
}
