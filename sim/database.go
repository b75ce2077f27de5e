package sim

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/estimate"
	"github.com/pilotlight-dr/pilotlight/mysqlversion"
)

// mysqlPort is where a database listens that was given no port, and has it from no other: CreateDBInstanceReadReplica
// takes its source's, RestoreDBInstanceFromDBSnapshot the original's (RDS API Reference, Port).
const mysqlPort = 3306

// listens reports whether a database listens where workloads connect to.
func listens(o *Object) bool { return o.Props["port"] == nil || o.number("port") == mysqlPort }

// snapshotType is what a deleted database may leave; no program manages it.
const snapshotType = "snapshot"

// local properties of a database are the provider's, or change without a
// modification of the instance.
var local = append([]string{"deletionProtection", "applyImmediately"}, silent...)

// silent are those whose change alone makes no call of ModifyDBInstance, and no wait
// (internal/service/rds/instance.go, resourceInstanceUpdate).
var silent = []string{"tags", "tagsAll", "skipFinalSnapshot", "finalSnapshotIdentifier", "replicateSourceDb", "deleteAutomatedBackups", "allowMajorVersionUpgrade"}

// databaseTakes: a replica is copied from its source first, and a standby in
// another zone is copied too.
func databaseTakes(old, o *Object) string {
	source := o.text("replicateSourceDb")
	switch {
	case old == nil && source != "":
		return "CreateDBInstanceReadReplica"
	case old == nil && o.text("snapshotIdentifier") != "":
		return "RestoreDBInstanceFromDBSnapshot"
	case old == nil:
		return "CreateDBInstance"
	case old.text("replicateSourceDb") != "" && source == "":
		return "PromoteReadReplica"
	case upgrades(old, o):
		return strings.TrimPrefix(estimate.Upgrade, "rds:")
	case o.flag("multiAz") && !old.flag("multiAz"):
		return strings.TrimPrefix(estimate.MultiAZ, "rds:")
	case !differ(old, o, silent):
		return "AddTagsToResource"
	case !modifies(old, o):
		return "ModifyDBInstance:Settings" // of which the instance knows nothing
	}
	return "ModifyDBInstance"
}

// modifies reports whether a change reaches the instance itself.
func modifies(old, o *Object) bool { return differ(old, o, local) }

// differ reports whether anything differs but what is left out.
func differ(old, o *Object, without []string) bool {
	for prop, v := range o.Props {
		if !slices.Contains(without, prop) && fmt.Sprint(old.Props[prop]) != fmt.Sprint(v) {
			return true
		}
	}
	return false
}

func validDatabase(w *World, o *Object) error {
	if group := w.findBy(databaseSubnets, o.Region, "name", o.text("dbSubnetGroupName")); group != nil {
		vpc := group.text("vpcId")
		if _, other, found := w.differentNetworks(o.Region, vpc, o.texts("vpcSecurityGroupIds")); found {
			return refuse("InvalidParameterCombination", "The DB instance and EC2 security group are in different VPCs. The DB instance is in %s and the EC2 security group is in %s", vpc, other)
		}
	}
	if days := o.number("backupRetentionPeriod"); days < 0 || days > 35 {
		return refuse("InvalidParameterValue", "Invalid backup retention period: %d. It must be between 0 and 35.", days)
	}
	if err := validStorage(w, o); err != nil {
		return err
	}
	if err := w.validClass(o); err != nil {
		return err
	}
	switch {
	case o.ID != "":
		return nil
	case o.text("replicateSourceDb") != "":
		if source := w.sourceOf(o); source != nil {
			if err := w.validFamily(o, source.text("engineVersionActual")); err != nil {
				return err
			}
		}
		return w.validReplica(o)
	case o.text("snapshotIdentifier") != "":
		return w.validRestore(o)
	}
	if err := w.validFamily(o, actualVersion(cmp.Or(o.text("engineVersion"), "8.0"))); err != nil {
		return err
	}
	return validPrimary(o)
}

