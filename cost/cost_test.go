package cost

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/price"
	"github.com/pilotlight-dr/pilotlight/roles"
)

var day = time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC)

// prices are such that every product can be checked by eye.
func prices() price.Table {
	t := price.Table{}
	for _, region := range []string{"us-west-2", "us-east-2"} {
		for item, amount := range map[price.Item]float64{
			"db.m6g.large": 0.2, "db.m6g.2xlarge": 0.8, price.DatabaseStorage: 0.1, "m6i.large": 0.1, "cache.t4g.small": 0.05, price.NATGateway: 0.04, price.Balancer: 0.03, price.Address: 0.005,
			price.Endpoint: 0.01, price.Disk: 0.08, price.Snapshot: 0.05, price.Media("STANDARD"): 0.02, price.Media("STANDARD_IA"): 0.01,
			price.Key: 1, price.Secret: 0.4, price.Alarm: 0.1, price.Metric: 0.3, price.Dashboard: 3, price.LogIngestion: 0.5, price.LogStorage: 0.03, price.ExtendedSupport: 0.1, price.ExtendedSupport3: 0.2,
		} {
			t.Set(region, item, price.Price{Amount: amount, Source: "a test", Date: price.Undated})
		}
	}
	t.Set("us-west-2", price.Transfer("us-east-2"), price.Price{Amount: 0.02, Source: "a test", Date: price.Undated})
	return t
}

// site is the sample's, with usage.
func site(t *testing.T) Site {
	t.Helper()
	var stacks []config.Config
	for _, text := range []string{
		"aws:region: us-west-2\n  pilotlight:role: active\n  pilotlight:peer: {stack: dr, region: us-east-2, cidr: 10.20.0.0/16}\n  pilotlight:media: {storageClass: STANDARD_IA}",
		"aws:region: us-east-2\n  pilotlight:role: standby\n  pilotlight:peer: {stack: prod, region: us-west-2, cidr: 10.10.0.0/16}\n  pilotlight:media: {storageClass: STANDARD}",
	} {
		c, err := config.Parse([]string{"prod", "dr"}[len(stacks)], []byte("config:\n  "+text+`
  pilotlight:site: blog
  pilotlight:domain: www.example.com
  pilotlight:network: {cidr: 10.10.0.0/16, zones: [a, b]}
  pilotlight:database: {class: db.m6g.large, storageGiB: 100, multiAz: true}
  pilotlight:app: {instanceType: m6i.large, min: 2}
  pilotlight:cache: {nodeType: cache.t4g.small, nodes: 2}
`))
		require.NoError(t, err)
		stacks = append(stacks, c)
	}
	return Site{Stacks: stacks, Usage: Usage{MediaGiB: 100, TransferGiBYear: 1200}, At: day, Prices: prices(), Listed: "a test"}
}

// sums are what the items of a section cost in a month.
func sums(s Section) map[string]float64 {
	all := map[string]float64{}
	for _, line := range s.Lines {
		all[string(line.Part)+" "+string(line.Item)] += line.Month
	}
	return all
}

