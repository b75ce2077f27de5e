package sim_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

const parameterType = "aws:ssm/parameter:Parameter"

func epoch(value string) props {
	return props{"name": "/site/epoch", "type": "String", "insecureValue": value}
}

// instances are those that answer behind the balancer of a site with two.
func instances(t *testing.T, w *sim.World) map[string]sim.Instance {
	t.Helper()
	balancer, n := served(t, w)
	create(t, w, home, "aws:autoscaling/group:Group", "site", props{
		"name": "site", "minSize": 2, "maxSize": 2, "vpcZoneIdentifiers": n.subnets, "targetGroupArns": []any{n.targets},
		"launchTemplate": props{"id": n.template},
	})
	found := map[string]sim.Instance{}
	w.SetWorkload(func(i sim.Instance, _ *http.Request) sim.Answer {
		found[i.Name()] = i
		return sim.Answer{Status: http.StatusOK, Body: i.Name()}
	})
	turns := map[string]int{}
	for range 100 {
		_, body, err := visit(t, w, "http://"+balancer+"/page")
		require.NoError(t, err)
		_, again, err := visit(t, w, "http://"+balancer+"/page")
		require.NoError(t, err)
		require.Equal(t, body, again, "time and path say who answers")
		turns[body]++
		w.Clock().Advance(time.Second)
	}
	require.Len(t, turns, 2)
	for name, count := range turns {
		assert.True(t, strings.HasPrefix(name, "i-0"))
		assert.Greater(t, count, 25, "requests are spread")
	}
	return found
}

// TestInstancesHearOnceAMinute: each in its own second, whatever happened to the
// parameter.
func TestInstancesHearOnceAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := instances(t, w)
	call := sim.Call{Region: other, Type: parameterType, Name: "epoch", ID: "/site/epoch"}
	do := func(inputs, old props) func() error {
		call := call
		call.Inputs, call.Old = inputs, old
		return func() error {
			if old == nil {
				call.ID = ""
				_, err := w.Create(t.Context(), call)
				return err
			}
			_, err := w.Update(t.Context(), call)
			return err
		}
	}
	remove := func() error { return w.Delete(t.Context(), call) }
	overwriting := with(epoch("5"), props{"overwrite": true})
	was := ""
	for _, step := range []struct {
		name string
		do   func() error
		want string
	}{
		{"created", do(epoch("1"), nil), "1"},
		{"changed", do(epoch("2"), epoch("1")), "2"},
		{"other tags", do(with(epoch("2"), props{"tags": props{"a": "b"}}), epoch("2")), "2"},
		{"deleted", remove, ""},
		{"created again", do(epoch("3"), nil), "3"},
		{"overwritten", do(overwriting, nil), "5"},
		{"given otherwise", do(props{"name": "/site/epoch", "type": "String", "value": "6"}, overwriting), "6"},
	} {
		require.NoError(t, step.do())
		began := w.Clock().Now()
		heard := map[string]time.Duration{}
		for w.Clock().Now().Sub(began) <= time.Minute {
			for name, i := range all {
				value, ok, err := i.Parameter(other, "/site/epoch")
				require.NoError(t, err)
				require.Equal(t, value != "", ok)
				require.Contains(t, []string{was, step.want}, value, step.name)
				if _, before := heard[name]; value == step.want && !before {
					heard[name] = w.Clock().Now().Sub(began)
				} else if before {
					require.Equal(t, step.want, value, step.name)
				}
			}
			w.Clock().Advance(time.Second)
		}
		require.Len(t, heard, 2, step.name)
		if was != step.want {
			when := slices.Collect(maps.Values(heard))
			assert.NotEqual(t, when[0], when[1], "each has its own second")
		}
		was = step.want
	}
}

// TestAnInstanceReadsAtItsBoot: what was there before, it knows at once.
func TestAnInstanceReadsAtItsBoot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	create(t, w, other, parameterType, "epoch", epoch("1"))
	value, ok, err := anInstance(t, w).Parameter(other, "/site/epoch")
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, "1", value)
}

// TestNothingIsHeardDuringAnOutage: an instance whose region returns knows what
// it knew before, until it reads again. So does one that was cut off from the
// region of the parameter.
func TestNothingIsHeardDuringAnOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	create(t, w, other, parameterType, "epoch", epoch("1"))
	i := anInstance(t, w)
	w.Clock().Advance(time.Minute)
	w.LoseRegion(home, sim.Refuse)
	w.Clock().Advance(time.Hour)
	_, err := w.Update(t.Context(), sim.Call{
		Region: other, Type: parameterType, Name: "epoch", ID: "/site/epoch", Inputs: epoch("2"), Old: epoch("1")})
	require.NoError(t, err)
	w.Clock().Advance(time.Hour)
	w.ReturnRegion(home)
	returned := w.Clock().Now()
	heard := func() string {
		value, _, err := i.Parameter(other, "/site/epoch")
		require.NoError(t, err)
		return value
	}
	assert.Equal(t, "1", heard())
	for heard() != "2" {
		w.Clock().Advance(time.Second)
		require.LessOrEqual(t, w.Clock().Now().Sub(returned), time.Minute+time.Second)
	}
}

// TestASnapshotRemembersWhatWas: what was deleted, too.
func TestASnapshotRemembersWhatWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	create(t, w, other, parameterType, "epoch", epoch("1"))
	all := instances(t, w)
	require.NoError(t, w.Delete(t.Context(), sim.Call{Region: other, Type: parameterType, Name: "epoch", ID: "/site/epoch"}))
	twin := newWorld(t)
	require.NoError(t, twin.Restore(w.Snapshot()))
	assert.JSONEq(t, string(w.Snapshot()), string(twin.Snapshot()))
	assert.NotContains(t, string(w.Snapshot()), `"id":"/site/epoch"`, "it is no object any more")
	known := 0
	for _, i := range all {
		if _, ok, err := i.Parameter(other, "/site/epoch"); err == nil && ok {
			known++
		}
	}
	assert.Positive(t, known, "somebody has not heard of the deletion yet")
}

// TestParameterShowsAnImageLate holds that a read finds the image before until AWS has found the new one. A plain text
// changes at once.
func TestParameterShowsAnImageLate(t *testing.T) {
	t.Parallel()
	for dataType, late := range map[string]bool{"aws:ec2:image": true, "text": false} {
		w := newWorld(t)
		create(t, w, home, parameterType, "image", props{"name": "/site/image", "type": "String", "dataType": dataType, "insecureValue": "ami-1"})
		value, found := w.ParameterValue(home, "/site/image")
		require.True(t, found)
		assert.Equal(t, "ami-1", value, "a new one is there")
		require.NoError(t, w.PutParameter(home, "/site/image", "ami-2"))
		value, _ = w.ParameterValue(home, "/site/image")
		assert.Equal(t, late, value == "ami-1", value)
		w.Clock().Advance(time.Minute)
		value, _ = w.ParameterValue(home, "/site/image")
		assert.Equal(t, "ami-2", value)
	}
}
