// Package checks judges what failover has observed. It is pure: a snapshot and a policy
// go in; findings, blockers or a verdict come out. It has no client, clock or context.
package checks

import (
	"time"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// Snapshot is what was seen at one moment: in the standby's region, and of the
// site as visitors see it.
type Snapshot struct {
	At      time.Time
	Replica *Replica // nil when there is no such database in this region
	// Source is the database that it replicates; nil where that was not asked.
	Source *Replica
	// Class is what RDS offers of the class that is configured; nil where that was not asked.
	Class *DatabaseClass
	Image *Image // nil when there is no such image in this region
	// VolumeKey encrypts the volumes of instances; nil for AWS's own, and where that was not asked.
	VolumeKey *VolumeKey
	// Types are those that instances may be launched as, in order of preference.
	Types []InstanceType
	// Certificate is nil when there is no such certificate in this region, or none is wanted.
	Certificate *Certificate
	// Missing are the parts that the stack's state holds and AWS no longer has; none where that was not asked.
	Missing []Part
	// Blocked is the stack's network, where no visitor could get in; nil where one could, or that was not asked.
	Blocked *BlockedNetwork
	// Name is what stands at the site's names in their zone; nil when that was not looked at.
	Name *Name
	// Shortfalls are no reason to refuse an activation: what could not be looked at, and what keeps
	// only a part of the visitors away.
	Shortfalls []refusal.Blocker
	// Unread says why Image or Replica is nil although AWS answered: it refused to tell.
	Unread Unread
	// Backlog is what S3 has yet to copy to this side; nil when that is not measured.
	Backlog *Backlog
	// Site is what the site's deep page says under the site's own name; zero when
	// it does not answer, which is the normal case of a disaster, or was not asked.
	Site DeepPage
}

// Unread is why AWS did not tell of a part, in a few words; empty where it did.
type Unread struct {
	Image, Replica string
	// ImageBusy and ReplicaBusy report that AWS was busy or ill, or did not answer: that passes, and no right is missing.
	ImageBusy, ReplicaBusy bool
}

// Backlog is what S3 has yet to copy from one side's bucket to the other's, as last measured.
type Backlog struct {
	Files int       `json:"files"` // with their versions and deletions
	Bytes int64     `json:"bytes"`
	At    time.Time `json:"at"`
}

// Replica is a database: the one that an activation promotes, or its source.
type Replica struct {
	ID     string `json:"id"`
	Status string `json:"status"` // as RDS words it, such as "available"
	Source string `json:"source"` // ARN of what it replicates; empty once promoted
	// Replication is RDS's word for it, such as "replicating" or "error"; empty once promoted.
	Replication string `json:"replication,omitempty"`
	Message     string `json:"message,omitempty"` // what RDS says of an error in replication
	BackupDays  int    `json:"backupDays"`
	Class       string `json:"class"`         // such as db.t4g.medium
	Engine      string `json:"engine"`        // version of MySQL, such as 8.0.42
	Parameters  string `json:"parameters"`    // name of its parameter group
	Key         string `json:"key,omitempty"` // ARN of the key of KMS that encrypts it; empty where it is not encrypted
	ReadOnly    bool   `json:"readOnly"`      // its parameter group would keep it read-only once promoted
	// AwaitsReboot reports that not all that its parameter group sets is in force: the group was given to it, or a static
	// parameter was changed, since it booted.
	AwaitsReboot bool `json:"awaitsReboot"`

	AllocatedGiB int   `json:"allocatedGiB"`   // storage
	IOPS         int   `json:"iops"`           // of that storage; 0 where RDS names none
	CeilingGiB   int   `json:"ceilingGiB"`     // up to where storage grows by itself; 0 is not at all
	Free         *Free `json:"free,omitempty"` // nil where that was not asked, or is not measured
	// Set are the parameters that its group sets; nil where that was not asked.
	Set map[string]string `json:"set,omitempty"`
	// ParametersUnread is why the parameters of its group could not be read; empty when they could.
	ParametersUnread string `json:"parametersUnread,omitempty"`
	// ParametersBusy and LagBusy are as those of Unread.
	ParametersBusy, LagBusy bool `json:"-"`
	// BackupWindow is when it is backed up, in UTC, such as 03:00-03:30.
	BackupWindow string `json:"backupWindow"`
	// LastGood is the newest measurement of the lag that is not -1; nil when there is none in the window.
	LastGood *Lag `json:"lastGood"`
	// Measured is when the lag was last measured, be it as -1, by what CloudWatch shows; zero where that is not known.
	Measured time.Time `json:"-"`
	// LagUnread is why the lag could not be read; empty when it could.
	LagUnread string `json:"lagUnread,omitempty"`
}

// Image is the machine image that the instances are launched from.
type Image struct {
	ID    string `json:"id"`
	State string `json:"state"` // as EC2 words it, such as "available"
	// RootGiB is the size of the snapshot of its root volume; 0 when EC2 does not say.
	RootGiB int `json:"rootGiB"`
	// RootDevice is what it calls that volume, such as /dev/xvda, and Snapshot the id of that snapshot.
	RootDevice string `json:"rootDevice"`
	Snapshot   string `json:"snapshot"`
	// Architecture and BootMode are as EC2 words them, such as x86_64 and uefi; BootMode is empty
	// where the image names none.
	Architecture string    `json:"architecture"`
	BootMode     string    `json:"bootMode"`
	Made         time.Time `json:"made"`
}

// Certificate is the TLS certificate of the balancer.
type Certificate struct {
	Status string    // as ACM words it, such as Issued
	Names  []string  // that it is for; *.example.com is all names one level below
	Until  time.Time // when it ends
	// Failure is why ACM could not issue it, as ACM words it; empty for no reason.
	Failure string
	// Managed reports that ACM issued it, and InUse that a balancer shows it: ACM renews those that are both.
	Managed, InUse bool
	// Validation are the records that ACM validates it by, and Absent those of them that the zone lacks; none
	// where that was not asked.
	Validation, Absent []Record
	// Unseen reports that it could not be looked at, so that nothing else is known.
	Unseen bool
}

// Policy is what the snapshot is held against.
type Policy struct {
	Database      string    // identifier of the database to promote
	Source        string    // ARN that it should replicate; empty for a database that was never a replica
	Image         string    // id of the image to launch; empty for the newest with ImageTag
	ImageTag      string    // marks the site's images, as key=value
	DiskGiB       int       // size of the root volume that it is launched with
	Region        string    // where all of it should be
	Stack         string    // that is asked about, for the commands that name it
	Peer          string    // the other side in such commands: its stack, or "production" for one that no stack made
	Zones         []string  // of it, in which instances may be launched
	MultiAZ       bool      // a second zone is configured
	EngineVersion string    // version of MySQL that the configuration is for
	PeerImage     time.Time // when the image was made that production runs; zero when that is not known

	MaxImageAge time.Duration // how much older than that the image may be
	Certificate string        // ARN of the certificate to show, of ACM or IAM; empty when the site has none
	// RequestsCertificate reports that the stack requests it of ACM. It has none before it was deployed so.
	RequestsCertificate bool
	Names               []string // that lead to the site, its domain first
	TakeOver            bool     // the first activation may overwrite the name's record

	MaxLag          time.Duration // the highest last good lag accepted
	LagWindow       time.Duration // how far back a last good lag counts
	Epoch           int           // of the activation
	Switchover      bool          // it takes over from a frozen side
	StandsBy        bool          // the side is a standby until then, so its database is still to be a replica
	ProbeProduction bool          // the site is asked, under its own name, whether production lives
	Accepted        []string      // the risks accepted for this epoch, by their keys
	ReclaimedEpoch  int           // the epoch at which this side led already, to reclaim the site after the peer aborted; 0 when it did not
}