func TestBill(t *testing.T) {
	t.Parallel()
	bill, err := Of(site(t))
	require.NoError(t, err)
	active, standby := bill.Stacks[0], bill.Stacks[1]
	assert.InDeltaMapValues(t, map[string]float64{
		"database db.m6g.large": 1460 * 0.2, "database rds-gp3": 200 * 0.1, // in two zones
		"image ebs-snapshot": 1, "media s3-STANDARD": 2, "secrets secret": 0.4, "secrets kms-key": 1,
		"instances m6i.large": 1460 * 0.1, "instances ebs-gp3": 40 * 0.08,
		"balancer balancer": 730 * 0.03, "balancer ipv4": 1460 * 0.005, "nat nat-gateway": 730 * 0.04, "nat ipv4": 730 * 0.005, "cache cache.t4g.small": 1460 * 0.05,
		"alarms alarm": 0.9, "alarms metric": 0.3, "logs log-ingestion": 0.5, "logs log-storage": 0.03,
	}, sums(active), 1e-9)
	assert.InDeltaMapValues(t, map[string]float64{
		"database db.m6g.large": 730 * 0.2, "database rds-gp3": 100 * 0.1, // in one
		"image ebs-snapshot": 1, "media s3-STANDARD_IA": 1, "secrets secret": 0.4, "secrets kms-key": 1, "transfer transfer-to-us-east-2": 100 * 0.02,
		"alarms alarm": 0.5, "alarms metric": 0.9,
	}, sums(standby), 1e-9)
	assert.InDelta(t, 162.8, standby.Month, 1e-9)
	assert.InDelta(t, 12*162.8, standby.Year, 1e-9)
	assert.InDelta(t, active.Month+standby.Month, bill.Month, 1e-9)
	assert.Equal(t, "USD", bill.Currency)
	assert.Zero(t, bill.Tax)
	assert.False(t, bill.Partial)
	assert.Equal(t, []string{}, bill.NotPriced)
	assert.InDelta(t, 730*0.2+10+0.1, bill.Former[0].Month, 1e-9, "a former database is in one zone")
	assert.InDelta(t, 2*(0.2+2*0.1+0.03+2*0.005+0.04+0.005+2*0.05+3*0.01)+2.0/730*(10+2*20*0.08+0.4), bill.Drill.Month, 1e-9)
}

