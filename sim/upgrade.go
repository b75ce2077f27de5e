package sim

import "github.com/pilotlight-dr/pilotlight/mysqlversion"

// upgrades reports whether a change brings a database to another version of MySQL.
func upgrades(old, o *Object) bool {
	return mysqlversion.Compare(old.text("engineVersionActual"), target(old, o)) != 0
}

// target is the version that a change asks for.
func target(old, o *Object) string {
	if o.text("engineVersion") == old.text("engineVersion") {
		return old.text("engineVersionActual")
	}
	return o.text("engineVersion")
}

// validUpgrade refuses what RDS refuses of a change of the version, in its words: a downgrade
// (cloud-platform's list of RDS's errors), a major upgrade without the flag, a group of another
// family (the API's answer to CreateDBInstance), and a source before its replicas
// (app-sre/qontract-reconcile#4873, hashicorp/terraform-provider-aws#24887).
func (w *World) validUpgrade(old, o *Object) error {
	now, wanted := old.text("engineVersionActual"), target(old, o)
	switch order := mysqlversion.Compare(now, wanted); {
	case order > 0:
		return refuse("InvalidParameterCombination", "Cannot upgrade mysql from %s to %s", now, actualVersion(wanted))
	case order < 0 && mysqlversion.Series(now) != mysqlversion.Series(wanted) && !o.flag("allowMajorVersionUpgrade"):
		return refuse("InvalidParameterCombination", "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.")
	}
	if upgrades(old, o) {
		for _, replica := range w.replicasOf(old) {
			if mysqlversion.Compare(replica.text("engineVersionActual"), actualVersion(wanted)) < 0 {
				return refuse("DBUpgradeDependencyFailure", "One or more of the DB Instance's read replicas need to be upgraded: %s", replica.text("identifier"))
			}
		}
	}
	return w.validFamily(o, wanted)
}

// validFamily refuses a parameter group of another series than the database's.
func (w *World) validFamily(o *Object, version string) error {
	group := w.find(databaseParameters, o.Region, o.text("parameterGroupName"))
	if group == nil {
		return nil
	}
	if family := "mysql" + mysqlversion.Series(version); group.text("family") != family {
		return refuse("InvalidParameterCombination", "The Parameter Group %s with DBParameterGroupFamily %s cannot be used for this instance. Please use a Parameter Group with DBParameterGroupFamily %s",
			group.text("name"), group.text("family"), family)
	}
	return nil
}
