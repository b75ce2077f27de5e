package stacks

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// TestCheckStorage: AWS is asked for a ceiling that was lowered, and never in an activation, be it begun or resumed: it has
// to go on, whatever its file says by now.
func TestCheckStorage(t *testing.T) {
	t.Parallel()
	claim := func(role roles.Role, progress roles.Progress) roles.Claim {
		return roles.Claim{Role: role, Epoch: 2, Progress: progress, Generation: roles.Generation{Number: 1, Origin: roles.OriginReplica}}
	}
	begun, serving, standby := claim(roles.Active, roles.Promoted), claim(roles.Active, roles.Switched), claim(roles.Standby, roles.Claimed)
	lowered, same := config.Config{Site: "blog", Stack: "dr"}, config.Config{Site: "blog", Stack: "dr", Database: config.Database{MaxStorageGiB: 800}}
	for name, tc := range map[string]struct {
		cfg      config.Config
		do       roles.Action
		own, now roles.Claim
		asks     bool
	}{
		"a side that serves":      {lowered, roles.Keep, serving, serving, true},
		"a standby":               {lowered, roles.Keep, standby, standby, true},
		"as it was":               {same, roles.Keep, serving, serving, false},
		"an activation":           {lowered, roles.Activate, standby, claim(roles.Active, roles.Claimed), false},
		"a resumed activation":    {lowered, roles.Keep, begun, begun, false},
		"a freeze":                {lowered, roles.Freeze, serving, claim(roles.Frozen, roles.Switched), false},
		"what is to be destroyed": {config.Config{Site: "blog", Stack: "dr", Teardown: "blog"}, roles.Keep, serving, serving, false},
	} {
		s := &site{situation: situation{cfg: tc.cfg, plan: roles.Plan{Do: tc.do, Claim: tc.now}, published: state.PeerInfo{MaxStorageGiB: 800}, peer: state.PeerInfo{MaxStorageGiB: 400}}}
		s.activating = activates(s.plan, tc.own)
		asked := false
		s.runtime = failover.New(failover.Env{AWS: func(context.Context, string, string) (aws.Config, error) {
			asked = true
			return aws.Config{}, errors.New("no credentials")
		}}, failover.Site{Region: "us-east-2"})
		err := s.checkStorage(t.Context())
		assert.Equal(t, tc.asks, asked, name)
		assert.Equal(t, tc.asks, err != nil, name)
	}
}

func TestRefuseCeiling(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		ceiling, allocated int
		says               string
	}{
		"above what there is":     {400, 100, ""},
		"a tenth above":           {330, 300, ""},
		"less than a tenth above": {329, 300, "database blog-dr-1 has 300 GiB by now, so it can't be kept from growing beyond 329: set database.maxStorageGiB to 330 or more in both files"},
		"below what there is":     {200, 305, "336 or more"},
		"growth is ended":         {0, 300, ""},
	} {
		why := refuseCeiling("blog-dr-1", tc.ceiling, tc.allocated)
		if tc.says == "" {
			assert.Nil(t, why, name)
			continue
		}
		assert.ErrorContains(t, why, tc.says, name)
	}
}
