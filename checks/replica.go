package checks

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/mysqlversion"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

func replica(s Snapshot, p Policy) []refusal.Blocker {
	r := s.Replica
	switch {
	case p.Source == "":
		return nil // a primary: nothing to promote
	case s.Unread.Replica != "":
		return []refusal.Blocker{block(ReplicaUnseen, toRead(s.Unread.ReplicaBusy, "read it (rds:DescribeDBInstances), by which the promotion is watched, too"),
			"database %s could not be read: %s", p.Database, s.Unread.Replica)}
	case r == nil:
		return []refusal.Blocker{block(ReplicaMissing, fmt.Sprintf("while production lives, pilotlight deploy %s copies it again; if it is lost, "+beyond, p.Stack),
			"there is no database %s in %s", p.Database, p.Region)}
	case r.Source == "" && p.StandsBy:
		return append([]refusal.Blocker{block(ReplicaPromoted, accept(anew+" if production lives; if not,", p),
			"database %s %s: what was written to production since then is missing, and when that was is unknown", r.ID, endedOutside)}, databaseState(*r, p)...)
	case r.Source == "":
		return databaseState(*r, p)
	}

	var all []refusal.Blocker
	if r.Source != p.Source {
		all = append(all, block(ReplicaWrongSource, "correct the configuration of the other side, or "+anew,
			"database %s replicates %s, not %s", r.ID, r.Source, p.Source))
	}
	all = append(all, databaseState(*r, p)...)
	if applierFailed(r.Replication, r.Message) {
		all = append(all, block(ReplicaApplier, accept(anew+" if production lives; if not,", p),
			"database %s stopped applying changes before production was lost (%s)", r.ID, r.Message))
	}
	if r.ReadOnly {
		all = append(all, block(ReplicaReadOnly, "reset read_only in the group to its default, which RDS lifts at a promotion",
			"parameter group %s sets read_only, so database %s would take no writes once promoted", r.Parameters, r.ID))
	}
	if r.ParametersUnread != "" {
		all = append(all, block(ParametersUnseen, orAcceptStandby(toRead(r.ParametersBusy, "read it (rds:DescribeDBParameters)"), p),
			"whether parameter group %s keeps database %s read-only could not be read: %s", r.Parameters, r.ID, r.ParametersUnread))
	}
	if r.Engine != "" && mysqlversion.Compare(r.Engine, p.EngineVersion) != 0 { // an upgrade would keep the database away for long
		has := mysqlversion.Series(r.Engine)
		if has == mysqlversion.Series(p.EngineVersion) {
			has = r.Engine
		}
		all = append(all, block(ReplicaEngine, fmt.Sprintf("set database.engineVersion to %s", has),
			"database %s runs MySQL %s, and the configuration is for %s", r.ID, r.Engine, p.EngineVersion))
	}
	return all
}

// anew is the way to another replica in place of one that is ended.
const anew = "make another one (pilotlight reprotect)"

// Ended reports that RDS can't go on with a standby's replica: only another one in its place helps, which pilotlight reprotect
// makes. source is the ARN that it should replicate; empty where that is not known. RDS ends the replication of one that has
// not replicated for 30 days ("terminated"; USER_ReadRepl.Monitoring).
func Ended(r Replica, source string) bool {
	switch {
	case slices.Contains(endedStates, r.Status), r.Source == "", source != "" && r.Source != source, r.Replication == "terminated":
		return true
	case StandingOf(r.Status) != Usable: // what is wrong with it may be all that keeps it from replicating
		return false
	}
	return r.Replication == "error" && r.Message != "" && !CutOff(r.Message)
}

// endedStates are the states that no instance leaves but by its deletion.
var endedStates = []string{"delete-precheck", "deleting", "failed", "inaccessible-encryption-credentials"}

// endedOutside is what is known of a standby's database that replicates nothing. No run of this program promotes one before
// the stack's claim says active. RDS promotes a cross-region replica by itself when its source is deleted (for MySQL,
// USER_ReadRepl.XRgn, "Cross-Region replication considerations").
const endedOutside = "is no replica any more: it was promoted outside of a run, by a person, or by RDS as its source was deleted"

// databaseState finds out whether the promotion gets through from the state that the database
// is in. It waits for one that RDS leaves by itself.
func databaseState(r Replica, p Policy) []refusal.Blocker {
	status := cmp.Or(r.Status, "in a state that RDS does not say")
	b := block(ReplicaState, StateRemedy(r, p.Region), "database %s is %s", r.ID, status)
	if r.Source == "" {
		b.Reason = fmt.Sprintf("database %s is promoted but %s", r.ID, status)
	}
	switch StandingOf(r.Status) {
	case Usable, Passing:
		return nil
	case Forming:
		b.Reason += ": its data is not whole yet"
	case Unknown:
		b.Code, b.Remedy = ReplicaUnknown, orAcceptStandby(b.Remedy, p)
	case Stuck:
	}
	return []refusal.Blocker{b}
}

// followed reports whether the replica followed its source until that was lost, or still does. One
// that stopped for another reason misses what was written since, however long the source lived.
func followed(r Replica) bool {
	return r.Replication == "replicating" || r.Replication == "error" && (CutOff(r.Message) || applierFailed(r.Replication, r.Message))
}

// resume is what has a replica that stopped follow its source again.
func resume(r Replica) string {
	switch {
	case Ended(r, ""):
		return anew
	case StandingOf(r.Status) != Usable:
		return "mend its state first"
	}
	return "have it replicate again (CALL mysql.rds_start_replication in it)"
}

// stopped is RDS's word for the state of replication in a sentence.
func stopped(replication string) string {
	switch replication {
	case "":
		return "not replicating"
	case "error":
		return "not replicating for an error"
	}
	return "not replicating (" + replication + ")"
}

func said(message string) string {
	if message == "" {
		return ""
	}
	return " (" + message + ")"
}

// CutOff reports whether MySQL says that it cannot reach the source, or no longer. Any other
// error of the thread that receives (1236: the binary log is gone; 1045: the login is refused)
// is no lost source (https://dev.mysql.com/doc/mysql-errors/8.4/en/client-error-reference.html).
func CutOff(message string) bool { return cutOffSays.MatchString(message) }

var cutOffSays = regexp.MustCompile(`(?i)error (re)?connecting to (master|source)|lost connection to|can't connect to|server has gone away|` +
	`(IOError: |MY-00)(1158|1159|1160|1161|2002|2003|2005|2006|2012|2013|2055)\b`)

// applierFailed tells a replica that stopped applying changes (its data is
// incomplete) from one that lost its source (its data is just not newer). RDS
// hands on what MySQL says of its two threads; these are the words of the one
// that applies.
func applierFailed(replication, message string) bool {
	return replication == "error" && slices.ContainsFunc(applierSays, func(words string) bool { return strings.Contains(message, words) })
}

var applierSays = []string{
	"SQLError",                 // Read Replica Replication Error - SQLError: 1062, reason: …
	"on query",                 // Error 'Duplicate entry …' on query. Default database: …
	"Could not execute",        // Could not execute Write_rows event on table …
	"Coordinator stopped",      // … because there were error(s) in the worker(s)
	"Worker",                   // Worker 1 failed executing transaction …
	"Relay log read failure",   // … Could not parse relay log event entry
	"Column ", "Unknown table", // of row-based events that no longer fit
}
