package checks

import (
	"fmt"
	"time"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// Stopped judges the deep page of a site that is being frozen: whether the
// instance that answers lets no visitor in any more.
func Stopped(page DeepPage) (ready bool, seen string) {
	switch {
	case page.Epoch == 0:
		return false, "no answer"
	case !page.Frozen:
		return false, "an instance still serves visitors"
	}
	return true, "the instances show the maintenance page"
}

// ReadOnly judges the same page once the database was told to take no writes.
func ReadOnly(page DeepPage) (ready bool, seen string) {
	if ready, seen = Stopped(page); !ready {
		return false, seen
	}
	return page.Database == "read-only", "the database is " + page.Database
}

// Unbound says why a frozen site can't be made read-only, or nothing: its database user
// writes in spite of read_only, and would after the switchover too.
func Unbound(page DeepPage) string {
	if !page.Frozen || !page.IgnoresReadOnly {
		return ""
	}
	return "the database takes the writes of WordPress's user although read_only is set, so a switchover would lose what is written meanwhile: " +
		"take CONNECTION_ADMIN and SUPER from that user (REVOKE CONNECTION_ADMIN ON *.* FROM …), and run the same command again"
}

// CaughtUp judges whether a replica has everything that was written to a frozen
// database: the last marker that its site wrote before it became read-only is
// here, and after since the replica was measured to be behind by nothing.
func CaughtUp(theirs, ours DeepPage, lag *Lag, since time.Time) (ready bool, seen string) {
	frozen, what := ReadOnly(theirs)
	switch {
	case !frozen:
		return false, "the other side is not frozen: " + what
	case theirs.Marker == "":
		return false, "the other side shows no marker"
	case ours.Epoch == 0:
		return false, "no instance answers here yet"
	case ours.Marker != theirs.Marker:
		return false, fmt.Sprintf("the other side's last marker, %s, is not here yet", theirs.Marker)
	case lag == nil || lag.At.Before(since):
		return false, "its last marker is here, the replica's lag is not measured yet"
	case lag.Value > 0:
		return false, fmt.Sprintf("its last marker is here, the replica is %s behind", lag.Value)
	}
	return true, "nothing is missing: its last marker is here, and the replica is not behind"
}

// holder finds out why an activation must not be aborted: the other side
// must be there to hold the site, and it must not be served from here.
func holder(s Snapshot, p Policy) []refusal.Blocker {
	given := p.Epoch - 1 // the plan's epoch is already that of the time after
	switch {
	case s.Site.Epoch == 0:
		return []refusal.Blocker{block(ProductionSilent, fmt.Sprintf("finish the activation with role active, or bring production back and run this again (abort %d)", given),
			"production does not answer under the site's name, and giving up would leave no side to hold the site")}
	case s.Site.Epoch >= given:
		return []refusal.Blocker{{
			Code: AlreadyServing, Subject: "site", Reason: fmt.Sprintf("the site is already served from here (epoch %d)", s.Site.Epoch),
			Remedy: "finish the activation with role active, and go back by a planned switchover",
		}}
	}
	return nil
}
