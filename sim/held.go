package sim

import (
	"maps"
	"slices"
	"time"
)

// Held are those of some ids that a region has objects of, of one of some types.
func (w *World) Held(region string, ids []string, types ...string) (held []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if slices.ContainsFunc(types, func(typ string) bool { return w.find(typ, region, id) != nil }) {
			held = append(held, id)
		}
	}
	return held
}

// A Tag is one of a resource of EC2, as DescribeTags shows it.
type Tag struct{ Resource, Kind, Key, Value string }

// Tags lists the tags of what a region has of some types, which have the kinds of EC2's.
func (w *World) Tags(region string, kinds map[string]string) (all []Tag) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, typ := range slices.Sorted(maps.Keys(kinds)) {
		for _, o := range w.all(typ, region) {
			tags := o.tags()
			for _, key := range slices.Sorted(maps.Keys(tags)) {
				all = append(all, Tag{o.ID, kinds[typ], key, tags[key]})
			}
		}
	}
	return all
}

// A Cache is a Redis group as DescribeReplicationGroups shows it.
type Cache struct {
	ID, ARN, Status, Class string
	Members                []string
	Created                time.Time
}

// Caches describes a region's Redis groups.
func (w *World) Caches(region string) (all []Cache) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.all(cacheType, region) {
		c := Cache{ID: o.ID, ARN: o.text("arn"), Status: "available", Class: o.text("nodeType"), Members: o.texts("memberClusters"), Created: o.Times["created"]}
		_, deleting := o.Times["gone"]
		switch {
		case o.past("gone", w.clock.Now()):
			w.drop(o)
			continue
		case deleting:
			c.Status = "deleting"
		case o.failed(w.clock.Now()):
			c.Status = "create-failed"
		case w.clock.Now().Before(o.Ready):
			c.Status = "creating"
		}
		all = append(all, c)
	}
	return all
}

// TagsOf are the tags of an object; none when there is no such object.
func (w *World) TagsOf(region, typ, id string) map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if o := w.find(typ, region, id); o != nil {
		return o.tags()
	}
	return nil
}

// DeleteCache is DeleteReplicationGroup, which returns long before it is done.
func (w *World) DeleteCache(region, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, now := w.find(cacheType, region, id), w.clock.Now()
	switch {
	case o == nil:
		return refuse("ReplicationGroupNotFoundFault", "ReplicationGroup %s not found.", id)
	case now.Before(o.Ready):
		return refuse("InvalidReplicationGroupState", "Replication group %s is not in the available state.", id)
	}
	o.setTime("gone", now.Add(w.Duration(region, "elasticache:DeleteReplicationGroup", o.Name)))
	return nil
}

// ReleaseAddress is the call of that name.
func (w *World) ReleaseAddress(region, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.find(addressType, region, id)
	if o == nil {
		return refuse("InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", id)
	}
	for _, gateway := range w.all(natType, region) {
		if gateway.text("allocationId") == id && !gateway.past("gone", w.clock.Now()) {
			return refuse("InvalidIPAddress.InUse", "Address %s is in use.", o.text("publicIp"))
		}
	}
	w.drop(o)
	return nil
}
