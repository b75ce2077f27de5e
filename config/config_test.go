package config

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// pilotLight is a good configuration of a stack that protects another.
func pilotLight() Config {
	c := defaults()
	c.Stack, c.Region, c.Site, c.Domain = "dr", "us-east-2", "blog", "www.example.com"
	c.Peer = &Peer{Stack: "prod", Region: "us-west-2", CIDR: "10.10.0.0/16"}
	c.Network.CIDR, c.Network.Zones = "10.20.0.0/16", []string{"us-east-2a", "us-east-2b"}
	c.App.Image, c.DNS.ZoneID = "ami-0123456789abcdef0", "Z1"
	return c
}

// networks are of visitors: so many.
func networks(count int) (all []string) {
	for i := range count {
		all = append(all, fmt.Sprintf("203.0.113.%d/32", i))
	}
	return all
}

// external is a good description of a production that this program did not make.
func external() *Production {
	secrets := map[string]string{}
	for _, key := range wordpress.SecretKeys() {
		secrets[key] = "x"
	}
	return &Production{
		Region: "us-west-2", CIDR: "10.10.0.0/16", Secrets: secrets,
		Database: "arn:aws:rds:us-west-2:123456789012:db:site", Bucket: "arn:aws:s3:::media",
	}
}

// Validate is an error of all problems.
func (c Config) Validate() error { return configError("", c.Problems()) }

