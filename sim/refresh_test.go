package sim_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// rolling are the inputs of a group that is refreshed when a tag changes.
func rolling(n network, count int, rollout string) props {
	inputs := sized(n, count, 2*count, "0")
	inputs["defaultInstanceWarmup"] = 120
	inputs["instanceRefresh"] = props{"strategy": "Rolling", "triggers": []any{"tag"}, "preferences": props{"minHealthyPercentage": 100, "maxHealthyPercentage": 150}}
	inputs["tags"] = []any{props{"key": "rollout", "value": rollout, "propagateAtLaunch": false}}
	return inputs
}

// rollOut has new instances start from an image, and changes the tag of the group.
func rollOut(t *testing.T, w *sim.World, n network, o *sim.Object, count int, image, was, rollout string) {
	t.Helper()
	w.ByHand(func(o *sim.Object) bool {
		if o.ID == n.template {
			o.Props["imageId"] = image
		}
		return true
	})
	changed, err := w.Update(t.Context(), sim.Call{
		Region: home, Type: scalingType, Name: "site", ID: o.ID, Inputs: rolling(n, count, rollout), Old: rolling(n, count, was), State: maps.Clone(o.Props),
	})
	require.NoError(t, err)
	*o = changed
}

// imagesOf are those of the instances that run, each once.
func imagesOf(w *sim.World) (all []string) {
	for _, m := range w.Launched(home) {
		all = append(all, m.Image)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func healthyIn(w *sim.World) (count int) {
	for _, m := range w.ScalingGroups(home)[0].Machines {
		if m.Healthy {
			count++
		}
	}
	return count
}

func newest(t *testing.T, w *sim.World) sim.Refresh {
	t.Helper()
	all, err := w.InstanceRefreshes(home, "site")
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all[0]
}

func TestRefreshReplacesOneAfterAnother(t *testing.T) {
	t.Parallel()
	for count, most := range map[int]int{1: 2, 2: 3, 4: 6} {
		w := newWorld(t)
		n := newNetwork(t, w, home, "site")
		w.AddImage(home, "ami-2", sim.Epoch)
		o := create(t, w, home, scalingType, "site", rolling(n, count, "ami-1"))
		w.Clock().Advance(10 * time.Minute)
		before := w.Launched(home)
		rollOut(t, w, n, &o, count, "ami-2", "ami-1", "ami-2")
		began := w.Clock().Now()
		ran := 0
		for newest(t, w).Status == "InProgress" {
			require.GreaterOrEqual(t, healthyIn(w), count, "a new one is there before an old one goes")
			ran = max(ran, len(w.Launched(home)))
			require.Less(t, w.Clock().Now().Sub(began), time.Hour)
			w.Clock().Advance(20 * time.Second)
		}
		assert.Equal(t, most, ran, "no more than half as many again")
		assert.Equal(t, []string{"ami-2"}, imagesOf(w))
		assert.Len(t, w.Launched(home), count)
		for _, m := range before {
			assert.NotContains(t, w.Launched(home), m)
		}
		r := newest(t, w)
		assert.Equal(t, "Successful", r.Status)
		assert.Equal(t, 100, r.Percent())
		assert.GreaterOrEqual(t, r.Ended.Sub(r.Began), 5*time.Minute, "an instance boots, and warms up")
	}
}

// TestRefreshStartsByWhatTriggersIt holds what starts one, and that a second one ends the first.
func TestRefreshStartsByWhatTriggersIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	o := create(t, w, home, scalingType, "site", rolling(n, 2, "a"))
	refreshes := func() (states []string) {
		all, err := w.InstanceRefreshes(home, "site")
		require.NoError(t, err)
		for _, r := range all {
			states = append(states, r.Status)
		}
		return states
	}
	update := func(old, inputs props) {
		_, err := w.Update(t.Context(), sim.Call{Region: home, Type: scalingType, Name: "site", ID: o.ID, Inputs: inputs, Old: old, State: o.Props})
		require.NoError(t, err)
	}
	w.Clock().Advance(10 * time.Minute)
	more := rolling(n, 2, "a")
	more["maxSize"] = 5
	update(rolling(n, 2, "a"), more)
	assert.Empty(t, refreshes(), "other changes replace nothing")

	version := rolling(n, 2, "a")
	version["launchTemplate"] = props{"id": n.template, "version": "2"}
	update(rolling(n, 2, "a"), version)
	assert.Equal(t, []string{"InProgress"}, refreshes())
	assert.Len(t, w.Launched(home), 3)
	update(rolling(n, 2, "a"), rolling(n, 2, "b"))
	assert.Equal(t, []string{"InProgress", "Cancelled"}, refreshes())
	assert.Len(t, w.Launched(home), 3)
	var calls []string
	for _, step := range w.Journal() {
		if step.Type == scalingType && step.Operation != "update" && step.Operation != "create" {
			calls = append(calls, step.Operation)
		}
	}
	assert.Equal(t, []string{"StartInstanceRefresh", "CancelInstanceRefresh", "StartInstanceRefresh"}, calls)

	inject(t, w, "error=autoscaling:StartInstanceRefresh:AccessDenied")
	_, err := w.Update(t.Context(), sim.Call{Region: home, Type: scalingType, Name: "site", ID: o.ID, Inputs: rolling(n, 2, "c"), Old: rolling(n, 2, "b"), State: o.Props})
	assert.ErrorContains(t, err, "AccessDenied")

	w.Clock().Advance(time.Hour)
	empty := rolling(n, 0, "c")
	update(rolling(n, 2, "c"), empty)
	update(empty, rolling(n, 0, "d"))
	assert.Equal(t, "Successful", refreshes()[0], "where nothing runs there is nothing to replace")
	assert.Empty(t, w.Launched(home))
}

// TestRefreshWaitsForHealth has an image that never gets healthy, and takes it back.
func TestRefreshWaitsForHealth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	w.PutImage(home, sim.Image{ID: "ami-2", Architecture: "x86_64", Broken: true})
	o := create(t, w, home, scalingType, "site", rolling(n, 2, "ami-1"))
	w.Clock().Advance(10 * time.Minute)
	rollOut(t, w, n, &o, 2, "ami-2", "ami-1", "ami-2")
	w.Clock().Advance(3 * time.Hour)
	r := newest(t, w)
	assert.Equal(t, "InProgress", r.Status)
	assert.Zero(t, r.Percent())
	assert.Equal(t, 2, healthyIn(w), "those before it stay")
	rollOut(t, w, n, &o, 2, "ami-1", "ami-2", "ami-1 again")
	w.Clock().Advance(time.Hour)
	assert.Equal(t, "Successful", newest(t, w).Status)
	assert.Equal(t, []string{"ami-1"}, imagesOf(w))
	assert.Equal(t, 2, healthyIn(w))

	inject(t, w, "capacity="+home)
	rollOut(t, w, n, &o, 2, "ami-1", "ami-1 again", "ami-1 once more")
	w.Clock().Advance(time.Hour)
	assert.Equal(t, "InProgress", newest(t, w).Status)
	assert.Len(t, w.Launched(home), 2, "where there is no room for a new one")
	w.Heal()
	w.Clock().Advance(time.Hour)
	assert.Equal(t, "Successful", newest(t, w).Status)
}
