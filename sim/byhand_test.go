package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// allow gives a database a ceiling, in the console.
func allow(w *sim.World, region string, ceiling float64) {
	w.ByHand(func(o *sim.Object) bool {
		if o.Type == databaseType && o.Region == region {
			o.Props["maxAllocatedStorage"] = ceiling
		}
		return true
	})
}

func TestGrow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pair(t, w)
	allow(w, home, 400)
	allow(w, other, 400)
	w.Grow(home, "site", 270)
	assert.Equal(t, "available", look(t, w).Status)
	assert.Equal(t, 300, look(t, w).AllocatedGiB, "it grew by itself")

	allow(w, other, 30) // of 20: no step fits below it
	w.Grow(home, "site", 25)
	d := look(t, w)
	assert.Equal(t, "storage-full", d.Status)
	assert.Contains(t, d.StatusInfos[0].Message, "Disk full")
	_, err := w.Promote(other, "site-dr", nil)
	assert.Equal(t, "InvalidDBInstanceState", codeOf(err))
}

// TestCeilings are of a tenth more than there is, for a database that has grown, and for a replica of it.
func TestCeilings(t *testing.T) {
	t.Parallel()
	for ceiling, says := range map[float64]string{
		300: "greater than storage size",
		329: "at least 10 percent",
		330: "",
	} {
		w := newWorld(t)
		source, replica := pair(t, w)
		allow(w, home, 400)
		w.Grow(home, "site", 270) // so it has 300
		inputs := props{
			"identifier": "another", "instanceClass": "db.t4g.medium", "replicateSourceDb": source.Props["arn"], "kmsKeyId": replica.Props["kmsKeyId"],
			"skipFinalSnapshot": true, "maxAllocatedStorage": ceiling,
		}
		_, err := w.Create(t.Context(), sim.Call{Region: other, Type: databaseType, Name: "another", Inputs: inputs, Limit: 12 * time.Hour})
		refusal(t, says, err)
		_, err = w.Update(t.Context(), sim.Call{
			Region: home, Type: databaseType, Name: "primary", ID: source.ID, Inputs: with(primary(), props{"maxAllocatedStorage": ceiling}), Old: source.Props,
		})
		refusal(t, says, err)
	}
}

// TestGrowthAcross400 is refused of gp3 storage, with whose new size the provider sends the IOPS of the old one.
func TestGrowthAcross400(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		typ     string
		was, is float64
		says    string
		iops    int
	}{
		"across":       {"gp3", 300, 400, "Invalid iops value for engine name mysql and storage type gp3: 3000", 3000},
		"below":        {"gp3", 300, 399, "", 3000},
		"above":        {"gp3", 400, 500, "", 12000},
		"another type": {"gp2", 300, 400, "", 0},
	} {
		w := newWorld(t)
		inputs := with(primary(), props{"allocatedStorage": tc.was, "storageType": tc.typ})
		source := create(t, w, home, databaseType, "primary", inputs)
		_, err := w.Update(t.Context(), sim.Call{
			Region: home, Type: databaseType, Name: "primary", ID: source.ID, Inputs: with(inputs, props{"allocatedStorage": tc.is}), Old: source.Props,
		})
		refusal(t, tc.says, err)
		found, err := w.Databases(home, "site")
		require.NoError(t, err)
		assert.Equal(t, tc.iops, found[0].IOPS, name)
	}
}

// refusal holds that an error says something; there is none where that is empty.
func refusal(t *testing.T, says string, err error) {
	t.Helper()
	if says == "" {
		assert.NoError(t, err)
		return
	}
	assert.ErrorContains(t, err, says)
}

func TestRowsThatAReplicaCannotTake(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		bytes   int
		version string // of the source, once it was upgraded past its replica; empty leaves it
		says    string
	}{
		"small":                    {1, "", ""},
		"larger than a packet":     {200 << 20, "", "max_allowed_packet"},
		"written by a newer MySQL": {1, "8.0.99", "Relay log read failure"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			pair(t, w)
			w.ByHand(func(o *sim.Object) bool {
				if o.Type == databaseType && o.Region == home && tc.version != "" {
					o.Props["engineVersionActual"] = tc.version
				}
				return true
			})
			w.WriteLarge(home, "site", "row", tc.bytes)
			w.Clock().Advance(time.Minute)
			info := look(t, w).StatusInfos[0]
			assert.Equal(t, tc.says == "", info.Normal)
			assert.Contains(t, info.Message, tc.says)
			if tc.says == "" {
				assert.Equal(t, []string{"row"}, w.Rows(other, "site-dr"))
			} else {
				assert.Empty(t, w.Rows(other, "site-dr"), "nothing arrives from then on")
			}
		})
	}
}

func TestStateForAWhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pair(t, w)
	inject(t, w, "database=backing-up:6m")
	assert.Equal(t, "backing-up", look(t, w).Status)
	_, err := w.Promote(other, "site-dr", nil)
	assert.Equal(t, "InvalidDBInstanceState", codeOf(err))
	w.Clock().Advance(7 * time.Minute)
	assert.Equal(t, "available", look(t, w).Status)
	_, err = sim.ParseFault("database=backing-up:soon")
	assert.Error(t, err)
}

func TestImagesThatAreNotLaunched(t *testing.T) {
	t.Parallel()
	for says, image := range map[string]sim.Image{
		"is not available":      {ID: "ami-1", Architecture: "x86_64", State: "pending"},
		"expect size >= 200GB":  {ID: "ami-1", Architecture: "x86_64", RootGiB: 200},
		"":                      {ID: "ami-1", Architecture: "x86_64", RootGiB: 8},
		"does not match the ar": {ID: "ami-1", Architecture: "arm64"},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := newNetwork(t, w, home, "site")
			w.ByHand(func(o *sim.Object) bool {
				if o.ID == n.template {
					o.Props["instanceType"] = "m6i.large"
					o.Props["blockDeviceMappings"] = []any{props{"deviceName": "/dev/xvda", "ebs": props{"volumeSize": 20.0}}}
				}
				return true
			})
			w.PutImage(home, image)
			create(t, w, home, scalingType, "site", sized(n, 1, 1, "0s"))
			w.Clock().Advance(time.Minute)
			activities, err := w.ScalingActivities(home, "site")
			require.NoError(t, err)
			require.NotEmpty(t, activities)
			assert.Contains(t, activities[0].Problem, says)
			assert.Equal(t, says == "", activities[0].Problem == "")
		})
	}
}

func TestPrivateZone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddZone("Z1", "example.com")
	w.SetRecord(home, "Z1", "www.example.com", "198.51.100.1")
	_, found := w.Resolve("www.example.com")
	assert.True(t, found)
	w.MakePrivate("Z1")
	_, found = w.Resolve("www.example.com")
	assert.False(t, found)
	zone, err := w.Zone("Z1")
	require.NoError(t, err)
	assert.True(t, zone.Private)
}
