package drill

import (
	"strings"
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

// Timings are what a report tells of the parts that take long. Of several resources of
// a kind it is the time from the first's beginning to the last's end.
func Timings(report report.Report) (pieces []Timing) {
	for _, part := range []struct{ prefix, what, instead string }{
		{"create Instance ", "database, restored", "a failover promotes the replica"},
		{"create NatGateway ", "way out (NAT)", ""},
		{"create LoadBalancer ", "balancer", ""},
		{"create ReplicationGroup ", "cache", ""},
		{"wait for the instances", "instances", ""},
		{"verify the site in depth", "verification in depth", ""},
	} {
		var begin, end time.Time
		for _, step := range report.Steps {
			if !strings.HasPrefix(step.Name, part.prefix) || step.End.IsZero() || step.Err != "" {
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
			pieces = append(pieces, Timing{What: part.what, Seconds: end.Sub(begin).Seconds(), Failover: part.instead == "", Instead: part.instead})
		}
	}
	return pieces
}
