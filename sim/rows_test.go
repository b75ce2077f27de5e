package sim_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

func addressOf(o sim.Object) string { return o.Props["address"].(string) }

// writeRows writes rows a second apart and returns how many were accepted.
func writeRows(w *sim.World, i sim.Instance, address, name string, count int) (accepted int) {
	for n := range count {
		if i.Write(address, fmt.Sprint(name, n)) == nil {
			accepted++
		}
		w.Clock().Advance(time.Second)
	}
	return accepted
}

// caughtUp lets a replica's lag pass.
func caughtUp(w *sim.World) { w.Clock().Advance(3 * time.Second) }

func TestWriting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := anInstance(t, w)
	source, replica := pair(t, w)
	require.NoError(t, i.Write(addressOf(source), "a"))
	require.NoError(t, i.Write(addressOf(source), "b"))
	held, err := i.Rows(addressOf(source))
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, held)
	assert.Nil(t, w.Rows(home, "nobody"))

	refused := func(address string, code int, words string) {
		t.Helper()
		err := i.Write(address, "c")
		var refusal *sim.MySQLError
		require.ErrorAs(t, err, &refusal)
		assert.Equal(t, code, refusal.Code)
		assert.ErrorContains(t, err, words)
	}
	refused(addressOf(replica), 1290, "The MySQL server is running with the --read-only option so it cannot execute this statement")
	refused("nobody", 2003, "Can't connect to MySQL server on 'nobody'")
	w.LoseRegion(home, sim.Refuse)
	refused(addressOf(source), 2003, "Can't connect to MySQL server")
	_, err = i.Rows(addressOf(source))
	assert.ErrorContains(t, err, "Can't connect to MySQL server")
	assert.Equal(t, []string{"a", "b"}, w.Rows(home, "site"), "nobody can read them, but they are there")
}

// TestAReplicaHoldsWhatReplicationBrought writes 60 rows, one a second, into a
// source whose replication is disturbed before the first or in the middle.
func TestAReplicaHoldsWhatReplicationBrought(t *testing.T) {
	t.Parallel()
	lose := func(_ *testing.T, w *sim.World) { w.LoseRegion(home, sim.Refuse) }
	fault := func(text string) func(*testing.T, *sim.World) {
		return func(t *testing.T, w *sim.World) { t.Helper(); inject(t, w, text) }
	}
	none := func(*testing.T, *sim.World) {}
	for name, tc := range map[string]struct {
		before, middle func(*testing.T, *sim.World)
		least, most    int
		later          int // an hour later
	}{
		"fed":                  {none, none, 57, 60, 60},
		"not measured":         {fault("lag=unmeasured"), none, 57, 60, 60},
		"behind":               {fault("lag=30s"), none, 30, 30, 60},
		"falling behind":       {none, fault("lag=growing"), 28, 30, 30},
		"suddenly behind":      {none, fault("lag=12m"), 27, 30, 60},
		"stopped":              {fault("replication=broken"), none, 0, 0, 0},
		"stopped in between":   {none, fault("replication=broken"), 27, 30, 30},
		"source lost":          {none, lose, 27, 30, 30},
		"source lost, behind":  {fault("lag=20s"), lose, 10, 10, 10},
		"source lost, growing": {fault("lag=growing"), lose, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			i := anInstance(t, w)
			source, replica := pair(t, w)
			w.Clock().Advance(time.Hour)
			tc.before(t, w)
			writeRows(w, i, addressOf(source), "a", 30)
			tc.middle(t, w)
			writeRows(w, i, addressOf(source), "b", 30)
			held, err := i.Rows(addressOf(replica))
			require.NoError(t, err)
			assert.GreaterOrEqual(t, len(held), tc.least)
			assert.LessOrEqual(t, len(held), tc.most)
			assert.Equal(t, w.Rows(home, "site")[:len(held)], held, "in the order of writing")
			w.Clock().Advance(time.Hour)
			after := w.Rows(other, "site-dr")
			assert.Equal(t, held, after[:len(held)])
			assert.InDelta(t, tc.later, len(after), 3)
		})
	}
}

func TestWhatArrivedStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := anInstance(t, w)
	source, _ := pair(t, w)
	before := 0
	for step := range 1000 {
		require.NoError(t, i.Write(addressOf(source), fmt.Sprint(step)))
		w.Clock().Advance(170 * time.Millisecond)
		now := len(w.Rows(other, "site-dr"))
		require.GreaterOrEqual(t, now, before, "step %d", step)
		before = now
	}
	assert.Greater(t, before, 980)
}

// TestTheRestArrivesWhenTheSourceReturns: a replica that nobody promoted goes on.
func TestTheRestArrivesWhenTheSourceReturns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := anInstance(t, w)
	source, _ := pair(t, w)
	w.Clock().Advance(time.Hour)
	inject(t, w, "lag=20s")
	writeRows(w, i, addressOf(source), "a", 30)
	w.LoseRegion(home, sim.Refuse)
	w.Clock().Advance(time.Hour)
	w.LoseRegion(home, sim.Hang)
	w.Clock().Advance(time.Hour)
	assert.Len(t, w.Rows(other, "site-dr"), 10)
	w.ReturnRegion(home)
	assert.Len(t, w.Rows(other, "site-dr"), 30)
}

