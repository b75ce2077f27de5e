package failover_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// launching is a group of two that has just been asked for, in a world where something
// is wrong. After a while it is mended. What the runtime says is collected.
func launching(t *testing.T, mended time.Duration, faults ...string) (rt *failover.Runtime, said *[]string, waited func() time.Duration) {
	t.Helper()
	_, rt, said, waited = launchingIn(t, mended, faults...)
	return rt, said, waited
}

// launchingIn also returns the world.
func launchingIn(t *testing.T, mended time.Duration, faults ...string) (w *sim.World, rt *failover.Runtime, said *[]string, waited func() time.Duration) {
	t.Helper()
	w = sim.New(1)
	w.Clock().SetQuiet(time.Millisecond)
	face := wire.NewFace(w)
	t.Cleanup(func() { face.Close(); w.Close() })
	w.AddImage(recovery, "ami-1", sim.Epoch)
	put := func(typ string, inputs map[string]any) sim.Object {
		o, err := w.Create(t.Context(), sim.Call{Region: recovery, Type: typ, Name: "site", Inputs: inputs})
		require.NoError(t, err)
		return o
	}
	for _, text := range faults {
		fault, err := sim.ParseFault(text)
		require.NoError(t, err)
		require.NoError(t, w.Inject(fault))
	}
	vpc := put("aws:ec2/vpc:Vpc", map[string]any{"cidrBlock": "10.0.0.0/16"}).ID
	var subnets []any
	for i, block := range []string{"10.0.0.0/24", "10.0.1.0/24"} {
		subnets = append(subnets, put("aws:ec2/subnet:Subnet", map[string]any{"vpcId": vpc, "cidrBlock": block, "availabilityZone": sim.Zones(recovery)[i]}).ID)
	}
	several := slices.DeleteFunc(slices.Clone(faults), func(text string) bool { return !strings.Contains(text, ":t3.medium") })
	template := put("aws:ec2/launchTemplate:LaunchTemplate", map[string]any{"name": "site", "imageId": "ami-1", "instanceType": "t3.medium"}).ID
	launch := map[string]any{"launchTemplate": map[string]any{"id": template, "version": "1"}}
	if len(several) > 0 { // of what is asked for, one type is not to be had
		launch = map[string]any{"mixedInstancesPolicy": map[string]any{"launchTemplate": map[string]any{
			"launchTemplateSpecification": map[string]any{"launchTemplateId": template, "version": "1"},
			"overrides":                   []any{map[string]any{"instanceType": "t3.medium"}, map[string]any{"instanceType": "m6i.large"}},
		}}}
	}
	group := map[string]any{
		"name": "site-1a2b3c4", "minSize": 2, "maxSize": 4, "vpcZoneIdentifiers": subnets,
		"waitForCapacityTimeout": "0", "tags": []any{
			map[string]any{"key": "site", "value": "blog", "propagateAtLaunch": true}, map[string]any{"key": "stack", "value": "dr", "propagateAtLaunch": true},
		},
	}
	maps.Copy(group, launch)
	put("aws:autoscaling/group:Group", group)
	began := w.Clock().Now()
	said = &[]string{}
	rt = failover.New(failover.Env{
		AWS:       func(_ context.Context, region, _ string) (aws.Config, error) { return face.Config(region), nil },
		Transport: &http.Transport{DialContext: face.DialContext},
		Sleep: func(ctx context.Context, d time.Duration) error {
			if mended > 0 && w.Clock().Now().Sub(began) > mended {
				w.Heal()
			}
			return w.Clock().Sleep(ctx, d)
		},
		Now: w.Clock().Now,
	}, failover.Site{Policy: checks.Policy{Region: recovery}, Tags: map[string]string{"site": "blog", "stack": "dr"}, Instances: 2, Limits: failover.Limits{Healthy: 20 * time.Minute}})
	rt.Say = func(line string) { *said = append(*said, line) }
	return w, rt, said, func() time.Duration { return w.Clock().Now().Sub(began) }
}

