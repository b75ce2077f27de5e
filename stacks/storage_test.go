package stacks

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// TestCheckStorage: AWS is asked for a ceiling that was changed, for the source of a new replica in its region, and never in
// an activation, be it begun or resumed: it has to go on, whatever its file says by now.
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
		asks     string // the region; empty for none
	}{
		"a side that serves":       {lowered, roles.Keep, serving, serving, "us-east-2"},
		"a standby":                {lowered, roles.Keep, standby, standby, "us-east-2"},
		"a ceiling that is raised": {config.Config{Site: "blog", Stack: "dr", Database: config.Database{MaxStorageGiB: 810}}, roles.Keep, serving, serving, "us-east-2"},
		"as it was":                {same, roles.Keep, serving, serving, ""},
		"a new standby":            {same, roles.StandBy, serving, standby, "us-west-2"},
		"an activation":            {lowered, roles.Activate, standby, claim(roles.Active, roles.Claimed), ""},
		"a resumed activation":     {lowered, roles.Keep, begun, begun, ""},
		"a freeze":                 {lowered, roles.Freeze, serving, claim(roles.Frozen, roles.Switched), ""},
		"what is to be destroyed":  {config.Config{Site: "blog", Stack: "dr", Teardown: "blog"}, roles.Keep, serving, serving, ""},
	} {
		s := &site{situation: situation{
			cfg: tc.cfg, plan: roles.Plan{Do: tc.do, Claim: tc.now}, own: state.State{Published: state.PeerInfo{Database: "arn:aws:rds:us-east-2:123456789012:db:blog-dr-1", MaxStorageGiB: 800}},
			peer: state.PeerInfo{Region: "us-west-2", Database: "arn:aws:rds:us-west-2:123456789012:db:blog-prod-1", MaxStorageGiB: 400},
		}}
		s.activating = activates(s.plan, tc.own)
		asked := ""
		s.env = failover.Env{AWS: func(_ context.Context, region, _ string) (aws.Config, error) {
			asked = region
			return aws.Config{}, errors.New("no credentials")
		}}
		s.runtime = failover.New(s.env, failover.Site{Policy: checks.Policy{Region: "us-east-2"}})
		err := s.checkStorage(t.Context())
		assert.Equal(t, tc.asks, asked, name)
		assert.Equal(t, tc.asks != "", err != nil, name)
	}
}

func TestRefuseCeiling(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		ceiling, allocated int
		says               string
	}{
		"above what there is": {400, 100, ""},
		"a tenth above":       {330, 300, ""},
		"to where it stays":   {60, 50, ""},
		"less than that":      {329, 300, "database blog-dr-1 has 300 GiB by now, which storage never goes below, and RDS takes no ceiling of 329: set database.maxStorageGiB to 378 or more in both files"},
		"a small one":         {21, 20, "31 or more"},
		"a large one":         {60000, 59000, "65536 or more"},
		"below what there is": {200, 305, "384 or more"},
	} {
		why := refuseCeiling("blog-dr-1", tc.ceiling, tc.allocated)
		if tc.says == "" {
			assert.Nil(t, why, name)
			continue
		}
		assert.ErrorContains(t, why, tc.says, name)
	}
}
