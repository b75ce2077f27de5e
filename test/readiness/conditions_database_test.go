package readiness

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
)

// databaseConditions are about the replica, and its source.
var databaseConditions = []condition{
	{name: "no replica", of: "replica", codes: []string{checks.ReplicaMissing}, spoil: object(databaseType, true, gone)},
	{name: "replica of another database", of: "replica", codes: []string{checks.ReplicaWrongSource}, spoil: object(databaseType, true, func(o *sim.Object) bool {
		o.Props["replicateSourceDb"] = strings.Replace(o.Props["replicateSourceDb"].(string), ":db:", ":db:old-", 1)
		o.Rows = nil
		return true
	})},
	{name: "replica that stays read-only", codes: []string{checks.ReplicaReadOnly}, spoil: parameter(true, "read_only", "1")},
	{name: "replica promoted by hand", of: "replica", codes: []string{checks.ReplicaPromoted}, spoil: func(w *world) error {
		_, err := w.sim.Promote(w.own().Config.Region, w.own().Config.DatabaseID(1), nil)
		return err
	}},
	{name: "replica unseen", codes: []string{checks.ReplicaUnseen, checks.LagUnknown}, spoil: faults("error=rds:DescribeDBInstances:AccessDenied:999")},
	{name: "parameters unseen, and read-only", codes: []string{checks.ParametersUnseen, ops.SourceUnseen}, spoil: func(w *world) error {
		return errors.Join(parameter(true, "read_only", "1")(w), faults("error=rds:DescribeDBParameters:AccessDenied:999")(w))
	}},
	{name: "class in one zone alone", of: "class", codes: []string{checks.ClassMultiAZ}, spoil: func(w *world) error {
		c := w.own().Config
		return faults("offer=" + c.Network.Zones[1] + ":" + c.Database.Class)(w)
	}},
	{name: "class raised in the file, and had in no zone", of: "class", here: true, codes: []string{checks.ClassNotOffered, checks.ClassMultiAZ}, spoil: func(w *world) error {
		w.own().Config.Database.Class = "db.m6g.8xlarge"
		return faults("offer=" + w.own().Config.Region + ":db.m6g.8xlarge")(w)
	}},
	{name: "applier stopped", codes: []string{checks.ReplicaApplier, checks.LagUnknown}, spoil: faults("replication=broken")},
	{name: "binary log gone", finding: "B12", codes: []string{checks.LagTooHigh, checks.LagUnknown}, spoil: faults("replication=purged")},
	{name: "lag over what is allowed", codes: []string{checks.LagTooHigh}, spoil: behind("", 2)},
	{name: "half of the lag that is allowed", spoil: behind("", 0.5)},
	{name: "lag that grows", codes: []string{checks.LagTooHigh}, spoil: faults("lag=growing")},
	{name: "lag unmeasured, and over what is allowed", codes: []string{checks.LagUnknown}, spoil: behind("lag=unmeasured", 2)},
	{name: "engine raised in the file alone", here: true, finding: "B3r", codes: []string{checks.ReplicaEngine}, spoil: func(w *world) error {
		w.own().Config.Database.EngineVersion += ".99"
		return nil
	}},

	{name: "ceiling below the source's", of: "replica", finding: "A4", codes: []string{checks.StorageCeiling}, spoil: set(databaseType, true, "maxAllocatedStorage", 0.0), later: grows},
	{name: "storage nearly full", codes: []string{checks.StorageLow}, spoil: faults("storage=low"), later: grows},
	{name: "storage that grows", later: grows},
	{name: "replica older than its source", codes: []string{checks.EngineOlder}, spoil: set(databaseType, false, "engineVersionActual", "8.4.99"), later: large(1)},
	{name: "smaller packets", of: "settings", finding: "B15", codes: []string{checks.ParametersDiffer}, spoil: parameter(false, "max_allowed_packet", "1073741824"), later: large(200 << 20)},
	{name: "larger packets", of: "settings", spoil: parameter(true, "max_allowed_packet", "1073741824"), later: large(200 << 20)},
	{name: "packets that wait for a reboot", of: "settings", codes: []string{checks.ParametersPending}, later: large(200 << 20), spoil: func(w *world) error {
		const name, value = "max_allowed_packet", "1073741824"
		return errors.Join(parameter(false, name, value)(w), parameter(true, name, value)(w), newGroup(w))
	}},
	{name: "a group that waits for a reboot", of: "settings", spoil: newGroup, later: large(1)},
	{name: "another sql_mode", of: "settings", codes: []string{checks.ParametersDiffer}, spoil: parameter(false, "sql_mode", "ANSI")},
}

// behind has the replica be behind by a share of what is allowed. Another fault may come first.
func behind(first string, share float64) func(*world) error {
	return func(w *world) error {
		lag := []string{fmt.Sprintf("lag=%s", time.Duration(share*float64(w.own().Config.Failover.MaxLag)))}
		if first != "" {
			lag = append([]string{first}, lag...)
		}
		return faults(lag...)(w)
	}
}

// grows has production hold more than it was given storage for, and less than that grows to.
func grows(w *world) {
	c := w.peer().Config
	w.sim.Grow(c.Region, c.DatabaseID(1), c.Database.StorageGiB*3/2)
}

// parameter adds a parameter to the group of a side's database.
func parameter(own bool, name, value string) func(*world) error {
	return object(groupType, own, func(o *sim.Object) bool {
		list, _ := o.Props["parameters"].([]any)
		o.Props["parameters"] = append(list, map[string]any{"name": name, "value": value, "applyMethod": "immediate"})
		return true
	})
}

// newGroup has the standby's database as an upgrade to another series leaves it: it has a parameter group that is not in force.
func newGroup(w *world) error {
	region, now := w.own().Config.Region, w.sim.Clock().Now()
	w.sim.ByHand(func(o *sim.Object) bool {
		if o.Type == databaseType && o.Region == region { // none on a day without a replica
			o.Times["associated"] = now
		}
		return true
	})
	return nil
}

func large(bytes int) func(*world) {
	return func(w *world) {
		w.sim.WriteLarge(w.peer().Config.Region, w.peer().Config.DatabaseID(1), "large", bytes)
	}
}

// stateConditions are the states of a replica: those that need a person, and those that do not.
func stateConditions() (all []condition) {
	for _, state := range []string{
		"deleting", "failed", "inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable", "incompatible-network",
		"incompatible-option-group", "incompatible-parameters", "incompatible-restore", "insufficient-capacity", "restore-error", "stopped", "stopping", "creating",
	} {
		all = append(all, condition{name: "replica " + state, of: "replica", codes: []string{checks.ReplicaState}, spoil: faults("database=" + state)})
	}
	for _, state := range []string{"storage-initialization", "storage-optimization"} {
		all = append(all, condition{name: "replica " + state, of: "replica", finding: "B1r", spoil: faults("database=" + state)})
	}
	return append(all,
		condition{name: "replica storage-full", of: "replica", codes: []string{checks.ReplicaState, checks.LagTooHigh, checks.LagUnknown, checks.StorageLow}, spoil: faults("database=storage-full")},
		condition{name: "replica in a state of tomorrow", of: "replica", codes: []string{checks.ReplicaUnknown}, spoil: faults("database=quantum-folding")},
	)
}
