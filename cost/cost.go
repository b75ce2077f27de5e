// Package cost makes the bill of a site: what its configuration makes, times what AWS charges for it.
package cost

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/price"
	"github.com/pilotlight-dr/pilotlight/roles"
)

// Site is what a bill is made of.
type Site struct {
	Stacks []config.Config // both, or the one that protects a production which no stack made
	Usage  Usage
	At     time.Time
	// Measured is what each stack really has, by its name; none where that was not read.
	Measured map[string]Measured
	// Prices are those of the items, and Listed says where they come from.
	Prices price.Table
	Listed string
}

// Measured is what a stack really has, in place of what its file says. What is 0 was not seen.
type Measured struct {
	Role       roles.Role
	StorageGiB int
	MediaGiB   float64
	// Former are the series of MySQL of the former databases, which are in the sum then.
	Former []string
}

// Bill is what a site costs, before tax and in one currency.
type Bill struct {
	Domain   string  `json:"domain"`
	Currency string  `json:"currency"`
	Tax      float64 `json:"tax"` // the share that is added, such as 0.06
	// Listed says where the prices come from.
	Listed string `json:"listed"`
	// Stacks are what each costs all the time, in its role.
	Stacks []Section `json:"stacks"`
	// Sum is that of the stacks.
	Sum
	// Former is what a former database costs until it is retired, of each stack.
	Former []Section `json:"former"`
	// Drill is what one drill costs; nil where there is no standby.
	Drill *Drill `json:"drill,omitempty"`
	// KeepWarm are the parts that the standby may have running.
	KeepWarm []Warm `json:"keepWarm"`
	// Extended is what extended support adds once standard support of a stack's MySQL has ended.
	Extended []Extended `json:"extended"`
	// NotPriced are the items without a known price: they are in no sum.
	NotPriced []string `json:"notPriced"`
	// Unverified are the items that are priced from memory.
	Unverified []string `json:"unverified"`
	// NotCounted is what AWS charges for, and what nothing here says how much there is of.
	NotCounted []string `json:"notCounted"`
}

// Sum is an amount of money. It is Partial where a line of it has no price.
type Sum struct {
	Month   float64 `json:"month"`
	Year    float64 `json:"year"`
	Partial bool    `json:"partial,omitempty"`
}

// WithTax is the sum with a share added.
func (s Sum) WithTax(share float64) Sum {
	return Sum{s.Month * (1 + share), s.Year * (1 + share), s.Partial}
}

// Section is a part of a bill.
type Section struct {
	Stack  string     `json:"stack"`
	Region string     `json:"region"`
	Role   roles.Role `json:"role"`
	Lines  []Line     `json:"lines"`
	Sum
}

// Line is an item of a bill.
type Line struct {
	Part     Part       `json:"part"`
	Item     price.Item `json:"item"`
	Region   string     `json:"region"`   // that bills it
	Quantity float64    `json:"quantity"` // in a month, or in a drill
	Unit     price.Unit `json:"unit"`
	// Price is that of one unit; nil where it is unknown.
	Price *price.Price `json:"price"`
	Sum
}

// Drill is what one drill costs: Month and Year of its lines are for one, and for twelve.
type Drill struct {
	Hours float64 `json:"hours"`
	Section
}

// Extended is the extended support of a stack's MySQL.
type Extended struct {
	Stack   string `json:"stack"`
	Version string `json:"version"`
	From    string `json:"from"` // the first day that is billed, as 2026-08-01
	Billed  bool   `json:"billed"`
	Line    `json:"line"`
}

// notCounted is what grows with visitors and writes, which no file tells.
var notCounted = []string{
	"traffic to visitors, capacity units of the balancer, and what NAT gateways process",
	"requests to buckets, keys and secrets, and earlier versions of media",
	"backups beyond the size of the databases, and final snapshots",
	"logs of the database, e-mails of alarms, runs of the function that copies images, and the time limit of its copies",
	"what media.timeControl adds, and queries of logs and metrics",
	"the first two rotations of each key, a year apart: each adds the price of a key",
	"the hosted zone, bucket and key of the state, the parameter that lists the resources of a stack (0.05 USD a month), and support plans",
}

