package cost

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/price"
)

func TestMonth(t *testing.T) {
	t.Parallel()
	site := Site{Prices: price.Table{}}
	site.Prices.Set("us-east-2", price.NATGateway, price.Price{Amount: 0.045})
	site.Prices.Set("us-east-2", price.DatabaseStorage, price.Price{Amount: 0.1})
	for name, tc := range map[string]struct {
		own   []OwnPrice
		of    map[price.Item]float64
		month float64
		known bool
	}{
		"by the hour":             {nil, map[price.Item]float64{price.NATGateway: 2}, 65.7, true},
		"and by the month":        {nil, map[price.Item]float64{price.NATGateway: 2, price.DatabaseStorage: 20}, 67.7, true},
		"at the site's own price": {[]OwnPrice{{Region: "us-east-2", Item: price.NATGateway, Price: 120, Per: "year"}}, map[price.Item]float64{price.NATGateway: 1}, 10, true},
		"of another region":       {[]OwnPrice{{Region: "us-west-2", Item: price.NATGateway, Price: 1}}, map[price.Item]float64{price.NATGateway: 1}, 32.85, true},
		"without a price":         {nil, map[price.Item]float64{price.NATGateway: 1, "db.x9.large": 1}, 0, false},
		"of nothing":              {nil, nil, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := site
			site.Usage.Prices = tc.own
			month, known := Month(site, "us-east-2", tc.of)
			assert.InDelta(t, tc.month, month, 0.001)
			assert.Equal(t, tc.known, known)
		})
	}
}
