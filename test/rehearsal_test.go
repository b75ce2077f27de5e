package test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

func TestFailover(t *testing.T) {
	t.Parallel()
	for _, outage := range []sim.How{sim.Hang, sim.Refuse} {
		t.Run(string(outage), func(t *testing.T) {
			t.Parallel()
			o := staged.Options()
			o.Outage = outage
			stage := staged.Disaster(t, o)
			report := staged.FailOver(t, stage)
			require.Empty(t, report.Refusal)
			assert.True(t, report.Recovered, report.Serves)
			assert.Zero(t, report.CallsToLost, "a failover needs nothing from the failed region")
			assert.LessOrEqual(t, report.Run.TimeToRecover, 1.05*report.Floor.Seconds)
			assert.GreaterOrEqual(t, report.Run.TimeToRecover, report.Floor.Seconds, "faster than AWS allows")
			assert.Less(t, report.DataLoss, 60.0)

			out := staged.Outputs(t, stage, scenario.Recovery)
			assert.Equal(t, "active", out[stacks.OutputRole])
			assert.InDelta(t, 2, out[stacks.OutputEpoch], 0)
			staged.NothingLeft(t, stage)
			assert.GreaterOrEqual(t, secondZoneAfter(t, stage), 10*time.Minute, "the database's disk is copied while its cache is cold")
		})
	}
}

// secondZoneAfter is how long after the site's name moved the database was asked to have a second zone.
func secondZoneAfter(t *testing.T, stage *scenario.Stage) time.Duration {
	t.Helper()
	var moved, asked time.Time
	for _, step := range stage.World.Journal() {
		switch {
		case step.Type == "aws:route53/record:Record" && step.Err == "":
			moved = step.End
		case step.Region == "us-east-2" && step.Operation == "update" && step.Type == "aws:rds/instance:Instance":
			asked = step.Begin
		}
	}
	require.NotZero(t, asked, "no second zone was asked for")
	return asked.Sub(moved)
}

// TestTimeToRecover holds, for as many fates as there are seeds, what this program
// is for: at most half the time of the procedure that it replaces, and hardly more
// than AWS's own longest path. The report shows one beside the other.
func TestTimeToRecover(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprintf("seed %d", seed+1), func(t *testing.T) {
			t.Parallel()
			o := staged.Options()
			o.Seed = seed + 1
			report := staged.FailOver(t, staged.Disaster(t, o))
			require.Empty(t, report.Refusal)
			took := report.Run.TimeToRecover
			t.Logf("%.0f s; the longest path is %.0f s; by hand it takes %.0f s, of which AWS works %.0f s",
				took, report.Floor.Seconds, report.Original.Seconds, report.Original.Machine)
			assert.LessOrEqual(t, took, 0.5*report.Original.Seconds)
			assert.LessOrEqual(t, took, 1.05*report.Floor.Seconds)
			assert.Contains(t, report.String(), "by hand")
		})
	}
}

// TestWaitsForEnoughInstances has one of two instances come late: the pages that
// the other one shows are not enough to move the site's name.
func TestWaitsForEnoughInstances(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]string{
		"counted":     {"instances=late"},
		"not counted": {"instances=late", "error=elasticloadbalancing:DescribeTargetHealth:AccessDenied:999", "error=autoscaling:DescribeAutoScalingGroups:AccessDenied:999"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := staged.FailOver(t, staged.Disaster(t, staged.Options(faults...)))
			require.Empty(t, report.Refusal)
			assert.True(t, report.Recovered, report.Serves)
			assert.Equal(t, name == "counted", report.Run.TimeToRecover > (20*time.Minute).Seconds(), report.Run.TimeToRecover)
		})
	}
}

func TestFailoverInChina(t *testing.T) {
	t.Parallel()
	o := staged.Options()
	o.ProdRegion, o.DRRegion = "cn-north-1", "cn-northwest-1"
	report, err := scenario.Run(t.Context(), o)
	require.NoError(t, err)
	require.Empty(t, report.Refusal)
	assert.True(t, report.Recovered, report.Serves)
	assert.Zero(t, report.CallsToLost)
}

