package sim_test

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

func codeOf(err error) string {
	if e, ok := errors.AsType[*sim.Error](err); ok {
		return e.Code
	}
	return err.Error()
}

func look(t *testing.T, w *sim.World) sim.Database {
	t.Helper()
	found, err := w.Databases(other, "site-dr")
	require.NoError(t, err)
	return found[0]
}

func inject(t *testing.T, w *sim.World, text string) {
	t.Helper()
	f, err := sim.ParseFault(text)
	require.NoError(t, err)
	require.NoError(t, w.Inject(f))
}

func TestAReplicaTakesOverStepByStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source, _ := pair(t, w)
	d := look(t, w)
	assert.Equal(t, source.Props["arn"], d.Source)
	assert.True(t, d.Encrypted)
	assert.Equal(t, "replicating", d.StatusInfos[0].Status)

	days := 7
	_, err := w.Promote(other, "site-dr", &days)
	require.NoError(t, err)
	began := w.Clock().Now()
	var seen []string
	for range 20 * 60 {
		d = look(t, w)
		if len(seen) == 0 || seen[len(seen)-1] != d.Status {
			seen = append(seen, d.Status)
		}
		if d.Source == "" {
			break
		}
		w.Clock().Advance(time.Second)
	}
	assert.Equal(t, []string{"available", "modifying", "backing-up", "rebooting", "available"}, seen)
	assert.WithinRange(t, w.Clock().Now(), began.Add(5*time.Minute), began.Add(15*time.Minute+time.Second))
	assert.Empty(t, d.StatusInfos)
	assert.Equal(t, 7, d.BackupRetention)

	_, err = w.Promote(other, "site-dr", nil)
	assert.Equal(t, "InvalidDBInstanceState", codeOf(err), "it is no replica any more")
	_, err = w.Promote(other, "nobody", nil)
	assert.Equal(t, "DBInstanceNotFound", codeOf(err))
}

func TestAPromotionThatFailsLeavesAReplica(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pair(t, w)
	inject(t, w, "promotion=fails")
	_, err := w.Promote(other, "site-dr", nil)
	require.NoError(t, err)
	w.Clock().Advance(time.Minute)
	assert.Equal(t, "modifying", look(t, w).Status)
	w.Clock().Advance(20 * time.Minute)
	d := look(t, w)
	assert.Equal(t, "available", d.Status)
	assert.NotEmpty(t, d.Source)

	_, err = w.Promote(other, "site-dr", nil)
	require.NoError(t, err)
	w.Clock().Advance(20 * time.Minute)
	assert.Empty(t, look(t, w).Source, "the second try succeeds")
}

func TestALostSourceShowsWithinAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pair(t, w)
	w.Clock().Advance(30 * time.Minute)
	w.LoseRegion(home, sim.Refuse)
	lost := w.Clock().Now()
	assert.True(t, look(t, w).StatusInfos[0].Normal, "nobody has noticed yet")
	w.Clock().Advance(5 * time.Minute)

	info := look(t, w).StatusInfos[0]
	assert.False(t, info.Normal)
	assert.Equal(t, "error", info.Status)
	assert.Contains(t, info.Message, "IOError")
	for _, p := range w.Lags(other, "site-dr", lost.Add(-10*time.Minute), w.Clock().Now()) {
		switch {
		case p.At.Before(lost):
			assert.GreaterOrEqual(t, p.Value, 0.0)
		case p.At.After(lost.Add(time.Minute)):
			assert.Equal(t, -1.0, p.Value)
		}
	}
	w.ReturnRegion(home)
	assert.True(t, look(t, w).StatusInfos[0].Normal)
}

func TestLagFaults(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string][]float64{
		"lag=12m":            {720, 720, 720},
		"lag=growing":        {0, 60, 120},
		"lag=unmeasured":     nil,
		"replication=broken": {-1, -1, -1}, "replication=purged": {-1, -1, -1}, "database=storage-full": {-1, -1, -1},
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			pair(t, w)
			// On the minute, as datapoints are.
			w.Clock().Advance(time.Minute - w.Clock().Now().Sub(w.Clock().Now().Truncate(time.Minute)))
			inject(t, w, fault)
			from := w.Clock().Now()
			w.Clock().Advance(3 * time.Minute)
			var got []float64
			for _, p := range w.Lags(other, "site-dr", from, w.Clock().Now()) {
				got = append(got, p.Value)
			}
			assert.Equal(t, want, got)
			if fault == "replication=broken" {
				assert.Contains(t, look(t, w).StatusInfos[0].Message, "SQLError")
			}
		})
	}
}

func TestReplicaRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := create(t, w, other, "aws:kms/key:Key", "key", props{}).Props["arn"]
	source := func(name string, change props) any {
		inputs := primary()
		maps.Copy(inputs, change)
		inputs["identifier"] = name
		return create(t, w, home, databaseType, name, inputs).Props["arn"]
	}
	good, bare := source("good", nil), source("bare", props{"backupRetentionPeriod": 0})
	open := source("open", props{"storageEncrypted": false})
	for name, tc := range map[string]struct {
		change props
		want   string
	}{
		"no such source":       {props{"replicateSourceDb": "arn:aws:rds:eu-west-1:123456789012:db:nobody"}, "DBInstanceNotFound"},
		"no backups":           {props{"replicateSourceDb": bare}, "InvalidDBInstanceState"},
		"no key":               {props{"kmsKeyId": nil}, "InvalidParameterCombination"},
		"source not encrypted": {props{"replicateSourceDb": open}, "InvalidParameterCombination"},
		"foreign key":          {props{"kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/1"}, "KMSKeyNotAccessibleFault"},
		"no subnet group":      {props{"dbSubnetGroupName": "nobody"}, "DBSubnetGroupNotFoundFault"},
		"other partition":      {props{"replicateSourceDb": "arn:aws-cn:rds:cn-north-1:123456789012:db:x"}, "InvalidParameterValue"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inputs := props{"identifier": "site-dr", "instanceClass": "db.t4g.medium", "replicateSourceDb": good, "kmsKeyId": key}
			maps.Copy(inputs, tc.change)
			assert.Equal(t, tc.want, refused(t, w, other, databaseType, inputs))
		})
	}
}

func TestAReplicaOfALostRegionIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source := create(t, w, home, databaseType, "primary", primary())
	w.LoseRegion(home, sim.Refuse)
	assert.Equal(t, "ServiceUnavailable", refused(t, w, other, databaseType, props{"identifier": "r", "replicateSourceDb": source.Props["arn"]}))
}

func TestDeletingADatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source, replica := pair(t, w)
	change := func(o sim.Object, change props) sim.Object {
		inputs := maps.Clone(o.Props)
		maps.Copy(inputs, change)
		changed, err := w.Update(t.Context(), sim.Call{
			Region: o.Region, Type: o.Type, Name: o.Name, ID: o.ID, Inputs: inputs, Old: o.Props,
		})
		require.NoError(t, err)
		return changed
	}
	remove := func(o sim.Object) error {
		return w.Delete(t.Context(), sim.Call{Region: o.Region, Type: o.Type, Name: o.Name, ID: o.ID})
	}
	source = change(source, props{"deletionProtection": true})
	assert.ErrorContains(t, remove(source), "Cannot delete protected DB Instance")
	source = change(source, props{"deletionProtection": false, "skipFinalSnapshot": false})
	assert.ErrorContains(t, remove(source), "final_snapshot_identifier is required")
	source = change(source, props{"finalSnapshotIdentifier": "last"})
	replica = change(replica, props{"skipFinalSnapshot": false, "finalSnapshotIdentifier": "last-dr"})
	assert.Equal(t, "InvalidParameterCombination", codeOf(remove(replica)), "a replica takes no final snapshot")

	become := func(status string) {
		w.ByHand(func(o *sim.Object) bool {
			if o.ID == source.ID {
				o.Phases = []sim.Phase{{Status: status, Until: w.Clock().Now().Add(time.Hour)}}
			}
			return true
		})
	}
	for _, status := range []string{"failed", "incompatible-network", "incompatible-restore"} {
		become(status)
		assert.Equal(t, "InvalidDBInstanceState", codeOf(remove(source)), status)
	}
	become("stopped")

	require.NoError(t, remove(source))
	assert.Equal(t, []string{"last"}, w.Snapshots(home))
	assert.Empty(t, look(t, w).Source, "the deletion of its source sets a replica free")
	require.NoError(t, remove(replica))
	assert.Equal(t, []string{"last-dr"}, w.Snapshots(other))
}

// TestAPromotedDatabaseUnderPulumi: what the provider does with an instance that
// was promoted by somebody else.
func TestAPromotedDatabaseUnderPulumi(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		before, after bool // whether state and program name the source
		want          string
	}{
		"ignored":   {true, true, ""},
		"refreshed": {false, true, "cannot elect new source database for replication"},
		"dropped":   {true, false, "DB Instance is not a read replica."},
		"neither":   {false, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			source, replica := pair(t, w)
			_, err := w.Promote(other, "site-dr", nil)
			require.NoError(t, err)
			w.Clock().Advance(time.Hour)
			inputs := func(named bool, more props) props {
				p := props{"identifier": "site-dr", "instanceClass": "db.t4g.medium"}
				if named {
					p["replicateSourceDb"] = source.Props["arn"]
				}
				maps.Copy(p, more)
				return p
			}
			_, err = w.Update(t.Context(), sim.Call{
				Region: other, Type: databaseType, Name: "replica", ID: replica.ID,
				Old: inputs(tc.before, nil), Inputs: inputs(tc.after, props{"multiAz": true}),
			})
			if tc.want == "" {
				require.NoError(t, err)
				assert.True(t, look(t, w).MultiAZ)
				return
			}
			assert.ErrorContains(t, err, tc.want)
		})
	}
}

func TestDroppingTheSourcePromotes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source, replica := pair(t, w)
	old := props{"identifier": "site-dr", "instanceClass": "db.t4g.medium", "replicateSourceDb": source.Props["arn"]}
	inputs := props{"identifier": "site-dr", "instanceClass": "db.t4g.medium"}
	began := w.Clock().Now()
	changed, err := w.Update(t.Context(), sim.Call{Region: other, Type: databaseType, Name: "replica", ID: replica.ID, Old: old, Inputs: inputs})
	require.NoError(t, err)
	assert.Empty(t, look(t, w).Source)
	assert.NotContains(t, changed.Props, "replicateSourceDb")
	assert.Greater(t, w.Clock().Now().Sub(began), 5*time.Minute)
}
