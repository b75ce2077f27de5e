package sim

import (
	"time"

	"github.com/pilotlight-dr/pilotlight/rdsstorage"
)

// Shares of a database's storage that are free: as long as nothing is the matter, and with
// little left.
const (
	usuallyFree = 0.6
	hardlyFree  = 0.04
)

// allocated is a database's storage in GiB. RDS lets it grow by itself, up to its ceiling, when
// little is free (RDS guide, USER_PIOPS.Autoscaling); the fault storage=low has it grown there.
func (w *World) allocated(o *Object) int {
	if w.fault("storage", is("low")) != nil && w.sourceName(o) != "" {
		return max(o.number("allocatedStorage"), o.number("maxAllocatedStorage"))
	}
	if w.stored(o) > 0 {
		return max(o.number("allocatedStorage"), min(reach(o), w.stored(o)*10/9))
	}
	return o.number("allocatedStorage")
}

// IOPS of gp3 storage, before RDS stripes it and from then on (RDS guide, CHAP_Storage, "gp3 storage").
const (
	plainIOPS   = 3000
	stripedIOPS = 12000
)

// iops are those of a database's storage; none of other types.
func (w *World) iops(o *Object) int {
	switch {
	case o.text("storageType") != "gp3":
		return 0
	case w.allocated(o) < rdsstorage.Striped:
		return plainIOPS
	}
	return stripedIOPS
}

// reach is up to where a database's storage grows by itself.
func reach(o *Object) int {
	return rdsstorage.Reach(o.number("allocatedStorage"), o.number("maxAllocatedStorage"))
}

// Grow lets a database of a region hold so many GiB from now on, and its replicas with it. One whose
// storage can't grow to that becomes storage-full.
func (w *World) Grow(region, identifier string, gib int) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.freezeReplicaRows()
	if o := w.findBy(databaseType, region, "identifier", identifier); o != nil {
		o.Props["usedGiB"] = float64(gib)
		o.setTime("grown", now)
	}
}

// stored is how many GiB a database holds, where Grow has said that; 0 otherwise.
func (w *World) stored(o *Object) int {
	if source := w.sourceOf(o); source != nil {
		return w.stored(source)
	}
	return o.number("usedGiB")
}

// full reports whether a replica holds more than its storage grows to, and since when. Its relay
// logs come on top where little was free before (RDS guide, "Amazon RDS DB instance running out of storage").
func (w *World) full(o *Object) (full bool, since time.Time) {
	source := w.sourceOf(o)
	if source == nil || w.stored(source) == 0 {
		return false, time.Time{}
	}
	return w.stored(source) > reach(o) || w.fault("storage", is("low")) != nil, source.Times["grown"]
}

// FreeStorage are the datapoints of a database's FreeStorageSpace in bytes, oldest first, one
// each minute (RDS guide, rds-metrics); none for a database that isn't there.
func (w *World) FreeStorage(region, identifier string, from, to time.Time) (points []Datapoint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.freeStorage(w.findBy(databaseType, region, "identifier", identifier), from, to)
}

func (w *World) freeStorage(o *Object, from, to time.Time) (points []Datapoint) {
	if o == nil {
		return nil
	}
	if now := w.clock.Now(); to.After(now) {
		to = now
	}
	share := usuallyFree
	switch gib := w.stored(o); {
	case gib > 0:
		share = max(0, 1-float64(gib)/float64(w.allocated(o)))
	case w.databaseStatus(o, w.clock.Now()) == "storage-full":
		share = 0
	case w.fault("storage", is("low")) != nil && w.sourceName(o) != "":
		share = hardlyFree
	}
	bytes := share * float64(w.allocated(o)) * (1 << 30)
	for at := later(from, o.Times["available"]).Truncate(time.Minute); at.Before(to); at = at.Add(time.Minute) {
		if !at.Before(o.Times["available"]) {
			points = append(points, Datapoint{at, bytes})
		}
	}
	return points
}

// validStorage refuses a ceiling that is changed, and too low for what the database has grown to, in RDS's words.
func validStorage(w *World, o *Object) error {
	has := o.number("allocatedStorage")
	if old := w.find(databaseType, o.Region, o.ID); old != nil {
		if o.number("maxAllocatedStorage") == old.number("maxAllocatedStorage") {
			return nil // the provider does not send it
		}
		has = max(has, w.allocated(old))
	}
	return validCeiling(o.number("maxAllocatedStorage"), has)
}

// validGrowth refuses more storage that RDS stripes from then on: with it the provider sends the IOPS that it had before
// (internal/service/rds/instance.go, dbInstancePopulateModify), in RDS's words.
func validGrowth(c Call, o *Object) error {
	was, given := c.Old["allocatedStorage"].(float64)
	if given && o.text("storageType") == "gp3" && was < rdsstorage.Striped && o.number("allocatedStorage") >= rdsstorage.Striped {
		return refuse("InvalidParameterCombination", "Invalid iops value for engine name %s and storage type gp3: %d", o.text("engine"), plainIOPS)
	}
	return nil
}

// validCeiling refuses a ceiling of less than a tenth above what there is (USER_PIOPS.Autoscaling).
func validCeiling(ceiling, has int) error {
	switch {
	case ceiling == 0:
		return nil
	case ceiling <= has:
		return refuse("InvalidParameterCombination", "Max storage size must be greater than storage size")
	case ceiling*10 < has*11:
		return refuse("InvalidParameterCombination", "The maximum allocated storage must be increased by at least 10 percent.")
	}
	return nil
}
