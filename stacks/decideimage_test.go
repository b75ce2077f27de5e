package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// TestDecideImage holds in which updates instances are replaced, and in which a side keeps its image.
func TestDecideImage(t *testing.T) {
	t.Parallel()
	claim := func(role roles.Role, reason roles.Reason, progress roles.Progress) roles.Claim {
		return roles.Claim{Role: role, Epoch: 2, Reason: reason, Progress: progress}
	}
	serves := claim(roles.Active, roles.ReasonCreate, roles.Switched)
	frozen := claim(roles.Frozen, roles.ReasonCreate, roles.Switched)
	standby := claim(roles.Standby, "", roles.Claimed)
	half := claim(roles.Active, roles.ReasonFailover, roles.Promoted)
	reclaims := claim(roles.Active, roles.ReasonReclaim, roles.Claimed)
	const one = "ami-1"
	for name, tc := range map[string]struct {
		do           roles.Action
		own, planned roles.Claim
		published    string
		leaves       bool
		want         imageAction
	}{
		"a plain update":                 {roles.Keep, serves, serves, one, false, rollOutImage},
		"no image was known":             {roles.Keep, serves, serves, "", false, launchImage},
		"before a destroy":               {roles.Keep, serves, serves, one, true, launchImage},
		"a standby":                      {roles.Keep, standby, standby, one, false, launchImage},
		"a freeze":                       {roles.Freeze, serves, frozen, one, false, keepImage},
		"while it is frozen":             {roles.Keep, frozen, frozen, one, false, keepImage},
		"a thaw":                         {roles.Thaw, frozen, serves, one, false, keepImage},
		"a former database is to go":     {roles.Unprotect, serves, serves, one, false, keepImage},
		"an activation":                  {roles.Activate, standby, half, one, false, launchImage},
		"an activation that was killed":  {roles.Keep, half, half, one, false, launchImage},
		"a reclaim":                      {roles.Activate, serves, reclaims, one, false, keepImage},
		"a reclaim that was killed":      {roles.Keep, reclaims, reclaims, one, false, keepImage},
		"an abort":                       {roles.Abort, half, standby, one, false, launchImage},
		"it becomes a standby":           {roles.StandBy, serves, standby, one, false, launchImage},
		"the first deployment of a site": {roles.Activate, roles.Claim{}, half, "", false, launchImage},
	} {
		do, running := decideImage(imageFacts{roles.Plan{Do: tc.do, Claim: tc.planned}, state.State{Claim: tc.own, Published: state.PeerInfo{Image: tc.published}}, "", tc.leaves})
		assert.Equal(t, tc.want, do, name)
		assert.Equal(t, tc.published, running, name)
	}
}

// TestDecideImageAfterAStop holds what the update does about the image that comes after one which was stopped.
func TestDecideImageAfterAStop(t *testing.T) {
	t.Parallel()
	active := roles.Claim{Role: roles.Active, Epoch: 2, Reason: roles.ReasonFailover, Progress: roles.Switched}
	frozen, half, reclaims := active, active, active
	frozen.Role, half.Progress = roles.Frozen, roles.Promoted
	reclaims.Reason, reclaims.Progress = roles.ReasonReclaim, roles.Claimed
	const one, two, three = "ami-1", "ami-2", "ami-3"
	for name, tc := range map[string]struct {
		do                  roles.Action
		own, planned        roles.Claim
		published, pointsTo string
		instances           int // published
		configured          string
		unfinished          bool
		leaves              bool
		runs                string
		want                imageAction
	}{
		"a failover, before the switch":                          {do: roles.Keep, own: half, planned: half, published: one, pointsTo: two, unfinished: true, runs: one, want: launchImage},
		"a failover, after the switch":                           {do: roles.Keep, own: active, planned: active, published: one, pointsTo: two, unfinished: true, runs: two, want: keepImage},
		"a failover, then a freeze":                              {do: roles.Freeze, own: active, planned: frozen, published: one, pointsTo: two, unfinished: true, runs: two, want: keepImage},
		"the first deployment, at its end":                       {do: roles.Keep, own: active, planned: active, pointsTo: two, unfinished: true, runs: two, want: keepImage},
		"a reclaim, before the switch":                           {do: roles.Keep, own: reclaims, planned: reclaims, published: one, instances: 2, pointsTo: two, unfinished: true, runs: one, want: keepImage},
		"a thaw":                                                 {do: roles.Keep, own: active, planned: active, published: one, instances: 2, pointsTo: one, unfinished: true, runs: one, want: keepImage},
		"a rollout":                                              {do: roles.Keep, own: active, planned: active, published: one, instances: 2, pointsTo: three, runs: one, want: rollOutImage},
		"a rollout, before the parameter":                        {do: roles.Keep, own: active, planned: active, published: one, instances: 2, pointsTo: one, runs: one, want: rollOutImage},
		"a rollout that changed the claim, too":                  {do: roles.Keep, own: active, planned: active, published: one, instances: 2, pointsTo: three, unfinished: true, runs: one, want: rollOutImage},
		"a failover, once it has published":                      {do: roles.Keep, own: active, planned: active, published: two, instances: 2, pointsTo: two, unfinished: true, runs: two, want: keepImage},
		"an image that is configured, while a part can't be had": {do: roles.Keep, own: active, planned: active, published: two, instances: 2, pointsTo: two, unfinished: true, configured: three, runs: two, want: rollOutImage},
		"none, after a failover":                                 {do: roles.Keep, own: active, planned: active, published: two, instances: 2, pointsTo: two, runs: two, want: rollOutImage},
		"none, after an adoption":                                {do: roles.Keep, own: active, planned: active, pointsTo: two, runs: two, want: rollOutImage},
		"an adoption, in the middle":                             {do: roles.Keep, own: active, planned: active, pointsTo: two, leaves: true, runs: two, want: launchImage},
	} {
		own := state.State{Claim: tc.own, Published: state.PeerInfo{Image: tc.published, Instances: tc.instances}, Image: tc.pointsTo, Unfinished: tc.unfinished}
		do, running := decideImage(imageFacts{roles.Plan{Do: tc.do, Claim: tc.planned}, own, tc.configured, tc.leaves})
		assert.Equal(t, tc.want, do, name)
		assert.Equal(t, tc.runs, running, name)
	}
}