// Of makes the bill of a site.
func Of(site Site) (Bill, error) {
	b := biller{prices: price.Table{}, notPriced: map[string]bool{}, unverified: map[string]bool{}}
	for region, known := range site.Prices {
		b.prices[region] = maps.Clone(known)
	}
	items := Items(site)
	for _, own := range site.Usage.Prices {
		p, err := own.unit()
		if err == nil && !slices.Contains(items[own.Region], own.Item) {
			err = fmt.Errorf("%s has a price of %s in %s, of which the site has none: correct its region and item", UsageFile, own.Item, own.Region)
		}
		if err != nil {
			return Bill{}, err
		}
		b.prices.Set(own.Region, own.Item, p)
	}
	region := site.Stacks[0].Region
	bill := Bill{
		Domain: site.Stacks[0].Domain, Currency: price.Currency(region), Tax: standardTax(region), Listed: site.Listed, NotCounted: site.notCounted(),
		Former: []Section{}, KeepWarm: []Warm{}, Extended: []Extended{},
	}
	if site.Usage.Tax != nil {
		bill.Tax = *site.Usage.Tax
	}
	for _, s := range site.stacks() {
		section := b.section(s, s.quantities())
		bill.Stacks = append(bill.Stacks, section)
		bill.Sum = bill.add(section.Sum)
		bill.Former = append(bill.Former, b.section(s, s.former()))
		bill.Extended = append(bill.Extended, b.extended(s)...)
		if !s.leads() {
			bill.Drill = &Drill{s.drillHours(), b.section(s, s.drill())}
			bill.KeepWarm = b.warm(s)
		}
	}
	bill.NotPriced, bill.Unverified = sorted(b.notPriced), sorted(b.unverified)
	return bill, nil
}

// Items are all that a bill of the site has a price of, by the region that bills them.
func Items(site Site) map[string][]price.Item {
	items := map[string][]price.Item{}
	for _, s := range site.stacks() {
		list := append(s.quantities(), s.drill()...)
		for _, part := range parts {
			list = append(list, s.application(part)...)
		}
		for _, q := range append(list, s.extended(Database, 1, s.at)) {
			if !slices.Contains(items[q.region], q.item) {
				items[q.region] = append(items[q.region], q.item)
			}
		}
	}
	return items
}

func (site Site) stacks() (all []stack) {
	for i, c := range site.Stacks {
		s := stack{Config: c, usage: site.Usage, at: site.At, measured: site.Measured[c.Stack]}
		if s.measured.Role != "" {
			s.Role = s.measured.Role
		}
		if len(site.Stacks) == 2 {
			s.peer = &site.Stacks[1-i]
		}
		all = append(all, s)
	}
	return all
}

func (site Site) notCounted() []string {
	list := slices.Clone(notCounted)
	if site.Usage.MediaGiB == 0 && site.Measured == nil {
		list = append(list, "media: set mediaGiB in "+UsageFile)
	}
	if site.Stacks[0].Production != nil && site.Measured == nil {
		list = append(list, "storage of the replica beyond database.storageGiB: it has its source's, which --measured reads")
	}
	if site.Usage.TransferGiBYear == 0 {
		list = append(list, "traffic between the regions: set transferGiBYear in "+UsageFile)
	}
	return list
}

// sorted are the items of a set; an empty list for none.
func sorted(set map[string]bool) []string {
	items := slices.AppendSeq([]string{}, maps.Keys(set))
	slices.Sort(items)
	return items
}

// biller prices quantities, and notes what has no price.
type biller struct {
	prices                price.Table
	notPriced, unverified map[string]bool
}

func (b biller) section(s stack, list []quantity) Section {
	section := Section{Stack: s.Stack, Region: s.Region, Role: s.Role, Lines: []Line{}}
	for _, q := range list {
		line := b.line(q)
		section.Lines = append(section.Lines, line)
		section.Sum = section.add(line.Sum)
	}
	return section
}

func (b biller) line(q quantity) Line {
	line := Line{Part: q.part, Item: q.item, Region: q.region, Quantity: q.amount, Unit: q.item.Unit()}
	what := fmt.Sprintf("%s in %s", q.item, q.region)
	p, known := b.prices.Of(q.region, q.item)
	if !known {
		b.notPriced[what] = true
		line.Partial = true
		return line
	}
	if p.Source == price.FromMemory {
		b.unverified[what] = true
	}
	month := q.amount * p.Amount
	line.Price, line.Sum = &p, Sum{Month: month, Year: month * months}
	return line
}

func (s Sum) add(other Sum) Sum {
	return Sum{s.Month + other.Month, s.Year + other.Year, s.Partial || other.Partial}
}

// extended is none where it is unknown until when RDS supports the stack's version.
func (b biller) extended(s stack) []Extended {
	from, known := s.extendedFrom()
	if !known {
		return nil
	}
	billed, at := !s.at.Before(from), s.at
	if !billed {
		at = from
	}
	return []Extended{{s.Stack, s.series(), from.Format(time.DateOnly), billed, b.line(s.extended(Database, s.nodes(), at))}}
}
