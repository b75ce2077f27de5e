package components

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

const (
	// networkParts is how many blocks a network is cut into: half of them public,
	// half private, one of each for a zone.
	networkParts     = 8
	networkPartsBits = 3
	// smallestBlock: a load balancer wants subnets of a /27 or larger.
	smallestBlock = 27
	// largestNetwork: a VPC is a /16 or smaller.
	largestNetwork = 16
)

// SplitCIDR cuts a network into one public and one private block for each zone.
// Blocks go by the zone's place in the list: neither another name for a zone nor
// one more zone at the end moves a block.
func SplitCIDR(base netip.Prefix, zones int) (public, private []netip.Prefix, err error) {
	size := base.Bits() + networkPartsBits
	switch {
	case !base.IsValid() || !base.Addr().Is4():
		return nil, nil, fmt.Errorf("network %s is not an IPv4 network: use one such as 10.0.0.0/16", base)
	case base.Bits() < largestNetwork || size > smallestBlock:
		return nil, nil, fmt.Errorf("network %s does not fit: use one from a /%d to a /%d",
			base, largestNetwork, smallestBlock-networkPartsBits)
	case zones < 1 || zones > networkParts/2:
		return nil, nil, fmt.Errorf("network %s cannot be cut for %d zones: use 2 or 3", base, zones)
	}
	addr := base.Masked().Addr().As4()
	first := binary.BigEndian.Uint32(addr[:])
	block := func(part int) netip.Prefix {
		var at [4]byte
		binary.BigEndian.PutUint32(at[:], first+uint32(part)<<(32-size))
		return netip.PrefixFrom(netip.AddrFrom4(at), size)
	}
	for zone := range zones {
		public = append(public, block(zone))
		private = append(private, block(networkParts/2+zone))
	}
	return public, private, nil
}
