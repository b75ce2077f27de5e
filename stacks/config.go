package stacks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Config is a stack's whole configuration, as Pulumi.<stack>.yaml holds it.
// The json tags are the keys, below the project's name.
type Config struct {
	// Stack is the name of the stack itself; no key sets it.
	Stack string `json:"-"`
	// Region is the stack's own, from aws:region. All its resources are there.
	Region string `json:"-"`
	// Profile is the AWS profile to use, from aws:profile; empty is the default chain of credentials.
	Profile string `json:"-"`
	// Accounts are the account ids that may be touched, from aws:allowedAccountIds; none allows any.
	Accounts []string `json:"-"`

	// Site is the short name that prefixes every resource; it is the same in both stacks.
	Site string `json:"site"`
	// Domain is the site's own name, such as www.example.com.
	Domain string `json:"domain"`
	// Role is the switch.
	Role Role `json:"role"`
	// Peer is the stack on the other side; nil when Production is set.
	Peer *Peer `json:"peer"`
	// Production describes a production that no stack of this program made.
	Production *Production `json:"production"`

	Network  Network    `json:"network"`
	Database Database   `json:"database"`
	App      App        `json:"app"`
	Cache    Cache      `json:"cache"`
	Media    Media      `json:"media"`
	DNS      DNS        `json:"dns"`
	KeepWarm []WarmPart `json:"keepWarm"`
	// AcceptDataLoss and IgnoreProduction accept a risk of the activation at the
	// epoch that they name, and mean nothing at any other; 0 is none.
	AcceptDataLoss   int `json:"acceptDataLoss"`
	IgnoreProduction int `json:"ignoreProduction"`
	// Abort is the epoch of an activation to give up before it moves the site's name; 0 is none.
	Abort int `json:"abort"`
	// Teardown is the name of the site when this stack is to be destroyed; empty protects it.
	Teardown string `json:"teardown"`
	// Retire is the generation of a retired database whose end is asked for; 0 is none.
	Retire   int            `json:"retire"`
	Failover FailoverLimits `json:"failover"`
}

// Peer names the stack on the other side and what must be known of it before it exists.
type Peer struct {
	Stack  string `json:"stack"`
	Region string `json:"region"`
	CIDR   string `json:"cidr"` // of its network; must not overlap with this stack's
}

// Production is a production that this program did not make, described in the
// configuration of the stack that protects it.
type Production struct {
	Region   string `json:"region"`
	CIDR     string `json:"cidr"`     // of its VPC
	Database string `json:"database"` // ARN of the RDS instance
	// Unencrypted says that the database is not encrypted; its replica cannot be then either.
	Unencrypted bool   `json:"unencrypted"`
	Bucket      string `json:"bucket"` // ARN of the media bucket
	// Secrets are the application's, with the keys of components.SecretKeys;
	// set them with pulumi config set --secret --path 'production.secrets.<key>'.
	Secrets map[string]string `json:"secrets"`
}

// Network is the shape of the stack's VPC.
type Network struct {
	CIDR  string   `json:"cidr"`  // from a /16 to a /24
	Zones []string `json:"zones"` // two or three availability zones of the region
	// NAT is how instances reach the internet: "one" gateway, one in each "zone", or "none".
	NAT string `json:"nat"`
}

// Database is the stack's RDS for MySQL instance.
type Database struct {
	Class         string `json:"class"`
	EngineVersion string `json:"engineVersion"`
	StorageGiB    int    `json:"storageGiB"`    // of a primary; a replica takes its source's
	MaxStorageGiB int    `json:"maxStorageGiB"` // up to which it grows by itself; 0 is four times StorageGiB for a primary, and not at all for a replica
	MultiAZ       bool   `json:"multiAz"`       // while active
	BackupDays    int    `json:"backupDays"`
}

// App is the Auto Scaling group of WordPress instances behind the balancer.
type App struct {
	Image        string `json:"image"` // AMI id in the stack's region
	InstanceType string `json:"instanceType"`
	Min          int    `json:"min"` // while active
	Max          int    `json:"max"`
	DiskGiB      int    `json:"diskGiB"`
	Certificate  string `json:"certificate"` // ARN in the stack's region; empty serves plain HTTP
}

// Cache is the Redis replication group.
type Cache struct {
	NodeType      string `json:"nodeType"`
	Nodes         int    `json:"nodes"`
	EngineVersion string `json:"engineVersion"` // of Redis, as major.minor
}

// Media is the bucket of WordPress's media library.
type Media struct {
	StorageClass string `json:"storageClass"` // of the copies in the peer's bucket
	TimeControl  bool   `json:"timeControl"`  // S3 Replication Time Control: 15 minutes, at a price
}

// DNS is who changes the site's record: the stack ("record"), or a person ("manual").
type DNS struct {
	Mode     string `json:"mode"`
	ZoneID   string `json:"zoneId"`
	TakeOver bool   `json:"takeOver"` // overwrite a record that something else made
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
	MaxLag    Duration `json:"maxLag"`    // the highest last good replication lag that is accepted as loss
	LagWindow Duration `json:"lagWindow"` // how old the last good measurement may be
	// MaxImageAge is how much older than the other side's image this stack's may be.
	MaxImageAge Duration `json:"maxImageAge"`
	Promote     Duration `json:"promote"` // how long a promotion may take
	Probe       bool     `json:"probe"`   // ask the site, under its own name, whether production lives
	Healthy     Duration `json:"healthy"` // how long the site may take to be healthy after the promotion
	// DNS is how long visitors may take to arrive once the site is healthy here.
	DNS Duration `json:"dns"`
	// RequireCache says that the site is not healthy without Redis.
	RequireCache bool `json:"requireCache"`
}

// Duration is a time.Duration written as in Go: 90s, 15m, 2h.
type Duration time.Duration