// TestQuantities changes one thing of the site, and says what that does to the bill of a stack.
func TestQuantities(t *testing.T) {
	t.Parallel()
	const active, standby = 0, 1
	warm := func(part config.WarmPart) func(*Site) {
		return func(s *Site) { s.Stacks[standby].KeepWarm = []config.WarmPart{part} }
	}
	mysql80 := func(stack int, class string, at time.Time) func(*Site) {
		return func(s *Site) {
			s.Stacks[stack].Database.EngineVersion, s.Stacks[stack].Database.Class, s.At = "8.0.42", class, at
		}
	}
	for name, tc := range map[string]struct {
		change func(*Site)
		stack  int
		more   map[string]float64 // a month; below 0 is less
	}{
		"a NAT gateway in each zone":           {func(s *Site) { s.Stacks[active].Network.NAT = "zone" }, active, map[string]float64{"nat nat-gateway": 29.2, "nat ipv4": 3.65}},
		"a dashboard":                          {func(s *Site) { s.Stacks[standby].Alarms.Dashboard = true }, standby, map[string]float64{"dashboard dashboard": 3}},
		"no NAT gateway":                       {func(s *Site) { s.Stacks[active].Network.NAT = "none" }, active, map[string]float64{"nat nat-gateway": -29.2, "nat ipv4": -3.65}},
		"one zone":                             {func(s *Site) { s.Stacks[active].Database.MultiAZ = false }, active, map[string]float64{"database db.m6g.large": -146, "database rds-gp3": -10}},
		"frozen has errors on purpose":         {func(s *Site) { s.Stacks[active].Role = roles.Frozen }, active, map[string]float64{"alarms alarm": -0.4}},
		"a certificate of ACM":                 {func(s *Site) { s.Stacks[standby].App.Certificate = config.CertificateRequest }, standby, map[string]float64{"alarms alarm": 0.1}},
		"one of IAM is not measured":           {func(s *Site) { s.Stacks[standby].App.Certificate = "arn:aws:iam::123456789012:server-certificate/x" }, standby, map[string]float64{}},
		"images travel":                        {func(s *Site) { s.Stacks[standby].Images.Sync = true }, standby, map[string]float64{"alarms alarm": 0.2, "alarms metric": 0.3, "image ebs-snapshot": 1}},
		"it is checked every day":              {func(s *Site) { s.Stacks[standby].Alarms.CheckHours = 26 }, standby, map[string]float64{"alarms alarm": 0.1, "alarms metric": 1.2 / 26}},
		"a class of no known memory":           {func(s *Site) { s.Stacks[active].Database.Class = "db.x2g.large" }, active, map[string]float64{"alarms alarm": -0.1, "database db.m6g.large": -292, "database db.x2g.large": 0}},
		"a former database":                    {func(s *Site) { s.Measured = map[string]Measured{"dr": {Former: []string{"8.4"}}} }, standby, map[string]float64{"former database db.m6g.large": 146, "former database rds-gp3": 10, "former database alarm": 0.1}},
		"logs are kept longer":                 {func(s *Site) { s.Stacks[active].LogDays = 60 }, active, map[string]float64{"logs log-storage": 0.03}},
		"instances log more":                   {func(s *Site) { s.Usage.LogGiBMonth = 11 }, active, map[string]float64{"logs log-ingestion": 5, "logs log-storage": 0.3}},
		"scaling may go further":               {func(s *Site) { s.Stacks[active].App.Max = 100 }, active, map[string]float64{}},
		"the gateway is kept warm":             {warm(config.WarmNAT), standby, map[string]float64{"nat nat-gateway": 29.2, "nat ipv4": 3.65}},
		"the balancer is kept warm":            {warm(config.WarmBalancer), standby, map[string]float64{"balancer balancer": 21.9, "balancer ipv4": 7.3}},
		"the cache is kept warm":               {warm(config.WarmCache), standby, map[string]float64{"cache cache.t4g.small": 73}},
		"a replica takes its source's storage": {func(s *Site) { s.Stacks[standby].Database.StorageGiB, s.Stacks[active].Database.StorageGiB = 20, 300 }, standby, map[string]float64{"database rds-gp3": 20}},
		"extended support":                     {mysql80(standby, "db.m6g.large", day), standby, map[string]float64{"database rds-extended": 146}},
		"extended support of both zones":       {mysql80(active, "db.m6g.large", day), active, map[string]float64{"database rds-extended": 292}},
		"extended support of eight vCPUs":      {mysql80(standby, "db.m6g.2xlarge", day), standby, map[string]float64{"database rds-extended": 584, "database db.m6g.large": -146, "database db.m6g.2xlarge": 584}},
		"extended support in its third year":   {mysql80(standby, "db.m6g.large", time.Date(2028, time.August, 1, 0, 0, 0, 0, time.UTC)), standby, map[string]float64{"database rds-extended-3": 292}},
		"its first day":                        {mysql80(standby, "db.m6g.large", time.Date(2026, time.August, 1, 0, 0, 0, 0, time.UTC)), standby, map[string]float64{"database rds-extended": 146}},
		"the last of standard support":         {mysql80(standby, "db.m6g.large", time.Date(2026, time.July, 31, 23, 59, 0, 0, time.UTC)), standby, map[string]float64{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, err := Of(site(t))
			require.NoError(t, err)
			changed := site(t)
			tc.change(&changed)
			after, err := Of(changed)
			require.NoError(t, err)
			more := sums(after.Stacks[tc.stack])
			for item, month := range sums(before.Stacks[tc.stack]) {
				if more[item] -= month; math.Abs(more[item]) < 1e-9 {
					delete(more, item)
				}
			}
			assert.InDeltaMapValues(t, tc.more, more, 1e-9)
		})
	}
}

// TestExistingProduction holds that a production which no stack made is not in the bill, and that
// its standby has what its own file says.
func TestExistingProduction(t *testing.T) {
	t.Parallel()
	s := site(t)
	s.Stacks = s.Stacks[1:]
	s.Stacks[0].Peer, s.Stacks[0].Production, s.Stacks[0].Database.StorageGiB = nil, &config.Production{Region: "us-west-2"}, 40
	bill, err := Of(s)
	require.NoError(t, err)
	require.Len(t, bill.Stacks, 1)
	got := sums(bill.Stacks[0])
	assert.InDelta(t, 4, got["database rds-gp3"], 1e-9)
	assert.InDelta(t, 2, got["media s3-STANDARD"], 1e-9)
	assert.InDelta(t, 2, got["transfer transfer-to-us-east-2"], 1e-9)
	const storage = "storage of the replica beyond database.storageGiB: it has its source's, which --measured reads"
	assert.Contains(t, bill.NotCounted, storage)
	s.Measured = map[string]Measured{"dr": {StorageGiB: 400}}
	bill, err = Of(s)
	require.NoError(t, err)
	assert.NotContains(t, bill.NotCounted, storage)
}

