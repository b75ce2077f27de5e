package scenario

import (
	"fmt"
	"time"

	"github.com/pilotlight-dr/pilotlight/estimate"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/when"
)

// Floor is the least time in which AWS's own dependencies let a site recover:
// the longest of what can be done side by side, then verification and the
// change of DNS. It is worked out from the durations that the world draws, and from how
// the provider looks, not from what the failover did.
type Floor struct {
	Seconds      float64 `json:"seconds"`
	Path         string  `json:"path"`                // which of the parallel paths is the longest
	Promotion    float64 `json:"promotionSeconds"`    // of the database
	Balancer     float64 `json:"balancerSeconds"`     // with its listener
	Instances    float64 `json:"instancesSeconds"`    // after their way to the internet
	Verification float64 `json:"verificationSeconds"` // the looks that have to follow each other
	DNS          float64 `json:"dnsSeconds"`
}

// floor asks the world how long each call takes for the resource of its kind
// that the recovering side has. The cache is on no path: a site serves without.
func (s *Stage) floor() Floor {
	took := s.durations()
	f := Floor{
		Promotion: took.promotion, Balancer: took.balancer, Instances: took.internet + took.instances,
		Verification: failover.Verification.Seconds(), DNS: took.dns,
	}
	least := estimate.Work{
		Promotion: seconds(f.Promotion), Balancer: seconds(f.Balancer), Instances: seconds(f.Instances),
		Verification: seconds(f.Verification), DNS: seconds(f.DNS),
	}.Failover()
	f.Seconds, f.Path = least.Takes.Least.Seconds(), least.Path
	return f
}

func seconds(took float64) estimate.Range {
	return estimate.Exactly(time.Duration(took * float64(time.Second)))
}

// parts are what a failover is made of, each with the time that the world draws
// for it, in seconds.
type parts struct{ promotion, internet, balancer, cache, instances, dns float64 }

// What is kept warm takes none.
func (s *Stage) durations() parts {
	w, region := s.World, s.site.recovery.Region
	names, made := map[string]string{}, map[string]string{} // by type: all, and those that the failover made
	for _, step := range w.Journal() {
		if step.Kind != "provider" || step.Region != region && step.Region != "global" {
			continue
		}
		names[step.Type] = step.Name
		if step.Operation == "create" && !step.Begin.Before(s.lost) {
			made[step.Type] = step.Name
		}
	}
	path := func(types ...string) (sum float64) {
		for _, typ := range types {
			if name, ok := made[typ]; ok {
				sum += w.Waited(region, typ, "create", name).Seconds()
			}
		}
		return sum
	}
	dns := path("aws:route53/record:Record")
	if s.site.manualDNS() {
		dns = handover.Seconds()
	}
	return parts{
		promotion: w.Duration(region, estimate.Promotion, s.site.recovery.DatabaseID(1)).Seconds(),
		internet:  path("aws:ec2/eip:Eip", "aws:ec2/natGateway:NatGateway", "aws:ec2/route:Route"),
		balancer:  path("aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"),
		cache:     path("aws:elasticache/replicationGroup:ReplicationGroup"),
		instances: w.Duration(region, estimate.Instances, names["aws:autoscaling/group:Group"]).Seconds(),
		dns:       dns,
	}
}

// Original is what the procedure takes that this program replaces, in the same
// world: a person promotes the replica in the console, then applies the network
// and the application with Terraform, tests, and changes the record.
type Original struct {
	Seconds float64 `json:"seconds"`
	Machine float64 `json:"machineSeconds"` // of which AWS works
	Hands   float64 `json:"handsSeconds"`   // and of which people do
}

// String says what the time is made of.
func (o Original) String() string {
	return fmt.Sprintf("promotion, network, application and DNS one after the other %s, and %d things to do by hand %s", when.Minutes(when.Seconds(o.Machine)), handovers, when.Minutes(when.Seconds(o.Hands)))
}

// A person has to see that the promotion is over and type the endpoint and the
// image into the variables; start the one and the other terraform apply; test; and
// change the record. Each costs them handover, which is little at night.
const (
	handovers = 5
	handover  = 2 * time.Minute
)

func (s *Stage) original() Original {
	took := s.durations()
	// Terraform makes Redis beside the balancer; the instances' configuration holds both.
	machine := took.promotion + took.internet + max(took.cache, took.balancer) + took.instances + took.dns
	hands := (handovers * handover).Seconds()
	return Original{Seconds: machine + hands, Machine: machine, Hands: hands}
}
