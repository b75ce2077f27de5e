package config

import (
	"net/netip"
	"slices"
	"strings"
)

// AllNames are the names that lead to the site, its domain first.
func (c Config) AllNames() []string { return append([]string{c.Domain}, c.Names...) }

// URL is the address of the site, under its first name.
func (c Config) URL() string {
	if !c.App.HTTPS() {
		return "http://" + c.Domain
	}
	return "https://" + c.Domain
}

// Types are the EC2 types that instances may be launched as, in order of preference.
func (a App) Types() []string { return append([]string{a.InstanceType}, a.FallbackTypes...) }

// Start is how many instances an activation starts: as many as the other side served with lately, within the
// bounds. lately is 0 where that is not known.
func (a App) Start(lately int) int { return min(max(lately, a.Min), a.Max) }

// Gateways is how many NAT gateways an active side has.
func (n Network) Gateways() int {
	switch n.NAT {
	case "none":
		return 0
	case "zone":
		return len(n.Zones)
	}
	return 1
}

// Warm reports whether a part is kept in standby too.
func (c Config) Warm(part WarmPart) bool { return slices.Contains(c.KeepWarm, part) }

// VisitorNetworks are those that reach the site; none is everybody.
func (c Config) VisitorNetworks() (networks []netip.Prefix) {
	for _, text := range c.Visitors {
		if network, err := netip.ParsePrefix(text); err == nil { // as validated
			networks = append(networks, network)
		}
	}
	return networks
}

// PeerRegion is the region of the other side; empty where a file names none.
func (c Config) PeerRegion() string {
	switch {
	case c.Production != nil:
		return c.Production.Region
	case c.Peer != nil:
		return c.Peer.Region
	}
	return ""
}

// ProductionSide is what a side is called that no stack made.
const ProductionSide = "production"

// PeerName is what commands call the other side: its stack, or ProductionSide; empty where a file names none.
func (c Config) PeerName() string {
	switch {
	case c.Production != nil:
		return ProductionSide
	case c.Peer != nil:
		return c.Peer.Stack
	}
	return ""
}

// Name prefixes the stack's resources: site-stack.
func (c Config) Name() string { return c.Site + "-" + c.Stack }

// DrillSuffix ends the names of a drill's stack and of what it makes.
const DrillSuffix = "-drill"

// DrillName prefixes what a drill of the stack makes, its database above all: the stack's own name with a
// suffix, cut so that the names of target groups still fit. RDS takes no two hyphens in a row. What is left
// without the one may be another stack's name, so the suffix is another, too.
func (c Config) DrillName() string {
	name := c.Name()
	name = name[:min(len(name), maxName-len(DrillSuffix))]
	if cut, atHyphen := strings.CutSuffix(name, "-"); atHyphen {
		return cut + DrillSuffix + "0"
	}
	return name + DrillSuffix
}
