// Package config is a stack's configuration: its keys, defaults, validation and files. It reads
// them as the program does, and asks neither the engine nor AWS.
package config

import "github.com/pilotlight-dr/pilotlight/roles"

// Config is a stack's whole configuration, as Pulumi.<stack>.yaml holds it. The
// json tags are the keys, below the project's name. What the fields' comments
// say is the configuration reference: docs/configuration.md is made of them, of
// the types and of the defaults. A second paragraph says what Validate refuses.
// More than 20 methods: each is a name or an address that follows from the fields, and is derived here alone.
type Config struct {
	// Stack is the name of the stack itself; no key sets it.
	Stack string `json:"-"`
	// Region is the stack's own, from aws:region. All its resources are there.
	Region string `json:"-"`
	// Profile is the AWS profile to use, from aws:profile; empty is the default chain of credentials.
	Profile string `json:"-"`
	// Accounts are the account ids that may be touched, from aws:allowedAccountIds; none allows any.
	Accounts []string `json:"-"`

	// Short name of the site; with the stack's name it prefixes all resources (`blog-dr`). The same in both stacks.
	//
	// Refused: other than lower-case letters, digits and single hyphens, beginning with a letter; over 20 characters
	// together with the stack's name; one that AWS keeps for itself: `aws…`, `ssm…`, `sg-…`, `internal-…`, `sthree-…`, `amzn-s3-demo-…`;
	// another than the stack is deployed with
	Site string `json:"site"`
	// The site's own name, such as `www.example.com`, or `xn--9krq6q.xn--fiqs8s` for 博客.中国. The same in both stacks.
	//
	// Refused: not a domain name, as DNS writes it; a name of AWS's own
	Domain string `json:"domain"`
	// Further names that lead to the site, such as `example.com` beside `www.example.com`; WordPress redirects their
	// visitors to `domain`. In Route 53 each is an alias to `domain`, in the same zone, so that one change moves all of
	// them. The same in both stacks. A record stays when its name is removed here.
	//
	// Refused: not domain names, as DNS writes them; one twice; `domain` itself; more than 20
	Names []string `json:"names"`
	// Networks that reach the site, such as `203.0.113.0/24`; none is everybody. For the first deployment: the
	// first visitor can complete WordPress's installer. The machine that runs pilotlight must be in one of them, as it
	// looks at the site. Remove it when the site is installed, before it is protected.
	//
	// Refused: other than IPv4 networks; one twice, such as `203.0.113.5/24` and `203.0.113.80/24`; more than 29
	Visitors []string `json:"visitors"`
	// What the stack is: `active`, `frozen` or `standby`. Changing a standby's to `active` is the failover. `frozen` is an
	// active one that takes no writes, before a planned switchover.
	//
	// Refused: other values; and what claims forbid, see [architecture](architecture.md)
	Role roles.Role `json:"role"`

	// The stack at which the site is at home: `pilotlight failback` goes there. The same in both stacks. Without it, the stack that was active first.
	//
	// Refused: other than this stack or `peer.stack`
	Home string `json:"home"`

	Peer       *Peer       `json:"peer"`       // the stack on the other side; nil when Production is set
	Production *Production `json:"production"` // what no stack of this program made

	Network  Network  `json:"network"`
	Database Database `json:"database"`
	App      App      `json:"app"`
	Images   Images   `json:"images"`
	Cache    Cache    `json:"cache"`
	Media    Media    `json:"media"`
	DNS      DNS      `json:"dns"`

	// Parts that a standby runs, and pays for, too: any of `nat`, `balancer`, `cache`. See [regions](regions.md) for who needs it.
	//
	// Refused: other values
	KeepWarm []WarmPart `json:"keepWarm"`
	// Days that logs are kept in CloudWatch Logs: those of the instances, and the database's errors and slow queries.
	//
	// Refused: what CloudWatch Logs doesn't take; it takes 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 and others
	LogDays int    `json:"logDays"`
	Alarms  Alarms `json:"alarms"`

	// Epoch of an activation that may go ahead although the replica is behind, was not measured, stopped applying changes, or is none
	// any more. The refusal names the number. Means nothing at another epoch; `0` is none.
	//
	// Refused: `1` and below 0
	AcceptDataLoss int `json:"acceptDataLoss"`
	// Epoch of an activation that may go ahead although production seems to live. The refusal names the number. Means nothing at another epoch; `0` is none.
	//
	// Refused: `1` and below 0
	IgnoreProduction int `json:"ignoreProduction"`
	// Epoch of an activation that may go ahead although the standby is not as it should be, where that is a matter of judgement: its
	// image is old, no zone offers its types, EC2 Auto Scaling may not use the key of its volumes, AWS no longer has a part of it or refuses
	// to tell of one, browsers would refuse its certificate, its network lets no visitor in, or RDS words its database's state in a way that is unknown. The refusal names the number. Means nothing at another epoch; `0` is none.
	//
	// Refused: `1` and below 0
	AcceptStandby int `json:"acceptStandby"`
	// Epoch of an activation to abort, until the site's name is moved: this stack's own, with role `standby` and while production answers; or the
	// peer's whose region was lost meanwhile, with role `active`, which reclaims the site. Means nothing at another epoch; `0` is none.
	//
	// Refused: `1` and below 0; this stack's own with another role; once the site's name has moved
	Abort int `json:"abort"`
	// The name of the site, when this stack is to be destroyed: takes away its protection and that of its databases, so that `pulumi destroy` works.
	//
	// Refused: another name than the site's; an active stack whose peer replicates it
	Teardown string `json:"teardown"`
	// Generation of a standby's replica with which RDS can't go on, such as one that was promoted by hand: another one is made beside
	// it, and it is kept as a former database. `pilotlight reprotect` does so where needed. Means nothing once it is a former one; `0` is none.
	//
	// Refused: a generation that never was
	Rebuild int `json:"rebuild"`
	// Generation of a former database whose end is asked for. The first update with it checks that the current database is
	// in step and takes the protection away, the next deletes it and leaves a final snapshot. `0` is none.
	//
	// Refused: the current generation; one that never was; together with a change of role
	Retire int `json:"retire"`
	// Generation of a former database that may end without a final snapshot, where RDS takes none of it in its state (`failed`,
	// `incompatible-network`, `incompatible-restore`). The refusal of `retire` names it. `0` is none.
	//
	// Refused: below 0
	AcceptNoSnapshot int `json:"acceptNoSnapshot"`
	// Rotation of the site's secrets that is asked of the active side: `database`, `salts`, `cache` or `all`, a hyphen, and its number, such as
	// `database-1`. Means nothing once it has been. `pilotlight rotate PART` counts, and does what follows on both sides.
	//
	// Refused: another form; a number that is not the next; in a standby; while a move or a rotation is under way
	Rotate string `json:"rotate"`

	Failover FailoverLimits `json:"failover"`
}

