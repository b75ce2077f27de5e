package stacks

import (
	"context"
	"fmt"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/rdsstorage"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
)

// checkStorage refuses a ceiling of the database's storage that is too low for what is stored: RDS would refuse it in the
// middle of the update, for a new replica after hours of copying. AWS is asked where the ceiling is changed, and about the
// source of a new replica, but not in an activation.
func (s *site) checkStorage(ctx context.Context) error {
	born := s.plan.Claim.Generation
	wanted := storageCeiling(s.cfg.Database, born.Origin, s.peer.MaxStorageGiB)
	if wanted == 0 || s.activating || s.adopting || s.tearingDown() {
		return nil
	}
	var found *checks.Replica
	var err error
	switch {
	case s.plan.Do == roles.StandBy:
		found, err = s.lookAtSource(ctx, s.peer)
	case s.plan.Do == roles.Keep && s.own.Published.Database != "" && wanted != s.own.Published.MaxStorageGiB:
		if found, err = s.runtime.LookAtDatabase(ctx); err != nil {
			err = fmt.Errorf("database.maxStorageGiB is changed, so the database has to be looked at: %w", err)
		}
	}
	if err != nil || found == nil {
		return err
	}
	if why := refuseCeiling(found.ID, wanted, found.AllocatedGiB); why != nil { // a nil *refusal.Error is no nil error
		return why.Of(s.cfg.Stack)
	}
	return nil
}

// refuseCeiling is why a database, or a replica of it, can't have a ceiling; nil if it can.
func refuseCeiling(database string, ceiling, allocated int) *refusal.Error {
	if rdsstorage.Takes(allocated, ceiling) {
		return nil
	}
	enough := min(max(rdsstorage.LeastCeiling(allocated), allocated*126/100), rdsstorage.Most) // below 126 % RDS warns by an event
	return refusal.New(refusal.CodeConfig, "database %s has %d GiB by now, which storage never goes below, and RDS takes no ceiling of %d: set database.maxStorageGiB to %d or more in both files",
		database, allocated, ceiling, enough)
}
