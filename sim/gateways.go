package sim

import "time"

// A Gateway is a NAT gateway as EC2 describes it.
type Gateway struct {
	ID, State, Allocation, Subnet string
	Interface                     string // id of its network interface
	Tags                          map[string]string
	Created                       time.Time
}

// Gateways describes a region's NAT gateways. One that is being deleted holds
// its address until it is gone.
func (w *World) Gateways(region string) []Gateway {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Gateway
	for _, o := range w.all(natType, region) {
		g := Gateway{ID: o.ID, State: "available", Allocation: o.text("allocationId"), Subnet: o.text("subnetId"), Interface: o.text("networkInterfaceId"), Tags: o.tags(), Created: o.Times["created"]}
		gone, deleting := o.Times["gone"]
		switch {
		case deleting && !now.Before(gone):
			w.drop(o)
			continue
		case deleting:
			g.State = "deleting"
		case o.failed(now):
			g.State, g.Interface = "failed", ""
		case now.Before(o.Ready):
			g.State, g.Interface = "pending", "" // it gets its network interface while it is made
		}
		all = append(all, g)
	}
	return all
}

// DeleteGateway is DeleteNatGateway, which returns long before it is done.
func (w *World) DeleteGateway(region, id string) error {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.find(natType, region, id)
	if o == nil || o.past("gone", now) {
		return refuse("NatGatewayNotFound", "The Nat Gateway %s was not found", id)
	}
	if _, deleting := o.Times["gone"]; !deleting {
		o.setTime("gone", later(now, o.Ready).Add(w.Duration(region, "ec2:DeleteNatGateway", o.Name)))
	}
	return nil
}