func TestValidate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*Config)
		says  string // "" is good
	}{
		"good":                 {func(*Config) {}, ""},
		"China":                {func(c *Config) { china(c) }, ""},
		"unknown role":         {func(c *Config) { c.Role = "primary" }, `role is "primary": set it to active, frozen or standby`},
		"no region":            {func(c *Config) { c.Region = "" }, `aws:region is ""`},
		"GovCloud":             {func(c *Config) { c.Region = "us-gov-west-1" }, "only the partitions aws and aws-cn"},
		"capital in site":      {func(c *Config) { c.Site = "Blog" }, `site is "Blog"`},
		"aws, reserved":        {func(c *Config) { c.Site = "awsome" }, `site is "awsome": choose another name: AWS lets the names of parameters in Systems Manager not begin with aws`},
		"ssm, reserved":        {func(c *Config) { c.Site = "ssm" }, `site is "ssm": choose another name`},
		"sg-, reserved":        {func(c *Config) { c.Site = "sg" }, `site is "sg": choose another name: AWS lets the names of security groups not begin with sg-`},
		"internal-, reserved":  {func(c *Config) { c.Site = "internal" }, "load balancers not begin with internal-"},
		"sthree-, reserved":    {func(c *Config) { c.Site = "sthree-x" }, "buckets not begin with sthree-"},
		"a bucket's example":   {func(c *Config) { c.Site = "amzn-s3-demo" }, "buckets not begin with amzn-s3-demo-"},
		"nearly reserved":      {func(c *Config) { c.Site = "sgs-internal-aws" }, ""},
		"nearly reserved, too": {func(c *Config) { c.Site = "internals" }, ""},
		"names too long":       {func(c *Config) { c.Site = "a-very-long-site-name" }, "they may have 20 characters together"},
		"balancer's own name":  {func(c *Config) { c.Domain = "x.us-east-2.elb.amazonaws.com" }, "set it to the site's own name"},
		"no other side":        {func(c *Config) { c.Peer = nil }, "set either peer"},
		"two other sides":      {func(c *Config) { c.Production = external() }, "set either peer"},
		"external":             {func(c *Config) { c.Peer, c.Production = nil, external() }, ""},
		"external, bad ARN":    {func(c *Config) { c.Peer, c.Production = nil, external(); c.Production.Database = "site" }, `production.database is "site"`},
		"external, no bucket":  {func(c *Config) { c.Peer, c.Production = nil, external(); c.Production.Bucket = "arn:aws:s3:::" }, `production.bucket is "arn:aws:s3:::"`},
		"external, a folder":   {func(c *Config) { c.Peer, c.Production = nil, external(); c.Production.Bucket += "/uploads" }, `production.bucket is "arn:aws:s3:::media/uploads"`},
		"external, a snapshot": {func(c *Config) { c.Peer, c.Production = nil, external(); c.Production.Database += ":1" }, `db:site:1"`},
		"external, nothing": {func(c *Config) {
			c.Peer, c.Production = nil, external()
			c.Production.Database = "arn:aws:rds:us-west-2:123456789012:db:"
		}, `db:"`},
		"external, other place": {func(c *Config) { c.Peer, c.Production = nil, external(); c.Production.Region = "us-west-1" }, "resource in us-west-1"},
		"external, no secret": {func(c *Config) {
			c.Peer, c.Production = nil, external()
			delete(c.Production.Secrets, wordpress.DatabasePassword)
		}, "pulumi config set --secret --path 'production.secrets.database_password'"},
		"its own peer":          {func(c *Config) { c.Peer.Stack = "dr" }, "name the other stack"},
		"peer in this region":   {func(c *Config) { c.Peer.Region = c.Region }, "must be in another region"},
		"peer elsewhere":        {func(c *Config) { c.Peer.Region = "cn-north-1" }, "nothing replicates between partitions"},
		"networks overlap":      {func(c *Config) { c.Network.CIDR = "10.10.128.0/17" }, "overlaps with peer.cidr 10.10.0.0/16"},
		"network too large":     {func(c *Config) { c.Network.CIDR = "11.0.0.0/8" }, "from /16 to /24"},
		"no network":            {func(c *Config) { c.Network.CIDR = "ten" }, `network.cidr is "ten"`},
		"no way to AWS":         {func(c *Config) { c.Network.Egress = []int{80} }, "add 443: instances reach AWS by it"},
		"a port twice":          {func(c *Config) { c.Network.Egress = []int{443, 25, 25} }, "network.egress is \"25\": name each port once"},
		"no such port":          {func(c *Config) { c.Network.Egress = []int{443, 70000} }, "name ports from 1 to 65535"},
		"a visitor's address":   {func(c *Config) { c.Visitors = []string{"203.0.113.7"} }, `visitors is "203.0.113.7": name IPv4 networks`},
		"a network twice":       {func(c *Config) { c.Visitors = []string{"203.0.113.5/24", "198.51.100.0/24", "203.0.113.80/24"} }, `visitors is "203.0.113.80/24": name each network once: it is 203.0.113.0/24`},
		"one within another":    {func(c *Config) { c.Visitors = []string{"203.0.113.0/24", "203.0.113.0/25"} }, ""},
		"29 networks":           {func(c *Config) { c.Visitors = networks(29) }, ""},
		"30 networks":           {func(c *Config) { c.Visitors = networks(30) }, `visitors is "30": name 29 networks at most`},
		"visitors":              {func(c *Config) { c.Visitors = []string{"203.0.113.7/32", "198.51.100.0/24"} }, ""},
		"a Chinese domain":      {func(c *Config) { c.Domain = "www.xn--fiqs8s" }, ""},
		"a Russian domain":      {func(c *Config) { c.Domain, c.Names = "xn--e1afmkfd.xn--p1ai", []string{"www.xn--e1afmkfd.xn--p1ai"} }, ""},
		"a domain in Chinese":   {func(c *Config) { c.Domain = "博客.中国" }, `domain is "博客.中国": set it to xn--9krq6q.xn--fiqs8s, as DNS writes that name`},
		"a name in Russian":     {func(c *Config) { c.Names = []string{"Пример.рф"} }, `names is "Пример.рф": set it to xn--e1afmkfd.xn--p1ai, as DNS`},
		"a domain in capitals":  {func(c *Config) { c.Domain = "WWW.Example.com" }, `set it to www.example.com, as DNS`},
		"no word of any tongue": {func(c *Config) { c.Domain = "博 客.中国" }, `set it to the site's own name`},
		"half a Chinese domain": {func(c *Config) { c.Domain = "www.xn--" }, `set it to the site's own name`},
		"digits on top":         {func(c *Config) { c.Domain = "www.example.123" }, `set it to the site's own name`},
		"a hyphen on top":       {func(c *Config) { c.Domain = "www.example.xn--fiqs8s-" }, `set it to the site's own name`},
		"a label too long":      {func(c *Config) { c.Domain = "www.xn--" + strings.Repeat("a", 60) }, `set it to the site's own name`},
		"a domain too long":     {func(c *Config) { c.Domain = strings.Repeat("abc.", 63) + "com" }, `set it to the site's own name`},
		"an address in Chinese": {func(c *Config) { c.Alarms.Email = []string{"on.call@博客.中国"} }, `alarms.email is "on.call@博客.中国": set it to on.call@xn--9krq6q.xn--fiqs8s, as DNS`},
		"an address in China":   {func(c *Config) { c.Alarms.Email = []string{"on.call@xn--9krq6q.xn--fiqs8s"} }, ""},
		"further names":         {func(c *Config) { c.Names = []string{"example.com", "blog.example.com"} }, ""},
		"no name":               {func(c *Config) { c.Names = []string{"*.example.com"} }, `names is "*.example.com": set it to another name`},
		"the domain again":      {func(c *Config) { c.Names = []string{"www.example.com"} }, `names is "www.example.com": name each once`},
		"a name twice":          {func(c *Config) { c.Names = []string{"example.com", "example.com"} }, `names is "example.com": name each once`},
		"many names":            {func(c *Config) { c.Names = make([]string, 21) }, "leave out some"},
		"logs for ten days":     {func(c *Config) { c.LogDays = 10 }, `logDays is "10": set it to one of 1, 3, 5`},
		"one zone":              {func(c *Config) { c.Network.Zones = c.Network.Zones[:1] }, "two or three availability zones"},
		"zone of elsewhere":     {func(c *Config) { c.Network.Zones[0] = "us-west-2a" }, `network.zones is "us-west-2a"`},
		"zone twice":            {func(c *Config) { c.Network.Zones[1] = "us-east-2a" }, "name each zone once"},
		"nat":                   {func(c *Config) { c.Network.NAT = "two" }, "one, zone or none"},
		"no backups":            {func(c *Config) { c.Database.BackupDays = 0 }, "a source without backups can have no replica"},
		"engine":                {func(c *Config) { c.Database.EngineVersion = "5.7" }, "set it to 8.4 or 8.0"},
		"a patch":               {func(c *Config) { c.Database.EngineVersion = "8.4.5" }, ""},
		"of extended support":   {func(c *Config) { c.Database.EngineVersion = "8.0.46-rds.20260908" }, ""},
		"extended, no patch":    {func(c *Config) { c.Database.EngineVersion = "8.0-rds.20260908" }, "set it to 8.4 or 8.0"},
		"class":                 {func(c *Config) { c.Database.Class = "m6g.large" }, "such as db.m6g.large"},
		"our parameter":         {func(c *Config) { c.Database.Parameters = map[string]string{"read_only": "0"} }, `database.parameters is "read_only": remove it`},
		"no parameter":          {func(c *Config) { c.Database.Parameters = map[string]string{"max packet": "1"} }, "name a parameter of MySQL"},
		"storage shrinks":       {func(c *Config) { c.Database.MaxStorageGiB = 10 }, "storage of 50 GiB grows under no lower one"},
		"storage that stays":    {func(c *Config) { c.Database.MaxStorageGiB = 60 }, `database.maxStorageGiB is "60": set it to 61 to 65536`},
		"storage that grows":    {func(c *Config) { c.Database.MaxStorageGiB = 61 }, ""},
		"more than RDS has":     {func(c *Config) { c.Database.MaxStorageGiB = 65537 }, "set it to 61 to 65536"},
		"Redis that is none":    {func(c *Config) { c.Cache.EngineVersion = "7.2" }, `cache.engineVersion is "7.2": set it to 7.1, 7.0, 6.2, 6.0`},
		"an older Redis":        {func(c *Config) { c.Cache.EngineVersion = "6.0" }, ""},
		"image":                 {func(c *Config) { c.App.Image = "ubuntu" }, "id of an AMI in us-east-2"},
		"fallback types":        {func(c *Config) { c.App.FallbackTypes = []string{"m6i.large", "m5.large"} }, ""},
		"fallback is the first": {func(c *Config) { c.App.FallbackTypes = []string{c.App.InstanceType} }, "name each type once, and not app.instanceType"},
		"fallback type":         {func(c *Config) { c.App.FallbackTypes = []string{"large"} }, `app.fallbackTypes is "large"`},
		"no instances":          {func(c *Config) { c.App.Min = 0 }, "an active site needs an instance"},
		"max under min":         {func(c *Config) { c.App.Max = 1 }, "at least app.min (2)"},
		"max over connections":  {func(c *Config) { c.Database.Class, c.App.Max = "db.t4g.micro", 10 }, `app.max is "10": lower it, or choose a larger database.class: db.t4g.micro takes 85 connections`},
		"certificate of prod":   {func(c *Config) { c.App.Certificate = "arn:aws:acm:us-west-2:123456789012:certificate/x" }, "import it there"},
		"certificate of IAM":    {func(c *Config) { c.App.Certificate = "arn:aws:iam::123456789012:server-certificate/x" }, ""},
		"certificate of China":  {func(c *Config) { c.App.Certificate = "arn:aws-cn:acm:us-east-2:123456789012:certificate/x" }, "of another partition"},
		"no certificate":        {func(c *Config) { c.App.Certificate = "cert.pem" }, "set it to the ARN"},
		"requested":             {func(c *Config) { c.App.Certificate = CertificateRequest }, ""},
		"requested, too long": {
			func(c *Config) {
				c.App.Certificate, c.Domain = CertificateRequest, strings.Repeat("a", 53)+".example.com"
			},
			`app.certificate is "request": set it to the ARN of a certificate, or domain to a shorter one: ACM wants 64 characters at most, and this has 65`,
		},
		"requested, as long": {func(c *Config) {
			c.App.Certificate, c.Domain = CertificateRequest, strings.Repeat("a", 52)+".example.com"
		}, ""},
		"long, made elsewhere": {func(c *Config) { c.Domain = strings.Repeat("a", 63) + ".example.com" }, ""},
		"requested, with more names than ACM takes": {
			func(c *Config) {
				c.App.Certificate = CertificateRequest
				for i := range 10 {
					c.Names = append(c.Names, fmt.Sprintf("shop-%d.example.com", i))
				}
			},
			`app.certificate is "request": set it to the ARN of a certificate, or leave out some names: ACM takes 10 in one that is requested, and the site has 11`,
		},
		"requested by hand": {
			func(c *Config) { c.App.Certificate, c.DNS = CertificateRequest, DNS{Mode: "manual"} },
			`app.certificate is "request": set it to the ARN of a certificate, or dns.mode to record`,
		},
		"no wait":               {func(c *Config) { c.App.CertificateWait = 0 }, `app.certificateWait is "0": set it to a duration`},
		"no zone":               {func(c *Config) { c.DNS.ZoneID = "" }, "or dns.mode to manual"},
		"a zone of a mock":      {func(c *Config) { c.DNS.ZoneID = "62ZCFXD6R2OCRPY3GUKEQL" }, ""},
		"a zone's path":         {func(c *Config) { c.DNS.ZoneID = "/hostedzone/Z0123456789ABC" }, `dns.zoneId is "/hostedzone/Z0123456789ABC": set it to the id`},
		"a zone's name":         {func(c *Config) { c.DNS.ZoneID = "example.com" }, `dns.zoneId is "example.com"`},
		"a zone's id, too long": {func(c *Config) { c.DNS.ZoneID = "Z" + strings.Repeat("0", 32) }, "dns.zoneId"},
		"manual":                {func(c *Config) { c.DNS = DNS{Mode: "manual"} }, ""},
		"home":                  {func(c *Config) { c.Home = "other" }, "name this stack or its peer, or remove it"},
		"keepWarm":              {func(c *Config) { c.KeepWarm = []WarmPart{"database"} }, "name any of nat, balancer, cache"},
		"alarms":                {func(c *Config) { c.Alarms.Email = []string{"on.call+blog@example.com", "boss@example.co.uk"} }, ""},
		"no address":            {func(c *Config) { c.Alarms.Email = []string{"on call@example.com"} }, `alarms.email is "on call@example.com": set it to an e-mail address`},
		"an address twice":      {func(c *Config) { c.Alarms.Email = []string{"a@example.com", "a@example.com"} }, "name each address once"},
		"no image of its own":   {func(c *Config) { c.App.Image = "" }, ""},
		"an uneven copy time":   {func(c *Config) { c.Images.CopyMinutes = 20 }, "images.copyMinutes"},
		"no copy time":          {func(c *Config) { c.Images.CopyMinutes = 0 }, ""},
		"no patience":           {func(c *Config) { c.Failover.Promote = 0 }, "failover.promote"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := pilotLight()
			tc.spoil(&c)
			err := c.Validate()
			if tc.says == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, tc.says)
		})
	}
}