// Peer names the stack on the other side and what must be known of it before it exists.
type Peer struct {
	// Name of the other stack. It need not exist yet when the first stack is deployed.
	//
	// Refused: this stack's own name; other than lower-case letters, digits and hyphens
	Stack string `json:"stack"`
	// Its region.
	//
	// Refused: this stack's region; another partition
	Region string `json:"region"`
	// Its network.
	//
	// Refused: overlap with this stack's, or the two could never be connected
	CIDR string `json:"cidr"`
}

// Production is a production that this program did not make, described in the
// configuration of the stack that protects it.
type Production struct {
	// Region of a production that this program did not make; see [existing production](existing-production.md).
	//
	// Refused: this stack's region; another partition
	Region string `json:"region"`
	// The network of its VPC.
	//
	// Refused: overlap with this stack's
	CIDR string `json:"cidr"`
	// ARN of its RDS for MySQL instance.
	//
	// Refused: an ARN of another service, region or partition
	Database string `json:"database"`
	// That instance is not encrypted. Its replica can't be then either.
	Unencrypted bool `json:"unencrypted"`
	// ARN of its media bucket.
	//
	// Refused: an ARN of another service or partition
	Bucket string `json:"bucket"`
	// What WordPress uses there, one key each: `database_user`, `database_password`, `database_name`, `cache_token`,
	// `auth_key`, `secure_auth_key`, `logged_in_key`, `nonce_key`, `auth_salt`, `secure_auth_salt`, `logged_in_salt`,
	// `nonce_salt`. Set each with `pulumi config set --secret --path 'production.secrets.<key>'`.
	//
	// Refused: a missing key; one in plain text
	Secrets map[string]string `json:"secrets"`
}

