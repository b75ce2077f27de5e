package sim

import (
	"strconv"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/estimate"
	"github.com/pilotlight-dr/pilotlight/mysqlversion"
)

// What RDS reports when the applier stops on a statement, when the source cannot be reached, when
// it has the binary log no longer, and when the volume is full (it names the thread: SQLError
// or IOError; the rest are MySQL's messages 1062, 2003, 1236 and 1021).
const (
	applierMessage = "Read Replica Replication Error - SQLError: 1062, reason: Error 'Duplicate entry '42' for key 'wp_posts.PRIMARY'' on query. " +
		"Default database: 'wordpress'."
	connectionMessage = "Read Replica Replication Error - IOError: 2003, reason: error reconnecting to source - retry-time: 60 retries: 1 message: " +
		"Can't connect to MySQL server"
	purgedMessage = "Read Replica Replication Error - IOError: 1236, reason: Got fatal error 1236 from source when reading data from binary log: " +
		"'Could not find first log file name in binary log index file'"
	packetMessage = "Read Replica Replication Error - IOError: 1236, reason: Got fatal error 1236 from source when reading data from binary log: " +
		"'log event entry exceeded max_allowed_packet; Increase max_allowed_packet on source'"
	olderMessage = "Read Replica Replication Error - IOError: 1594, reason: Relay log read failure: Could not parse relay log event entry."
	fullMessage  = "Read Replica Replication Error - IOError: 1021, reason: Disk full (relay log); waiting for someone to free some space..."
)

// validReplica is what CreateDBInstanceReadReplica asks of the source.
func (w *World) validReplica(o *Object) error {
	name := o.text("replicateSourceDb")
	home := arnRegion(name)
	if home == "" {
		home = o.Region
	}
	if awsregion.Partition(home) != awsregion.Partition(o.Region) {
		return refuse("InvalidParameterValue", "The source %s is in another partition.", name)
	}
	if _, gone := w.lost(home); gone {
		return &Error{Status: 503, Code: "ServiceUnavailable", Message: "The source region " + home + " cannot be reached."}
	}
	source := w.sourceOf(o)
	switch {
	case source == nil:
		return refuse("DBInstanceNotFound", "The source instance could not be found: %s", name)
	case source.number("backupRetentionPeriod") == 0:
		return refuse("InvalidDBInstanceState", "Automated backups are not enabled for this database instance. To enable automated backups, use ModifyDBInstance to set the backup retention period to a non-zero value.")
	case source.status(w.clock.Now()) != "available":
		return refuse("InvalidDBInstanceState", "Cannot create a read replica from %s: it is %s.", source.text("identifier"), source.status(w.clock.Now()))
	case w.sourceName(source) != "" && home != o.Region:
		return refuse("InvalidDBInstanceState", "Cannot create a cross region read replica from an instance that is itself a replica: %s", source.text("identifier"))
	case source.flag("manageMasterUserPassword"):
		return refuse("InvalidParameterCombination", "A read replica can't be created for a source that manages its master user password in Secrets Manager.")
	case source.flag("storageEncrypted") && o.text("kmsKeyId") == "" && home != o.Region:
		return refuse("InvalidParameterCombination", "KmsKeyId must be specified to create a cross region read replica of an encrypted DB instance.")
	case !source.flag("storageEncrypted") && (o.text("kmsKeyId") != "" || o.flag("storageEncrypted")):
		return refuse("InvalidParameterCombination", "Cannot create an encrypted read replica of an unencrypted DB instance.")
	}
	// Here before it is copied. On AWS after that, for hours: the provider gives a replica its ceiling once it is there.
	return validCeiling(o.number("maxAllocatedStorage"), w.allocated(source))
}

// sourceName is the ARN or identifier that a replica follows, empty for others
// and after a promotion.
func (w *World) sourceName(o *Object) string {
	if o.past("promoted", w.clock.Now()) {
		return ""
	}
	return o.text("replicateSourceDb")
}

