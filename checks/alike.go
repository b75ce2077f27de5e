package checks

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/mysqlversion"
	"github.com/pilotlight-dr/pilotlight/rdsstorage"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// Codes of the blockers that come from comparing both databases.
const (
	StorageCeiling    = "storage-ceiling"
	StorageLow        = "storage-low"
	EngineOlder       = "engine-older"
	ParametersDiffer  = "parameters-differ"
	ParametersPending = "parameters-pending"
)

// Alike asks whether the standby's database can go on taking the place of its source. It
// needs both sides, so it is asked on a quiet day, and never by a failover. Its rules look at
// nothing where there is no replica.
var Alike = Rules{
	{"storage", seenOfStorage, storage},
	{"mysql", seenOfMySQL, mysql},
	{"parameters", seenOfParameters, parameters},
	{"backups", seenOfBackups, noBlockers},
	{"class", seenOfClass, class},
}

// NewDatabase asks whether a database can be made.
var NewDatabase = Rules{{"class", seenOfClass, class}}

func noBlockers(Snapshot, Policy) []refusal.Blocker { return nil }

// Free is what is free of a database's storage.
type Free struct {
	GiB float64   `json:"gib"`
	At  time.Time `json:"at"`
}

// reach is up to where a database's storage grows by itself, in GiB.
func (r Replica) reach() int { return rdsstorage.Reach(r.AllocatedGiB, r.CeilingGiB) }

// nearlyFull reports whether storage is about to run out for good: RDS lets it grow when less
// than a tenth is free (USER_PIOPS.Autoscaling), where it can.
func (r Replica) nearlyFull() bool {
	return r.Free != nil && r.Free.GiB < float64(r.AllocatedGiB)/10 && r.reach() <= r.AllocatedGiB
}

// storage finds out whether the replica's storage fills up while its source's does not. A full
// replica stops replicating.
func storage(s Snapshot, p Policy) (all []refusal.Blocker) {
	r := s.Replica
	if r == nil {
		return nil
	}
	if r.nearlyFull() {
		all = append(all, block(StorageLow, StateRemedy(Replica{ID: r.ID, Status: "storage-full", AllocatedGiB: r.AllocatedGiB, IOPS: r.IOPS}, p.Region),
			"database %s has %.1f of %d GiB free, and does not grow any more: once it is full it stops replicating", r.ID, r.Free.GiB, r.AllocatedGiB))
	}
	if s.Source != nil && s.Source.reach() > r.reach() {
		all = append(all, block(StorageCeiling,
			fmt.Sprintf("set database.maxStorageGiB to %d in both files, then pilotlight deploy", max(s.Source.reach(), rdsstorage.LeastCeiling(max(s.Source.AllocatedGiB, r.AllocatedGiB)))),
			"database %s grows up to %d GiB, and its source %s up to %d: it stops replicating when it is full", r.ID, r.reach(), s.Source.ID, s.Source.reach()))
	}
	return all
}

func seenOfStorage(s Snapshot, _ Policy) string {
	if s.Replica == nil {
		return ""
	}
	seen := s.Replica.storage()
	if s.Source != nil {
		seen += "; its source " + s.Source.storage()
	}
	return seen
}

func (r Replica) storage() string {
	text := fmt.Sprintf("database %s has %d GiB", r.ID, r.AllocatedGiB)
	if r.Free != nil {
		text += fmt.Sprintf(", %.1f free", r.Free.GiB)
	}
	if r.reach() > r.AllocatedGiB {
		return text + fmt.Sprintf(", and grows up to %d", r.reach())
	}
	return text + ", and does not grow"
}

// notice is how long before its end the end of standard support is spoken of.
const notice = 180 * 24 * time.Hour

// mysql finds out whether the replica can apply what its source writes: MySQL replicates to the
// same version and to newer ones.
func mysql(s Snapshot, _ Policy) []refusal.Blocker {
	if s.Replica == nil || s.Source == nil || s.Replica.Engine == "" || s.Source.Engine == "" || mysqlversion.Compare(s.Replica.Engine, s.Source.Engine) >= 0 {
		return nil
	}
	return []refusal.Blocker{block(EngineOlder,
		fmt.Sprintf("upgrade the replica (database.engineVersion: %q in its file, then pilotlight deploy); the next time before its source", s.Source.Engine),
		"database %s runs MySQL %s, older than the %s of its source %s, and may fail to apply its changes", s.Replica.ID, s.Replica.Engine, s.Source.Engine, s.Source.ID)}
}

func seenOfMySQL(s Snapshot, _ Policy) string {
	if s.Replica == nil {
		return ""
	}
	if s.Replica.Engine == "" || s.Source != nil && s.Source.Engine == "" {
		return "which versions of MySQL both databases run is not known"
	}
	seen, told := fmt.Sprintf("database %s runs MySQL %s", s.Replica.ID, s.Replica.Engine), []string{mysqlversion.Series(s.Replica.Engine)}
	if s.Source != nil {
		seen += fmt.Sprintf(", its source %s", s.Source.Engine)
		told = append(told, mysqlversion.Series(s.Source.Engine))
		if mysqlversion.Series(s.Source.Engine) != mysqlversion.Series(s.Replica.Engine) {
			seen += " (an upgrade is under way: the source is next)"
		}
	}
	slices.Sort(told)
	for _, version := range slices.Compact(told) {
		switch end, known := mysqlversion.StandardSupport(version); {
		case !known:
			seen += fmt.Sprintf("; until when RDS supports %s is not known here", version)
		case s.At.After(end):
			seen += fmt.Sprintf("; standard support of %s ended on %s, and extended support is billed: see Upgrade MySQL in docs/runbook.md", version, end.Format(time.DateOnly))
		case s.At.Add(notice).After(end):
			seen += fmt.Sprintf("; standard support of %s ends on %s: see Upgrade MySQL in docs/runbook.md", version, end.Format(time.DateOnly))
		}
	}
	return seen
}