// Network is the shape of the stack's VPC.
type Network struct {
	// IPv4 network of the VPC. Subnets are computed from it, in the order of the zones.
	//
	// Refused: larger than a /16 or smaller than a /24; overlap with the other side's; another than the stack is deployed with
	CIDR string `json:"cidr"`
	// Two or three availability zones. Once the stack is deployed they stay, and another one comes behind them.
	//
	// Refused: fewer or more; of another region; one twice
	Zones []string `json:"zones"`
	// How instances reach the internet: `one` NAT gateway, one in each `zone`, or `none` (then everything that the image
	// lacks is out of reach, and the APIs of AWS need endpoints that you make).
	//
	// Refused: other values
	NAT string `json:"nat"`
	// TCP ports of the internet that instances reach. `80` and `443` are for packages, plugins and AWS itself; `465` and
	// `587` for mail. A drill's instances reach `80` and `443` alone.
	//
	// Refused: a list without 443, which AWS is reached by; other than 1 to 65535; one twice
	Egress []int `json:"egress"`
}

// Database is the stack's RDS for MySQL instance.
type Database struct {
	// Instance class. A pilot light with a smaller one than production's saves money until the day.
	// `pilotlight deploy` changes it, and the database is away for some minutes; a failover or a switchover leaves it as it is.
	//
	// Refused: not of the form `db.m6g.large`
	Class string `json:"class"`
	// MySQL, as `8.4`, or `8.4.5` for one patch of it, or `8.0.46-rds.20260908` for one of extended support. A new replica is made with its source's version, so a standby beside
	// a production of your own needs that one. A higher one upgrades the database: the standby first, see the
	// [runbook](runbook.md#upgrade-mysql). Standard support of 8.0 ended on 2026-07-31.
	//
	// Refused: other than MySQL 8.0 and 8.4; the active side's before the standby's; an older one than is deployed
	EngineVersion string `json:"engineVersion"`
	// Storage of a primary. A replica takes its source's.
	//
	// Refused: under 20, over 65536; 400 or more where less is deployed, which `aws rds modify-db-instance` does
	StorageGiB int `json:"storageGiB"`
	// Up to where storage grows by itself. `0` is four times `storageGiB` for a primary, 65536 at most. A replica's grows at least as far
	// as that of the other stack's database; beside a production that no stack made, `0` is not at all.
	//
	// Refused: too low to grow, which takes more than 10 GiB, and more than a tenth, above `storageGiB`; less than a tenth above
	// what the database has grown to; over 65536
	MaxStorageGiB int `json:"maxStorageGiB"`
	// Parameters of MySQL by name, such as `{max_allowed_packet: "134217728"}`. The same in both stacks, or replication
	// may break. What is not known to be dynamic takes effect at the next reboot, which `pilotlight check` asks for.
	//
	// Refused: parameters that this program sets (`read_only`, `require_secure_transport`, `log_output`, `slow_query_log`);
	// `lower_case_table_names`, which a database keeps for life; names that are none
	Parameters map[string]string `json:"parameters"`
	// A second zone while active. A failover adds it after the site serves.
	MultiAZ bool `json:"multiAz"`
	// How long a failover lets the database serve before it adds the second zone: RDS copies the whole disk then, while the database's own cache
	// is still cold. The update lasts as much longer. An update that is given again after the site's name has moved does not wait.
	//
	// Refused: below 0s, over 6h
	MultiAZDelay Duration `json:"multiAzDelay"`
	// Days of automated backups, from birth, replicas too.
	//
	// Refused: under 1 (a source without backups can have no replica), over 35
	BackupDays int `json:"backupDays"`
	// When RDS backs it up each day, in UTC, such as `02:00-02:30`. A promotion waits for a backup that runs. Without it,
	// `02:00-02:30` in one stack and `07:00-07:30` in the other.
	//
	// Refused: less than half an hour; overlap with the maintenance window
	BackupWindow string `json:"backupWindow"`
	// When RDS may maintain it each week, in UTC, such as `sun:05:00-sun:05:30`. Without it, that in one stack and `wed:05:00-wed:05:30` in the other.
	//
	// Refused: less than half an hour, or a day and more; overlap with the backup window
	MaintenanceWindow string `json:"maintenanceWindow"`
}

