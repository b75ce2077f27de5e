package sim

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

const recordType = "aws:route53/record:Record"

// AddZone puts a public hosted zone into both partitions' Route 53.
func (w *World) AddZone(id, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Zones[id] = strings.TrimSuffix(name, ".")
}

// MakePrivate makes a hosted zone one that visitors never ask.
func (w *World) MakePrivate(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Private = map[string]bool{id: true}
}

func recordKinds() map[string]*kind {
	return map[string]*kind{
		recordType: {
			service: "route53", sdk: "Route 53", noun: "Route 53 Record",
			create: "ChangeResourceRecordSets", update: "ChangeResourceRecordSets", delete: "ChangeResourceRecordSets",
			id: recordID, check: validRecord,
			made: func(w *World, o *Object) {
				o.Props["fqdn"] = w.recordName(o)
				w.issueAll(o)
			},
		},
	}
}

// recordID: one record set has one id, by whatever it was written; an overwrite is the
// same record.
func recordID(w *World, o *Object) string {
	id := o.text("zoneId") + "_" + w.recordName(o) + "_" + o.text("type")
	if set := o.text("setIdentifier"); set != "" {
		id += "_" + set
	}
	return id
}

// recordName completes a name with its zone, as the provider does.
func (w *World) recordName(o *Object) string {
	zone, name := w.state.Zones[o.text("zoneId")], strings.TrimSuffix(strings.ToLower(o.text("name")), ".")
	switch {
	case name == "" || name == zone:
		return zone
	case strings.HasSuffix(name, "."+zone):
		return name
	}
	return name + "." + zone
}

func validRecord(w *World, o *Object) error {
	zone, ok := w.state.Zones[o.text("zoneId")]
	if !ok {
		return &Error{Status: 404, Code: "NoSuchHostedZone", Message: "No hosted zone found with ID: " + o.text("zoneId")}
	}
	if there := w.find(recordType, o.Region, recordID(w, o)); o.ID == "" && there != nil && !o.flag("allowOverwrite") {
		return refuse("InvalidChangeBatch", "[Tried to create resource record set [name='%s.', type='%s'] but it already exists]", w.recordName(o), o.text("type"))
	}
	if err := w.conflicting(o); err != nil {
		return err
	}
	aliases, _ := o.Props["aliases"].([]any)
	for _, alias := range aliases {
		name, aliasZone := strings.TrimSuffix(textAt(alias, "name"), "."), textAt(alias, "zoneId")
		if aliasZone == o.text("zoneId") { // another record of this zone (Developer Guide, Choosing between alias and non-alias records)
			if w.find(recordType, o.Region, aliasZone+"_"+name+"_"+o.text("type")) == nil {
				return refuse("InvalidChangeBatch", "[Tried to create an alias that targets %s., type %s in zone %s, but that target was not found]", name, o.text("type"), aliasZone)
			}
			continue
		}
		if !w.aliasTarget(o.Region, name, aliasZone) {
			return refuse("InvalidChangeBatch", "[Tried to create an alias that targets %s., type %s in zone %s, but the alias target name does not lie within the target zone]", name, o.text("type"), aliasZone)
		}
	}
	if len(aliases) == 0 && len(o.texts("records")) == 0 {
		return fmt.Errorf("a record of zone %s needs records or aliases", zone)
	}
	return nil
}

// aliasTarget reports whether a balancer of that name and zone exists.
func (w *World) aliasTarget(region, name, zone string) bool {
	name = strings.TrimPrefix(name, "dualstack.")
	return len(w.where(func(o *Object) bool {
		return o.Type == balancerType && awsregion.Partition(o.Region) == awsregion.Partition(region) && o.text("dnsName") == name && o.text("zoneId") == zone
	})) > 0
}

// manualZone holds the records that people set at a provider of their own.
const manualZone = "by hand"

// SetRecord lets a name lead to a balancer or an address of a region, and nowhere else, as a
// person does it: in the hosted zone with that id or, if that is empty, at a DNS provider that is not AWS.
func (w *World) SetRecord(region, zone, name, target string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if zone == "" {
		zone = manualZone
		w.state.Zones[zone] = name
	}
	kind := "CNAME"
	if _, err := netip.ParseAddr(target); err == nil {
		kind = "A"
	}
	o := &Object{Type: recordType, Region: region, Name: name, Props: plain(map[string]any{
		"zoneId": zone, "name": name, "type": kind, "records": []string{target}, "ttl": 60,
	})}
	for _, before := range w.all(recordType, region) {
		if before.text("zoneId") == zone && w.recordName(before) == w.recordName(o) {
			w.drop(before)
		}
	}
	o.ID, o.Ready = recordID(w, o), w.clock.Now()
	w.issueAll(o)
	w.put(o)
}

// Resolve follows a name through the hosted zones to where it points: a
// balancer's name or an address. ok is false when no zone knows it.
func (w *World) Resolve(name string) (target string, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.resolve(name)
}

func (w *World) resolve(name string) (target string, ok bool) {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	for range 8 { // chains are short; a circle ends
		records := w.where(func(o *Object) bool {
			return o.Type == recordType && !w.state.Private[o.text("zoneId")] && w.recordName(o) == name && (o.text("type") == "A" || o.text("type") == "CNAME")
		})
		if len(records) == 0 {
			return name, ok
		}
		next := textAt(records[0].Props, "aliases.name")
		if next == "" {
			next = textAt(records[0].Props, "records")
		}
		name, ok = strings.TrimPrefix(strings.TrimSuffix(next, "."), "dualstack."), true
	}
	return "", false
}
