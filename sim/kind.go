package sim

import (
	"fmt"
	"maps"
	"slices"
)

// A kind is what the world knows about a type of resource. Most of it is a
// table; functions stand where a service has rules of its own. They run under
// the world's lock.
type kind struct {
	service string // the endpoint's name: "ec2"
	sdk     string // as the SDK prints it: "EC2"
	noun    string // as the provider words it: "EC2 VPC"

	create, update, delete string // the API's operations

	id       func(*World, *Object) string
	refs     []ref
	unique   *unique
	defaults map[string]any
	// check has further rules for a new or changed object.
	check func(*World, *Object) error
	// same finds what is there already, where AWS takes a creation with the same Settings for
	// the same object and answers with that.
	same func(*World, *Object) *Object
	// refuses is what the provider itself says in place of a creation, by what it found when it looked before.
	refuses func(*World, *Object) error
	// made fills in what AWS works out, when an object is new and when it changed.
	made func(*World, *Object)
	// changed does what an update means beyond new properties.
	changed func(w *World, c Call, old, o *Object) error
	// removed does what a deletion means elsewhere, or refuses it.
	removed func(*World, *Object) error
	// seen brings what depends on time into the properties that are shown.
	seen func(*World, *Object)
	// takes names the operation that an object's creation or change waits for,
	// where it is not create or update. old is nil for a creation.
	takes func(old, o *Object) string
	// inUse refuses a deletion while another object refers to this one.
	inUse func(o, user *Object) error
	// globally: creating it needs the control plane of a global service
	// (aws fault isolation boundaries: balancers, caches and buckets do).
	globally bool
	// role is the service-linked role that AWS makes with the account's first of them.
	role string
}

// A ref is a property that must name an object which is there.
type ref struct {
	path    string // of the property
	to      string // the type
	by      string // the property by which it is named: id, arn, name …
	missing func(value string) error
	loose   bool // doesn't stand in the way of the other's deletion
	goes    bool // goes with the other
}

// unique is a property that no two objects may share.
type unique struct {
	prop  string
	taken func(o *Object) error
}

// word is one operation in a sentence: "creating EC2 VPC".
func (k *kind) word(verb string, o *Object) string {
	if o.ID == "" {
		return fmt.Sprintf("%s %s", verb, k.noun)
	}
	return fmt.Sprintf("%s %s (%s)", verb, k.noun, o.ID)
}

// kinds is every type that is modelled, by Pulumi's token.
var kinds = func() map[string]*kind {
	all := map[string]*kind{}
	for _, service := range []map[string]*kind{
		networkKinds(), routeKinds(), securityKinds(), launchKinds(), databaseKinds(), cacheKinds(), balancerKinds(),
		scalingKinds(), identityKinds(), keyKinds(), bucketKinds(), secretKinds(), parameterKinds(), recordKinds(), logKinds(), alarmKinds(), certificateKinds(), eventKinds(), functionKinds(),
	} {
		maps.Copy(all, service)
	}
	return all
}()

// Models reports whether a type of resource is modelled.
func Models(typ string) bool { return kinds[typ] != nil }

// Types lists the types of resources that are modelled.
func Types() []string { return slices.Sorted(maps.Keys(kinds)) }

// named is an id that equals a property.
func named(prop string) func(*World, *Object) string {
	return func(_ *World, o *Object) string { return o.text(prop) }
}

// prefixed is an id as EC2 makes them: "vpc-" and 17 hex digits.
func prefixed(prefix string) func(*World, *Object) string {
	return func(w *World, o *Object) string { return prefix + "0" + w.madeID(o, 16) }
}