// App is the Auto Scaling group of WordPress instances behind the balancer.
type App struct {
	// Id of a machine image in the stack's region. Without it, each update takes the account's newest image there with the tag `pilotlight:image`
	// and the site's name as its value. Leave it out in both stacks, or in none. Another image has the instances that run replaced, one by one.
	//
	// Refused: not of the form `ami-0123456789abcdef0`
	Image string `json:"image"`
	// EC2 type. It must fit the image's processor.
	//
	// Refused: not of the form `m6i.large`
	InstanceType string `json:"instanceType"`
	// EC2 types to launch where EC2 has no room for `instanceType`, in order of preference. Each must fit the image's processor.
	//
	// Refused: not of the form `m6i.large`; one twice; over 9
	FallbackTypes []string `json:"fallbackTypes"`
	// Fewest instances while active. A failover starts as many as the other side served with at its last update, or when a
	// check of the last week was published (`pilotlight check --publish`), if that was more; the next update lets scaling go below again.
	//
	// Refused: under 1
	Min int `json:"min"`
	// Most instances while active. They share the connections of `database.class`, so a change replaces them, one by one.
	//
	// Refused: under `app.min`; more than the database's connections are for, at 6 each
	Max int `json:"max"`
	// Root volume, encrypted.
	//
	// Refused: under 8
	DiskGiB int `json:"diskGiB"`
	// Let WordPress change its own code: install and update plugins, themes and itself. Each change is of one instance
	// and lost with it, while the database is every instance's. The files become the web server's own at boot. Without it, a new image brings new code.
	FileMods bool `json:"fileMods"`
	// The balancer's certificate: the ARN of one from ACM or of an IAM server certificate, or `request`: then the stack requests one of ACM, for
	// all names of the site, and validates it by records in the zone. With a certificate HTTP leads to HTTPS; without one the site is plain HTTP.
	//
	// Refused: another region's (ACM) or partition's; `request` with `dns.mode` manual, with a `domain` of
	// more than 64 characters, or with more than 9 `names`
	Certificate string `json:"certificate"`
	// How long a deployment waits for ACM to issue the certificate that it requested. It takes minutes, once the internet sees the records.
	//
	// Refused: zero or less
	CertificateWait Duration `json:"certificateWait"`
}

// Images is how machine images travel between the regions (docs/image.md).
type Images struct {
	// Copy the site's newest image from the other region while this stack is a standby: by a Lambda function, which needs the file `imagesync.zip`.
	Sync bool `json:"sync"`
	// How many minutes EC2 may take for a copy. It costs a little for each GB, more the less time it has. 0 sets no limit
	// and costs nothing; so does a region that does not offer it.
	//
	// Refused: other than 0, or 15 to 2880 in steps of 15
	CopyMinutes int `json:"copyMinutes"`
}

// Cache is the Redis replication group.
type Cache struct {
	// ElastiCache node type.
	//
	// Refused: not of the form `cache.t4g.small`
	NodeType string `json:"nodeType"`
	// Nodes; with two or more Redis fails over between zones.
	//
	// Refused: under 1, over 6
	Nodes int `json:"nodes"`
	// Redis, as major.minor. AWS does not raise it by itself. A lower one than the cache has is another cache.
	//
	// Refused: other than 7.1, 7.0, 6.2 and 6.0
	EngineVersion string `json:"engineVersion"`
}