func china(c *Config) {
	c.Region, c.Peer.Region = "cn-northwest-1", "cn-north-1"
	c.Network.Zones = []string{"cn-northwest-1a", "cn-northwest-1b"}
}

func TestValidateReportsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	c := pilotLight()
	c.Role, c.App.Image, c.Network.NAT = "primary", "newest", "two"
	err := c.Validate()
	for _, key := range []string{"role", "app.image", "network.nat"} {
		assert.ErrorContains(t, err, "\n  "+key+" is ")
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	c := defaults()
	require.NoError(t, decode(`{"maxLag":"90s"}`, &c.Failover))
	assert.Equal(t, Duration(90*time.Second), c.Failover.MaxLag)
	assert.Equal(t, Duration(2*time.Hour), c.Failover.LagWindow, "what is not said keeps its default")
	assert.ErrorContains(t, decode(`{"imgae":"ami-1"}`, &c.App), `unknown field "imgae"`)
	assert.ErrorContains(t, decode(`{"maxLag":"soon"}`, &c.Failover), "is not a duration")
	assert.ErrorContains(t, decode(`nat`, &c.KeepWarm), "invalid character")
}

// TestDecodeReadsAllOfAValue holds that nothing follows what is taken for the value: "2,3" is not 2.
func TestDecodeReadsAllOfAValue(t *testing.T) {
	t.Parallel()
	for text, into := range map[string]any{
		"2,3": new(int), "2 no": new(int), "1 of prod": new(int), "2 3": new(int), "2]": new(int), `["a"] "b"`: &[]string{}, `{} {}`: &App{}, `{}}`: &App{},
	} {
		assert.ErrorContains(t, decode(text, into), "more than one value", text)
	}
	for text, into := range map[string]any{" 2\n": new(int), "[]\t": &[]string{}, "{} ": &App{}} {
		assert.NoError(t, decode(text, into), text)
	}
	file := strings.Replace(goodFile, "pilotlight:retire: 1", "pilotlight:retire: 1 of prod", 1)
	_, err := ReadFile(kept(t, file))
	assert.ErrorContains(t, err, "pilotlight:retire: it holds more than one value")
}

