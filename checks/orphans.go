package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/when"
)

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

// The kinds of orphans, and FinalSnapshot for what is kept on purpose.
const (
	CacheGroup       = "Redis group"
	Address          = "address"
	NATGateway       = "NAT gateway"
	LoadBalancer     = "balancer"
	TargetGroup      = "target group"
	DatabaseInstance = "database"
	FinalSnapshot    = "snapshot"
)

// Orphan is a resource that has the tags of a stack, and is in no state of it.
type Orphan struct {
	Kind   string `json:"kind"` // such as CacheGroup
	ID     string `json:"id"`
	Stack  string `json:"stack"` // by its tag
	Region string `json:"region"`
	// OfDrill reports that a drill made it.
	OfDrill bool `json:"ofDrill,omitempty"`
	// Since is when AWS made it; zero where AWS does not say: of addresses and target groups.
	Since time.Time `json:"since,omitzero"`
	// End is the command that ends it.
	End string `json:"end"`
	// Ending reports that AWS deletes it already.
	Ending bool `json:"ending,omitempty"`
	// Month is what it costs in a month, before tax; nil where no price of it is known.
	Month    *float64 `json:"month"`
	Currency string   `json:"currency,omitempty"`

	Size Size `json:"-"`
}

// Size is what AWS bills of a resource. What it has not is 0.
type Size struct {
	Class        string // of its nodes
	Nodes, Zones int
	StorageGiB   int
}

// String is what it is, since when, for how much, and the command that ends it.
func (o Orphan) String() string {
	of := "this stack"
	if o.OfDrill {
		of = "a drill of this stack"
	}
	head := fmt.Sprintf("%s %s has the tags of %s, and no state holds it (%s): a killed update may have left it", o.Kind, o.ID, of, o.Terms())
	if o.Ending {
		return head + ", and AWS is deleting it"
	}
	return head + "; to end it, " + o.End
}

// Terms are since when it is there, and what it costs.
func (o Orphan) Terms() string {
	since := "AWS does not say since when"
	if !o.Since.IsZero() {
		since = "since " + when.Date(o.Since)
	}
	switch {
	case o.Kind == TargetGroup:
		return since + ", free"
	case o.Kind == FinalSnapshot:
		return fmt.Sprintf("%s, %d GiB", since, o.Size.StorageGiB)
	case o.Month == nil:
		return since + ", price not known"
	}
	return fmt.Sprintf("%s, about %.2f %s a month", since, *o.Month, o.Currency)
}

// Found is a resource that may be an orphan, with its tags.
type Found struct {
	Orphan
	ARN  string // or whatever else of it the state holds
	Tags map[string]string
	// Kept reports that its name is that of what this program leaves on purpose.
	Kept bool
}

// Orphans are those among some resources that updates of one of the owners made, and no state holds. A name alone
// makes none. What is kept on purpose is not among them.
func Orphans(found []Found, held func(Found) bool, owners ...map[string]string) (orphans []Found) {
	for _, f := range found {
		ours := slices.ContainsFunc(owners, func(tags map[string]string) bool { return tagged(f.Tags, tags) })
		if !ours || f.Kept || held(f) {
			continue
		}
		orphans = append(orphans, f.named())
	}
	return sorted(orphans)
}

// Kept are the final snapshots of databases of an owner that this program deleted, which it left on purpose. They are
// recognised by the names that it gives them, too: RDS gives the tags of a database to each snapshot of it, and one
// that a person took is none of ours.
func Kept(found []Found, owner map[string]string) (kept []Found) {
	for _, f := range found {
		if tagged(f.Tags, owner) && f.Kept {
			kept = append(kept, f.named())
		}
	}
	return sorted(kept)
}

// named is what was found with what its tags say of it.
func (f Found) named() Found {
	f.Stack, f.OfDrill = f.Tags["stack"], f.Tags["drill"] != ""
	return f
}

func sorted(all []Found) []Found {
	slices.SortFunc(all, func(a, b Found) int { return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID)) })
	return all
}
