package stacks

import (
	"context"
	"fmt"

	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
)

// checkStorage refuses a ceiling of the database's storage that it has grown to already: RDS would refuse it in the
// middle of the update. AWS is asked only where the ceiling is lowered, and not in a change of role.
func (s *site) checkStorage(ctx context.Context) error {
	born := s.plan.Claim.Generation
	wanted := storageCeiling(s.cfg.Database, born.Origin, s.peer.MaxStorageGiB)
	if s.plan.Do != roles.Keep || s.activating || s.adopting || s.tearingDown() || wanted >= s.published.MaxStorageGiB {
		return nil
	}
	found, err := s.runtime.LookAtDatabase(ctx)
	if err != nil {
		return fmt.Errorf("database.maxStorageGiB is lowered, so the database has to be looked at: %w", err)
	}
	if found == nil || found.ID != s.cfg.DatabaseID(born.Number) {
		return nil
	}
	if why := refuseCeiling(found.ID, wanted, found.AllocatedGiB); why != nil { // a nil *refusal.Error is no nil error
		return why.Of(s.cfg.Stack)
	}
	return nil
}

// refuseCeiling is why a database can't have a ceiling; nil if it can. RDS wants a tenth more than there is
// (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html).
func refuseCeiling(database string, ceiling, allocated int) *refusal.Error {
	least := (allocated*11 + 9) / 10
	if ceiling == 0 || ceiling >= least {
		return nil
	}
	return refusal.New(refusal.CodeConfig, "storage never shrinks: database %s has %d GiB by now, so it can't be kept from growing beyond %d: set database.maxStorageGiB to %d or more in both files",
		database, allocated, ceiling, least)
}