// TestSameSeedSameTimeline compares two failovers, and a third of another seed.
// What AWS takes must be the same to the millisecond. Where a step begins may
// differ by one look, on a machine so busy that a hook comes late to its clock.
func TestSameSeedSameTimeline(t *testing.T) {
	t.Parallel()
	const look = 3.0 // seconds
	took := func(report *scenario.Report) (durations, begins map[string]float64) {
		durations, begins = map[string]float64{}, map[string]float64{}
		for _, step := range report.Run.Steps {
			begins[step.Name] = step.Begin.Sub(report.Run.StartedAt).Seconds()
			if !strings.HasPrefix(step.Name, "wait for ") {
				durations[step.Name] = step.End.Sub(step.Begin).Seconds()
			}
		}
		return durations, begins
	}
	durations, begins := took(staged.FailOver(t, staged.Disaster(t, staged.Options())))
	again, begun := took(staged.FailOver(t, staged.Disaster(t, staged.Options())))
	assert.Equal(t, durations, again)
	assert.InDeltaMapValues(t, begins, begun, look)
	other := staged.Options()
	other.Seed = 2
	different, _ := took(staged.FailOver(t, staged.Disaster(t, other)))
	assert.NotEqual(t, durations, different)
}

// TestProductionReturns holds that a region which comes back cannot take the
// site back with the old file.
func TestProductionReturns(t *testing.T) {
	t.Parallel()
	stage := staged.Disaster(t, staged.Options())
	require.Empty(t, staged.FailOver(t, stage).Refusal)
	stage.World.ReturnRegion("us-west-2")
	stack, err := stage.Stack(t.Context(), scenario.Production, stage.Env())
	require.NoError(t, err)
	before := staged.Changes(stage.World)
	_, err = stack.Up(t.Context(), ops.Run{})
	assert.ErrorContains(t, err, "the site moved on to epoch 2")
	assert.Equal(t, before, staged.Changes(stage.World))
}

// up updates a stack and says what came of it.
func up(t *testing.T, stage *scenario.Stage, name string, settings map[string]string) error {
	t.Helper()
	return staged.Up(t, stage, stage.Env(), name, settings)
}

// TestProductionLives holds that a standby does not take over from a production
// that lives, unless somebody says so for this very epoch.
func TestProductionLives(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	stage.World.Clock().Advance(time.Hour)

	before := staged.Changes(stage.World)
	for _, settings := range []map[string]string{{"role": "active"}, {"ignoreProduction": "3"}} {
		err := up(t, stage, scenario.Recovery, settings)
		assert.ErrorContains(t, err, "production still serves the site (epoch 1)")
		assert.ErrorContains(t, err, "database blog-dr-1 still receives changes")
		assert.ErrorContains(t, err, "set ignoreProduction to 2")
	}
	assert.Equal(t, before, staged.Changes(stage.World))

	require.NoError(t, up(t, stage, scenario.Recovery, map[string]string{"ignoreProduction": "2"}))
	assert.Equal(t, []any{"ignoreProduction"}, staged.Outputs(t, stage, scenario.Recovery)[stacks.OutputAccepted])
	answer, err := stage.World.Visit(httptest.NewRequest(http.MethodGet, "http://www.example.com/", http.NoBody))
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, answer.StatusCode)
}

// TestAcceptedLoss accepts a lag over the limit, for this activation alone.
func TestAcceptedLoss(t *testing.T) {
	t.Parallel()
	stage := staged.Disaster(t, staged.Options("lag=12m"))
	assert.ErrorContains(t, up(t, stage, scenario.Recovery, map[string]string{"role": "active"}), "set acceptDataLoss to 2 (--accept-data-loss 2) to accept the loss")
	require.NoError(t, up(t, stage, scenario.Recovery, map[string]string{"acceptDataLoss": "2"}))
	assert.Equal(t, []any{"acceptDataLoss"}, staged.Outputs(t, stage, scenario.Recovery)[stacks.OutputAccepted])
}

