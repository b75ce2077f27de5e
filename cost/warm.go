package cost

import (
	"cmp"
	"slices"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/estimate"
)

// Warm is a part that a standby can keep running: what it costs, and what it saves.
type Warm struct {
	Part config.WarmPart `json:"part"`
	Kept bool            `json:"kept"`
	Section
	// Takes is how long AWS takes to make it, which a failover does not wait for if it is kept.
	Takes estimate.Range `json:"takes"`
	// Saves is by how much that shortens a failover: nothing where something else takes longer.
	Saves estimate.Range `json:"saves"`
	// SavesSwitchover is the same of a switchover, which promotes the database after all else is made.
	SavesSwitchover estimate.Range `json:"savesSwitchover"`
	// Needs is the region without which AWS can't make it, if that is the one whose loss is prepared for.
	Needs string `json:"needs,omitempty"`
}

// parts are those that can be kept warm, and what they are to AWS.
var parts = []config.WarmPart{config.WarmNAT, config.WarmBalancer, config.WarmCache}

var services = map[config.WarmPart]struct{ service, operation string }{
	config.WarmNAT:      {"ec2", estimate.NATGateway},
	config.WarmBalancer: {"elasticloadbalancing", estimate.Balancer},
	config.WarmCache:    {"elasticache", "elasticache:CreateReplicationGroup"},
}

// warm is every part of a standby that can be kept warm.
func (b biller) warm(s stack) (list []Warm) {
	for _, part := range parts {
		without := s
		without.KeepWarm = slices.DeleteFunc(slices.Clone(s.KeepWarm), func(kept config.WarmPart) bool { return kept == part })
		with := without
		with.KeepWarm = append(slices.Clone(without.KeepWarm), part)
		cold, kept := work(without.Config), work(with.Config)
		w := Warm{
			Part: part, Kept: s.Warm(part), Section: b.section(s, s.application(part)), Takes: estimate.Usual(services[part].operation),
			Saves: saved(cold.Failover(), kept.Failover()), SavesSwitchover: saved(cold.Switchover(), kept.Switchover()),
		}
		if needs := awsregion.ControlPlane(services[part].service, s.Region); needs == s.PeerRegion() {
			w.Needs = needs
		}
		list = append(list, w)
	}
	return list
}

func saved(cold, kept estimate.Estimate) estimate.Range {
	return estimate.Range{Least: cold.Takes.Least - kept.Takes.Least, Most: cold.Takes.Most - kept.Takes.Most}
}

// work is what AWS has to do for a failover to the stack.
func work(c config.Config) estimate.Work {
	cold := func(part config.WarmPart) estimate.Range {
		if c.Warm(part) || part == config.WarmNAT && c.Network.NAT == "none" {
			return estimate.Range{}
		}
		return estimate.Usual(services[part].operation)
	}
	w := estimate.Work{
		Promotion: estimate.Usual(estimate.Promotion), Balancer: cold(config.WarmBalancer), Internet: cold(config.WarmNAT),
		Instances: estimate.Usual(estimate.Instances), Verification: estimate.Usual(estimate.Verification),
		Freeze: estimate.Usual(estimate.Freeze), LastWrites: estimate.Usual(estimate.LastWrites),
	}
	if cmp.Or(c.DNS.Mode, "record") == "record" {
		w.DNS = estimate.Usual(estimate.Record)
	}
	return w
}
