package sim

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
)

// A Zone is a hosted zone of Route 53.
type Zone struct {
	ID, Name string
	Private  bool
	Servers  []string
}

// A RecordSet is one of a zone's.
type RecordSet struct {
	Name, Type    string
	SetIdentifier string // of a routed one
	Weight        *int
	Alias         string // name of the target; empty for one with values
	Values        []string
}

// Zone describes a hosted zone.
func (w *World) Zone(id string) (Zone, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, ok := w.state.Zones[id]
	if !ok {
		return Zone{}, &Error{Status: 404, Code: "NoSuchHostedZone", Message: "No hosted zone found with ID: " + id}
	}
	return Zone{ID: id, Name: name, Private: w.state.Private[id], Servers: w.servers(id)}, nil
}

// servers are the four name servers that Route 53 gives a zone.
func (w *World) servers(id string) (all []string) {
	for i, top := range []string{"com", "net", "org", "co.uk"} {
		all = append(all, fmt.Sprintf("ns-%d.awsdns-%02d.%s", 512*i+int(w.hash("server", id)%512), w.hash("set", id)%64, top))
	}
	return all
}

// LookupNS asks the internet for a zone's name servers: those of the hosted zone of that name,
// unless a fault says that it is delegated elsewhere.
func (w *World) LookupNS(_ context.Context, name string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name = strings.TrimSuffix(name, ".")
	for id, zone := range w.state.Zones {
		if zone != name {
			continue
		}
		if w.fault("zone", is("elsewhere")) != nil {
			return []string{"ns1.registrar.example."}, nil
		}
		return w.servers(id), nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// RecordsFrom lists the record sets of a zone, from a name on.
func (w *World) RecordsFrom(id, name string) (sets []RecordSet, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.state.Zones[id]; !ok {
		return nil, &Error{Status: 404, Code: "NoSuchHostedZone", Message: "No hosted zone found with ID: " + id}
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	for _, o := range w.recordsOf(id) {
		set := RecordSet{Name: w.recordName(o), Type: o.text("type"), SetIdentifier: o.text("setIdentifier"), Values: o.texts("records"),
			Alias: strings.TrimPrefix(strings.TrimSuffix(textAt(o.Props, "aliases.name"), "."), "dualstack.")}
		if set.SetIdentifier != "" {
			weight := o.number("weight")
			set.Weight = &weight
		}
		if reversed(set.Name) >= reversed(name) {
			sets = append(sets, set)
		}
	}
	slices.SortFunc(sets, func(a, b RecordSet) int {
		return cmp.Or(cmp.Compare(reversed(a.Name), reversed(b.Name)), cmp.Compare(a.Type, b.Type), cmp.Compare(a.SetIdentifier, b.SetIdentifier))
	})
	return sets, nil
}

// recordsOf are the records of a zone.
func (w *World) recordsOf(zone string) (all []*Object) {
	return w.where(func(o *Object) bool { return o.Type == recordType && o.text("zoneId") == zone })
}

// reversed is a name with its labels reversed, as Route 53 orders them.
func reversed(name string) string {
	labels := strings.Split(name, ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".")
}

// conflicting is why a record set can't stand beside those at its name, in Route 53's words
// (hashicorp/terraform-provider-aws#9025 and #8367): a CNAME suffers no other, and a simple one no routed ones of its type.
func (w *World) conflicting(o *Object) error {
	name, typ, zone := w.recordName(o), o.text("type"), w.state.Zones[o.text("zoneId")]
	for _, there := range w.recordsOf(o.text("zoneId")) {
		if w.recordName(there) != name || there.ID == recordID(w, o) {
			continue
		}
		other := there.text("type")
		switch {
		case other != typ && (other == "CNAME" || typ == "CNAME"):
			return refuse("InvalidChangeBatch", "[RRSet of type %s with DNS name %s. is not permitted because a conflicting RRSet of type %s with the same DNS name already exists in zone %s.]",
				typ, name, other, zone)
		case other == typ && (there.text("setIdentifier") == "") != (o.text("setIdentifier") == ""):
			return refuse("InvalidChangeBatch", "[RRSet with DNS name %s., type %s, SetIdentifier %s cannot be created as other RRSets exist with the same name and type.]",
				name, typ, cmp.Or(o.text("setIdentifier"), "null"))
		}
	}
	return nil
}
