package cost

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/mysqlversion"
	"github.com/pilotlight-dr/pilotlight/price"
	"github.com/pilotlight-dr/pilotlight/roles"
)

// Part is a component of a site, as bills name it.
type Part string

// The parts. Those that can be kept warm have the names that keepWarm has.
const (
	Database  Part = "database"
	Former    Part = "former database"
	Media     Part = "media"
	Image     Part = "image"
	Instances Part = "instances"
	Balancer  Part = Part(config.WarmBalancer)
	NAT       Part = Part(config.WarmNAT)
	Cache     Part = Part(config.WarmCache)
	Endpoints Part = "endpoints"
	Secrets   Part = "secrets"
	Transfer  Part = "transfer"
	Dashboard Part = "dashboard"
)

// quantity is so much of an item in a month.
type quantity struct {
	part   Part
	item   price.Item
	amount float64
	region string // where it is billed
}

// all is what an amount of things that run all the time comes to in a month.
func all(count int) float64 { return float64(count) * hoursOfMonth }

// stack is one whose quantities are counted.
type stack struct {
	config.Config
	peer  *config.Config // nil beside a production that no stack made
	usage Usage
	at    time.Time

	measured Measured
}

func (s stack) leads() bool { return s.Role != roles.Standby }

func (s stack) of(part Part, item price.Item, amount float64) quantity {
	return quantity{part, item, amount, s.Region}
}

// quantities are those of the stack in its role.
func (s stack) quantities() []quantity {
	list := s.database(Database, s.nodes())
	copies := 1
	if s.Images.Sync {
		copies = 2 // package images keeps that many
	}
	list = append(list, s.of(Image, price.Snapshot, float64(copies*s.App.DiskGiB)))
	if size := cmp.Or(s.measured.MediaGiB, s.usage.MediaGiB); size > 0 {
		list = append(list, s.of(Media, price.Media(s.mediaClass()), size))
	}
	for _, version := range s.measured.Former {
		kept := s
		kept.Database.EngineVersion = version
		list = append(list, kept.former()...)
	}
	list = append(list, s.of(Secrets, price.Secret, 1), s.of(Secrets, price.Key, 1))
	list = append(list, s.monitoring()...)
	if s.leads() {
		list = append(list, s.instances()...)
	}
	for _, part := range []config.WarmPart{config.WarmBalancer, config.WarmNAT, config.WarmCache} {
		if s.leads() || s.Warm(part) {
			list = append(list, s.application(part)...)
		}
	}
	if !s.leads() && s.usage.TransferGiBYear > 0 { // the pilot light is what it is for; the other region bills it
		list = append(list, quantity{Transfer, price.Transfer(s.Region), s.usage.TransferGiBYear / months, s.PeerRegion()})
	}
	return list
}

// nodes are those of the current database. RDS bills the one in the second zone in everything.
func (s stack) nodes() int {
	if s.leads() && s.Database.MultiAZ {
		return 2
	}
	return 1
}

// database is one in so many zones. A database takes the storage of the one that it was copied from.
func (s stack) database(part Part, nodes int) []quantity {
	storage := s.Database.StorageGiB
	if !s.leads() && s.peer != nil {
		storage = s.peer.Database.StorageGiB
	}
	storage = cmp.Or(s.measured.StorageGiB, storage)
	list := []quantity{
		s.of(part, price.Item(s.Database.Class), all(nodes)),
		s.of(part, price.DatabaseStorage, float64(storage*nodes)),
	}
	if from, known := s.extendedFrom(); known && !s.at.Before(from) {
		list = append(list, s.extended(part, nodes, s.at))
	}
	return list
}

// former is a former database, and the alarm that tells of it.
func (s stack) former() []quantity {
	return append(s.database(Former, 1), s.of(Former, price.Alarm, 1))
}

// extendedFrom is the first day on which extended support is billed. It is not known of every version.
func (s stack) extendedFrom() (from time.Time, known bool) {
	end, known := mysqlversion.StandardSupport(s.series())
	return end.AddDate(0, 0, 1), known
}

// extended is the extended support of a database at a time.
func (s stack) extended(part Part, nodes int, at time.Time) quantity {
	item := price.ExtendedSupport
	if begin, known := mysqlversion.DearerSupport(s.series()); known && !at.Before(begin) {
		item = price.ExtendedSupport3
	}
	return s.of(part, item, all(nodes*vcpus(s.Database.Class)))
}

func (s stack) series() string { return mysqlversion.Series(s.Database.EngineVersion) }

// vcpus are those of a class. All sizes up to large have two in the classes that RDS offers for
// MySQL 8, and every other size says how many times four it has.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
func vcpus(class string) int {
	size := class[strings.LastIndex(class, ".")+1:]
	times, large := strings.CutSuffix(size, "xlarge")
	if !large {
		return 2
	}
	n, err := strconv.Atoi(times)
	if err != nil {
		n = 1
	}
	return 4 * n
}

// mediaClass is that of the files in the stack's bucket: of the site's own in the side that leads, of copies in the other.
func (s stack) mediaClass() string {
	switch {
	case s.leads():
		return "STANDARD"
	case s.peer != nil: // the side that copies chooses
		return s.peer.Media.StorageClass
	}
	return s.Media.StorageClass
}

// instances are the fewest while the stack leads.
func (s stack) instances() []quantity {
	return []quantity{
		s.of(Instances, price.Item(s.App.InstanceType), all(s.App.Min)),
		s.of(Instances, price.Disk, float64(s.App.Min*s.App.DiskGiB)),
	}
}

// application is a part of it that can be kept warm.
func (s stack) application(part config.WarmPart) []quantity {
	switch part {
	case config.WarmBalancer: // it has an address in each zone
		return []quantity{s.of(Balancer, price.Balancer, all(1)), s.of(Balancer, price.Address, all(len(s.Network.Zones)))}
	case config.WarmNAT:
		return s.gateways(s.Network.Gateways())
	default: // the cache
		return []quantity{s.of(Cache, price.Item(s.Cache.NodeType), all(s.Cache.Nodes))}
	}
}

// gateways each have an address.
func (s stack) gateways(count int) []quantity {
	if count == 0 {
		return nil
	}
	return []quantity{s.of(NAT, price.NATGateway, all(count)), s.of(NAT, price.Address, all(count))}
}

// drillEndpoints are those of a drill's network, each in one zone: ssm, secretsmanager and logs.
const drillEndpoints = 3

// drill is the copy of the standby's application, for as long as it is there.
func (s stack) drill() []quantity {
	gateways := min(1, len(s.application(config.WarmNAT)))
	list := append(s.database(Database, 1), s.instances()...)
	list = append(list, s.application(config.WarmBalancer)...)
	list = append(list, s.gateways(gateways)...)
	list = append(list, s.application(config.WarmCache)...)
	list = append(list, s.of(Endpoints, price.Endpoint, all(drillEndpoints)), s.of(Secrets, price.Secret, 1))
	for i := range list {
		list[i].amount *= s.drillHours() / hoursOfMonth
	}
	return list
}

func (s stack) drillHours() float64 {
	if s.usage.DrillHours > 0 {
		return s.usage.DrillHours
	}
	return standardDrill
}