// validPrimary has the provider's own refusals, in its words.
func validPrimary(o *Object) error {
	for prop, theirs := range map[string]string{"engine": "engine", "username": "username"} {
		if o.text(prop) == "" {
			return fmt.Errorf("%q: required field is not set", theirs)
		}
	}
	if o.text("password") == "" && !o.flag("manageMasterUserPassword") {
		return errors.New(`"password": required field is not set`)
	}
	if o.number("allocatedStorage") < 20 {
		return refuse("InvalidParameterValue", "Invalid storage size for engine name %s and storage type %s: %d", o.text("engine"), o.text("storageType"), o.number("allocatedStorage"))
	}
	if n := len(o.text("password")); n != 0 && (n < 8 || n > 41) {
		return refuse("InvalidParameterValue", "The parameter MasterUserPassword is not a valid password. MySQL passwords have 8 to 41 characters.")
	}
	return nil
}

func madeDatabase(w *World, o *Object) {
	_, phased := o.Times["created"]
	if source := w.sourceOf(o); source != nil {
		if !phased {
			o.Rows = slices.Clone(w.held(source, w.clock.Now()))
		}
		for _, prop := range []string{"engine", "engineVersion", "username", "allocatedStorage", "dbName", "port", "storageEncrypted"} {
			if v, ok := source.Props[prop]; ok && (o.Props[prop] == nil || prop == "storageEncrypted") {
				o.Props[prop] = v
			}
		}
	}
	if !phased && o.text("snapshotIdentifier") != "" {
		w.restore(o)
	}
	if !phased {
		o.setTime("created", w.clock.Now())
		if w.sourceOf(o) == nil {
			o.Rows = append(o.Rows, masterOf(w, o)...)
		}
		o.setTime("available", o.Ready)
		o.Phases = []Phase{{"creating", o.Ready}}
	}
	o.fill(map[string]any{"port": float64(mysqlPort)})
	identifier := o.text("identifier")
	address := fmt.Sprintf("%s.c%011x.%s.rds.%s", identifier, w.hash(o.Region)>>20, o.Region, awsregion.DNSSuffix(o.Region))
	o.fill(map[string]any{
		"arn": arn("rds", o, "db:"+identifier), "resourceId": o.ID, "address": address,
		"endpoint": fmt.Sprintf("%s:%d", address, o.number("port")), "hostedZoneId": fmt.Sprintf("Z%013X", w.hash("rds", o.Region)>>12),
		"availabilityZone": Zones(o.Region)[0], "backupWindow": "05:00-05:30", "maintenanceWindow": "sun:06:00-sun:06:30",
		"engineVersion": "8.0",
	})
	switch source := w.sourceOf(o); {
	case source != nil && !phased:
		o.Props["engineVersionActual"] = source.text("engineVersionActual") // whatever the provider was given
	case o.text("engineVersionActual") == "" || mysqlversion.Compare(o.text("engineVersionActual"), o.text("engineVersion")) != 0:
		o.Props["engineVersionActual"] = actualVersion(o.text("engineVersion"))
	}
	o.Props["identifier"] = identifier
}

// actualVersion completes a version as RDS does: with its newest patch.
func actualVersion(version string) string {
	switch version {
	case "8.0":
		return "8.0.42"
	case "8.4":
		return "8.4.5"
	}
	return version
}

