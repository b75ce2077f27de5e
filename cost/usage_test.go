package cost

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/price"
)

func TestReadUsage(t *testing.T) {
	t.Parallel()
	u, err := ReadUsage([]byte("mediaGiB: 200\ntransferGiBYear: 400\nlogGiBMonth: 5\ndrillHours: 3\ntax: 0.19\nprices: [{region: us-east-2, item: nat-gateway, price: 30, per: month, source: contract}]\n"))
	require.NoError(t, err)
	tax := 0.19
	assert.Equal(t, Usage{200, 400, 5, 3, &tax, []OwnPrice{{"us-east-2", price.NATGateway, 30, "month", "contract"}}}, u)
	u, err = ReadUsage(nil)
	require.NoError(t, err)
	assert.Equal(t, Usage{}, u)

	for text, why := range map[string]string{
		"media: 3":                      "cost.yaml can't be read: yaml: unmarshal errors:\n  line 1: field media not found in type cost.Usage",
		"mediaGiB: -1":                  "cost.yaml: mediaGiB is -1: set it to 0 or more",
		"logGiBMonth: -1":               "cost.yaml: logGiBMonth is -1: set it to 0 or more",
		"tax: 6":                        "cost.yaml: tax is 6: write 6 % as 0.06",
		"prices: [{}]":                  `cost.yaml: prices[0]: region is "": set it to the region of one of the stacks`,
		"prices: [{region: us-east-2}]": "cost.yaml: prices[0]: item is empty: name one, such as db.m6g.large or nat-gateway",
		"prices: [{region: us-east-2, item: nat-gateway, price: -3}]":                     "cost.yaml: prices[0]: price is -3: set it to 0 or more",
		"prices: [{region: us-east-2, item: transfer-to-us-east-2, price: 3, per: year}]": `cost.yaml: prices[0]: per is "year": leave it out for the price of one GiB`,
		"prices: [{region: us-east-2, item: db.m6g.large, price: 3, per: day}]":           `cost.yaml: prices[0]: per is "day": leave it out for the price of one hour`,
	} {
		_, err := ReadUsage([]byte(text))
		assert.EqualError(t, err, why)
	}
}

func TestOwnPrice(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		own  OwnPrice
		want float64
	}{
		{OwnPrice{Item: "db.m6g.large", Price: 8760, Per: "year"}, 1},
		{OwnPrice{Item: "db.m6g.large", Price: 730, Per: "month"}, 1},
		{OwnPrice{Item: "db.m6g.large", Price: 0.1, Per: "hour"}, 0.1},
		{OwnPrice{Item: price.DatabaseStorage, Price: 12, Per: "year"}, 1},
		{OwnPrice{Item: price.Secret, Price: 0.3, Per: "month"}, 0.3},
		{OwnPrice{Item: price.Transfer("us-east-2"), Price: 0}, 0},
	} {
		tc.own.Region = "us-east-2"
		got, err := tc.own.unit()
		require.NoError(t, err)
		assert.InDelta(t, tc.want, got.Amount, 1e-9, "%+v", tc.own)
	}
}
