package sim

import (
	"slices"
	"time"
)

// dawdle is how long a database still says available after it has been told to
// promote itself.
const dawdle = 20 * time.Second

// promotable are the states in which a replica takes a promotion. RDS calls it operational
// in the last two (accessing-monitoring.html).
var promotable = []string{"available", "storage-initialization", "storage-optimization"}

// promote starts a promotion: available for a moment, modifying, backing-up
// where backups are on, rebooting, available (RDS guide, USER_ReadRepl.Promote).
// The source is named until it is over, but replication stops before anything
// else: what has not arrived by now is not in the new primary.
func (w *World) promote(o *Object, retention int) error {
	now := w.clock.Now()
	switch {
	case w.sourceName(o) == "":
		return refuse("InvalidDBInstanceState", "DB Instance is not a read replica.")
	case !slices.Contains(promotable, w.databaseStatus(o, now)) || o.promoting(now):
		return refuse("InvalidDBInstanceState", "Database instance is not in available state.")
	}
	w.keep(o)
	whole := w.Duration(o.Region, "rds:PromoteReadReplica", o.text("identifier"))
	at := func(share float64) time.Time { return now.Add(time.Duration(share * float64(whole))) }
	begun := Phase{"available", now.Add(dawdle)}
	if f := w.fault("promotion", is("fails")); f != nil && f.Left > 0 {
		// It gives up, and is the replica that it was.
		f.Left--
		o.Phases = []Phase{begun, {"modifying", at(0.7)}}
		o.setTime("gave up", at(0.7))
		return nil
	}
	o.Phases = []Phase{begun, {"modifying", at(0.5)}, {"backing-up", at(0.7)}, {"rebooting", at(1)}}
	if retention == 0 {
		o.Phases = []Phase{begun, {"modifying", at(0.7)}, {"rebooting", at(1)}}
	}
	o.setTime("promoted", at(1))
	o.Props["backupRetentionPeriod"] = float64(retention)
	return nil
}

// promoting tells that a promotion is under way, which a status of "available"
// does not deny.
func (o *Object) promoting(now time.Time) bool {
	return now.Before(o.Times["promoted"]) || now.Before(o.Times["gave up"])
}
