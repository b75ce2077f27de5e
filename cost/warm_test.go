package cost

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/estimate"
)

// warmOf is what the bill says of a part.
func warmOf(t *testing.T, s Site, part config.WarmPart) Warm {
	t.Helper()
	bill, err := Of(s)
	require.NoError(t, err)
	for _, w := range bill.KeepWarm {
		if w.Part == part {
			return w
		}
	}
	t.Fatalf("the bill does not tell of %s", part)
	return Warm{}
}

// TestWarm holds what a part costs and what it saves: nothing of a failover, which the promotion
// takes longest of, and its own time of a switchover, unless the way of the instances takes longer.
func TestWarm(t *testing.T) {
	t.Parallel()
	nothing := estimate.Range{}
	nat := warmOf(t, site(t), config.WarmNAT)
	assert.False(t, nat.Kept)
	assert.InDelta(t, 29.2+3.65, nat.Month, 1e-9)
	assert.Equal(t, estimate.Usual(estimate.NATGateway), nat.Takes)
	assert.Equal(t, nothing, nat.Saves)
	assert.Equal(t, estimate.Range{Least: 90 * time.Second, Most: 2 * time.Minute}, nat.SavesSwitchover)

	balancer := warmOf(t, site(t), config.WarmBalancer)
	assert.InDelta(t, 21.9+7.3, balancer.Month, 1e-9)
	assert.Equal(t, nothing, balancer.Saves)
	assert.Equal(t, nothing, balancer.SavesSwitchover)
	assert.Empty(t, balancer.Needs)

	cache := warmOf(t, site(t), config.WarmCache)
	assert.InDelta(t, 73, cache.Month, 1e-9)
	assert.Equal(t, nothing, cache.SavesSwitchover)

	kept := site(t)
	kept.Stacks[1].KeepWarm = []config.WarmPart{config.WarmNAT}
	nat = warmOf(t, kept, config.WarmNAT)
	assert.True(t, nat.Kept)
	assert.Equal(t, 2*time.Minute, nat.SavesSwitchover.Most, "what it saves is not saved twice")

	none := site(t)
	none.Stacks[1].Network.NAT = "none"
	nat = warmOf(t, none, config.WarmNAT)
	assert.Zero(t, nat.Month)
	assert.Equal(t, nothing, nat.SavesSwitchover)
}

// TestWarmNeeds holds that the bill says which part can't be made once production's region is lost.
func TestWarmNeeds(t *testing.T) {
	t.Parallel()
	s := site(t)
	s.Stacks[1].Peer.Region = "us-east-1"
	assert.Equal(t, "us-east-1", warmOf(t, s, config.WarmBalancer).Needs)
	assert.Equal(t, "us-east-1", warmOf(t, s, config.WarmCache).Needs)
	assert.Empty(t, warmOf(t, s, config.WarmNAT).Needs)

	s.Stacks[1].Region, s.Stacks[1].Peer.Region = "cn-north-1", "cn-northwest-1"
	assert.Equal(t, "cn-northwest-1", warmOf(t, s, config.WarmBalancer).Needs)
	s.Stacks[1].Region, s.Stacks[1].Peer.Region = "cn-northwest-1", "cn-north-1"
	assert.Empty(t, warmOf(t, s, config.WarmBalancer).Needs)
}
