package stacks

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/rdsstorage"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// checkStorage refuses storage that the provider can't give the database, and a ceiling that is too low for what is stored: RDS
// would refuse either in the middle of the update, a ceiling of a new replica after hours of copying. AWS is asked where the ceiling is changed, and about the
// source of a new replica, but not in an activation.
func (s *site) checkStorage(ctx context.Context) error {
	born := s.plan.Claim.Generation
	wanted := storageCeiling(s.cfg.Database, born.Origin, s.peer.MaxStorageGiB)
	if s.activating || s.adopting || s.tearingDown() {
		return nil
	}
	if err := refuseGrowth(s.cfg.DatabaseID(born.Number), s.cfg.Region, givenStorage(s.cfg.Database, born.Origin), s.own.Published.StorageGiB); err != nil {
		return err
	}
	if wanted == 0 {
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
	return refuseCeiling(found.ID, wanted, found.AllocatedGiB)
}

// refuseGrowth is why a database can't be given more storage by its file than it was given last, in GiB; nil if it can. Where RDS
// stripes the storage from then on, the provider sends the IOPS that it had before, and RDS refuses those in the middle of the
// update (hashicorp/terraform-provider-aws, internal/service/rds/instance.go, dbInstancePopulateModify). AWS is not asked, since
// the provider does not either: it goes by the state.
func refuseGrowth(database, region string, wanted, given int) error {
	if given == 0 || given >= rdsstorage.Striped || wanted < rdsstorage.Striped {
		return nil
	}
	return refusal.New(refusal.CodeConfig, "database.storageGiB goes from %d to %d, and the AWS provider can't let storage grow to %d GiB or more from less: leave it at %d, and run aws rds modify-db-instance --db-instance-identifier %s --region %s --allocated-storage %d --apply-immediately",
		given, wanted, rdsstorage.Striped, given, database, region, wanted)
}

// refuseCeiling is why a database, or a replica of it, can't have a ceiling; nil if it can.
func refuseCeiling(database string, ceiling, allocated int) error {
	if rdsstorage.Takes(allocated, ceiling) {
		return nil
	}
	enough := min(max(rdsstorage.LeastCeiling(allocated), allocated*126/100), rdsstorage.Most) // below 126 % RDS warns by an event
	return refusal.New(refusal.CodeConfig, "database %s has %d GiB by now, which storage never goes below, and RDS takes no ceiling of %d: set database.maxStorageGiB to %d or more in both files",
		database, allocated, ceiling, enough)
}

// givenStorage is what storage a database is given, in GiB; 0 for a replica.
func givenStorage(d config.Database, origin roles.Origin) int {
	if origin != roles.OriginEmpty {
		return 0
	}
	return d.StorageGiB
}

// knownStorage is how much storage a database has that is there already, as far as it was published, in GiB. One that was a
// replica has its source's, whatever its file says.
func knownStorage(c config.Config, born roles.Generation, published state.PeerInfo) int {
	seen := 0
	if strings.HasSuffix(published.Database, ":db:"+c.DatabaseID(born.Number)) {
		seen = published.AllocatedGiB
	}
	if born.Origin == roles.OriginEmpty {
		return max(seen, c.Database.StorageGiB)
	}
	return cmp.Or(seen, c.Database.StorageGiB)
}

// storageCeiling is up to where a database's storage grows by itself, in GiB: a replica's as far as
// its source's, or it would be full first, and stop replicating.
func storageCeiling(d config.Database, origin roles.Origin, peers int) int {
	if origin == roles.OriginEmpty {
		return cmp.Or(d.MaxStorageGiB, defaultCeiling(d.StorageGiB))
	}
	return max(d.MaxStorageGiB, peers)
}

// defaultCeiling is that of a primary for which none is set; 0 where RDS has none that lets it grow.
func defaultCeiling(gib int) int {
	if ceiling := min(4*gib, rdsstorage.Most); ceiling >= rdsstorage.LeastCeiling(gib) {
		return ceiling
	}
	return 0
}
