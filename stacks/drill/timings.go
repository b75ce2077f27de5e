package drill

import (
	"time"

	"github.com/pilotlight-dr/pilotlight/report"
)

// Timing is a part of the work whose time a drill has measured.
type Timing struct {
	What    string  `json:"what"`
	Seconds float64 `json:"seconds"`
	// Failover reports that a failover does the same. What it does in the place of the
	// others, Instead says.
	Failover bool   `json:"failover"`
	Instead  string `json:"instead,omitempty"`
}

// Timings are the times of the parts that take long, by a report. Of several resources of
// a kind it is the time from the first's beginning to the last's end.
func Timings(of report.Report) (timings []Timing) {
	for _, part := range []struct {
		kind               report.Kind
		typ, what, instead string
	}{
		{report.ResourceStep, "aws:rds/instance:Instance", "database, restored", "a failover promotes the replica"},
		{report.ResourceStep, "aws:ec2/natGateway:NatGateway", "way out (NAT)", ""},
		{report.ResourceStep, "aws:lb/loadBalancer:LoadBalancer", "balancer", ""},
		{report.ResourceStep, "aws:elasticache/replicationGroup:ReplicationGroup", "cache", ""},
		{report.InstanceStep, "", "instances", ""},
		{report.VerifyStep, "", "verification in depth", ""},
	} {
		var begin, end time.Time
		for _, step := range of.Steps {
			if step.Kind != part.kind || step.Type != part.typ || step.End.IsZero() || step.Err != "" {
				continue
			}
			if begin.IsZero() || step.Begin.Before(begin) {
				begin = step.Begin
			}
			if step.End.After(end) {
				end = step.End
			}
		}
		if !begin.IsZero() {
			timings = append(timings, Timing{What: part.what, Seconds: end.Sub(begin).Seconds(), Failover: part.instead == "", Instead: part.instead})
		}
	}
	return timings
}
