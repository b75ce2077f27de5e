// Package price knows what AWS charges for: the items of a bill, a dated table of their prices in
// some regions, and how the Price List API is asked for those of others.
package price

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

// Item is what is charged for: a class or type by AWS's name, such as db.m6g.large, m6i.large or
// cache.t4g.small, or one of the constants.
type Item string

// The items that are no instances.
const (
	DatabaseStorage Item = "rds-gp3"
	// ExtendedSupport is that of RDS for MySQL in its first two years, ExtendedSupport3 from the third on.
	ExtendedSupport  Item = "rds-extended"
	ExtendedSupport3 Item = "rds-extended-3"

	NATGateway Item = "nat-gateway"
	Balancer   Item = "balancer" // an Application Load Balancer, without its capacity units
	Address    Item = "ipv4"     // a public one
	Endpoint   Item = "endpoint" // of a VPC, in one zone

	Disk     Item = "ebs-gp3"
	Snapshot Item = "ebs-snapshot" // what an image is kept in

	Key    Item = "kms-key"
	Secret Item = "secret"

	// Of CloudWatch, beyond those of an account that are free.
	Alarm        Item = "alarm"  // at each metric that an alarm watches, of a minute's resolution
	Metric       Item = "metric" // of one's own
	Dashboard    Item = "dashboard"
	LogIngestion Item = "log-ingestion"
	LogStorage   Item = "log-storage"

	media    = "s3-"
	transfer = "transfer-to-"
)

// Media is storage in a bucket, by its class, such as STANDARD_IA.
func Media(class string) Item { return Item(media + class) }

// Transfer is what is sent to another region, in GiB. The region that sends bills it.
func Transfer(to string) Item { return Item(transfer + to) }

// Unit is what one of an item is.
type Unit string

// The units.
const (
	Hour     Unit = "hour"
	VCPUHour Unit = "vCPU-hour"
	GiBMonth Unit = "GiB-month"
	GiB      Unit = "GiB"
	Month    Unit = "month"
)

// Unit is that in which the item is charged.
func (i Item) Unit() Unit {
	switch i {
	case DatabaseStorage, Disk, Snapshot, LogStorage:
		return GiBMonth
	case ExtendedSupport, ExtendedSupport3:
		return VCPUHour
	case Key, Secret, Alarm, Metric, Dashboard:
		return Month
	case LogIngestion:
		return GiB
	default:
	}
	switch {
	case strings.HasPrefix(string(i), media):
		return GiBMonth
	case strings.HasPrefix(string(i), transfer):
		return GiB
	}
	return Hour
}

// Price is what one unit of an item costs on demand in a region, before tax, in the region's currency.
type Price struct {
	Amount float64 `json:"amount"`
	Source string  `json:"source"`
	// Date is the day of the source, as 2026-11-29, or "undated".
	Date string `json:"date"`
}

// FromMemory is the source of prices that were not looked up.
const FromMemory = "AWS price pages, from memory, unverified"

// Undated is the date of a source that has none.
const Undated = "undated"

// Table has the prices of some items in some regions.
type Table map[string]map[Item]Price

// Of is the price of an item in a region. It is not found where it is unknown.
func (t Table) Of(region string, item Item) (p Price, found bool) {
	p, found = t[region][item]
	return p, found
}

// Set puts a price into the table, in place of the one that was there.
func (t Table) Set(region string, item Item, p Price) {
	if t[region] == nil {
		t[region] = map[Item]Price{}
	}
	t[region][item] = p
}

//go:embed prices.csv
var builtIn string

// BuiltIn is the table that this program holds.
func BuiltIn() Table {
	t, err := parse(builtIn)
	if err != nil {
		panic(fmt.Sprintf("prices.csv: %v", err)) // a test reads it
	}
	return t
}

func parse(text string) (Table, error) {
	read := csv.NewReader(strings.NewReader(text))
	read.Comment, read.FieldsPerRecord = '#', 5
	rows, err := read.ReadAll()
	if err != nil {
		return nil, err
	}
	t := Table{}
	for _, row := range rows[1:] {
		region, item, source, date := row[0], Item(row[1]), row[3], row[4]
		amount, err := strconv.ParseFloat(row[2], 64)
		_, twice := t.Of(region, item)
		_, wrong := time.Parse(time.DateOnly, date)
		switch {
		case err != nil || amount <= 0:
			return nil, fmt.Errorf("%s in %s has the price %q: write a number above 0", item, region, row[2])
		case twice:
			return nil, fmt.Errorf("%s in %s is there twice: keep one", item, region)
		case source == "" || wrong != nil && date != Undated:
			return nil, fmt.Errorf("%s in %s has the source %q of %q: name both, the date as 2026-11-29 or %s", item, region, source, date, Undated)
		}
		t.Set(region, item, Price{Amount: amount, Source: source, Date: date})
	}
	return t, nil
}

// Made is the day on which the newest price of the table was looked up.
func (t Table) Made() (day string) {
	for _, prices := range t {
		for _, p := range prices {
			if p.Date != Undated {
				day = max(day, p.Date)
			}
		}
	}
	return day
}

// Currency is that in which AWS bills a region.
func Currency(region string) string {
	if awsregion.Partition(region) == "aws-cn" {
		return "CNY"
	}
	return "USD"
}