// TestAPromotionKeepsWhatHadArrived: later writes to the old primary are not in
// the new one, whatever becomes of the old.
func TestAPromotionKeepsWhatHadArrived(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := anInstance(t, w)
	source, replica := pair(t, w)
	writeRows(w, i, addressOf(source), "a", 3)
	caughtUp(w)
	_, err := w.Promote(other, "site-dr", nil)
	require.NoError(t, err)
	writeRows(w, i, addressOf(source), "lost", 3)
	w.Clock().Advance(time.Hour)
	require.NoError(t, i.Write(addressOf(replica), "b0"))
	assert.Equal(t, []string{"a0", "a1", "a2", "b0"}, w.Rows(other, "site-dr"))
	inject(t, w, "lag=12m")
	require.NoError(t, w.Delete(t.Context(), sim.Call{Region: home, Type: databaseType, Name: source.Name, ID: source.ID}))
	assert.Equal(t, []string{"a0", "a1", "a2", "b0"}, w.Rows(other, "site-dr"))
	assert.Nil(t, w.Rows(home, "site"))
}

func TestAPromotionThatFailsGoesOnReplicating(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := anInstance(t, w)
	source, _ := pair(t, w)
	inject(t, w, "promotion=fails")
	_, err := w.Promote(other, "site-dr", nil)
	require.NoError(t, err)
	writeRows(w, i, addressOf(source), "a", 10)
	assert.Empty(t, w.Rows(other, "site-dr"))
	w.Clock().Advance(time.Hour)
	assert.Len(t, w.Rows(other, "site-dr"), 10)
}

func TestADeletedSourceLeavesItsReplicasTheirRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := anInstance(t, w)
	source, replica := pair(t, w)
	writeRows(w, i, addressOf(source), "a", 10)
	caughtUp(w)
	require.NoError(t, w.Delete(t.Context(), sim.Call{Region: home, Type: databaseType, Name: source.Name, ID: source.ID}))
	assert.Len(t, w.Rows(other, "site-dr"), 10)
	require.NoError(t, i.Write(addressOf(replica), "b"))
	assert.Len(t, w.Rows(other, "site-dr"), 11)
}

// TestGenerations goes there and back several times, each time to a new replica
// of the current primary; the old one is deleted. No row is lost on the way.
func TestGenerations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := anInstance(t, w)
	keys := map[string]any{}
	for _, region := range []string{home, other} {
		keys[region] = create(t, w, region, "aws:kms/key:Key", "key", props{}).Props["arn"]
	}
	current := create(t, w, home, databaseType, "generation0", with(primary(), props{"identifier": "generation0"}))
	var want []string
	write := func(name string) {
		accepted := writeRows(w, i, addressOf(current), name, 10)
		require.Equal(t, 10, accepted)
		for n := range 10 {
			want = append(want, fmt.Sprint(name, n))
		}
	}
	for n := 1; n <= 4; n++ {
		region, identifier := []string{home, other}[n%2], fmt.Sprint("generation", n)
		write(identifier + "before")
		next := create(t, w, region, databaseType, identifier, props{
			"identifier": identifier, "instanceClass": "db.t4g.medium", "replicateSourceDb": current.Props["arn"], "kmsKeyId": keys[region],
			"backupRetentionPeriod": 7, "skipFinalSnapshot": true,
		})
		write(identifier + "after")
		caughtUp(w)
		twin := newWorld(t)
		require.NoError(t, twin.Restore(w.Snapshot()))
		assert.Equal(t, want, twin.Rows(region, identifier))
		days := 7
		_, err := w.Promote(region, identifier, &days)
		require.NoError(t, err)
		w.Clock().Advance(time.Hour)
		require.NoError(t, w.Delete(t.Context(), sim.Call{Region: current.Region, Type: databaseType, Name: current.Name, ID: current.ID}))
		current = next
		assert.Equal(t, want, w.Rows(region, identifier))
	}
	assert.Len(t, slices.Compact(want), 80)
}

// TestAReplicaStartsWithACopy: of what the source had when it was asked for, even
// if the source is lost before the replica is ready.
func TestAReplicaStartsWithACopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := anInstance(t, w)
	key := create(t, w, other, "aws:kms/key:Key", "key", props{}).Props["arn"]
	source := create(t, w, home, databaseType, "primary", primary())
	writeRows(w, i, addressOf(source), "a", 10)
	nobodyWaits, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.Create(nobodyWaits, sim.Call{Region: other, Type: databaseType, Name: "replica", Inputs: props{
		"identifier": "site-dr", "instanceClass": "db.t4g.medium", "replicateSourceDb": source.Props["arn"], "kmsKeyId": key,
	}})
	require.ErrorIs(t, err, context.Canceled)
	writeRows(w, i, addressOf(source), "b", 10)
	assert.Len(t, w.Rows(other, "site-dr"), 10)
	w.LoseRegion(home, sim.Refuse)
	w.Clock().Advance(time.Hour)
	assert.Len(t, w.Rows(other, "site-dr"), 10, "it never heard of its source")
	w.ReturnRegion(home)
	assert.Len(t, w.Rows(other, "site-dr"), 20)
}