// TestWaitInstances rides out launches that fail, tells when they do and when no more,
// and says in the end what was wrong and what to do.
func TestWaitInstances(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		mended       time.Duration
		faults       []string
		least, most  time.Duration
		says, gaveUp string
	}{
		"all well":                 {0, nil, 3 * time.Minute, 6*time.Minute + 10*time.Second, "the instances: 2 of 2 instances in service: 1 t3.medium in us-east-2a, 1 t3.medium in us-east-2b", ""},
		"one type without room":    {0, []string{"capacity=us-east-2a:t3.medium"}, 3 * time.Minute, 6*time.Minute + 10*time.Second, "2 of 2 instances in service: 1 m6i.large in us-east-2a, 1 t3.medium in us-east-2b", ""},
		"a type that is not there": {0, []string{"offer=us-east-2:t3.medium"}, 3 * time.Minute, 6*time.Minute + 10*time.Second, "2 of 2 instances in service: 1 m6i.large in us-east-2a, 1 m6i.large in us-east-2b", ""},
		"no type has room":         {0, []string{"capacity=us-east-2", "offer=us-east-2a:t3.medium"}, 20 * time.Minute, 21 * time.Minute, "launching fails: Could not launch On-Demand Instances", "name more types in app.fallbackTypes"},
		"another processor":        {0, []string{"image=arm64"}, 20 * time.Minute, 21 * time.Minute, "launching fails: The architecture 'x86_64' of the specified instance type does not match", "set app.instanceType to one that the zones in network.zones offer and the image can run on"},
		"one zone without room":    {0, []string{"capacity=us-east-2a"}, 3 * time.Minute, 7 * time.Minute, "2 of 2 instances in service: 2 t3.medium in us-east-2b", ""},
		"no room for ten minutes":  {10 * time.Minute, []string{"capacity=us-east-2"}, 13 * time.Minute, 18 * time.Minute, "the instances: 0 of 2 instances in service, launching fails: We currently do not have sufficient t3.medium capacity", ""},
		"throttled":                {0, []string{"throttle=autoscaling:DescribeAutoScalingGroups:30", "throttle=autoscaling:DescribeScalingActivities:30"}, 3 * time.Minute, 7 * time.Minute, "Throttling", ""},
		"others ask it, too":       {0, []string{"error=autoscaling:DescribeAutoScalingGroups:ResourceContention:30"}, 3 * time.Minute, 7 * time.Minute, "ResourceContention", ""},
		"not allowed to look":      {0, []string{"error=autoscaling:DescribeAutoScalingGroups:AccessDenied:99"}, 0, 5 * time.Second, "not counted: reading the Auto Scaling group", ""},
		"not allowed to look more": {0, []string{"error=autoscaling:DescribeScalingActivities:AccessDenied:99"}, 0, 5 * time.Second, "not counted: reading what Auto Scaling group site-1a2b3c4 did", ""},
		"no quota":                 {0, []string{"launches=quota"}, 20 * time.Minute, 21 * time.Minute, "launching fails: You have requested more vCPU capacity", "launching instances failed: You have requested more vCPU capacity than your current vCPU limit of 1 allows for the instance bucket that the specified instance type belongs to (VcpuLimitExceeded): ask for a higher quota of EC2 vCPUs in this region"},
		"no key":                   {0, []string{"launches=key"}, 20 * time.Minute, 21 * time.Minute, "launching fails: Client.InvalidKMSKey", "let the role AWSServiceRoleForAutoScaling use the key"},
		"no image":                 {0, []string{"image=missing"}, 20 * time.Minute, 21 * time.Minute, "launching fails: The image id '[ami-1]' does not exist (InvalidAMIID)", "set app.image to an image of this account"},
		"late":                     {0, []string{"instances=late"}, 20 * time.Minute, 21 * time.Minute, "1 of 2 instances in service", `last saw "1 of 2 instances in service": run the same command again to resume`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt, said, waited := launching(t, tc.mended, tc.faults...)
			err := rt.WaitInstances(t.Context())
			if tc.gaveUp == "" {
				require.NoError(t, err, *said)
			} else {
				require.ErrorContains(t, err, tc.gaveUp)
				assert.True(t, isTimeout(err))
			}
			assert.Contains(t, strings.Join(*said, "\n"), tc.says)
			assert.LessOrEqual(t, len(*said), 12, "only what changes is told: %q", *said)
			assert.GreaterOrEqual(t, waited(), tc.least)
			assert.LessOrEqual(t, waited(), tc.most)
		})
	}
}

// TestWaitInstancesLastsAsLongAsThePromotionMay: a group that finds room while the
// database is being promoted is in time.
func TestWaitInstancesLastsAsLongAsThePromotionMay(t *testing.T) {
	t.Parallel()
	rt, _, waited := launching(t, 40*time.Minute, "capacity=us-east-2")
	rt.Site.Source, rt.Site.Limits.Promote = "arn:aws:rds:us-west-2:123456789012:db:site", 30*time.Minute
	require.NoError(t, rt.WaitInstances(t.Context()))
	assert.Greater(t, waited(), 40*time.Minute)
}

