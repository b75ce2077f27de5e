package stacks

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/roles"
)

func TestRefuseUpgrade(t *testing.T) {
	t.Parallel()
	leads, standsBy := roles.Claim{Role: roles.Active}, roles.Claim{Role: roles.Standby}
	keep := roles.Plan{Do: roles.Keep, Claim: leads}
	source := engines{plan: keep, wanted: "8.0", deployed: "8.0", peer: "8.0", peerRole: roles.Standby, peerName: "dr"}
	replica := engines{plan: roles.Plan{Do: roles.Keep, Claim: standsBy}, wanted: "8.0", deployed: "8.0", peer: "8.0", peerRole: roles.Active, peerName: "prod"}
	with := func(e engines, change func(*engines)) engines { change(&e); return e }
	for name, tc := range map[string]struct {
		engines engines
		says    string
	}{
		"nothing changes":             {source, ""},
		"the first deployment":        {engines{plan: roles.Plan{Do: roles.Activate}, wanted: "8.4"}, ""},
		"the source first":            {with(source, func(e *engines) { e.wanted = "8.4" }), "the replica is upgraded before its source, and it has MySQL 8.0: set database.engineVersion to 8.4 in Pulumi.dr.yaml, then pilotlight deploy"},
		"the source second":           {with(source, func(e *engines) { e.wanted, e.peer = "8.4", "8.4" }), ""},
		"a patch of the source first": {with(source, func(e *engines) { e.wanted = "8.0.44" }), "it has MySQL 8.0: set"},
		"a patch of it second":        {with(source, func(e *engines) { e.wanted, e.peer = "8.0.44", "8.0.44" }), ""},
		"a patch beyond the replica":  {with(source, func(e *engines) { e.wanted, e.peer = "8.0.45", "8.0.44" }), "it has MySQL 8.0.44"},
		"a source with a former replica, too": {
			with(source, func(e *engines) { e.wanted, e.peer, e.former = "8.4", "8.4", 1 }),
			"former database 1 of stack dr may still be a replica of this one, and RDS upgrades no source before its replicas: end it first (pilotlight retire dr 1)",
		},
		"a former replica, and no upgrade": {with(source, func(e *engines) { e.former = 1 }), ""},
		"a replica with a former one":      {with(replica, func(e *engines) { e.wanted, e.former = "8.4", 1 }), ""},
		"a source without a replica":       {with(source, func(e *engines) { e.wanted, e.peerRole, e.peer = "8.4", "", "" }), ""},
		"the replica first":                {with(replica, func(e *engines) { e.wanted = "8.4" }), ""},
		"back":                             {with(replica, func(e *engines) { e.deployed, e.wanted = "8.4", "8.0" }), "MySQL 8.4 can't be made 8.0: set database.engineVersion to 8.4"},
		"back by a patch":                  {with(source, func(e *engines) { e.deployed, e.wanted = "8.4.6", "8.4.5" }), "can't be made 8.4.5"},
		"back from extended support":       {with(source, func(e *engines) { e.deployed, e.wanted = "8.0.46-rds.20260908", "8.0.46" }), "MySQL 8.0.46-rds.20260908 can't be made 8.0.46"},
		"extended support, source first":   {with(source, func(e *engines) { e.wanted, e.peer = "8.0.46-rds.20260908", "8.0.46" }), "it has MySQL 8.0.46: set database.engineVersion to 8.0.46-rds.20260908"},
		"whatever patch there is":          {with(source, func(e *engines) { e.deployed, e.wanted = "8.4.6", "8.4" }), ""},
		"a failover with it":               {with(replica, func(e *engines) { e.plan.Do, e.wanted = roles.Activate, "8.4" }), ""},
		"a freeze with it":                 {with(source, func(e *engines) { e.plan.Do, e.wanted, e.peer = roles.Freeze, "8.4", "8.4" }), "a switchover upgrades no database: set database.engineVersion to 8.0"},
		"a frozen one": {
			with(source, func(e *engines) { e.plan.Claim.Role, e.wanted, e.peer = roles.Frozen, "8.4", "8.4" }),
			"a switchover upgrades no database",
		},
		"a failover in the middle": {with(replica, func(e *engines) { e.plan.Do, e.deployed, e.wanted = roles.Activate, "8.4", "8.4" }), ""},
		"a new replica, ahead":     {with(source, func(e *engines) { e.plan, e.wanted = roles.Plan{Do: roles.StandBy, Claim: standsBy}, "8.4" }), "a new replica has MySQL 8.0, as its source, and database.engineVersion is 8.4: set it to 8.0"},
		"a new replica, behind": {
			with(source, func(e *engines) { e.plan, e.peer = roles.Plan{Do: roles.StandBy, Claim: standsBy}, "8.4.5" }),
			"a new replica has MySQL 8.4.5, as its source, and database.engineVersion is 8.0: set it to 8.4",
		},
		"a new replica, behind by a patch": {
			with(source, func(e *engines) {
				e.plan, e.wanted, e.peer = roles.Plan{Do: roles.StandBy, Claim: standsBy}, "8.4.5", "8.4.6"
			}),
			"a new replica has MySQL 8.4.6, as its source, which can't be made the 8.4.5 of database.engineVersion: set it to 8.4.6 or 8.4 in both files",
		},
		"a new replica, ahead by a patch": {
			with(source, func(e *engines) {
				e.plan, e.wanted, e.peer = roles.Plan{Do: roles.StandBy, Claim: standsBy}, "8.4.7", "8.4.6"
			}), "",
		},
		"a new replica of whatever patch": {
			with(source, func(e *engines) {
				e.plan, e.wanted, e.peer = roles.Plan{Do: roles.StandBy, Claim: standsBy}, "8.4", "8.4.6"
			}), "",
		},
		"a new replica of a newer source than the former database": {
			with(source, func(e *engines) {
				e.plan, e.wanted, e.peer = roles.Plan{Do: roles.StandBy, Claim: standsBy}, "8.4", "8.4"
			}), "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			why := refuseUpgrade(tc.engines)
			if tc.says == "" {
				assert.NoError(t, why)
				return
			}
			assert.ErrorContains(t, why, tc.says)
		})
	}
}

