package checks

import "slices"

// An orphan is a resource that an update made and that no state knows: the update was killed
// before AWS's answer was saved. To a state that is older than AWS the site that visitors
// use looks alike. So an orphan is recognised by what it can't have: everything that makes
// a resource serve is made after it, by updates that know it.

// Balancer is a load balancer that may be an orphan.
type Balancer struct {
	ARN    string
	Tags   map[string]string
	Groups []string // its security groups
	// Listeners is how many ports it listens on. Each is made by an update that knows the balancer.
	Listeners int
	// Named reports that DNS points to it.
	Named bool
}

// Owner is what the resources of one stack have in common.
type Owner struct {
	Tags        map[string]string // that each of them has
	Groups      []string          // security groups of the stack's balancer
	ResourceIDs func(id string) bool
}

// OrphanBalancer reports whether a balancer may be deleted; if not, it says why.
func OrphanBalancer(b Balancer, ours Owner) (orphan bool, because string) {
	switch {
	case ours.ResourceIDs(b.ARN):
		return false, "the state holds it"
	case !tagged(b.Tags, ours.Tags):
		return false, "it has not the tags of this stack"
	case !slices.ContainsFunc(b.Groups, func(g string) bool { return slices.Contains(ours.Groups, g) }):
		return false, "it is not in this stack's network"
	case b.Named:
		return false, "DNS points to it"
	case b.Listeners > 0:
		return false, "it listens, so an update has used it"
	}
	return true, ""
}

// Gateway is a NAT gateway that holds an address which a new one needs.
type Gateway struct {
	ID, Interface string // its id and that of its network interface
	Tags          map[string]string
	Routes        int // that lead to it. Each is made by an update that knows the gateway
}

// OrphanGateway reports whether a NAT gateway may be deleted; if not, it says why.
func OrphanGateway(g Gateway, ours Owner) (orphan bool, because string) {
	switch {
	case g.Interface != "" && ours.ResourceIDs(g.Interface): // it has none in its first seconds
		return false, "the state holds it"
	case !tagged(g.Tags, ours.Tags):
		return false, "it has not the tags of this stack"
	case g.Routes > 0:
		return false, "routes lead to it, so an update has used it"
	}
	return true, ""
}

// OrphanRoute reports whether a route may be deleted so that one through a gateway is made.
// A route through that gateway is what a killed update made of the same route; one through
// a gateway that is gone serves nothing.
func OrphanRoute(through, gateway string, blackhole bool) bool {
	return blackhole || through == gateway
}

func tagged(has, wanted map[string]string) bool {
	for key, value := range wanted {
		if has[key] != value {
			return false
		}
	}
	return len(wanted) > 0
}