// TestWaitServingTellsOfLaunches: a run that resumes has no wait for the instances any
// more, and finds that they are gone.
func TestWaitServingTellsOfLaunches(t *testing.T) {
	t.Parallel()
	rt, said, _ := launching(t, 0, "launches=quota")
	err := rt.WaitHealthy(t.Context(), "blog.us-east-2.elb.amazonaws.com")
	require.ErrorContains(t, err, "gave up waiting for the site behind the balancer after 20m")
	require.ErrorContains(t, err, "ask for a higher quota of EC2 vCPUs in this region")
	assert.Contains(t, strings.Join(*said, "\n"), "no answer yet, launching instances fails: You have requested more vCPU capacity")
	assert.LessOrEqual(t, len(*said), 3, *said)

	rt, said, _ = launching(t, 0)
	err = rt.WaitHealthy(t.Context(), "blog.us-east-2.elb.amazonaws.com")
	require.ErrorContains(t, err, `last saw "no answer yet": run the same command again`)
	assert.LessOrEqual(t, len(*said), 3, *said)
}

// TestAStrangersGroupIsNotCounted: groups are known by their tags, all of them.
// TestWantedInstances: those that scaling asks for count while they are launched, and why they are not there is not asked, which
// who only checks may not.
func TestWantedInstances(t *testing.T) {
	t.Parallel()
	rt, _, _ := launching(t, 0, "error=autoscaling:DescribeScalingActivities:AccessDenied:99")
	rt.Site.Limits.Check = time.Minute
	wanted, err := rt.WantedInstances(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, wanted)
}

func TestAStrangersGroupIsNotCounted(t *testing.T) {
	t.Parallel()
	rt, said, _ := launching(t, 0)
	rt.Site.Tags["site"] = "shop"
	require.ErrorContains(t, rt.WaitInstances(t.Context()), "0 of 2 instances in service", *said)
}

// TestWaitsShowWhatInstancesLogged holds that a wait shows the last line, reads it seldom,
// and takes no harm where there is none to read.
func TestWaitsShowWhatInstancesLogged(t *testing.T) {
	t.Parallel()
	const group, refusal = "/pilotlight/blog/dr", "refused to serve: s3fs can't be had"
	for name, tc := range map[string]struct {
		fault string
		group string
		shown bool
		asked int // at most, and at all
	}{
		"a refusal":              {"", group, true, 41},
		"not allowed":            {"error=logs:FilterLogEvents:AccessDeniedException:999", group, false, 41},
		"no answer":              {"error=logs:FilterLogEvents:InternalFailure:999", group, false, 41},
		"no group":               {"", "/pilotlight/blog/other", false, 41},
		"a site that names none": {"", "", false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, wait := range []func(*failover.Runtime) error{
				func(rt *failover.Runtime) error { return rt.WaitInstances(t.Context()) },
				func(rt *failover.Runtime) error {
					return rt.WaitHealthy(t.Context(), "blog.us-east-2.elb.amazonaws.com")
				},
			} {
				w, rt, said, waited := launchingIn(t, 0, slices.DeleteFunc([]string{"instances=late", tc.fault}, func(f string) bool { return f == "" })...)
				_, err := w.Create(t.Context(), sim.Call{Region: recovery, Type: "aws:cloudwatch/logGroup:LogGroup", Name: "logs", Inputs: map[string]any{"name": group}})
				require.NoError(t, err)
				w.Log(recovery, group, "refused to serve: of an earlier boot")
				require.NoError(t, w.Clock().Sleep(t.Context(), time.Minute))
				before := waited()
				rt.Site.LogGroup = tc.group
				var once sync.Once
				tell := rt.Say
				rt.Say = func(line string) {
					tell(line)
					once.Do(func() { w.Log(recovery, group, refusal); w.Log(recovery, group, "error_log: more") })
				}
				err = wait(rt)
				require.Error(t, err)
				text := strings.Join(*said, "\n") + err.Error()
				assert.Equal(t, tc.shown, strings.Contains(text, "last logged: "+refusal), text)
				assert.NotContains(t, text, "earlier boot")
				assert.NotContains(t, text, "FilterLogEvents")
				asked := 0
				for _, step := range w.Journal() {
					if step.Operation == "logs:FilterLogEvents" {
						asked++
					}
				}
				assert.LessOrEqual(t, asked, tc.asked)
				assert.Equal(t, tc.asked > 0, asked > 0)
				assert.Less(t, waited()-before, 21*time.Minute, "it holds up nothing")
			}
		})
	}
}
