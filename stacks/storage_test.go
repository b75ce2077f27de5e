package stacks

import (
	"context"
	"errors"
	"fmt"
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

// TestRefuseGrowth holds that no file lets storage of less than 400 GiB grow to as much, and that all else is left to RDS.
func TestRefuseGrowth(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		wanted, given int
		refused       bool
	}{
		"across":              {400, 399, true},
		"far across":          {1000, 20, true},
		"below":               {399, 20, false},
		"above":               {500, 400, false},
		"as it is":            {100, 100, false},
		"a new database":      {500, 0, false},
		"a replica's":         {0, 0, false},
		"a promoted replica":  {0, 100, false},
		"less than there was": {20, 400, false},
	} {
		why := refuseGrowth("blog-prod-1", "us-west-2", tc.wanted, tc.given)
		assert.Equal(t, tc.refused, why != nil, name)
		if tc.refused {
			assert.ErrorContains(t, why, fmt.Sprintf("leave it at %d, and run aws rds modify-db-instance --db-instance-identifier blog-prod-1 --region us-west-2 --allocated-storage %d --apply-immediately", tc.given, tc.wanted), name)
		}
	}
	primary := config.Config{Site: "blog", Stack: "prod", Database: config.Database{StorageGiB: 400}}
	claim := roles.Claim{Role: roles.Active, Epoch: 1, Progress: roles.Switched, Generation: roles.Generation{Number: 1, Origin: roles.OriginEmpty}}
	s := &site{situation: situation{cfg: primary, plan: roles.Plan{Do: roles.Freeze, Claim: claim}, own: state.State{Published: state.PeerInfo{StorageGiB: 100}}}}
	assert.ErrorContains(t, s.checkStorage(t.Context()), "database.storageGiB goes from 100 to 400", "before a move begins, too")
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
			assert.NoError(t, why, name)
			continue
		}
		assert.ErrorContains(t, why, tc.says, name)
	}
}

// TestKnownStorage holds that a database which was a replica has its source's storage, and not what its file says.
func TestKnownStorage(t *testing.T) {
	t.Parallel()
	replica, empty := roles.Generation{Number: 2, Origin: roles.OriginReplica}, roles.Generation{Number: 2, Origin: roles.OriginEmpty}
	c := config.Config{Site: "blog", Stack: "dr", Database: config.Database{StorageGiB: 50}}
	seen := state.PeerInfo{Database: "arn:aws:rds:us-east-2:123456789012:db:blog-dr-2", AllocatedGiB: 400}
	smaller, before := seen, seen
	smaller.AllocatedGiB, before.Database = 20, "arn:aws:rds:us-east-2:123456789012:db:blog-dr-1"
	for name, tc := range map[string]struct {
		born      roles.Generation
		published state.PeerInfo
		want      int
	}{
		"a replica":                 {replica, seen, 400},
		"a smaller one":             {replica, smaller, 20},
		"another generation's":      {replica, before, 50},
		"nothing published":         {empty, state.PeerInfo{}, 50},
		"a primary that has grown":  {empty, seen, 400},
		"a primary that shall grow": {empty, smaller, 50},
	} {
		assert.Equal(t, tc.want, knownStorage(c, tc.born, tc.published), name)
	}
}
