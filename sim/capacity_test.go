package sim_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

const scalingType = "aws:autoscaling/group:Group"

// sized are the inputs of a group in two zones, with the provider's limit.
func sized(n network, least, most int, limit string) props {
	return props{
		"name": "site", "minSize": least, "maxSize": most, "vpcZoneIdentifiers": n.subnets, "targetGroupArns": []any{n.targets},
		"launchTemplate": props{"id": n.template, "version": "1"}, "waitForCapacityTimeout": limit,
	}
}

// resize changes a group as the provider does, and returns how long that took.
func resize(t *testing.T, w *sim.World, o *sim.Object, inputs props) (took time.Duration, err error) {
	t.Helper()
	began := w.Clock().Now()
	old := maps.Clone(o.Props)
	changed, err := w.Update(t.Context(), sim.Call{
		Region: home, Type: scalingType, Name: "site", ID: o.ID, Inputs: inputs, Old: sized(network{}, int(old["minSize"].(float64)), int(old["maxSize"].(float64)), ""), State: old,
	})
	if err == nil {
		*o = changed
	}
	return w.Clock().Now().Sub(began), err
}

func policed(t *testing.T, w *sim.World) {
	t.Helper()
	create(t, w, home, "aws:autoscaling/policy:Policy", "cpu", props{"name": "cpu", "autoscalingGroupName": "site", "policyType": "TargetTrackingScaling"})
}

// TestTheProviderWantsWhatWasRead: it waits for exactly the capacity that it read before
// the change, which that may have made impossible.
func TestTheProviderWantsWhatWasRead(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		least, most int
		scaledOut   bool
		want        string
	}{
		"to nothing":              {0, 0, false, "want exactly 2 healthy instance(s) in Auto Scaling Group, have 0"},
		"more, while scaled out":  {3, 4, true, "want exactly 3 healthy instance(s) in Auto Scaling Group, have 4"},
		"more":                    {3, 4, false, ""},
		"room for more, no wait":  {2, 6, false, ""},
		"room for more, no wait ": {2, 6, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := newNetwork(t, w, home, "site")
			o := create(t, w, home, scalingType, "site", sized(n, 2, 4, "15m"))
			policed(t, w)
			if tc.scaledOut {
				inject(t, w, "load=high")
				w.Clock().Advance(10 * time.Minute)
			}
			took, err := resize(t, w, &o, sized(n, tc.least, tc.most, "15m"))
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			assert.EqualError(t, err, "waiting for Auto Scaling Group (site) capacity satisfied: timeout while waiting for state to become 'ok' (last state: '"+tc.want+"', timeout: 15m0s)")
			assert.InDelta(t, 15*time.Minute, took, float64(10*time.Second))

			took, err = resize(t, w, &o, sized(n, tc.least, tc.most, "0"))
			require.NoError(t, err, "0 switches the wait off")
			assert.Less(t, took, 10*time.Second)
		})
	}
}

// TestTheProviderGivesUpAtAFailedLaunch, though the group launches its instances in
// another zone.
func TestTheProviderGivesUpAtAFailedLaunch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	inject(t, w, "capacity="+home+"a")
	o := create(t, w, home, scalingType, "site", sized(n, 0, 0, "15m"))
	took, err := resize(t, w, &o, sized(n, 2, 4, "15m"))
	require.ErrorContains(t, err, "Failed: We currently do not have sufficient")
	assert.Less(t, took, 10*time.Second, "at once")
	w.Clock().Advance(10 * time.Minute)
	assert.Equal(t, 2, healthy(t, w, n), "both in the other zone")
}

func healthy(t *testing.T, w *sim.World, n network) (count int) {
	t.Helper()
	targets, err := w.Targets(home, n.targets)
	require.NoError(t, err)
	for _, target := range targets {
		if target.Healthy {
			count++
		}
	}
	return count
}

// TestAGroupTriesAgain until what keeps its instances from being launched is over.
func TestAGroupTriesAgain(t *testing.T) {
	t.Parallel()
	for fault, says := range map[string]string{
		"capacity=" + home: "We currently do not have sufficient", "launches=quota": "more vCPU capacity than your current vCPU limit",
		"launches=key": "Client.InvalidKMSKey.InvalidState", "image=missing": "The image id '[ami-1]' does not exist",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := newNetwork(t, w, home, "site")
			inject(t, w, fault)
			create(t, w, home, scalingType, "site", sized(n, 2, 4, "0"))
			w.Clock().Advance(30 * time.Minute)
			assert.Zero(t, healthy(t, w, n))
			activities, err := w.ScalingActivities(home, "site")
			require.NoError(t, err)
			assert.Greater(t, len(activities), 20)
			for i, a := range activities {
				assert.Contains(t, a.Problem, says)
				assert.True(t, i == 0 || !a.Began.After(activities[i-1].Began), "the newest first")
			}
			w.Heal()
			w.Clock().Advance(8 * time.Minute)
			assert.Equal(t, 2, healthy(t, w, n))
			activities, err = w.ScalingActivities(home, "site")
			require.NoError(t, err)
			assert.Empty(t, activities[0].Problem)
		})
	}
}

// TestAnotherInstanceType has what EC2 lacks of one.
func TestAnotherInstanceType(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	inject(t, w, "capacity="+home+":m7g.large")
	create(t, w, home, scalingType, "site", sized(n, 2, 4, "15m"))
	assert.Equal(t, 2, healthy(t, w, n))
}

// TestScalingPoliciesRaiseTheCapacity, and leave it when the visitors are gone.
func TestScalingPoliciesRaiseTheCapacity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	create(t, w, home, scalingType, "site", sized(n, 1, 3, "15m"))
	inject(t, w, "load=high")
	w.Clock().Advance(10 * time.Minute)
	assert.Equal(t, 1, healthy(t, w, n), "without a policy nothing happens")
	w.Heal()
	policed(t, w)
	inject(t, w, "load=high")
	w.Clock().Advance(10 * time.Minute)
	assert.Equal(t, 3, healthy(t, w, n))
	w.Heal()
	w.Clock().Advance(10 * time.Minute)
	assert.Equal(t, 3, healthy(t, w, n), "what a fault did stays")
}
