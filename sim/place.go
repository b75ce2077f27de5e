package sim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

// global is where calls to IAM and Route 53 are counted.
const global = "global"

// place is where objects of a type live: a region, or for global services the
// whole partition.
func place(typ, region string) string {
	if isGlobal(typ) {
		return awsregion.Partition(region)
	}
	return region
}

func isGlobal(typ string) bool {
	return strings.HasPrefix(typ, "aws:iam/") || strings.HasPrefix(typ, "aws:route53/")
}

func key(typ, region, id string) string { return place(typ, region) + "|" + typ + "|" + id }

// find returns the object with an id as seen from a region, or nil.
func (w *World) find(typ, region, id string) *Object {
	return w.state.Objects[key(typ, region, id)]
}

// findBy returns the object whose property has a value, or nil; of several the first by its id.
func (w *World) findBy(typ, region, prop, value string) (found *Object) {
	for _, o := range w.ofType(typ, region) {
		if propOf(o, prop) == value && (found == nil || o.ID < found.ID) {
			found = o
		}
	}
	return found
}

// propOf reads a property, or the id under its own name.
func propOf(o *Object, prop string) string {
	if prop == "id" {
		return o.ID
	}
	return o.text(prop)
}

// all lists the objects of a type in a region, in the order of their ids.
func (w *World) all(typ, region string) []*Object {
	of := w.ofType(typ, region)
	found := make([]*Object, 0, len(of))
	for _, id := range slices.Sorted(maps.Keys(of)) {
		found = append(found, of[id])
	}
	return found
}

// ofType are the objects of a type in a region, by id. Most calls ask for those of one type, among hundreds.
func (w *World) ofType(typ, region string) map[string]*Object {
	if w.kept == nil {
		w.kept = map[string]map[string]*Object{}
		for _, o := range w.state.Objects {
			w.keepByType(o)
		}
	}
	return w.kept[place(typ, region)+"|"+typ]
}

func (w *World) keepByType(o *Object) {
	at := place(o.Type, o.Region) + "|" + o.Type
	if w.kept[at] == nil {
		w.kept[at] = map[string]*Object{}
	}
	w.kept[at][o.ID] = o
}

// where lists the objects that fit, in a fixed order.
func (w *World) where(fits func(*Object) bool) []*Object {
	var keys []string
	for k, o := range w.state.Objects {
		if fits(o) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	found := make([]*Object, len(keys))
	for i, k := range keys {
		found[i] = w.state.Objects[k]
	}
	return found
}

func (w *World) put(o *Object) {
	w.state.Objects[key(o.Type, o.Region, o.ID)] = o
	if w.kept != nil {
		w.keepByType(o)
	}
}

func (w *World) drop(o *Object) {
	delete(w.state.Objects, key(o.Type, o.Region, o.ID))
	delete(w.kept[place(o.Type, o.Region)+"|"+o.Type], o.ID)
}

// madeID makes an id that depends on the world's seed, the place, the name and
// how often that name was made there; so not on the order of arrival.
func (w *World) madeID(o *Object, digits int) string {
	words := w.nameWords(o.Region, o.Type, o.Name)
	hex := fmt.Sprintf("%016x%016x", w.hash(words...), w.hash(append(words, "more")...))
	return hex[:digits]
}

// NameSeed is what a provider draws the random end of a name from: equal for
// equal worlds, another one as soon as the resource has been made.
func (w *World) NameSeed(region, typ, name string) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Appendf(nil, "%016x", w.hash(append(w.nameWords(region, typ, name), "name")...))
}

func (w *World) nameWords(region, typ, name string) []string {
	return []string{region, typ, name, strconv.Itoa(w.state.Made[key(typ, region, name)])}
}

// arn words an ARN of an object in its region, or without one where the service
// is global.
func arn(service string, o *Object, resource string) string {
	region := o.Region
	if isGlobal(o.Type) {
		region = ""
	}
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", awsregion.Partition(o.Region), service, region, o.Account, resource)
}

// arnService reads the service out of an ARN.
func arnService(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[2]
	}
	return ""
}

// arnRegion reads the region out of an ARN.
func arnRegion(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[3]
	}
	return ""
}
