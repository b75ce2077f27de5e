package sim_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

func ask(ctx context.Context, w *sim.World, region string) error {
	return w.API(ctx, region, "rds", "DescribeDBInstances", "", func() error { return nil })
}

func TestALostRegionRefusesOrHangs(t *testing.T) {
	t.Parallel()
	for how, least := range map[sim.How]time.Duration{sim.Refuse: 0, sim.Hang: 2 * time.Minute} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.LoseRegion(home, how)
			began := w.Clock().Now()
			outage, ok := errors.AsType[*sim.OutageError](ask(t.Context(), w, home))
			require.True(t, ok)
			assert.Equal(t, how == sim.Hang, outage.Hung)
			assert.GreaterOrEqual(t, w.Clock().Now().Sub(began), least)
			_, err := w.Create(t.Context(), sim.Call{Region: home, Type: "aws:ec2/vpc:Vpc", Name: "v", Inputs: props{"cidrBlock": "10.0.0.0/16"}})
			assert.ErrorContains(t, err, "region "+home)
			require.NoError(t, ask(t.Context(), w, other), "other regions live")
			w.ReturnRegion(home)
			require.NoError(t, ask(t.Context(), w, home))
		})
	}
}

func TestADeadlineIsSimulatedTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.LoseRegion(home, sim.Hang)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	started, began := time.Now(), w.Clock().Now()
	assert.ErrorIs(t, ask(ctx, w, home), context.DeadlineExceeded)
	assert.InDelta(t, time.Hour.Seconds(), w.Clock().Now().Sub(began).Seconds(), 1)
	assert.Less(t, time.Since(started), time.Minute)
}

// TestControlPlanes: what needs us-east-1 although it is made elsewhere (AWS
// Fault Isolation Boundaries).
func TestControlPlanes(t *testing.T) {
	t.Parallel()
	role := props{"name": "r", "assumeRolePolicy": "{}"}
	record := props{"zoneId": "Z1", "name": "www", "type": "A", "ttl": 60, "records": []any{"192.0.2.1"}}
	for name, tc := range map[string]struct {
		lost, region, typ string
		inputs            props
		fails             bool
	}{
		"a role":               {"us-east-1", home, "aws:iam/role:Role", role, true},
		"a role, other outage": {other, home, "aws:iam/role:Role", role, false},
		"a role in China":      {"cn-north-1", "cn-northwest-1", "aws:iam/role:Role", role, true},
		"a record":             {"us-east-1", home, "aws:route53/record:Record", record, true},
		"a record in China":    {"cn-northwest-1", "cn-north-1", "aws:route53/record:Record", record, true},
		"a record, Beijing":    {"cn-north-1", "cn-northwest-1", "aws:route53/record:Record", record, false},
		"a cache in China":     {"cn-northwest-1", "cn-north-1", "aws:elasticache/replicationGroup:ReplicationGroup", props{"replicationGroupId": "c"}, true},
		"a cache, Beijing":     {"cn-north-1", "cn-northwest-1", "aws:elasticache/replicationGroup:ReplicationGroup", props{"replicationGroupId": "c"}, false},
		"a bucket":             {"us-east-1", home, "aws:s3/bucketV2:BucketV2", props{"bucket": "b"}, true},
		"a cache":              {"us-east-1", home, "aws:elasticache/replicationGroup:ReplicationGroup", props{"replicationGroupId": "c"}, true},
		"a database":           {"us-east-1", home, databaseType, primary(), false},
		"a VPC":                {"us-east-1", home, "aws:ec2/vpc:Vpc", props{"cidrBlock": "10.0.0.0/16"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.AddZone("Z1", "example.com")
			w.LoseRegion(tc.lost, sim.Refuse)
			_, err := w.Create(t.Context(), sim.Call{Region: tc.region, Type: tc.typ, Name: "x", Inputs: tc.inputs})
			if tc.fails {
				assert.ErrorContains(t, err, "region "+tc.lost+": connect: connection refused")
				return
			}
			assert.NoError(t, err)
		})
	}
}

func TestRegionsAndTheirControlPlanes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	assert.Empty(t, w.Regions())
	w.AddImage("cn-northwest-1", "ami-1", sim.Epoch)
	create(t, w, "us-west-2", "aws:ec2/vpc:Vpc", "site", props{"cidrBlock": "10.0.0.0/16"})
	assert.Equal(t, []string{"cn-north-1", "cn-northwest-1", "us-east-1", "us-west-2"}, w.Regions())
	w.LoseRegion("us-east-1", sim.Hang)
	assert.Equal(t, map[string]sim.Loss{"us-east-1": {How: sim.Hang, At: w.Clock().Now()}}, w.Outages())
}
