package sim

import (
	"slices"
	"strings"
	"time"
)

// A Balancer is a load balancer as DescribeLoadBalancers shows it.
type Balancer struct {
	ARN, Name, DNSName    string
	State                 string // provisioning, active or failed
	SecurityGroups, Zones []string
	Created               time.Time
}

// Balancers describes a region's load balancers.
func (w *World) Balancers(region string) []Balancer {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Balancer
	for _, o := range w.all(balancerType, region) {
		b := Balancer{ARN: o.ID, Name: o.text("name"), DNSName: o.text("dnsName"), SecurityGroups: o.texts("securityGroups"), Created: o.Times["created"], State: "active"}
		switch {
		case o.failed(now):
			b.State = "failed"
		case now.Before(o.Ready):
			b.State = "provisioning"
		}
		for _, id := range o.texts("subnets") {
			if subnet := w.find(subnetType, region, id); subnet != nil {
				b.Zones = append(b.Zones, subnet.text("availabilityZone"))
			}
		}
		all = append(all, b)
	}
	return all
}

// BalancerTags are those of a load balancer or of a target group, as DescribeTags shows them.
func (w *World) BalancerTags(region, arn string) (map[string]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	typ, missing := balancerType, error(refuse("LoadBalancerNotFound", "One or more load balancers not found"))
	if strings.Contains(arn, ":targetgroup/") {
		typ, missing = targetsType, noTargets(arn)
	}
	o := w.find(typ, region, arn)
	if o == nil {
		return nil, missing
	}
	return o.tags(), nil
}

// A RouteTable is one as DescribeRouteTables shows it.
type RouteTable struct {
	ID     string
	Routes []RouteEntry
	// Subnets are those that use it, with the ids of their associations.
	Subnets map[string]string
}

// A RouteEntry is a route of a table.
type RouteEntry struct {
	Destination string
	Gateway     string // id of a NAT gateway; empty for others
	Internet    string // id of an internet gateway; empty for others
	State       string // active, or blackhole once its gateway is gone
}

// RouteTables describes those of a region's route tables that have some ids, or all of them.
func (w *World) RouteTables(region string, ids ...string) ([]RouteTable, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if w.find(tableType, region, id) == nil {
			return nil, noTable(id)
		}
	}
	var all []RouteTable
	for _, table := range w.all(tableType, region) {
		if len(ids) > 0 && !slices.Contains(ids, table.ID) {
			continue
		}
		t := RouteTable{ID: table.ID, Subnets: map[string]string{}}
		for _, o := range w.all(associationType, region) {
			if o.text("routeTableId") == table.ID {
				t.Subnets[o.text("subnetId")] = o.ID
			}
		}
		for _, o := range w.all(routeType, region) {
			if o.text("routeTableId") != table.ID {
				continue
			}
			route := RouteEntry{Destination: o.text("destinationCidrBlock"), Gateway: o.text("natGatewayId"), Internet: o.text("gatewayId"), State: "active"}
			if gateway := w.find(natType, region, route.Gateway); route.Gateway != "" && (gateway == nil || gateway.past("gone", w.clock.Now())) {
				route.State = "blackhole"
			}
			t.Routes = append(t.Routes, route)
		}
		all = append(all, t)
	}
	return all, nil
}

// DeleteBalancer is DeleteLoadBalancer, which takes the listeners along, and is
// no error for one that is gone.
func (w *World) DeleteBalancer(region, arn string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, listener := range w.all(listenerType, region) {
		if listener.text("loadBalancerArn") == arn {
			w.drop(listener)
		}
	}
	if o := w.find(balancerType, region, arn); o != nil {
		w.drop(o)
	}
}

// A Listener is a balancer's port as DescribeListeners shows it.
type Listener struct {
	ARN      string
	Port     int
	Protocol string
}

// Listeners describes the listeners of a load balancer.
func (w *World) Listeners(region, balancer string) ([]Listener, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.find(balancerType, region, balancer) == nil {
		return nil, refuse("LoadBalancerNotFound", "One or more load balancers not found")
	}
	var all []Listener
	for _, o := range w.all(listenerType, region) {
		if o.text("loadBalancerArn") == balancer {
			all = append(all, Listener{ARN: o.ID, Port: o.number("port"), Protocol: o.text("protocol")})
		}
	}
	return all, nil
}

// DeleteListener is the call of that name.
func (w *World) DeleteListener(region, arn string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.find(listenerType, region, arn)
	if o == nil {
		return refuse("ListenerNotFound", "One or more listeners not found")
	}
	w.drop(o)
	return nil
}

// DeleteGroup is DeleteSecurityGroup.
func (w *World) DeleteGroup(region, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.find(groupType, region, id)
	if o == nil {
		return noGroup(id)
	}
	if user := w.user(o); user != nil {
		return kinds[groupType].inUse(o, user)
	}
	w.dropWith(o)
	return nil
}

// DeleteRoute is the call of that name.
func (w *World) DeleteRoute(region, table, destination string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.find(tableType, region, table) == nil {
		return noTable(table)
	}
	for _, o := range w.all(routeType, region) {
		if o.text("routeTableId") == table && o.text("destinationCidrBlock") == destination {
			w.drop(o)
			return nil
		}
	}
	return refuse("InvalidRoute.NotFound", "no route with destination-cidr-block %s in route table %s", destination, table)
}