// TestOriginal holds that the inputs of the solution that this project follows give its table of
// CNY a year for Ningxia. It left out what the last prices set to nothing.
func TestOriginal(t *testing.T) {
	t.Parallel()
	usage, err := ReadUsage([]byte(`
mediaGiB: 1024
transferGiBYear: 2048
prices:
  - {region: cn-northwest-1, item: db.m4.large, price: 5540, per: year, source: reserved}
  - {region: cn-northwest-1, item: rds-gp3, price: 0}
  - {region: cn-northwest-1, item: secret, price: 0}
  - {region: cn-northwest-1, item: kms-key, price: 0}
  - {region: cn-northwest-1, item: alarm, price: 0}
  - {region: cn-northwest-1, item: metric, price: 0}
`))
	require.NoError(t, err)
	c, err := config.Parse("dr", []byte(`
config:
  aws:region: cn-northwest-1
  pilotlight:role: standby
  pilotlight:production: {region: cn-north-1}
  pilotlight:database: {class: db.m4.large}
  pilotlight:app: {diskGiB: 20}
`))
	require.NoError(t, err)
	bill, err := Of(Site{Stacks: []config.Config{c}, Usage: usage, At: day, Prices: price.BuiltIn()})
	require.NoError(t, err)
	year := map[Part]float64{}
	for _, line := range bill.Stacks[0].Lines {
		year[line.Part] += line.Year
	}
	const exact = 0.0005 // the table has three digits
	assert.InDelta(t, 66.48, year[Image], exact)
	assert.InDelta(t, 1265.70, year[Media], exact)
	assert.InDelta(t, 5540, year[Database], exact)
	assert.InDelta(t, 1229.414, year[Transfer], exact)
	assert.InDelta(t, 8101.594, bill.Year, exact)
	assert.InDelta(t, 8587.69, bill.WithTax(bill.Tax).Year, exact)
	assert.Equal(t, "CNY", bill.Currency)
	assert.False(t, bill.Partial)

	usage.Prices = usage.Prices[1:]
	bill, err = Of(Site{Stacks: []config.Config{c}, Usage: usage, At: day, Prices: price.BuiltIn()})
	require.NoError(t, err)
	assert.InDelta(t, 12839.70, bill.Year, 0.005, "on demand")
	assert.InDelta(t, 13610.08, bill.WithTax(bill.Tax).Year, 0.005)
}

// TestNotPriced holds that what nobody knows the price of is said, and that no sum passes for whole
// without it.
func TestNotPriced(t *testing.T) {
	t.Parallel()
	s := site(t)
	delete(s.Prices["us-east-2"], "cache.t4g.small")
	bill, err := Of(s)
	require.NoError(t, err)
	assert.Equal(t, []string{"cache.t4g.small in us-east-2"}, bill.NotPriced)
	assert.False(t, bill.Partial, "the standby has none")
	assert.True(t, bill.Drill.Partial)

	s.Stacks[1].KeepWarm = []config.WarmPart{config.WarmCache}
	bill, err = Of(s)
	require.NoError(t, err)
	assert.True(t, bill.Stacks[1].Partial)
	assert.True(t, bill.Partial)
	text := bill.String()
	assert.Contains(t, text, "not priced, and in no sum:\n  cache.t4g.small in us-east-2\n")
	assert.Regexp(t, `cache +cache.t4g.small +1460 hour +not priced +not priced`, text)
	assert.Regexp(t, `cache, kept and in the sum +not priced +not priced `, text)
	assert.Regexp(t, `both stacks +> \d+\.\d\d +> `, text)
}

func TestUnverified(t *testing.T) {
	t.Parallel()
	s := site(t)
	s.Prices.Set("us-east-2", price.Secret, price.Price{Amount: 0.4, Source: price.FromMemory, Date: "2026-11-29"})
	bill, err := Of(s)
	require.NoError(t, err)
	assert.Equal(t, []string{"secret in us-east-2"}, bill.Unverified)
	assert.Contains(t, bill.String(), "unverified 1 of these prices are from memory")
}