// UnmarshalJSON reads a string such as "15m".
func (d *Duration) UnmarshalJSON(text []byte) error {
	parsed, err := time.ParseDuration(strings.Trim(string(text), `"`))
	if err != nil {
		return fmt.Errorf("%s is not a duration: write it like 90s, 15m or 2h", text)
	}
	*d = Duration(parsed)
	return nil
}

// Warm says whether a part is kept in standby too.
func (c Config) Warm(part WarmPart) bool { return slices.Contains(c.KeepWarm, part) }

// Name prefixes the stack's resources: site-stack.
func (c Config) Name() string { return c.Site + "-" + c.Stack }

// defaults are what a stack file need not say.
func defaults() Config {
	return Config{
		Role:     Standby,
		Network:  Network{NAT: "one"},
		Database: Database{Class: "db.t4g.medium", EngineVersion: "8.0", StorageGiB: 50, BackupDays: 7},
		App:      App{InstanceType: "t3.medium", Min: 2, Max: 6, DiskGiB: 20},
		Cache:    Cache{NodeType: "cache.t4g.small", Nodes: 2, EngineVersion: "7.1"},
		Media:    Media{StorageClass: "STANDARD_IA"},
		DNS:      DNS{Mode: "record"},
		Failover: FailoverLimits{
			MaxLag:      Duration(5 * time.Minute),
			LagWindow:   Duration(2 * time.Hour),
			MaxImageAge: Duration(7 * 24 * time.Hour),
			Probe:       true,
			Promote:     Duration(45 * time.Minute),
			Healthy:     Duration(20 * time.Minute),
			DNS:         Duration(15 * time.Minute),
		},
	}
}

// fields lists every key of the project's namespace and where it goes.
func (c *Config) fields() map[string]any {
	return map[string]any{
		"site": &c.Site, "domain": &c.Domain, "role": &c.Role, "peer": &c.Peer, "production": &c.Production,
		"network": &c.Network, "database": &c.Database, "app": &c.App, "cache": &c.Cache, "media": &c.Media,
		"dns": &c.DNS, "keepWarm": &c.KeepWarm, "retire": &c.Retire, "teardown": &c.Teardown,
		"acceptDataLoss": &c.AcceptDataLoss, "ignoreProduction": &c.IgnoreProduction, "abort": &c.Abort, "failover": &c.Failover,
	}
}

// readConfig reads and checks the stack's whole configuration. Its error names
// every problem, one a line, with key, value and remedy.
func readConfig(ctx *pulumi.Context) (Config, error) {
	// The SDK lists no keys, so look at what the CLI handed over to find those
	// that there are not; inline programs are typed by their callers.
	var handed map[string]string
	if err := json.Unmarshal([]byte(os.Getenv(pulumi.EnvConfig)), &handed); err != nil {
		handed = nil // no CLI, nothing to look at
	}
	return read(ctx.Stack(), ctx.Project(), ctx.GetConfig, slices.Collect(maps.Keys(handed)))
}

// read makes the configuration of a stack of what its keys hold, as Pulumi
// renders it, and checks it. Of the keys that are there, as far as they are
// known, each must be one of the program's.
func read(stack, project string, get func(key string) (string, bool), there []string) (Config, error) {
	c := defaults()
	c.Stack = stack
	c.Region, _ = get("aws:region")
	c.Profile, _ = get("aws:profile")

	var errs []error
	if accounts, ok := get("aws:allowedAccountIds"); ok {
		errs = append(errs, decode("aws:allowedAccountIds", accounts, &c.Accounts))
	}
	if _, ok := get("aws:assumeRole"); ok {
		errs = append(errs, errors.New("aws:assumeRole is not used: put role_arn into an AWS profile and name that as aws:profile"))
	}
	fields := c.fields()
	for key, field := range fields {
		if text, ok := get(project + ":" + key); ok {
			errs = append(errs, decode(project+":"+key, text, field))
		}
	}
	errs = append(errs, unknownKeys(project, there, fields), c.Validate())
	return c, lines(errs)
}

// decode reads one value as Pulumi hands it over: plain text for a string,
// JSON for the rest. A key that there is not is an error, since a mistyped one
// would silently leave a default in force.
func decode(key, text string, into any) error {
	switch into := into.(type) {
	case *string:
		*into = text
		return nil
	case *Role:
		*into = Role(text)
		return nil
	}
	decoder := json.NewDecoder(bytes.NewBufferString(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s: %s: see the configuration reference for its form", key, strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// unknownKeys finds mistyped keys at the top level of the project's namespace.
func unknownKeys(project string, there []string, fields map[string]any) error {
	var errs []error
	for _, key := range there {
		name, ours := strings.CutPrefix(key, project+":")
		if _, known := fields[name]; ours && !known {
			errs = append(errs, fmt.Errorf("%s is not a key of this program: remove it, or correct its name", key))
		}
	}
	return errors.Join(errs...)
}

// ConfigError is a configuration that cannot be meant. Nothing was touched.
type ConfigError struct {
	Problems []string // each with key, value and remedy, in one line
}

// Error lists the problems, one a line.
func (e *ConfigError) Error() string {
	return "the configuration is refused, nothing was touched:\n  " + strings.Join(e.Problems, "\n  ")
}

// lines joins errors, one a line, in a stable order and without repeating any.
func lines(errs []error) error {
	joined := errors.Join(errs...)
	if joined == nil {
		return nil
	}
	all := strings.Split(joined.Error(), "\n")
	slices.Sort(all)
	return &ConfigError{Problems: slices.Compact(all)}
}

// prefix parses a CIDR that Validate has accepted.
func prefix(cidr string) netip.Prefix { return netip.MustParsePrefix(cidr).Masked() }
