package ops

import "github.com/pilotlight-dr/pilotlight/estimate"

// work is what AWS has to do for the planned changes. promotes reports that a replica is
// promoted.
func work(planned []Planned, promotes bool) estimate.Work {
	has := map[string]bool{}
	for _, p := range planned {
		has[p.Type] = has[p.Type] || p.Makes() || p.Op == "update" && p.Type == "aws:autoscaling/group:Group"
	}
	made := func(typ, operation string) estimate.Range {
		if !has[typ] {
			return estimate.Range{}
		}
		return estimate.Usual(operation)
	}
	w := estimate.Work{
		Balancer:     made("aws:lb/loadBalancer:LoadBalancer", estimate.Balancer),
		Internet:     made("aws:ec2/natGateway:NatGateway", estimate.NATGateway),
		Instances:    made("aws:autoscaling/group:Group", estimate.Instances),
		Verification: estimate.Usual(estimate.Verification),
		DNS:          made(recordType, estimate.Record),
		Freeze:       estimate.Usual(estimate.Freeze),
		LastWrites:   estimate.Usual(estimate.LastWrites),
	}
	if promotes {
		w.Promotion = estimate.Usual(estimate.Promotion)
	}
	return w
}