func changedDatabase(w *World, c Call, old, o *Object) error {
	now := w.clock.Now()
	was, _ := c.Old["replicateSourceDb"].(string)
	source, _ := c.Inputs["replicateSourceDb"].(string)
	if source == "" && was != "" {
		if err := w.promote(old, o.number("backupRetentionPeriod")); err != nil {
			return err
		}
		o.Props["replicateSourceDb"] = was // named until it is over
		o.Phases, o.Times, o.Rows = old.Phases, old.Times, old.Rows
		o.Ready = later(o.Times["promoted"], o.Times["gave up"])
		return nil
	}
	if source != was {
		return errors.New("cannot elect new source database for replication")
	}
	if !modifies(old, o) {
		return nil
	}
	if old.text("password") != o.text("password") && o.text("password") != "" && w.sourceName(o) != "" {
		return fmt.Errorf("the password of a replica is %w", ErrNotModelled)
	}
	if err := validGrowth(c, o); err != nil {
		return err
	}
	if err := w.validUpgrade(old, o); err != nil {
		return err
	}
	if status := w.databaseStatus(old, now); status != "available" {
		return refuse("InvalidDBInstanceState", "Database instance is not in available state. It is %s.", status)
	}
	if old.text("password") != o.text("password") {
		o.Rows = append(o.Rows, masterOf(w, o)...)
	}
	o.Phases = []Phase{{"modifying", o.Ready}}
	if upgrades(old, o) {
		o.Phases = []Phase{{"upgrading", o.Ready}}
	}
	if upgrades(old, o) || old.text("instanceClass") != o.text("instanceClass") {
		o.setTime("rebooted", o.Ready)
	}
	if groupOf(old) != groupOf(o) {
		o.setTime("associated", o.Ready)
	}
	return nil
}

// removedDatabase leaves a final snapshot unless told not to, and sets the
// replicas free: "deleting the source promotes its cross-region replicas" (RDS
// guide, USER_ReadRepl.XRgn).
func removedDatabase(w *World, o *Object) error {
	now := w.clock.Now()
	if o.flag("deletionProtection") {
		return refuse("InvalidParameterCombination", "Cannot delete protected DB Instance, please disable deletion protection and try again.")
	}
	if !o.flag("skipFinalSnapshot") {
		if err := w.finalSnapshot(o); err != nil {
			return err
		}
	}
	for _, replica := range w.replicasOf(o) {
		w.keep(replica)
		replica.setTime("promoted", now)
	}
	return nil
}

func (w *World) finalSnapshot(o *Object) error {
	name := o.text("finalSnapshotIdentifier")
	switch {
	case name == "":
		return errors.New("final_snapshot_identifier is required when skip_final_snapshot is false")
	case w.sourceName(o) != "":
		return refuse("InvalidParameterCombination", "FinalDBSnapshotIdentifier can not be specified when deleting a replica instance")
	// "When a DB instance is in a failure state and has a status of failed, incompatible-restore, or incompatible-network, you can only
	// delete it when the SkipFinalSnapshot parameter is specified" (RDS API Reference, DeleteDBInstance).
	case slices.Contains([]string{"failed", "incompatible-restore", "incompatible-network"}, w.databaseStatus(o, w.clock.Now())):
		return refuse("InvalidDBInstanceState", "Cannot create a snapshot because the database instance %s is not currently in the available state.", o.text("identifier"))
	case w.find(snapshotType, o.Region, name) != nil:
		return refuse("DBSnapshotAlreadyExists", "Cannot create the snapshot because a snapshot with the identifier %s already exists.", name)
	}
	snapshot := &Object{Type: snapshotType, Region: o.Region, ID: name, Name: o.text("identifier"), Props: map[string]any{"allocatedStorage": float64(w.allocated(o))}}
	if o.flag("copyTagsToSnapshot") {
		snapshot.Props["tags"] = o.Props["tags"]
	}
	snapshot.stamp(w.clock.Now())
	if err := w.withinQuotas(snapshot); err != nil {
		return err
	}
	w.put(snapshot)
	return nil
}

// Snapshots names the final snapshots that deleted databases left in a region.
func (w *World) Snapshots(region string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []string
	for _, o := range w.all(snapshotType, region) {
		names = append(names, o.ID)
	}
	return names
}

func seenDatabase(w *World, o *Object) {
	o.Props["status"] = w.databaseStatus(o, w.clock.Now())
	if w.sourceName(o) == "" {
		delete(o.Props, "replicateSourceDb")
	}
	var replicas []any
	for _, r := range w.replicasOf(o) {
		replicas = append(replicas, r.text("identifier"))
	}
	o.Props["replicas"] = replicas
}