func TestFormerReplica(t *testing.T) {
	t.Parallel()
	const database = "arn:aws:rds:us-west-2:123456789012:db:blog-prod-1"
	for name, tc := range map[string]struct {
		former []roles.Generation
		want   int
	}{
		"none":                       {nil, 0},
		"one that led":               {[]roles.Generation{{Number: 1, Origin: roles.OriginReplica, Source: database}}, 0},
		"one that never led":         {[]roles.Generation{{Number: 1, Origin: roles.OriginReplica, Source: database}, {Number: 2, Origin: roles.OriginReplica, Source: database, SkipFinalSnapshot: true}}, 2},
		"one of an earlier database": {[]roles.Generation{{Number: 1, Origin: roles.OriginReplica, Source: database + "0", SkipFinalSnapshot: true}}, 0},
		"one of the wanted version":  {[]roles.Generation{{Number: 1, Origin: roles.OriginReplica, Source: database, SkipFinalSnapshot: true, Engine: "8.4"}}, 0},
		"one of an older version":    {[]roles.Generation{{Number: 1, Origin: roles.OriginReplica, Source: database, SkipFinalSnapshot: true, Engine: "8.0"}}, 1},
		"one that was born empty":    {[]roles.Generation{{Number: 1, Origin: roles.OriginEmpty, SkipFinalSnapshot: true}}, 0},
		"one of nobody knows which":  {[]roles.Generation{{Number: 1, Origin: roles.OriginReplica, SkipFinalSnapshot: true}}, 1},
	} {
		assert.Equal(t, tc.want, FormerReplica(database, "8.4", roles.Claim{Former: tc.former}), name)
	}
}

// TestRefuseRebuild: a replica is set aside for another one only where one can be made.
func TestRefuseRebuild(t *testing.T) {
	t.Parallel()
	unseen := errors.New("AWS in us-west-2 does not answer")
	assert.Equal(t, unseen, refuseRebuild("dr", nil, unseen))
	for status, ok := range map[string]bool{"available": true, "backing-up": true, "failed": false, "deleting": false, "": false} {
		source := &checks.Replica{Status: status}
		if status == "" {
			source = nil // it is gone
		}
		err := refuseRebuild("dr", source, nil)
		assert.Equal(t, ok, err == nil, status)
		if !ok {
			assert.ErrorContains(t, err, "the one of stack dr may be all that there is", status)
		}
	}
}
