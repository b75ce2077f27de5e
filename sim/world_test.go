package sim_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestTheTimelineDoesNotDependOnArrival: the same calls in any order end at the
// same times, with the same ids.
func TestTheTimelineDoesNotDependOnArrival(t *testing.T) {
	t.Parallel()
	run := func(shuffle bool) []sim.Step {
		w := newWorld(t)
		w.Clock().SetQuiet(20 * time.Millisecond)
		vpc := create(t, w, home, "aws:ec2/vpc:Vpc", "site", props{"cidrBlock": "10.0.0.0/16"}).ID
		order := rand.Perm(20)
		if !shuffle {
			order = make([]int, 20)
			for i := range order {
				order[i] = i
			}
		}
		_, all := w.Clock().Hold(t.Context(), "all arrive at the same simulated time")
		var wg sync.WaitGroup
		for _, i := range order {
			ctx, done := w.Clock().Hold(t.Context(), fmt.Sprint(i))
			wg.Go(func() {
				defer done()
				o, err := w.Create(ctx, sim.Call{Region: home, Type: "aws:ec2/routeTable:RouteTable", Name: fmt.Sprint(i), Inputs: props{"vpcId": vpc}})
				if assert.NoError(t, err) {
					assert.NoError(t, w.Delete(ctx, sim.Call{Region: home, Type: o.Type, Name: fmt.Sprint(i), ID: o.ID}))
				}
			})
		}
		all()
		wg.Wait()
		return w.Journal()
	}
	want := run(false)
	require.Len(t, want, 41)
	for range 3 {
		assert.Equal(t, want, run(true))
	}
}

func TestDurationsAreDrawnFromTheirArguments(t *testing.T) {
	t.Parallel()
	w := sim.New(1)
	for operation, tc := range map[string]struct{ least, most time.Duration }{
		"rds:PromoteReadReplica":                  {5 * time.Minute, 15 * time.Minute},
		"rds:CreateDBInstanceReadReplica":         {20 * time.Minute, 45 * time.Minute},
		"ec2:CreateNatGateway":                    {90 * time.Second, 2 * time.Minute},
		"elasticache:CreateReplicationGroup":      {6 * time.Minute, 10 * time.Minute},
		"elasticloadbalancing:CreateLoadBalancer": {2 * time.Minute, 210 * time.Second},
		"ssm:PutParameter":                        {time.Second, 5 * time.Second},
	} {
		drawn := map[time.Duration]bool{}
		for i := range 100 {
			d := w.Duration(home, operation, fmt.Sprint(i))
			assert.GreaterOrEqual(t, d, tc.least, operation)
			assert.LessOrEqual(t, d, tc.most, operation)
			assert.Equal(t, d, sim.New(1).Duration(home, operation, fmt.Sprint(i)))
			drawn[d] = true
		}
		assert.Greater(t, len(drawn), 90, "%s: durations must spread", operation)
		assert.NotEqual(t, w.Duration(home, operation, "x"), sim.New(2).Duration(home, operation, "x"))
	}
}

func TestASnapshotHoldsTheWorld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddZone("Z1", "example.com")
	w.AddImage(other, "ami-1", sim.Epoch)
	pair(t, w)
	inject(t, w, "lag=12m")
	w.LoseRegion(home, sim.Hang)
	w.Clock().Advance(5 * time.Minute)

	twin := newWorld(t)
	require.NoError(t, twin.Restore(w.Snapshot()))
	assert.Equal(t, w.Clock().Now(), twin.Clock().Now())
	assert.Equal(t, look(t, w), look(t, twin))
	assert.Equal(t, w.CallsTo(other), twin.CallsTo(other))
	assert.JSONEq(t, string(w.Snapshot()), string(twin.Snapshot()))

	_, err := twin.Promote(other, "site-dr", nil)
	require.NoError(t, err)
	twin.Clock().Advance(time.Hour)
	assert.Empty(t, look(t, twin).Source)
	assert.NotEmpty(t, look(t, w).Source, "a restored world is its own")
	assert.Error(t, twin.Restore([]byte("no world")))
}

func TestCallsAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := create(t, w, home, "aws:ec2/vpc:Vpc", "site", props{"cidrBlock": "10.0.0.0/16"})
	create(t, w, home, "aws:iam/role:Role", "site", props{"name": "r", "assumeRolePolicy": "{}"})
	call := sim.Call{Region: home, Type: o.Type, Name: "site", ID: o.ID}
	_, found, err := w.Read(t.Context(), call)
	require.NoError(t, err)
	assert.True(t, found)
	require.NoError(t, w.Delete(t.Context(), call))
	require.NoError(t, w.API(t.Context(), home, "sts", "GetCallerIdentity", "", func() error { return nil }))
	assert.Equal(t, 4, w.CallsTo(home))
	assert.Equal(t, 1, w.CallsTo("global"))
	assert.Equal(t, 0, w.CallsTo(other))
	step := w.Journal()[0]
	assert.Equal(t, sim.Step{
		Begin: sim.Epoch, End: sim.Epoch.Add(w.Waited(home, "aws:ec2/vpc:Vpc", "create", "site")),
		Region: home, Kind: "provider", Operation: "create", Type: "aws:ec2/vpc:Vpc", Name: "site",
	}, step)
}
