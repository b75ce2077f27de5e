package components

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSplitCIDRIsWhatItWas(t *testing.T) {
	public, private, err := SplitCIDR(netip.MustParsePrefix("10.20.0.0/16"), 3)
	require.NoError(t, err)
	assert.Equal(t, prefixes("10.20.0.0/19", "10.20.32.0/19", "10.20.64.0/19"), public)
	assert.Equal(t, prefixes("10.20.128.0/19", "10.20.160.0/19", "10.20.192.0/19"), private)
}

func TestSplitCIDRNeverOverlaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := anyNetwork(t)
		zones := rapid.IntRange(1, 4).Draw(t, "zones")
		public, private, err := SplitCIDR(base, zones)
		require.NoError(t, err)
		require.Len(t, public, zones)
		require.Len(t, private, zones)
		blocks := append(public, private...)
		for i, block := range blocks {
			assert.True(t, base.Contains(block.Addr()) && block.Bits() > base.Bits(), "%s is outside %s", block, base)
			assert.LessOrEqual(t, block.Bits(), 27, "a balancer has no room in %s", block)
			for _, other := range blocks[:i] {
				assert.False(t, block.Overlaps(other), "%s overlaps %s", block, other)
			}
		}
	})
}

func TestAnotherZoneMovesNoBlock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := anyNetwork(t)
		public2, private2, err := SplitCIDR(base, 2)
		require.NoError(t, err)
		public3, private3, err := SplitCIDR(base, 3)
		require.NoError(t, err)
		assert.Equal(t, public2, public3[:2])
		assert.Equal(t, private2, private3[:2])
	})
}

func TestSplitCIDRRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		base  netip.Prefix
		zones int
		want  string
	}{
		"too small":    {netip.MustParsePrefix("10.0.0.0/25"), 2, "network 10.0.0.0/25 does not fit: use one from a /16 to a /24"},
		"too large":    {netip.MustParsePrefix("10.0.0.0/15"), 2, "network 10.0.0.0/15 does not fit: use one from a /16 to a /24"},
		"IPv6":         {netip.MustParsePrefix("fd00::/16"), 2, "network fd00::/16 is not an IPv4 network: use one such as 10.0.0.0/16"},
		"none":         {netip.Prefix{}, 2, "network invalid Prefix is not an IPv4 network: use one such as 10.0.0.0/16"},
		"no zones":     {netip.MustParsePrefix("10.0.0.0/16"), 0, "network 10.0.0.0/16 cannot be cut for 0 zones: use 2 or 3"},
		"too many":     {netip.MustParsePrefix("10.0.0.0/16"), 5, "network 10.0.0.0/16 cannot be cut for 5 zones: use 2 or 3"},
		"not a number": {netip.MustParsePrefix("10.0.0.0/16"), -1, "network 10.0.0.0/16 cannot be cut for -1 zones: use 2 or 3"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := SplitCIDR(tc.base, tc.zones)
			assert.EqualError(t, err, tc.want)
		})
	}
}

// anyNetwork need not begin at the network's own address.
func anyNetwork(t *rapid.T) netip.Prefix {
	var addr [4]byte
	binary.BigEndian.PutUint32(addr[:], rapid.Uint32().Draw(t, "address"))
	return netip.PrefixFrom(netip.AddrFrom4(addr), rapid.IntRange(16, 24).Draw(t, "bits"))
}

func prefixes(blocks ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, block := range blocks {
		all = append(all, netip.MustParsePrefix(block))
	}
	return all
}