// TestRebuild makes the lost side a standby again once its region is back, ends
// its old database, and goes home by losing the other region.
func TestRebuild(t *testing.T) {
	t.Parallel()
	stage := staged.Disaster(t, staged.Options())
	require.Empty(t, staged.FailOver(t, stage).Refusal)
	stage.World.ReturnRegion("us-west-2")

	began := stage.World.Clock().Now()
	require.NoError(t, up(t, stage, scenario.Production, map[string]string{"role": "standby"}))
	assert.Less(t, longest(stage, "update", "aws:autoscaling/group:Group", began), 30*time.Second, "nobody waits for instances of a group that goes to nothing")
	out := staged.Outputs(t, stage, scenario.Production)
	assert.Equal(t, "standby", out[stacks.OutputRole])
	assert.Equal(t, "blog-prod-2", out[stacks.OutputDatabase])
	require.NoError(t, up(t, stage, scenario.Production, nil), "again changes nothing")
	require.NoError(t, up(t, stage, scenario.Recovery, nil), "the active side learns of its new peer")
	assert.Equal(t, map[string]bool{"blog-prod-1": true, "blog-prod-2": true}, databases(t, stage, "us-west-2"), "the old database is kept")
	assert.Zero(t, staged.Inventory(stage.World)["us-west-2 aws:lb/loadBalancer:LoadBalancer"], "a standby costs next to nothing")

	require.ErrorContains(t, up(t, stage, scenario.Production, map[string]string{"retire": "2"}), "generation 2 is not a former database")
	stage.World.LoseRegion("us-east-2", sim.Refuse)
	stage.World.Clock().Advance(10 * time.Minute)
	assert.ErrorContains(t, up(t, stage, scenario.Production, map[string]string{"retire": "1"}), "database blog-prod-2 does not replicate")
	assert.Equal(t, map[string]bool{"blog-prod-1": true, "blog-prod-2": true}, databases(t, stage, "us-west-2"), "a refusal ends nothing")
	stage.World.ReturnRegion("us-east-2")
	stage.World.Clock().Advance(time.Hour)
	require.NoError(t, up(t, stage, scenario.Production, nil))
	assert.Equal(t, map[string]bool{"blog-prod-1": false, "blog-prod-2": true}, databases(t, stage, "us-west-2"), "unprotected first")
	require.NoError(t, up(t, stage, scenario.Production, nil))
	assert.Equal(t, map[string]bool{"blog-prod-2": true}, databases(t, stage, "us-west-2"))
	assert.Len(t, stage.World.Snapshots("us-west-2"), 1, "its final snapshot stays")
	require.NoError(t, up(t, stage, scenario.Production, map[string]string{"retire": "0"}))

	stage.World.LoseRegion("us-east-2", sim.Refuse)
	stage.World.Clock().Advance(10 * time.Minute)
	require.NoError(t, up(t, stage, scenario.Production, map[string]string{"role": "active"}))
	home := staged.Outputs(t, stage, scenario.Production)
	assert.InDelta(t, 3, home[stacks.OutputEpoch], 0)
	target, _ := stage.World.Resolve("www.example.com")
	assert.Contains(t, target, "us-west-2")
}

// TestDestroy holds that a plain destroy takes nothing in either role, that the
// order is kept, and that what must outlive a stack does.
func TestDestroy(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	destroy := func(name string) error {
		stack, err := stage.Stack(t.Context(), name, stage.Env())
		require.NoError(t, err)
		return stack.Destroy(t.Context(), ops.Run{})
	}
	before := staged.Inventory(stage.World)
	for _, name := range []string{scenario.Production, scenario.Recovery} {
		assert.ErrorContains(t, destroy(name), "destroy-needs-teardown-in-the-configuration")
	}
	assert.Equal(t, before, staged.Inventory(stage.World), "a refused destroy takes nothing")
	teardown := map[string]string{"teardown": "blog"}
	assert.ErrorContains(t, up(t, stage, scenario.Production, teardown), "destroy the peer first")
	assert.ErrorContains(t, up(t, stage, scenario.Recovery, map[string]string{"teardown": "shop"}), "set it to the name of the site (blog)")

	require.NoError(t, up(t, stage, scenario.Recovery, teardown))
	require.NoError(t, destroy(scenario.Recovery))
	require.NoError(t, up(t, stage, scenario.Production, teardown))
	require.NoError(t, destroy(scenario.Production))
	assert.Empty(t, stage.World.Snapshots("us-east-2"), "a replica leaves no snapshot")
	assert.Len(t, stage.World.Snapshots("us-west-2"), 1)
	left := staged.Inventory(stage.World)
	for _, region := range []string{"us-west-2", "us-east-2"} {
		assert.Equal(t, 1, left[region+" aws:s3/bucketV2:BucketV2"], "media outlive their stack")
		assert.Equal(t, 1, left[region+" aws:kms/key:Key"], "keys outlive their stack")
		assert.Zero(t, left[region+" aws:rds/instance:Instance"])
		assert.Zero(t, left[region+" aws:ec2/vpc:Vpc"])
	}
}

// databases lists a region's databases and whether each is protected from deletion.
func databases(t *testing.T, stage *scenario.Stage, region string) map[string]bool {
	t.Helper()
	found, err := stage.World.Databases(region, "")
	require.NoError(t, err)
	protected := map[string]bool{}
	for _, d := range found {
		protected[d.Identifier] = d.DeletionGuard
	}
	return protected
}