func TestOwnPricesComeFirst(t *testing.T) {
	t.Parallel()
	s := site(t)
	s.Usage.Prices = []OwnPrice{{Region: "us-east-2", Item: "db.m6g.large", Price: 730, Per: "year"}}
	bill, err := Of(s)
	require.NoError(t, err)
	line := bill.Stacks[1].Lines[0]
	assert.InDelta(t, 730.0/12, line.Month, 1e-9)
	assert.Equal(t, UsageFile, line.Price.Source)
	assert.InDelta(t, 0.2, s.Prices["us-east-2"]["db.m6g.large"].Amount, 0, "the table is left as it was")
}

func TestOwnPriceOfNothing(t *testing.T) {
	t.Parallel()
	s := site(t)
	s.Usage.Prices = []OwnPrice{{Region: "us-east-2", Item: "db.m6g.lagre", Price: 730, Per: "year"}}
	_, err := Of(s)
	assert.EqualError(t, err, "cost.yaml has a price of db.m6g.lagre in us-east-2, of which the site has none: correct its region and item")
}

// TestMeasured holds that what was read counts in place of what the files and usage say.
func TestMeasured(t *testing.T) {
	t.Parallel()
	s := site(t)
	s.Measured = map[string]Measured{
		"prod": {Role: roles.Standby, Former: []string{"8.0", "8.4"}},
		"dr":   {Role: roles.Active, StorageGiB: 400, MediaGiB: 250},
	}
	bill, err := Of(s)
	require.NoError(t, err)
	prod, dr := sums(bill.Stacks[0]), sums(bill.Stacks[1])
	assert.Equal(t, roles.Active, bill.Stacks[1].Role)
	assert.InDelta(t, 80, dr["database rds-gp3"], 1e-9, "in two zones")
	assert.InDelta(t, 5, dr["media s3-STANDARD"], 1e-9)
	assert.InDelta(t, 2, prod["media s3-STANDARD"], 1e-9, "copies are of the class that the other side's file names")
	assert.InDelta(t, 2*146, prod["former database db.m6g.large"], 1e-9)
	assert.InDelta(t, 146, prod["former database rds-extended"], 1e-9, "of the one with MySQL 8.0")
	assert.Equal(t, "prod", bill.Drill.Stack)
}

// TestItems holds that a bill has prices of what Items names, and of nothing else.
func TestItems(t *testing.T) {
	t.Parallel()
	s := site(t)
	s.Stacks[0].Database.EngineVersion = "8.0"
	s.Prices = price.Table{}
	for region, items := range Items(s) {
		for _, item := range items {
			s.Prices.Set(region, item, price.Price{Amount: 1, Source: "a test", Date: price.Undated})
		}
	}
	bill, err := Of(s)
	require.NoError(t, err)
	assert.Empty(t, bill.NotPriced)
}

func TestVCPUs(t *testing.T) {
	t.Parallel()
	for class, want := range map[string]int{"db.t4g.micro": 2, "db.t3.medium": 2, "db.m6g.large": 2, "db.m6g.xlarge": 4, "db.r6g.2xlarge": 8, "db.r6g.16xlarge": 64} {
		assert.Equal(t, want, vcpus(class), class)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	base, err := Of(site(t))
	require.NoError(t, err)
	assert.Equal(t, []Difference{}, Compare(base, base))
	changed := site(t)
	changed.Stacks[1].KeepWarm = []config.WarmPart{config.WarmCache}
	now, err := Of(changed)
	require.NoError(t, err)
	assert.Equal(t, []Difference{
		{"dr: cache", Sum{}, Sum{Month: 73, Year: 876}},
		{"both stacks", base.Sum, now.Sum},
	}, Compare(base, now))
	moved := base
	moved.Stacks = slices.Clone(base.Stacks)
	moved.Stacks[0].Stack = "third"
	renamed := Compare(base, moved)
	assert.Equal(t, Difference{"both stacks", base.Sum, base.Sum}, renamed[len(renamed)-1], "the last is the sum although that is the same")
	assert.Equal(t, []Difference{
		{"dr: cache", Sum{Month: 73, Year: 876}, Sum{}},
		{"both stacks", now.Sum, base.Sum},
	}, Compare(now, base), "a part that is there no more")
}
