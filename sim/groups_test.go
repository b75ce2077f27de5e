package sim_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

const parameterGroupType = "aws:rds/parameterGroup:ParameterGroup"

// saying is the inputs of a parameter group with a value of read_only; empty is
// a group without it.
func saying(name, readOnly string) props {
	list := []any{props{"name": "slow_query_log", "value": "1", "applyMethod": "immediate"}}
	if readOnly != "" {
		list = append(list, props{"name": "read_only", "value": readOnly, "applyMethod": "immediate"})
	}
	return props{"name": name, "family": "mysql8.0", "parameters": list}
}

// grouped is a primary and its replica, each with a parameter group of its own.
func grouped(t *testing.T, w *sim.World) (source, replica sim.Object) {
	t.Helper()
	create(t, w, home, parameterGroupType, "primary", saying("primary", ""))
	create(t, w, other, parameterGroupType, "replica", saying("replica", ""))
	key := create(t, w, other, "aws:kms/key:Key", "key", props{}).Props["arn"]
	source = create(t, w, home, databaseType, "primary", with(primary(), props{"parameterGroupName": "primary"}))
	replica = create(t, w, other, databaseType, "replica", props{
		"identifier": "site-dr", "instanceClass": "db.t4g.medium", "replicateSourceDb": source.Props["arn"], "kmsKeyId": key,
		"backupRetentionPeriod": 7, "skipFinalSnapshot": true, "parameterGroupName": "replica",
	})
	return source, replica
}

// say changes read_only in a group.
func say(t *testing.T, w *sim.World, region, group, before, after string) {
	t.Helper()
	_, err := w.Update(t.Context(), sim.Call{
		Region: region, Type: parameterGroupType, Name: group, ID: group, Inputs: saying(group, after), Old: saying(group, before),
	})
	require.NoError(t, err)
}

func parameterStatus(t *testing.T, w *sim.World, region, identifier string) string {
	t.Helper()
	found, err := w.Databases(region, identifier)
	require.NoError(t, err)
	return found[0].ParameterStatus
}

func TestReadOnlyReachesADatabaseWithinSeconds(t *testing.T) {
	t.Parallel()
	for readOnly, stops := range map[string]bool{"1": true, "ON": true, "0": false, "{TrueIfReplica}": false} {
		t.Run(readOnly, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			i := anInstance(t, w)
			source, _ := grouped(t, w)
			writable := func() bool { return i.Database(addressOf(source)).Writable }
			began := w.Clock().Now()
			say(t, w, home, "primary", "", readOnly)
			returned := w.Clock().Now()
			assert.Less(t, returned.Sub(began), 6*time.Second, "the call itself is quick")
			for parameterStatus(t, w, home, "site") == "applying" {
				require.True(t, writable())
				w.Clock().Advance(time.Second)
			}
			took := w.Clock().Now().Sub(returned)
			assert.GreaterOrEqual(t, took, 5*time.Second)
			assert.LessOrEqual(t, took, 41*time.Second)
			assert.Equal(t, !stops, writable())
			assert.Equal(t, stops, i.Write(addressOf(source), "x") != nil)

			say(t, w, home, "primary", readOnly, "")
			assert.Equal(t, !stops, writable(), "nor does the way back reach it at once")
			w.Clock().Advance(41 * time.Second)
			assert.True(t, writable(), "without the parameter the default counts")
		})
	}
}

// TestIgnoredReadOnly has a database whose group forbids writes take them, as from a user
// whom read_only does not bind.
func TestIgnoredReadOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := anInstance(t, w)
	source, replica := grouped(t, w)
	inject(t, w, "freeze=ignored")
	assert.False(t, i.Database(addressOf(source)).IgnoresReadOnly, "nothing forbids writes")
	say(t, w, home, "primary", "", "1")
	w.Clock().Advance(41 * time.Second)
	assert.Equal(t, sim.DatabaseState{Exists: true, Status: "available", Writable: true, IgnoresReadOnly: true}, i.Database(addressOf(source)))
	assert.NoError(t, i.Write(addressOf(source), "x"))
	assert.False(t, i.Database(addressOf(replica)).Writable, "a replica is read-only all the same")
	w.Heal()
	assert.ErrorContains(t, i.Write(addressOf(source), "x"), "--read-only")
}

