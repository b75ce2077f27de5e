package price

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBuiltIn(t *testing.T) {
	t.Parallel()
	table := BuiltIn()
	for _, tc := range []struct {
		region string
		item   Item
		want   Price
	}{
		{"us-east-1", "m6i.large", Price{0.096, "karpenter-provider-aws v1.15.2, pkg/providers/pricing/zz_generated.pricing_aws.go", "2026-07-20"}},
		{"cn-northwest-1", "db.m4.large", Price{1.1733, "upcloudx.cn, aws-multi-region-pilot-light-disaster-accommodation-design", Undated}},
		{"cn-north-1", Alarm, Price{0.622, "amazonaws.cn/cloudwatch/pricing", Undated}},
		{"us-west-2", NATGateway, Price{0.045, FromMemory, "2026-11-29"}},
	} {
		got, found := table.Of(tc.region, tc.item)
		assert.True(t, found, "%s in %s", tc.item, tc.region)
		assert.Equal(t, tc.want, got)
	}
	_, found := table.Of("cn-northwest-1", "db.m5.large")
	assert.False(t, found, "nobody knows it")
	assert.Equal(t, "2026-11-29", table.Made())
}

// TestBuiltInItems holds that a bill can ask for every item of the table: an instance's name has a dot.
func TestBuiltInItems(t *testing.T) {
	t.Parallel()
	others := []Item{DatabaseStorage, ExtendedSupport, ExtendedSupport3, NATGateway, Balancer, Address, Endpoint, Disk, Snapshot, Key, Secret, Alarm, Metric, Dashboard, LogIngestion, LogStorage,
		Media("STANDARD"), Media("STANDARD_IA"), Media("INTELLIGENT_TIERING")}
	for region, prices := range BuiltIn() {
		for item := range prices {
			if !strings.Contains(string(item), ".") && !strings.HasPrefix(string(item), transfer) {
				assert.Contains(t, others, item, region)
			}
		}
	}
}

// TestParse holds that no price gets in without a number, a source and a date.
func TestParse(t *testing.T) {
	t.Parallel()
	const head = "region,item,price,source,date\n"
	table, err := parse(head + `us-east-1,balancer,0.0225,"a page, of AWS",2026-11-29`)
	require.NoError(t, err)
	assert.Equal(t, Table{"us-east-1": {Balancer: {0.0225, "a page, of AWS", "2026-11-29"}}}, table)
	for row, why := range map[string]string{
		"us-east-1,balancer,0,a page,2026-11-29":                                     `balancer in us-east-1 has the price "0": write a number above 0`,
		"us-east-1,balancer,free,a page,2026-11-29":                                  `balancer in us-east-1 has the price "free": write a number above 0`,
		"us-east-1,balancer,1,,2026-11-29":                                           `balancer in us-east-1 has the source "" of "2026-11-29": name both, the date as 2026-11-29 or undated`,
		"us-east-1,balancer,1,a page,":                                               `balancer in us-east-1 has the source "a page" of "": name both, the date as 2026-11-29 or undated`,
		"us-east-1,balancer,1,a page,undated\nus-east-1,balancer,2,a page,undated\n": "balancer in us-east-1 is there twice: keep one",
		"us-east-1,balancer,1,a page":                                                "record on line 2: wrong number of fields",
	} {
		_, err := parse(head + row)
		assert.EqualError(t, err, why)
	}
}

func TestUnits(t *testing.T) {
	t.Parallel()
	for item, want := range map[Item]Unit{
		"db.m6g.large": Hour, "cache.t4g.small": Hour, NATGateway: Hour, Address: Hour, ExtendedSupport: VCPUHour,
		DatabaseStorage: GiBMonth, Media("STANDARD_IA"): GiBMonth, Snapshot: GiBMonth, Transfer("us-east-2"): GiB, Secret: Month, Alarm: Month, Metric: Month, LogIngestion: GiB, LogStorage: GiBMonth,
	} {
		assert.Equal(t, want, item.Unit(), item)
	}
}

func TestCurrency(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "USD", Currency("us-west-2"))
	assert.Equal(t, "CNY", Currency("cn-north-1"))
}
