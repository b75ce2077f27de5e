package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/rdsstorage"
)

// Standing is what a state of an RDS instance means for those who need the database.
type Standing int

const (
	// Unknown is a state that RDS has and this program does not know. It is waited for.
	Unknown Standing = iota
	// Usable takes reads and writes, and changes: RDS itself says where it does not take one.
	Usable
	// Passing is left by RDS itself, for available.
	Passing
	// Forming is passing too, but the data is not whole yet.
	Forming
	// Stuck needs a person.
	Stuck
)

// instanceState is a state of an instance.
type instanceState struct {
	standing Standing
	// remedy is what a person does about it; {id}, {region}, {key} and {storage} are filled in.
	remedy string
}

const (
	events = "see what RDS says of it (aws rds describe-events --source-type db-instance --source-identifier {id} --region {region})"
	await  = "wait until it is available; " + events
	start  = "aws rds start-db-instance --db-instance-identifier {id} --region {region}"
	// beyond leaves the state as it is: no database that was restored takes the place of the one that the state knows.
	beyond = "docs/runbook.md has what is left (The database is beyond repair)"
	// replaced is what helps where no state does.
	replaced = "in place of a replica whose source lives, " + anew + "; else " + beyond
	enable   = "aws kms enable-key --region {region} --key-id {key} (before that, where it waits to be deleted, " +
		"aws kms cancel-key-deletion --region {region} --key-id {key})"
)

// instanceStates are all states of the documentation, in its order
// (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html, read
// 2026-11; the names are those of terraform-provider-aws, internal/service/rds/consts.go, too).
// Checks, promotion and all waits take a state's meaning from here.
var instanceStates = map[string]instanceState{
	"available":                       {Usable, ""},
	"backing-up":                      {Passing, await},
	"configuring-enhanced-monitoring": {Passing, await},
	"configuring-iam-database-auth":   {Passing, await},
	"configuring-log-exports":         {Passing, await},
	"converting-to-vpc":               {Passing, await},
	"creating":                        {Forming, await},
	"delete-precheck":                 {Stuck, "it is being deleted: find out who does that; " + replaced},
	"deleting":                        {Stuck, "it is being deleted: find out who does that; " + replaced},
	"failed":                          {Stuck, "RDS can't recover it: " + replaced},
	"inaccessible-encryption-credentials": {Stuck,
		"its KMS key can't be used and RDS has given it up: enable the key, or no backup can be read either: " + enable + "; " + replaced},
	"inaccessible-encryption-credentials-recoverable": {Stuck,
		"its KMS key can't be used: enable it within 7 days: " + enable + ", then " + start},
	"incompatible-create":          {Stuck, "RDS can't make it with these settings: " + events + ", correct the configuration, delete the instance and deploy again"},
	"incompatible-network":         {Stuck, "its subnets have no free address, or its network lacks what RDS needs: mend that, then " + start},
	"incompatible-option-group":    {Stuck, "its option group can't be applied: " + events + ", then give it the default option group"},
	"incompatible-parameters":      {Stuck, "MySQL does not start with its parameter group: " + events + ", reset the parameter that it names, then aws rds reboot-db-instance --db-instance-identifier {id} --region {region}"},
	"incompatible-restore":         {Stuck, "the backup can't be restored (MyISAM tables, temporary tables, or another lower_case_table_names): " + events},
	"insufficient-capacity":        {Stuck, "RDS has no instance of this class there: set database.class to another one, delete the instance and deploy again"},
	"maintenance":                  {Passing, await},
	"modifying":                    {Passing, await},
	"moving-to-vpc":                {Passing, await},
	"rebooting":                    {Passing, await},
	"resetting-master-credentials": {Passing, await},
	"renaming":                     {Passing, await},
	"restore-error":                {Stuck, "the restore failed: " + events + ", delete the instance and restore another backup or snapshot"},
	"starting":                     {Passing, await},
	"stopped":                      {Stuck, start},
	"stopping":                     {Stuck, "it is being stopped: find out who does that; then " + start},
	"storage-config-upgrade":       {Passing, await},
	"storage-full": {Stuck,
		"aws rds modify-db-instance --db-instance-identifier {id} --region {region} --allocated-storage {storage} --apply-immediately, then raise database.maxStorageGiB on both sides and pilotlight deploy"},
	"storage-initialization": {Usable, ""}, // operational, and slower until the volume is loaded
	"storage-optimization":   {Usable, ""}, // operational; takes no other change of its storage
	"upgrading":              {Passing, await},
}

// StandingOf classifies a state, as RDS words it.
func StandingOf(status string) Standing { return instanceStates[status].standing }

// Leaves reports whether RDS leaves a state by itself, as far as that is known.
func (s Standing) Leaves() bool { return slices.Contains([]Standing{Unknown, Passing, Forming}, s) }

// NoSnapshot reports that RDS takes no final snapshot of a database in a state: it deletes one only without
// (RDS API Reference, DeleteDBInstance, SkipFinalSnapshot).
func NoSnapshot(status string) bool {
	return slices.Contains([]string{"failed", "incompatible-network", "incompatible-restore"}, status)
}

// StateRemedy is what a person does about the state of a database; empty for none.
func StateRemedy(r Replica, region string) string {
	state, known := instanceStates[r.Status]
	if !known {
		state.remedy = "this program does not know the state; " + await
	}
	return strings.NewReplacer("{id}", r.ID, "{region}", region, "{storage}", grown(r), "{key}", cmp.Or(r.Key, "KEY")).Replace(state.remedy)
}

// grown is a fifth more storage, as arguments of aws rds modify-db-instance. RDS refuses a growth of less than a tenth, and
// one of striped storage without its IOPS ("You must specify both the storage size and iops"). To what is not striped yet it
// gives more by itself where that becomes so.
func grown(r Replica) string {
	storage := fmt.Sprint(r.AllocatedGiB + max(r.AllocatedGiB/5, 10))
	if r.AllocatedGiB >= rdsstorage.Striped && r.IOPS > 0 {
		storage += fmt.Sprintf(" --iops %d", r.IOPS)
	}
	return storage
}