func TestReadOnlySurvivesAPromotion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := anInstance(t, w)
	_, replica := grouped(t, w)
	say(t, w, other, "replica", "", "1")
	_, err := w.Promote(other, "site-dr", nil)
	require.NoError(t, err)
	w.Clock().Advance(time.Hour)
	require.Empty(t, look(t, w).Source)
	assert.Equal(t, sim.DatabaseState{Exists: true, Status: "available"}, i.Database(addressOf(replica)))
	assert.ErrorContains(t, i.Write(addressOf(replica), "x"), "--read-only")
	say(t, w, other, "replica", "1", "")
	w.Clock().Advance(41 * time.Second)
	assert.NoError(t, i.Write(addressOf(replica), "x"))
}

// TestADatabaseIsBornAsItsGroupSays: it reads the group when it boots.
func TestADatabaseIsBornAsItsGroupSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := anInstance(t, w)
	create(t, w, home, parameterGroupType, "primary", saying("primary", "1"))
	source := create(t, w, home, databaseType, "primary", with(primary(), props{"parameterGroupName": "primary"}))
	assert.False(t, i.Database(addressOf(source)).Writable)
	assert.Equal(t, "in-sync", parameterStatus(t, w, home, "site"))
}

func TestReadOnlyAtTheNextRebootIsNotModelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inputs := saying("primary", "1")
	maps.Copy(inputs["parameters"].([]any)[1].(props), props{"applyMethod": "pending-reboot"})
	_, err := w.Create(t.Context(), sim.Call{Region: home, Type: parameterGroupType, Name: "primary", Inputs: inputs})
	assert.ErrorIs(t, err, sim.ErrNotModelled)
}

// TestASourceWithoutWritersIsCaughtUpWith is what a planned switchover relies
// on: once the source is read-only, a lag of 0 measured afterwards means that
// its replica has every row.
func TestASourceWithoutWritersIsCaughtUpWith(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		w := sim.New(seed)
		w.Clock().SetQuiet(2 * time.Millisecond)
		t.Cleanup(w.Close)
		i := anInstance(t, w)
		source, replica := grouped(t, w)
		w.Clock().Advance(10 * time.Minute)
		say(t, w, home, "primary", "", "1")
		accepted := 0
		for i.Write(addressOf(source), "row") == nil {
			accepted++
			w.Clock().Advance(100 * time.Millisecond)
		}
		assert.Greater(t, accepted, 40, "seed %d", seed)
		stopped := w.Clock().Now()
		w.Clock().Advance(time.Minute + 3*time.Second)
		points := w.Lags(other, "site-dr", stopped, w.Clock().Now())
		assert.Zero(t, points[len(points)-1].Value, "seed %d", seed)
		assert.Len(t, w.Rows(other, "site-dr"), accepted, "seed %d", seed)

		_, err := w.Promote(other, "site-dr", nil)
		require.NoError(t, err)
		w.Clock().Advance(time.Hour)
		require.NoError(t, i.Write(addressOf(replica), "row"), "seed %d", seed)
		assert.Len(t, w.Rows(other, "site-dr"), accepted+1, "seed %d", seed)
	}
}

// TestALagOfASourceWithoutWriters: a fixed one is over that long after the last
// write, a growing one never.
func TestALagOfASourceWithoutWriters(t *testing.T) {
	t.Parallel()
	for fault, after := range map[string]map[time.Duration]float64{
		"lag=12m":     {5 * time.Minute: 720, 14 * time.Minute: 0},
		"lag=growing": {5 * time.Minute: 360, 65 * time.Minute: 3960},
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			i := anInstance(t, w)
			source, _ := grouped(t, w)
			w.Clock().Advance(time.Minute - w.Clock().Now().Sub(w.Clock().Now().Truncate(time.Minute)))
			inject(t, w, fault)
			began := w.Clock().Now()
			require.NoError(t, i.Write(addressOf(source), "row"))
			say(t, w, home, "primary", "", "1")
			for wait, want := range after {
				at := began.Add(wait + time.Minute)
				if now := w.Clock().Now(); now.Before(at.Add(time.Second)) {
					w.Clock().Advance(at.Add(time.Second).Sub(now))
				}
				points := w.Lags(other, "site-dr", at, at.Add(time.Second))
				require.Len(t, points, 1)
				assert.InDelta(t, want, points[0].Value, 0)
			}
			assert.Len(t, w.Rows(other, "site-dr"), map[string]int{"lag=12m": 1}[fault])
		})
	}
}

func TestParametersOfAGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	create(t, w, home, parameterGroupType, "primary", saying("primary", "1"))
	for group, want := range map[string][]sim.DatabaseParameter{
		"primary":          {{Name: "slow_query_log", Value: "1", ApplyMethod: "immediate"}, {Name: "read_only", Value: "1", ApplyMethod: "immediate"}},
		"default.mysql8.0": nil,
	} {
		got, err := w.DatabaseParameters(home, group)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err := w.DatabaseParameters(home, "nobody")
	assert.Equal(t, "DBParameterGroupNotFound", codeOf(err))
}

// TestPendingReboot: what a group says when it is given to a database, and a static parameter, wait for a reboot; what is changed in
// it afterwards, and is dynamic, does not.
func TestPendingReboot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := anInstance(t, w)
	source, _ := grouped(t, w)
	assert.Equal(t, "in-sync", parameterStatus(t, w, home, "site"), "a database is made with its group")
	create(t, w, home, parameterGroupType, "another", saying("another", "1"))
	inputs := with(primary(), props{"parameterGroupName": "another"})
	_, err := w.Update(t.Context(), sim.Call{Region: home, Type: databaseType, Name: "primary", ID: source.ID, Inputs: inputs, Old: with(primary(), props{"parameterGroupName": "primary"})})
	require.NoError(t, err)
	w.Clock().Advance(time.Hour)
	assert.Equal(t, "pending-reboot", parameterStatus(t, w, home, "site"))
	assert.True(t, i.Database(addressOf(source)).Writable, "the new group is not in force")

	say(t, w, home, "another", "1", "")
	say(t, w, home, "another", "", "1")
	w.Clock().Advance(41 * time.Second)
	assert.False(t, i.Database(addressOf(source)).Writable, "what is changed in it is")
	say(t, w, home, "another", "1", "")
	w.Clock().Advance(41 * time.Second)
	assert.True(t, i.Database(addressOf(source)).Writable)
	assert.Equal(t, "pending-reboot", parameterStatus(t, w, home, "site"))

	reboot := func(region, identifier string) {
		t.Helper()
		d, err := w.Reboot(region, identifier)
		require.NoError(t, err)
		assert.Equal(t, "rebooting", d.Status)
		_, err = w.Reboot(region, identifier)
		assert.Equal(t, "InvalidDBInstanceState", codeOf(err))
		assert.Equal(t, "pending-reboot", parameterStatus(t, w, region, identifier))
		w.Clock().Advance(2 * time.Minute)
		assert.Equal(t, "in-sync", parameterStatus(t, w, region, identifier))
	}
	reboot(home, "site")

	static := saying("replica", "")
	static["parameters"] = append(static["parameters"].([]any), props{"name": "back_log", "value": "100", "applyMethod": "pending-reboot"})
	_, err = w.Update(t.Context(), sim.Call{Region: other, Type: parameterGroupType, Name: "replica", ID: "replica", Inputs: static, Old: saying("replica", "")})
	require.NoError(t, err)
	reboot(other, "site-dr")
	_, err = w.Update(t.Context(), sim.Call{Region: other, Type: parameterGroupType, Name: "replica", ID: "replica", Inputs: saying("replica", ""), Old: static})
	require.NoError(t, err)
	assert.Equal(t, "pending-reboot", parameterStatus(t, w, other, "site-dr"))
	_, err = w.Promote(other, "site-dr", nil)
	require.NoError(t, err)
	w.Clock().Advance(time.Hour)
	assert.Equal(t, "in-sync", parameterStatus(t, w, other, "site-dr"), "a promotion ends with a reboot")
	_, err = w.Reboot(home, "nobody")
	assert.Equal(t, "DBInstanceNotFound", codeOf(err))
}