// TestPreviewOfAFailover lists what an activation is about, and holds that its
// preview changes nothing and reports what would refuse.
func TestPreviewOfAFailover(t *testing.T) {
	t.Parallel()
	for fault, warning := range map[string]string{"": "", "image=missing": "as things are now: the checks do not allow it"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			o := staged.Options()
			if fault != "" {
				o = staged.Options(fault)
			}
			stage := staged.Disaster(t, o)
			stack, err := stage.Stack(t.Context(), scenario.Recovery, stage.Env())
			require.NoError(t, err)
			file, err := stage.ConfigAs(scenario.Recovery, roles.Active)
			require.NoError(t, err)

			before := string(stage.World.Snapshot())
			var announced, warned []string
			_, err = stack.Preview(t.Context(), ops.Run{ConfigFile: file, Event: func(e events.EngineEvent) {
				if pre := e.ResourcePreEvent; pre != nil && pre.Metadata.Op != "same" {
					announced = append(announced, fmt.Sprintf("%s %s", pre.Metadata.Op, pre.Metadata.Type))
				}
				if d := e.DiagnosticEvent; d != nil && d.Severity == "warning" {
					warned = append(warned, ops.Plain(d.Message))
				}
			}})
			require.NoError(t, err)
			assert.JSONEq(t, withoutCounts(t, before), withoutCounts(t, string(stage.World.Snapshot())), "a preview changes nothing")
			assert.Contains(t, strings.Join(warned, "\n"), warning)
			assert.Equal(t, warning == "", len(warned) == 0, warned)

			slices.Sort(announced)
			assert.Equal(t, []string{
				"create aws:cloudwatch/metricAlarm:MetricAlarm", // of an active side: connections, errors, instances, media-failed, slow
				"create aws:cloudwatch/metricAlarm:MetricAlarm",
				"create aws:cloudwatch/metricAlarm:MetricAlarm",
				"create aws:cloudwatch/metricAlarm:MetricAlarm",
				"create aws:cloudwatch/metricAlarm:MetricAlarm",
				"create aws:ec2/eip:Eip",
				"create aws:ec2/natGateway:NatGateway",
				"create aws:ec2/route:Route",
				"create aws:ec2/route:Route",
				"create aws:elasticache/replicationGroup:ReplicationGroup",
				"create aws:lb/listener:Listener",
				"create aws:lb/loadBalancer:LoadBalancer",
				"create aws:route53/record:Record",
				"create pulumi:index:Stash",
				"create pulumi:index:Stash",
				"create pulumi:index:Stash",
				"create pulumi:index:Stash",
				"delete aws:cloudwatch/metricAlarm:MetricAlarm", // of a standby: media-behind, replica-lag, replica-stopped
				"delete aws:cloudwatch/metricAlarm:MetricAlarm",
				"delete aws:cloudwatch/metricAlarm:MetricAlarm",
				"update aws:autoscaling/group:Group",
				"update aws:rds/instance:Instance",
				"update aws:ssm/parameter:Parameter",
				"update aws:ssm/parameter:Parameter",
				"update aws:ssm/parameter:Parameter",
				"update aws:ssm/parameter:Parameter",
				"update aws:ssm/parameter:Parameter",
				"update pilotlight:stacks:Activation",
				"update pulumi:index:Stash",
				"update pulumi:index:Stash",
				"update pulumi:index:Stash", // what it publishes: how many instances it serves with
			}, announced)
		})
	}
}

// withoutCounts takes the counters of calls out of a snapshot: a preview reads.
func withoutCounts(t *testing.T, snapshot string) string {
	t.Helper()
	var world map[string]any
	require.NoError(t, json.Unmarshal([]byte(snapshot), &world))
	delete(world, "calls")
	delete(world, "now")
	text, err := json.Marshal(world)
	require.NoError(t, err)
	return string(text)
}

// checkpoint is what tests read of a stack's state.
type checkpoint struct {
	Resources []kept `json:"resources"`
}

type kept struct {
	URN     string         `json:"urn"`
	Outputs map[string]any `json:"outputs"`
}

func readState(t *testing.T, stack *ops.Stack) (state checkpoint) {
	t.Helper()
	text, err := stack.Export(t.Context())
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &state))
	return state
}

// claimed reports whether an active claim was saved.
func (c checkpoint) claimed() bool {
	return slices.ContainsFunc(c.Resources, func(r kept) bool {
		return strings.HasSuffix(r.URN, "::claim") && strings.Contains(fmt.Sprint(r.Outputs["input"]), `"role":"active"`)
	})
}
