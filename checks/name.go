package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// Codes of a name that could not be moved, or not for everybody.
const (
	NameUnseen    = "name-unseen"
	NameZone      = "name-zone"
	NamePrivate   = "name-private"
	NameDelegated = "name-delegation"
	NameCNAME     = "name-cname"
	NameRouted    = "name-routed"
	NameAAAA      = "name-aaaa"
	NameTaken     = "name-taken"
)

// Name is what the zone of the site's names holds.
type Name struct {
	ZoneID string
	// Zone is the name of the zone, without the last dot; empty when Route 53 knows no such zone.
	Zone    string
	Private bool
	// Records are those that stand at the site's names.
	Records []Record
	// Servers are the zone's name servers, and Delegated those that the internet asks; none when
	// that could not be found out.
	Servers, Delegated []string
}

// Holds reports whether the zone is one that holds a name.
func (n Name) Holds(name string) bool { return name == n.Zone || strings.HasSuffix(name, "."+n.Zone) }

// Record is a record set of one of the site's names.
type Record struct {
	Name string // without the last dot
	Type string // such as A
	// Routed is how it is routed, such as weighted; empty for a simple one.
	Routed string
	Target string // what it leads to
}

// name finds out whether the records can be written at the site's names, and whether they are what
// all visitors ask. Route 53 refuses a record beside a CNAME, and a simple one beside routed ones
// (API reference, ChangeResourceRecordSets); only one of the same type can be overwritten.
func name(s Snapshot, p Policy) (all []refusal.Blocker) {
	n := s.Name
	if n == nil {
		return nil
	}
	const byHand = "or set dns.mode to manual"
	switch {
	case n.Zone == "":
		return []refusal.Blocker{block(NameZone, "set dns.zoneId to the zone that holds the name, "+byHand, "Route 53 has no zone %s", n.ZoneID)}
	case n.Private:
		all = append(all, block(NamePrivate, "set dns.zoneId to the public zone of that name, "+byHand, "zone %s of %s is private: visitors never ask it", n.ZoneID, n.Zone))
	}
	for _, name := range p.Names {
		if !n.Holds(name) {
			all = append(all, block(NameZone, "set dns.zoneId to the zone that holds the name, "+byHand, "zone %s is of %s, which does not hold %s", n.ZoneID, n.Zone, name))
		}
	}
	for _, r := range n.Records {
		switch {
		case r.Type == "CNAME":
			all = append(all, block(NameCNAME, fmt.Sprintf("replace it, on a quiet day, by an A record that is an alias to %s (visitors notice nothing), %s", r.Target, byHand),
				"%s is a CNAME to %s in zone %s, and Route 53 writes no other record beside one", r.Name, r.Target, n.ZoneID))
		case r.Type == "A" && r.Routed != "":
			all = append(all, block(NameRouted, "replace the routed records by a simple one, "+byHand,
				"%s has %s records in zone %s, and Route 53 writes no simple one beside them", r.Name, r.Routed, n.ZoneID))
		case r.Type == "A" && p.Epoch <= 1 && !p.TakeOver && !slices.Contains(p.Names, r.Target):
			all = append(all, block(NameTaken, "set dns.takeOver to true to overwrite it, or remove it", "%s leads to %s already, by a record that something else made", r.Name, r.Target))
		}
	}
	return once(all)
}

// NewName refuses a further name of a site that serves, where its alias to the domain can't be made,
// or would overwrite what is not the site's.
func NewName(n *Name, domain, further string) error {
	rules := Rules{{"name", seenOfName, name}}
	return Verdict{Blockers: rules.Blockers(Snapshot{Name: n}, Policy{Names: []string{domain, further}})}.Err()
}

// Astray finds out whether some or all visitors would not follow the record: they ask another zone,
// or a record for IPv6 that nothing moves. A failover is not refused for it: what the internet's name
// servers say on the night may be wrong, and many visitors are better than none.
func Astray(n *Name, p Policy) (all []refusal.Blocker) {
	if n == nil {
		return nil
	}
	if p.Epoch > 1 && len(n.Delegated) > 0 && !slices.ContainsFunc(n.Delegated, func(server string) bool { return slices.Contains(n.Servers, server) }) {
		all = append(all, refusal.Blocker{
			Code: NameDelegated, Subject: "name",
			Reason: fmt.Sprintf("zone %s is not the one that visitors ask: the name servers of %s are %s", n.ZoneID, n.Zone, join(n.Delegated, "and")),
			Remedy: fmt.Sprintf("delegate %s to %s where it is registered, set dns.zoneId to the zone that is asked, or set dns.mode to manual", n.Zone, join(n.Servers, "and")),
		})
	}
	for _, r := range n.Records {
		if r.Type == "AAAA" {
			all = append(all, refusal.Blocker{
				Code: NameAAAA, Subject: "name", Remedy: "delete it, or set dns.mode to manual",
				Reason: fmt.Sprintf("%s has an AAAA record (%s) in zone %s, which nothing moves: visitors with IPv6 would stay where it leads", r.Name, r.Target, n.ZoneID),
			})
		}
	}
	return once(all)
}

// once leaves out what was said already: routed records are several of a kind.
func once(all []refusal.Blocker) []refusal.Blocker { return slices.Compact(all) }

func seenOfName(s Snapshot, p Policy) string {
	n := s.Name
	if n == nil {
		return ""
	}
	var leads []string
	for _, name := range p.Names {
		at := slices.IndexFunc(n.Records, func(r Record) bool { return r.Name == name && r.Type == "A" })
		if at < 0 {
			leads = append(leads, fmt.Sprintf("there is no record of %s yet", name))
			continue
		}
		leads = append(leads, fmt.Sprintf("%s leads to %s", name, n.Records[at].Target))
	}
	return fmt.Sprintf("%s, in zone %s of %s", join(leads, "and"), n.ZoneID, n.Zone)
}
