package cost

import (
	"github.com/pilotlight-dr/pilotlight/price"
)

// Month is what so many of some items cost in a month in a region, such as two gateways and 20 GiB of storage, all the
// time. The site's own prices go before those of its table. known is false where an item has no price.
func Month(site Site, region string, of map[price.Item]float64) (month float64, known bool) {
	for item, amount := range of {
		p, found := site.Prices.Of(region, item)
		for _, own := range site.Usage.Prices {
			if unit, err := own.unit(); err == nil && own.Region == region && own.Item == item {
				p, found = unit, true
			}
		}
		if !found {
			return 0, false
		}
		if item.Unit() == price.Hour {
			amount *= hoursOfMonth
		}
		month += amount * p.Amount
	}
	return month, true
}
