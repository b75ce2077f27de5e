package checks

import (
	"fmt"
	"slices"
)

// Step is the next thing to do about a promotion.
type Step int

const (
	Wait     Step = iota // it is under way, look again
	Promote              // it has not begun, or it failed and can begin again
	Promoted             // this look saw it done
)

// Detached reports that RDS shows an available database without a state of replication: it is no replica, whatever source it
// may still name. "If the DB instance isn't a read replica, the value is blank" (RDS API Reference, DBInstanceStatusInfo, Status).
// A replica of RDS always has one, be it an error. What stands for RDS in a test may show none of a replica either: so it
// takes another sign that there was a promotion.
func (r Replica) Detached() bool { return r.Status == "available" && r.Replication == "" }

// PromotedLooks is how many looks in a row must see a promotion done. RDS may
// say available for a moment between two of its phases.
const PromotedLooks = 3

// Promotion judges one look at a database that is to be promoted. Both facts
// count: RDS says available before a promotion begins as well as after it, and
// the source is gone before the last reboot. Where the source stays, as moto shows it, a request counts that RDS accepted
// long enough ago to have begun, if the database is Detached since. A state that leads nowhere is an error. One that
// is unknown is waited for, unless it was accepted: then RDS itself takes a promotion, or refuses it.
func Promotion(r Replica, requested bool, region string, accepted []string) (Step, error) {
	standing := StandingOf(r.Status)
	if standing == Unknown && slices.Contains(accepted, AcceptStandby) {
		standing = Usable
	}
	switch {
	case standing.Leaves():
		return Wait, nil
	case standing == Stuck:
		return Wait, fmt.Errorf("database %s is %s, which a promotion does not come back from by itself: %s", r.ID, r.Status, StateRemedy(r, region))
	case r.Source == "", requested && r.Detached():
		return Promoted, nil
	}
	return Promote, nil // RDS takes or refuses a promotion while its storage changes
}
