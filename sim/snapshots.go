package sim

import (
	"slices"
	"strings"
	"time"
)

// A DatabaseSnapshot is a snapshot as DescribeDBSnapshots shows it.
type DatabaseSnapshot struct {
	ID, ARN, Database     string
	Status                string // creating or available
	Made                  time.Time
	Engine, EngineVersion string
	AllocatedStorage      int
	Encrypted             bool
	KMSKey                string
	Tags                  map[string]string
}

// firstSnapshot is how long after its creation a database with backups is backed
// up for the first time.
const firstSnapshot = 5 * time.Minute

// AutomatedSnapshots describes the automated snapshots of a database, or of all in a
// region when identifier is empty, the oldest first. They are worked out from the
// database: they go with it.
func (w *World) AutomatedSnapshots(region, identifier string) []DatabaseSnapshot {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []DatabaseSnapshot
	for _, o := range w.all(databaseType, region) {
		if identifier == "" || strings.EqualFold(o.text("identifier"), identifier) {
			all = append(all, w.snapshotsOf(o, now)...)
		}
	}
	return all
}

// FinalSnapshots describes those that deleted databases left in a region. RDS calls them manual.
func (w *World) FinalSnapshots(region string) (all []DatabaseSnapshot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.all(snapshotType, region) {
		all = append(all, DatabaseSnapshot{
			ID: o.ID, ARN: arn("rds", o, "snapshot:"+o.ID), Database: o.Name, Status: "available", Made: o.Times["created"],
			Engine: "mysql", AllocatedStorage: o.number("allocatedStorage"), Tags: o.tags(),
		})
	}
	return all
}

// snapshotsOf: one soon after the creation, then one a day at the beginning of the
// backup window, each kept for the days of retention.
func (w *World) snapshotsOf(o *Object, now time.Time) (all []DatabaseSnapshot) {
	kept := time.Duration(o.number("backupRetentionPeriod")) * 24 * time.Hour
	first := o.Times["available"].Add(firstSnapshot)
	window, err := time.Parse("15:04", o.text("backupWindow")[:5])
	if err != nil {
		window = time.Time{}
	}
	daily := first.Truncate(24 * time.Hour).Add(time.Duration(window.Hour())*time.Hour + time.Duration(window.Minute())*time.Minute)
	moments := []time.Time{first}
	for ; !daily.After(now); daily = daily.AddDate(0, 0, 1) {
		if daily.After(first) {
			moments = append(moments, daily)
		}
	}
	for _, at := range moments {
		if at.After(now) || now.Sub(at) >= kept {
			continue
		}
		id := "rds:" + o.text("identifier") + at.Format("-2006-01-02-15-04")
		s := DatabaseSnapshot{
			ID: id, ARN: arn("rds", o, "snapshot:"+id), Database: o.text("identifier"), Status: "available", Made: at,
			Engine: o.text("engine"), EngineVersion: o.text("engineVersionActual"), AllocatedStorage: o.number("allocatedStorage"),
			Encrypted: o.flag("storageEncrypted"), KMSKey: o.text("kmsKeyId"),
		}
		if now.Before(at.Add(w.Duration(o.Region, "rds:CreateDBSnapshot", id))) {
			s.Status = "creating"
		}
		all = append(all, s)
	}
	return all
}

// snapshotNamed finds an automated snapshot and the database that it is of.
func (w *World) snapshotNamed(region, id string) (found DatabaseSnapshot, of *Object) {
	now := w.clock.Now()
	for _, o := range w.all(databaseType, region) {
		all := w.snapshotsOf(o, now)
		if i := slices.IndexFunc(all, func(s DatabaseSnapshot) bool { return s.ID == id }); i >= 0 {
			return all[i], o
		}
	}
	return DatabaseSnapshot{}, nil
}

// validRestore has what RestoreDBInstanceFromDBSnapshot checks. The final snapshots
// that deleted databases leave hold no rows here, so none can be restored.
func (w *World) validRestore(o *Object) error {
	id := o.text("snapshotIdentifier")
	if w.find(snapshotType, o.Region, id) != nil {
		return ErrNotModelled
	}
	switch snapshot, of := w.snapshotNamed(o.Region, id); {
	case of == nil:
		return refuse("DBSnapshotNotFound", "DBSnapshot not found: %s", id)
	case snapshot.Status != "available":
		return refuse("InvalidDBSnapshotState", "Cannot restore from snapshot %s: it is not in available state.", id)
	}
	return nil
}

// restore fills a new database with what its snapshot holds. The copy has the
// snapshot's key: the call takes no other.
func (w *World) restore(o *Object) {
	snapshot, of := w.snapshotNamed(o.Region, o.text("snapshotIdentifier"))
	o.Rows = w.heldAt(of, snapshot.Made)
	for _, prop := range []string{"engine", "engineVersion", "username", "allocatedStorage", "dbName", "port", "backupWindow"} {
		if v, ok := of.Props[prop]; ok {
			o.fill(map[string]any{prop: v})
		}
	}
	o.Props["storageEncrypted"] = snapshot.Encrypted
	if snapshot.KMSKey != "" {
		o.Props["kmsKeyId"] = snapshot.KMSKey
	}
}

// heldAt is what a database held at a moment that is over.
func (w *World) heldAt(o *Object, at time.Time) []Row {
	until := at
	if source := w.sourceOf(o); source != nil {
		until = w.arrived(o, w.fedUntil(o, source, at))
	}
	var rows []Row
	for _, row := range w.held(o, w.clock.Now()) {
		if row.At.Before(until) {
			rows = append(rows, row)
		}
	}
	return rows
}
