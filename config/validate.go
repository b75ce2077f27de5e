package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"golang.org/x/net/idna"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/rdsstorage"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// topForm is the form of a top-level domain: letters, or another alphabet's as DNS writes them (RFC 5890: xn-- and ASCII).
const topForm = `([a-z]{2,63}|xn--([a-z0-9-]{0,58})[a-z0-9])`

var (
	nameForm   = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	domainForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+` + topForm + `$`)
	imageForm  = regexp.MustCompile(`^ami-[0-9a-f]{8,17}$`)
	classForm  = regexp.MustCompile(`^db\.[a-z0-9]+\.[a-z0-9]+$`)
	nodeForm   = regexp.MustCompile(`^cache\.[a-z0-9]+\.[a-z0-9]+$`)
	zoneForm   = regexp.MustCompile(`^[0-9A-Z]{1,32}$`) // ResourceId in Route 53's API: 32 characters at most. That all begin with Z is said nowhere
	mailForm   = regexp.MustCompile(`^[A-Za-z0-9._%+-]{1,64}@(?i:([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+` + topForm + `)$`)
	typeForm   = regexp.MustCompile(`^[a-z][a-z0-9-]*\.[a-z0-9]+$`)
)

// maxName leaves room for what is appended to a name where AWS allows the
// least: 32 characters for a target group, eight of them a random suffix.
const maxName = 20

// reservedNames are how no name may begin that is made of site and stack. Nothing else that AWS keeps for itself can be
// reached by them: its names have capitals, two hyphens or a slash, or this program's own words come first. Sources: the
// references of PutParameter, CreateSecurityGroup and CreateLoadBalancer, and "General purpose bucket naming rules" of S3.
var reservedNames = []struct{ begin, of string }{
	{"aws", "parameters in Systems Manager"}, {"ssm", "parameters in Systems Manager"}, {"sg-", "security groups"}, {"internal-", "load balancers"},
	{"sthree-", "buckets"}, {"amzn-s3-demo-", "buckets"},
}

// Problem is a value that is refused, and what to do about it.
type Problem struct {
	Key, Value, Remedy string
	// Wrong is what is wrong with Key; empty when it is that it has Value. It holds no secret.
	Wrong string
}

// Reason is what is wrong.
func (p Problem) Reason() string {
	if p.Wrong != "" {
		return p.Wrong
	}
	return fmt.Sprintf("%s is %q", p.Key, p.Value)
}

// String is reason and remedy in one line.
func (p Problem) String() string { return p.Reason() + ": " + p.Remedy }

// Secret reports that what is wrong is a secret that isn't set: one can be set only
// once there is a stack to encrypt it for.
func (p Problem) Secret() bool { return strings.HasPrefix(p.Key, "production.secrets.") }

type problems []Problem

func (p *problems) add(ok bool, key string, value any, remedy string, args ...any) {
	if !ok {
		*p = append(*p, Problem{Key: key, Value: fmt.Sprint(value), Remedy: fmt.Sprintf(remedy, args...)})
	}
}

// Problems are what is wrong with the configuration as a whole, in no particular order. It calls nothing: what only AWS
// knows is checked later.
func (c Config) Problems() []Problem {
	var p problems
	p.add(slices.Contains([]roles.Role{roles.Active, roles.Frozen, roles.Standby}, c.Role), "role", c.Role, "set it to %s, %s or %s", roles.Active, roles.Frozen, roles.Standby)
	p.add(awsregion.Valid(c.Region), "aws:region", c.Region, "set it to an AWS region such as us-west-2")
	p.add(!strings.HasPrefix(c.Region, "us-gov-"), "aws:region", c.Region, "only the partitions aws and aws-cn are supported")
	p.add(nameForm.MatchString(c.Site), "site", c.Site, "set it to lower-case letters, digits and hyphens, beginning with a letter")
	for _, name := range reservedNames {
		p.add(!strings.HasPrefix(c.Name(), name.begin), "site", c.Site, "choose another name: AWS lets the names of %s not begin with %s", name.of, name.begin)
	}
	p.add(nameForm.MatchString(c.Stack), "the stack's name", c.Stack, "rename the stack to lower-case letters, digits and hyphens")
	p.add(len(c.Name()) <= maxName, "site and the stack's name", c.Name(),
		"shorten one of them, they may have %d characters together: AWS allows no longer names for a target group", maxName)
	p.add(validDomain(c.Domain), "domain", c.Domain, "%s", domainRemedy("", c.Domain, "set it to the site's own name, such as www.example.com"))
	p.add(len(c.Names) <= mostNames, "names", c.Names, "leave out some, it may have %d: each is a record to look at in a failover", mostNames)
	for i, name := range c.Names {
		p.add(validDomain(name), "names", name, "%s", domainRemedy("", name, "set it to another name of the site, such as example.com"))
		p.add(!slices.Contains(c.AllNames()[:i+1], name), "names", name, "name each once, and not domain")
	}
	for key, epoch := range map[string]int{"acceptDataLoss": c.AcceptDataLoss, "ignoreProduction": c.IgnoreProduction, "acceptStandby": c.AcceptStandby, "abort": c.Abort} {
		p.add(epoch == 0 || epoch >= 2, key, epoch, "set it to the epoch of the activation that it is for, as the refusal names it")
	}
	p.add(c.Teardown == "" || c.Teardown == c.Site, "teardown", c.Teardown, "set it to the name of the site (%s) to allow pulumi destroy, or remove it", c.Site)
	p.add(c.Home == "" || c.Home == c.Stack || c.Peer != nil && c.Home == c.Peer.Stack, "home", c.Home, "name this stack or its peer, or remove it")
	p.add(c.Rebuild >= 0, "rebuild", c.Rebuild, "set it to the generation of this stack's replica, or remove it")
	p.add(c.AcceptNoSnapshot >= 0, "acceptNoSnapshot", c.AcceptNoSnapshot, "set it to the generation of a former database, as the refusal names it, or remove it")
	p.add(c.Retire >= 0, "retire", c.Retire, "set it to the generation of a former database, or remove it")
	_, _, rotation := wordpress.ParseRotation(c.Rotate)
	p.add(c.Rotate == "" || rotation, "rotate", c.Rotate, "name a part and a number, such as %s-1, or remove it", wordpress.PartDatabase)
	p.add(slices.Contains(logDays, c.LogDays), "logDays", c.LogDays, "set it to one of %s", strings.ReplaceAll(strings.Trim(fmt.Sprint(logDays), "[]"), " ", ", "))
	c.validateOtherSide(&p)
	c.validateNetwork(&p)
	c.validateDatabase(&p)
	c.validateWindows(&p)
	c.validateApp(&p)
	c.validateFailover(&p)
	p.add(c.Alarms.CheckHours >= 0 && c.Alarms.CheckHours <= 168, "alarms.checkHours", c.Alarms.CheckHours, "set it to 0 to 168: CloudWatch looks back a week")
	for i, address := range c.Alarms.Email {
		at := strings.LastIndex(address, "@") + 1
		p.add(mailForm.MatchString(address), "alarms.email", address, "%s", domainRemedy(address[:at], address[at:], "set it to an e-mail address such as oncall@example.com"))
		p.add(!slices.Contains(c.Alarms.Email[:i], address), "alarms.email", address, "name each address once")
	}
	return p
}

// mostNames is how many names a site may have beside its domain.
const mostNames = 20

// mostDomain is how long a name is in DNS at most, in characters (RFC 1035, section 2.3.4).
const mostDomain = 253

func validDomain(name string) bool {
	return len(name) <= mostDomain && domainForm.MatchString(name) && !strings.Contains(name, "amazonaws.com")
}

// domainRemedy is what to write for a domain that is refused: the form that DNS has for what was meant, where there is
// one, or else usual. before is what the value has before the domain.
func domainRemedy(before, domain, usual string) string {
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil && ascii != domain && validDomain(ascii) {
		return fmt.Sprintf("set it to %s, as DNS writes that name", before+ascii)
	}
	return usual
}

// logDays are what CloudWatch Logs takes for a retention.
var logDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func (c Config) validateOtherSide(p *problems) {
	if (c.Peer == nil) == (c.Production == nil) {
		p.add(false, "peer", "", "set either peer (the other stack) or production (one that this program did not make)")
		return
	}
	key, region, cidr := "peer", "", ""
	if c.Peer != nil {
		region, cidr = c.Peer.Region, c.Peer.CIDR
		p.add(nameForm.MatchString(c.Peer.Stack) && c.Peer.Stack != c.Stack, "peer.stack", c.Peer.Stack, "name the other stack of the site")
	} else {
		key, region, cidr = "production", c.Production.Region, c.Production.CIDR
		c.validateProduction(p)
	}
	p.add(awsregion.Valid(region), key+".region", region, "set it to the other side's AWS region")
	p.add(region != c.Region, key+".region", region, "the other side must be in another region than this stack, that is the point")
	p.add(awsregion.Partition(region) == awsregion.Partition(c.Region), key+".region", region,
		"nothing replicates between partitions: choose a region of %s", awsregion.Partition(c.Region))

	theirs, err := netip.ParsePrefix(cidr)
	p.add(err == nil, key+".cidr", cidr, "set it to the other side's network, such as 10.20.0.0/16")
	if ours, ourErr := netip.ParsePrefix(c.Network.CIDR); err == nil && ourErr == nil {
		p.add(!ours.Overlaps(theirs), "network.cidr", c.Network.CIDR, "it overlaps with %s.cidr %s: choose another, or the two can never be connected", key, cidr)
	}
}

// The resources that the ARNs of a production name. Old buckets of us-east-1 may have names that no bucket gets today.
var (
	databaseForm = regexp.MustCompile(`^db:[A-Za-z](-?[A-Za-z0-9])*$`)
	bucketForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{2,254}$`)
)

func (c Config) validateProduction(p *problems) {
	checkARN(p, "production.database", c.Production.Database, c.Production.Region, "rds", databaseForm)
	checkARN(p, "production.bucket", c.Production.Bucket, c.Production.Region, "s3", bucketForm)
	for _, key := range wordpress.SecretKeys() {
		p.add(c.Production.Secrets[key] != "", "production.secrets."+key, "", "set it with: pulumi config set --secret --path 'production.secrets.%s'", key)
	}
}

func (c Config) validateNetwork(p *problems) {
	cidr, err := netip.ParsePrefix(c.Network.CIDR)
	p.add(err == nil && cidr.Addr().Is4() && cidr.Bits() >= 16 && cidr.Bits() <= 24, "network.cidr", c.Network.CIDR,
		"set it to an IPv4 network from /16 to /24, such as 10.10.0.0/16")
	p.add(len(c.Network.Zones) == 2 || len(c.Network.Zones) == 3, "network.zones", strings.Join(c.Network.Zones, ","),
		"name two or three availability zones of %s", c.Region)
	for i, zone := range c.Network.Zones {
		rest, ok := strings.CutPrefix(zone, c.Region)
		p.add(ok && len(rest) == 1 && rest >= "a" && rest <= "z", "network.zones", zone, "name a zone of %s, such as %sa", c.Region, c.Region)
		p.add(!slices.Contains(c.Network.Zones[:i], zone), "network.zones", zone, "name each zone once")
	}
	p.add(slices.Contains(c.Network.Egress, 443), "network.egress", c.Network.Egress, "add 443: instances reach AWS by it")
	for i, port := range c.Network.Egress {
		p.add(port >= 1 && port <= 65535, "network.egress", port, "name ports from 1 to 65535")
		p.add(!slices.Contains(c.Network.Egress[:i], port), "network.egress", port, "name each port once")
	}
	p.add(len(c.Visitors) <= maxVisitors, "visitors", len(c.Visitors), "name %d networks at most, such as by larger ones: AWS takes %d rules in a security group, each network is two of them, and those that let everybody in go last",
		maxVisitors, groupRules)
	visitors := map[netip.Prefix]bool{}
	for _, text := range c.Visitors {
		network, err := netip.ParsePrefix(text)
		p.add(err == nil && network.Addr().Is4(), "visitors", text, "name IPv4 networks such as 203.0.113.0/24, or remove it to let everybody in")
		p.add(err != nil || !visitors[network.Masked()], "visitors", text, "name each network once: it is %s", network.Masked())
		visitors[network.Masked()] = true
	}
	p.add(slices.Contains([]string{"one", "zone", "none"}, c.Network.NAT), "network.nat", c.Network.NAT, "set it to one, zone or none")
}

// groupRules are the inbound rules that AWS takes in a security group by default
// (https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups). The balancer's has two for each
// network, and where the site was open two more, which Pulumi deletes after it has made the others.
const (
	groupRules  = 60
	maxVisitors = groupRules/2 - 1
)

// ownParameters are those that the stack sets by itself, and one that RDS takes at the birth of
// a database alone.
var ownParameters = []string{"log_output", "lower_case_table_names", "read_only", "require_secure_transport", "slow_query_log"}

var engineForm = regexp.MustCompile(`^8\.[04](\.\d{1,3}(-rds\.\d{8})?)?$`)

// redisVersions are those of Redis OSS that ElastiCache makes (AmazonElastiCache/latest/dg/supported-engine-versions). After
// 7.1 there is Valkey alone.
var redisVersions = []string{"7.1", "7.0", "6.2", "6.0"}

var parameterForm = regexp.MustCompile(`^[a-z][a-z0-9_]+$`)

func (c Config) validateDatabase(p *problems) {
	d := c.Database
	p.add(classForm.MatchString(d.Class), "database.class", d.Class, "set it to an RDS class such as db.m6g.large")
	p.add(engineForm.MatchString(d.EngineVersion), "database.engineVersion", d.EngineVersion, "set it to 8.4 or 8.0, or to a patch of it such as 8.4.5 or 8.0.46-rds.20260908")
	p.add(d.StorageGiB >= 20 && d.StorageGiB <= rdsstorage.Most, "database.storageGiB", d.StorageGiB, "set it to 20 to 65536")
	least := rdsstorage.LeastCeiling(d.StorageGiB)
	p.add(d.MaxStorageGiB == 0 || d.MaxStorageGiB >= least && d.MaxStorageGiB <= rdsstorage.Most, "database.maxStorageGiB", d.MaxStorageGiB,
		"set it to %d to %d: storage of %d GiB grows under no lower one", least, rdsstorage.Most, d.StorageGiB)
	for name := range d.Parameters {
		p.add(parameterForm.MatchString(name), "database.parameters", name, "name a parameter of MySQL, such as max_allowed_packet")
		p.add(!slices.Contains(ownParameters, name), "database.parameters", name, "remove it: this program sets it, or a database keeps it for life")
	}
	p.add(d.MultiAZDelay >= 0 && d.MultiAZDelay <= Duration(6*time.Hour), "database.multiAzDelay", d.MultiAZDelay, "set it to a duration from 0s to 6h, such as 10m")
	p.add(d.BackupDays >= 1 && d.BackupDays <= 35, "database.backupDays", d.BackupDays, "set it to 1 to 35: a source without backups can have no replica")
}

func (c Config) validateApp(p *problems) {
	p.add(c.App.Image == "" || imageForm.MatchString(c.App.Image), "app.image", c.App.Image, "set it to the id of an AMI in %s", cmp.Or(c.Region, "the stack's region"))
	minutes := c.Images.CopyMinutes
	p.add(minutes == 0 || minutes >= 15 && minutes <= 2880 && minutes%15 == 0, "images.copyMinutes", minutes, "set it to 0, or to 15 to 2880 in steps of 15")
	p.add(typeForm.MatchString(c.App.InstanceType), "app.instanceType", c.App.InstanceType, "set it to an EC2 type such as m6i.large")
	p.add(len(c.App.FallbackTypes) <= 9, "app.fallbackTypes", strings.Join(c.App.FallbackTypes, ","), "name nine at most")
	for i, name := range c.App.FallbackTypes {
		p.add(typeForm.MatchString(name), "app.fallbackTypes", name, "name EC2 types such as m6i.large")
		p.add(!slices.Contains(c.App.Types()[:i+1], name), "app.fallbackTypes", name, "name each type once, and not app.instanceType")
	}
	p.add(c.App.Min >= 1, "app.min", c.App.Min, "set it to 1 or more: an active site needs an instance")
	p.add(c.App.Max >= c.App.Min, "app.max", c.App.Max, "set it to at least app.min (%d)", c.App.Min)
	processes, known := c.PHPProcesses()
	p.add(!known || processes >= LeastPHPProcesses, "app.max", c.App.Max, "lower it, or choose a larger database.class: %s takes %d connections, too few for so many instances",
		c.Database.Class, c.Database.MaxConnections())
	p.add(c.App.DiskGiB >= 8, "app.diskGiB", c.App.DiskGiB, "set it to 8 or more")
	c.validateCertificate(p)
	p.add(nodeForm.MatchString(c.Cache.NodeType), "cache.nodeType", c.Cache.NodeType, "set it to a type such as cache.t4g.small")
	p.add(c.Cache.Nodes >= 1 && c.Cache.Nodes <= 6, "cache.nodes", c.Cache.Nodes, "set it to 1 to 6")
	p.add(slices.Contains(redisVersions, c.Cache.EngineVersion), "cache.engineVersion", c.Cache.EngineVersion, "set it to %s", strings.Join(redisVersions, ", "))
	p.add(slices.Contains([]string{"STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING"}, c.Media.StorageClass), "media.storageClass", c.Media.StorageClass,
		"set it to STANDARD, STANDARD_IA or INTELLIGENT_TIERING")
	switch c.DNS.Mode {
	case "record":
		p.add(zoneForm.MatchString(c.DNS.ZoneID), "dns.zoneId", c.DNS.ZoneID,
			"set it to the id of the Route 53 zone that holds %s, such as Z0123456789ABCDEFGHIJ, or dns.mode to manual", c.Domain)
	case "manual":
		p.add(c.DNS.ZoneID == "", "dns.zoneId", c.DNS.ZoneID, "remove it: with dns.mode manual a person changes the record")
	default:
		p.add(false, "dns.mode", c.DNS.Mode, "set it to record or manual")
	}
	for _, part := range c.KeepWarm {
		p.add(slices.Contains([]WarmPart{WarmNAT, WarmBalancer, WarmCache}, part), "keepWarm", part, "name any of nat, balancer, cache")
	}
}

func (c Config) validateFailover(p *problems) {
	for key, value := range map[string]Duration{
		"failover.maxLag": c.Failover.MaxLag, "failover.lagWindow": c.Failover.LagWindow,
		"failover.maxImageAge": c.Failover.MaxImageAge, "failover.promote": c.Failover.Promote, "failover.healthy": c.Failover.Healthy,
		"failover.dns": c.Failover.DNS,
	} {
		p.add(value > 0, key, value, "set it to a duration such as 15m")
	}
}

// checkARN holds that an ARN names a resource of a service, in a region where it has one.
func checkARN(p *problems, key, value, region, service string, form *regexp.Regexp) {
	parsed, err := arn.Parse(value)
	ok := err == nil && parsed.Service == service && form.MatchString(parsed.Resource) &&
		parsed.Partition == awsregion.Partition(region) && (service == "s3" || parsed.Region == region)
	p.add(ok, key, value, "set it to the ARN of an %s resource in %s", service, region)
}