// sourceOf finds a replica's source, in whatever region.
func (w *World) sourceOf(o *Object) *Object {
	name := w.sourceName(o)
	switch {
	case name == "":
		return nil
	case arnRegion(name) == "":
		return w.findBy(databaseType, o.Region, "identifier", name)
	}
	return w.findBy(databaseType, arnRegion(name), "arn", name)
}

func (w *World) replicasOf(source *Object) []*Object {
	return w.where(func(o *Object) bool {
		return o.Type == databaseType && o != source && w.follows(o, source)
	})
}

func (w *World) follows(o, source *Object) bool {
	name := w.sourceName(o)
	return name != "" && (name == source.text("arn") || name == source.text("identifier") && o.Region == source.Region)
}

// StatusInfo is how RDS reports a replica's replication.
type StatusInfo struct {
	Type    string
	Status  string
	Normal  bool
	Message string
}

// databaseStatus is the state of a database. A fault holds replicas in another one.
func (w *World) databaseStatus(o *Object, now time.Time) string {
	status := o.status(now)
	if status != "available" || w.sourceName(o) == "" {
		return status
	}
	if f := w.fault("database", func(string) bool { return true }); f != nil && !now.Before(later(f.Since, o.Times["available"])) {
		state, limit, limited := strings.Cut(f.Value, ":")
		if d, err := time.ParseDuration(limit); !limited || err == nil && now.Before(f.Since.Add(d)) {
			return state
		}
	}
	if full, since := w.full(o); full && !now.Before(since) {
		return "storage-full"
	}
	return status
}

// replicating judges a replica at a time. A lost source shows as an error
// within a minute, as in life.
func (w *World) replicating(o *Object, at time.Time) StatusInfo {
	info := StatusInfo{Type: "read replication", Status: "replicating", Normal: true}
	if full := w.fault("database", is("storage-full")); full != nil && !at.Before(later(full.Since, o.Times["available"])) {
		return StatusInfo{info.Type, "error", false, fullMessage}
	}
	if full, since := w.full(o); full && !at.Before(since) {
		return StatusInfo{info.Type, "error", false, fullMessage}
	}
	if since, message := w.unreadable(o); message != "" && !at.Before(since) {
		return StatusInfo{info.Type, "error", false, message}
	}
	if purged := w.fault("replication", is("purged")); purged != nil && !at.Before(later(purged.Since, o.Times["available"])) {
		return StatusInfo{info.Type, "error", false, purgedMessage}
	}
	if broken := w.fault("replication", is("broken")); broken != nil && !at.Before(later(broken.Since, o.Times["available"])) {
		return StatusInfo{info.Type, "error", false, applierMessage}
	}
	if loss, gone := w.lost(arnRegion(w.sourceName(o))); gone {
		noticed := loss.At.Add(w.Duration(o.Region, estimate.SourceLost, o.text("identifier")))
		if !at.Before(noticed) {
			return StatusInfo{info.Type, "error", false, connectionMessage}
		}
	}
	return info
}

// unreadable is since when a replica can't go on, since its source wrote what it can't take, and
// what MySQL says of it: a transaction larger than its max_allowed_packet (reference manual,
// replication-features-max-allowed-packet), or of a version that is newer than its own (replication-compatibility).
func (w *World) unreadable(o *Object) (since time.Time, message string) {
	source := w.sourceOf(o)
	if source == nil {
		return time.Time{}, ""
	}
	takes := w.packet(o)
	for _, row := range source.Rows {
		switch {
		case row.At.Before(o.Times["available"]):
		case row.Bytes > takes:
			return row.At, packetMessage
		case row.Bytes > 0 && mysqlversion.Compare(o.text("engineVersionActual"), source.text("engineVersionActual")) < 0:
			return row.At, olderMessage
		}
	}
	return time.Time{}, ""
}

// packet is a database's max_allowed_packet; MySQL's default is 64 MiB.
func (w *World) packet(o *Object) int {
	if group := w.find(databaseParameters, o.Region, o.text("parameterGroupName")); group != nil && !w.groupIsNew(o, w.clock.Now()) {
		for _, p := range parametersOf(group) {
			if n, err := strconv.Atoi(p.Value); err == nil && p.Name == "max_allowed_packet" {
				return n
			}
		}
	}
	return 64 << 20
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
