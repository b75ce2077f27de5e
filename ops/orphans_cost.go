package ops

import (
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/cost"
	"github.com/pilotlight-dr/pilotlight/price"
)

// priced are some orphans with what each costs: at the site's own prices, or those of this program's table. No region is
// asked.
func (s *Site) priced(found []checks.Found) (orphans []checks.Orphan) {
	if len(found) == 0 {
		return nil
	}
	site, err := s.billed()
	if err != nil { // its file of prices can't be read: cost says so
		site = cost.Site{}
	}
	site.Prices = price.BuiltIn()
	for _, f := range found {
		o := f.Orphan
		if items := billedOf(o); items != nil {
			if month, known := cost.Month(site, o.Region, items); known {
				o.Month, o.Currency = &month, price.Currency(o.Region)
			}
		}
		orphans = append(orphans, o)
	}
	return orphans
}

// billedOf is what AWS bills of an orphan; nil where this program has no price of it. RDS bills snapshots by what they
// hold beyond the size of all databases of the region, which is unknown here.
func billedOf(o checks.Orphan) map[price.Item]float64 {
	nodes := float64(max(1, o.Size.Nodes))
	switch o.Kind {
	case checks.CacheGroup:
		return map[price.Item]float64{price.Item(o.Size.Class): nodes}
	case checks.Address:
		return map[price.Item]float64{price.Address: 1}
	case checks.NATGateway: // its address is one of its own
		return map[price.Item]float64{price.NATGateway: 1}
	case checks.LoadBalancer: // it has an address in each zone
		return map[price.Item]float64{price.Balancer: 1, price.Address: float64(o.Size.Zones)}
	case checks.DatabaseInstance:
		return map[price.Item]float64{price.Item(o.Size.Class): nodes, price.DatabaseStorage: nodes * float64(o.Size.StorageGiB)}
	case checks.TargetGroup:
		return map[price.Item]float64{}
	}
	return nil
}
