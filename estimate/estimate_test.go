package estimate

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFailover(t *testing.T) {
	t.Parallel()
	minutes := func(least, most int) Range {
		return Range{time.Duration(least) * time.Minute, time.Duration(most) * time.Minute}
	}
	all := Work{
		Promotion: minutes(5, 15), Balancer: minutes(2, 4), Internet: minutes(1, 2), Instances: minutes(3, 6),
		Verification: minutes(1, 1), DNS: minutes(1, 2), Freeze: minutes(2, 4), LastWrites: minutes(1, 3),
	}
	without := func(change func(*Work)) Work {
		w := all
		change(&w)
		return w
	}
	for name, tc := range map[string]struct {
		got  Estimate
		want Estimate
	}{
		"the promotion is the longest": {all.Failover(), Estimate{minutes(7, 18), promotion}},
		"nothing is promoted":          {without(func(w *Work) { w.Promotion = Range{} }).Failover(), Estimate{minutes(6, 11), "instances"}},
		"instances are kept":           {without(func(w *Work) { w.Promotion, w.Instances = Range{}, Range{} }).Failover(), Estimate{minutes(4, 7), "balancer"}},
		"a switchover adds them up":    {all.Switchover(), Estimate{minutes(14, 33), promotion}},
	} {
		assert.Equal(t, tc.want, tc.got, name)
	}
	assert.Equal(t, "7 to 18 min until visitors are sent there; most of it is the promotion of the database", all.Failover().String())
}

// TestRangeInSeconds holds the form that plans, bills and published checks give it, and read again.
func TestRangeInSeconds(t *testing.T) {
	t.Parallel()
	took := Range{1500 * time.Millisecond, 2 * time.Minute}
	text, err := json.Marshal(took)
	require.NoError(t, err)
	assert.JSONEq(t, `{"leastSeconds": 1.5, "mostSeconds": 120}`, string(text))
	var read Range
	require.NoError(t, json.Unmarshal(text, &read))
	assert.Equal(t, took, read)
}

func TestUsual(t *testing.T) {
	t.Parallel()
	assert.Equal(t, Range{5 * time.Minute, 15 * time.Minute}, Usual(Promotion))
	assert.Equal(t, Range{time.Second, 5 * time.Second}, Usual("ssm:PutParameter"), "what answers at once")
	assert.Equal(t, 10*time.Minute, Usual(Promotion).At(0.5))
	for operation, r := range usual {
		assert.Less(t, r.Least, r.Most, operation)
	}
}
