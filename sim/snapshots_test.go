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

// TestAutomatedSnapshots follows the backups of a replica for a fortnight: one soon
// after its creation, one every day, and none for longer than they are kept.
func TestAutomatedSnapshots(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pair(t, w)
	snapshots := func() []sim.DatabaseSnapshot { return w.AutomatedSnapshots(other, "site-dr") }
	assert.Empty(t, snapshots())
	w.Clock().Advance(6 * time.Minute)
	first := snapshots()
	require.Len(t, first, 1)
	assert.Equal(t, "creating", first[0].Status)
	assert.Equal(t, first[0].Made.Format("rds:site-dr-2006-01-02-15-04"), first[0].ID)
	w.Clock().Advance(10 * time.Minute)
	assert.Equal(t, "available", snapshots()[0].Status)

	w.Clock().Advance(48 * time.Hour)
	assert.Len(t, snapshots(), 3)
	w.Clock().Advance(12 * 24 * time.Hour)
	week := snapshots()
	assert.Len(t, week, 7)
	assert.NotContains(t, week, first[0])
	assert.True(t, slices.IsSortedFunc(week, func(a, b sim.DatabaseSnapshot) int { return a.Made.Compare(b.Made) }))
	assert.Empty(t, w.AutomatedSnapshots(home, "nobody"))
	assert.Empty(t, w.Snapshots(other), "they are no final snapshots, and go with the database")
}

func TestRestore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := anInstance(t, w)
	source, replica := pair(t, w)
	require.NoError(t, i.Write(addressOf(source), "before"))
	w.Clock().Advance(24 * time.Hour)
	require.NoError(t, i.Write(addressOf(source), "after"))
	w.Clock().Advance(time.Minute)
	snapshots := w.AutomatedSnapshots(other, "site-dr")
	newest := snapshots[len(snapshots)-1]

	args := func(snapshot string) props {
		return props{"identifier": "copy", "instanceClass": "db.t4g.medium", "snapshotIdentifier": snapshot, "storageEncrypted": true, "skipFinalSnapshot": true}
	}
	assert.Equal(t, "DBSnapshotNotFound", refused(t, w, other, databaseType, args("rds:site-dr-2020-01-01-00-00")))
	assert.Equal(t, "DBSnapshotNotFound", refused(t, w, home, databaseType, args(newest.ID)), "it is of another region")

	began := w.Clock().Now()
	made := create(t, w, other, databaseType, "copy", args(newest.ID))
	assert.Greater(t, w.Clock().Now().Sub(began), 5*time.Minute)
	for _, prop := range []string{"engine", "username", "allocatedStorage", "kmsKeyId", "storageEncrypted"} {
		assert.Equal(t, replica.Props[prop], made.Props[prop], prop)
	}
	assert.True(t, i.Database(addressOf(made)).Writable)
	held, err := i.Rows(addressOf(made))
	require.NoError(t, err)
	assert.Equal(t, []string{"before"}, held)
	require.NoError(t, i.Write(addressOf(made), "only there"))
	assert.NotContains(t, w.Rows(other, "site-dr"), "only there")
}

// TestReplicasAndCopiesInheritThePort holds that a replica and a copy listen where their original does, unless they are told
// another port, and that no workload finds one that listens elsewhere.
func TestReplicasAndCopiesInheritThePort(t *testing.T) {
	for name, tc := range map[string]struct {
		given props
		port  float64
		found bool
	}{
		"inherited": {props{}, 3307, false},
		"given":     {props{"port": 3306}, 3306, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			i := anInstance(t, w)
			original := primary()
			original["port"] = 3307
			source := create(t, w, home, databaseType, "primary", original)
			holds := func(birth string, from any) {
				inputs := props{"identifier": birth, "instanceClass": "db.t4g.medium", birth: from, "skipFinalSnapshot": true}
				maps.Copy(inputs, tc.given)
				made := create(t, w, home, databaseType, birth, inputs)
				assert.InDelta(t, tc.port, made.Props["port"], 0, birth)
				assert.Equal(t, tc.found, i.Database(addressOf(made)).Exists, birth)
			}
			holds("replicateSourceDb", source.Props["identifier"])
			w.Clock().Advance(24 * time.Hour)
			holds("snapshotIdentifier", w.AutomatedSnapshots(home, "site")[0].ID)
		})
	}
}