// TestDrillName tries every name of a and hyphens that a stack may have.
func TestDrillName(t *testing.T) {
	t.Parallel()
	form, cutOf, all := regexp.MustCompile(`^[a-z](-?[a-z0-9])*$`), map[string]string{}, 0
	var grow func(name string)
	grow = func(name string) {
		if site, stack, two := strings.Cut(name, "-"); two && nameForm.MatchString(name) {
			all++
			drill := Config{Site: site, Stack: stack}.DrillName()
			assert.Regexp(t, form, drill, "RDS takes no such identifier")
			assert.LessOrEqual(t, len(drill), maxName)
			cut := name[:min(len(name), 14)]
			if before := cutOf[drill]; before != "" {
				assert.Equal(t, before, cut, "two stacks have the drill %s", drill)
			}
			cutOf[drill] = cut
		}
		if len(name) < maxName {
			grow(name + "a")
			grow(name + "-")
		}
	}
	grow("a")
	assert.Greater(t, all, 10_000)
	for name, drill := range map[string]string{"blog-dr": "blog-dr-drill", "my-shop-europe": "my-shop-europe-drill", "averylongsite-prod": "averylongsite-drill0", "averylongsit-prod": "averylongsit-p-drill"} {
		site, stack, _ := strings.Cut(name, "-")
		assert.Equal(t, drill, Config{Site: site, Stack: stack}.DrillName())
	}
}