// Alarms are what CloudWatch tells when something needs a person, in each stack's own region.
type Alarms struct {
	// E-mail addresses that each alarm is sent to, when it begins and when it ends. AWS asks each address for a confirmation first, once for each stack. An
	// address that does not confirm within two days gets nothing: remove it, deploy, and add it again. Without any, alarms show in CloudWatch alone.
	//
	// Refused: other than addresses such as `oncall@example.com`; one twice
	Email []string `json:"email"`
	// Hours within which a check must have found the standby ready: one that is made every day, and publishes what it
	// finds (`pilotlight check --publish`), fits 26. `0` watches nothing.
	//
	// Refused: below 0, over 168
	CheckHours int `json:"checkHours"`
	// Make a dashboard of CloudWatch for the stack, which shows its alarms and what they watch. The first three dashboards
	// of an account are free, then each costs about 3 USD a month.
	Dashboard bool `json:"dashboard"`
}

// Media is the bucket of WordPress's media library.
type Media struct {
	// Of the copies that this stack's bucket sends to the other side's.
	//
	// Refused: other than `STANDARD`, `STANDARD_IA`, `INTELLIGENT_TIERING`
	StorageClass string `json:"storageClass"`
	// S3 Replication Time Control: copies within 15 minutes, at a price.
	TimeControl bool `json:"timeControl"`
}

// DNS is who changes the site's record.
type DNS struct {
	// `record`: the stack writes the site's record in Route 53. `manual`: it verifies the site all the same, and a person
	// points the name to its output `balancer`.
	//
	// Refused: other values
	Mode string `json:"mode"`
	// Id of the Route 53 zone that holds the domain, the same in both stacks. None with `dns.mode` manual.
	//
	// Refused: missing with `dns.mode: record`; not of the form `Z0123456789ABCDEFGHIJ`; present with `manual`
	ZoneID string `json:"zoneId"`
	// Let the first production overwrite a record that something else made. A failover always may.
	TakeOver bool `json:"takeOver"`
}

// WarmPart is a part of the application that costs money and can be kept in standby all the same.
type WarmPart string

// The parts that can be kept warm.
const (
	WarmNAT      WarmPart = "nat"
	WarmBalancer WarmPart = "balancer"
	WarmCache    WarmPart = "cache"
)

// FailoverLimits bound what a failover accepts and how long it waits.
type FailoverLimits struct {
	// Ask the site's deep page, under its own name, whether production lives, before a failover. One request, a few
	// seconds at most; no answer is the normal case of a disaster.
	Probe bool `json:"probe"`
	// The highest last good replication lag that a failover accepts, which is what it loses.
	//
	// Refused: zero or less
	MaxLag Duration `json:"maxLag"`
	// How far back the last good measurement may lie. A dead source shows a lag of -1 from the first minute on, so this
	// covers the time until the decision.
	//
	// Refused: zero or less
	LagWindow Duration `json:"lagWindow"`
	// How much older the image may be than the one that the other side was last deployed with.
	//
	// Refused: zero or less
	MaxImageAge Duration `json:"maxImageAge"`
	// How long to wait for the promotion before giving up. Nothing is undone then; the same command resumes.
	//
	// Refused: zero or less
	Promote Duration `json:"promote"`
	// How long to wait for the site to answer well once the database is promoted.
	//
	// Refused: zero or less
	Healthy Duration `json:"healthy"`
	// Count the site as healthy only when Redis answers too. WordPress serves without it, slower.
	RequireCache bool `json:"requireCache"`
	// How long visitors may take to arrive once the site is healthy here. With `dns.mode` record the update only warns
	// after that; with manual, a person has this long to set the record, and the same command waits again.
	//
	// Refused: zero or less
	DNS Duration `json:"dns"`
}
