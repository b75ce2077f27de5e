package checks

import (
	"fmt"
	"slices"
)

// Step is the next thing to do about a promotion.
type Step int

const (
	Wait       Step = iota // it is under way, look again
	Promote                // it has not begun, or it failed and can begin again
	Modifiable             // this look saw it done
)

// SettledLooks is how many looks in a row must see a promotion done. RDS may
// say available for a moment between two of its phases.
const SettledLooks = 3

// Promotion judges one look at a database that is to be promoted. Both facts
// count: RDS says available before a promotion begins as well as after it, and
// the source is gone before the last reboot. A state that leads nowhere is an error.
func Promotion(status, source string) (Step, error) {
	switch {
	case source == "" && Usable(status):
		return Modifiable, nil
	case Usable(status): // RDS says whether it takes a promotion while it optimises storage
		return Promote, nil
	case Transient(status):
		return Wait, nil
	}
	return Wait, fmt.Errorf("the database is %s, which a promotion does not come back from by itself: see its events in RDS", status)
}

// Usable reports whether a database in this state takes reads and writes.
func Usable(status string) bool { return status == "available" || status == "storage-optimization" }

// Transient reports whether RDS leaves a state by itself.
func Transient(status string) bool { return slices.Contains(transient, status) }

// transient are the states that RDS passes through on the way
// (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html).
var transient = []string{
	"modifying", "rebooting", "backing-up", "creating", "starting", "upgrading", "maintenance", "renaming",
	"resetting-master-credentials", "storage-config-upgrade", "configuring-enhanced-monitoring",
	"configuring-log-exports", "configuring-iam-database-auth", "converting-to-vpc", "moving-to-vpc",
}