// mustAgree are the parameters by which a replica fails to apply what its source wrote, or the
// site reads and writes otherwise once it is promoted. Memory and the like follow the class.
var mustAgree = []string{
	"binlog_format", "binlog_row_image", "character_set_server", "collation_server", "default_time_zone", "event_scheduler",
	"explicit_defaults_for_timestamp", "group_concat_max_len", "innodb_default_row_format", "innodb_strict_mode", "local_infile",
	"log_bin_trust_function_creators", "lower_case_table_names", "max_allowed_packet", "sql_mode", "time_zone", "transaction_isolation",
}

// defaultPacket is MySQL's max_allowed_packet where it is not set (8.0 and 8.4).
const defaultPacket = 64 << 20

// parameters finds out whether both parameter groups agree where they must, and are in force.
func parameters(s Snapshot, p Policy) []refusal.Blocker {
	pending := pendingParameters(s, p)
	differing := differences(s)
	if len(differing) == 0 {
		return pending
	}
	var facts, lines []string
	for _, name := range differing {
		theirs, ours := setting(*s.Source, name), setting(*s.Replica, name)
		facts = append(facts, fmt.Sprintf("%s is %s, and %s at its source", name, ours, theirs))
		lines = append(lines, fmt.Sprintf("%s: %q", name, s.Source.Set[name]))
	}
	return append(pending, block(ParametersDiffer, fmt.Sprintf("make them alike in database.parameters of both files ({%s}), then pilotlight deploy", strings.Join(lines, ", ")),
		"in the parameter group of database %s, %s", s.Replica.ID, strings.Join(facts, "; ")))
}

// pendingParameters finds out whether a database waits for a reboot to have its parameters: after an upgrade to another series,
// which brings another group, and after a change of a static one. RDS never makes that reboot by itself
// (USER_UpgradeDBInstance.MySQL.Major), but a promotion is one (USER_ReadRepl.Promote). So at the replica those alone count
// that its source sets, and that it applies its source's writes by.
func pendingParameters(s Snapshot, p Policy) (all []refusal.Blocker) {
	if s.Replica == nil || s.Source == nil {
		return nil
	}
	if r := s.Replica; r.AwaitsReboot && slices.ContainsFunc(mustAgree, func(name string) bool { return s.Source.Set[name] != "" }) {
		all = append(all, block(ParametersPending, reboot(r.ID, p.Region)+", which no visitor notices",
			"what the parameter group of database %s sets is not all in force, and it may fail to apply what its source writes", r.ID))
	}
	if r := s.Source; r.AwaitsReboot {
		all = append(all, block(ParametersPending, reboot(r.ID, regionOf(s.Replica.Source))+", at a quiet moment: the site is down for about a minute",
			"what the parameter group of database %s sets is not all in force, as RDS does not reboot it by itself", r.ID))
	}
	return all
}

func reboot(id, region string) string {
	return fmt.Sprintf("aws rds reboot-db-instance --db-instance-identifier %s --region %s", id, region)
}

// regionOf is the region of an ARN; empty for what is none.
func regionOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 5); len(parts) == 5 {
		return parts[3]
	}
	return ""
}

// differences are the parameters that must agree, and do not.
func differences(s Snapshot) (names []string) {
	if s.Replica == nil || s.Source == nil || s.Replica.ParametersUnread != "" || s.Source.ParametersUnread != "" {
		return nil
	}
	for _, name := range mustAgree {
		theirs, ours := s.Source.Set[name], s.Replica.Set[name]
		if name == "max_allowed_packet" && packet(ours) >= packet(theirs) {
			continue // a replica may take larger ones
		}
		if !strings.EqualFold(theirs, ours) {
			names = append(names, name)
		}
	}
	return names
}

func packet(value string) int {
	if n, err := strconv.Atoi(value); err == nil {
		return n
	}
	return defaultPacket
}

func setting(r Replica, name string) string {
	if value := r.Set[name]; value != "" {
		return value
	}
	return "not set"
}

func seenOfParameters(s Snapshot, _ Policy) string {
	if s.Replica == nil || s.Source == nil || s.Replica.ParametersUnread != "" || s.Source.ParametersUnread != "" {
		return ""
	}
	seen := "the parameters of both databases agree where they must"
	if s.Replica.AwaitsReboot {
		seen += fmt.Sprintf("; those of %s are not all in force until it reboots, as it does when it is promoted", s.Replica.ID)
	}
	return seen
}

// seenOfBackups says when a backup would delay a promotion: RDS takes none while it backs up.
func seenOfBackups(s Snapshot, _ Policy) string {
	r := s.Replica
	if r == nil || r.BackupWindow == "" {
		return ""
	}
	seen := fmt.Sprintf("database %s is backed up between %s UTC", r.ID, r.BackupWindow)
	if inWindow(r.BackupWindow, s.At) {
		return seen + ": that is now, and a promotion waits for a backup that runs"
	}
	return seen + ", when a promotion may have to wait for that"
}

// inWindow reports whether a daily window of RDS, such as 23:40-00:10, is open.
func inWindow(window string, at time.Time) bool {
	from, to, _ := strings.Cut(window, "-")
	now := at.UTC().Format("15:04")
	if from <= to {
		return from <= now && now < to
	}
	return now >= from || now < to
}
