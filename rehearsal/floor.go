package rehearsal

import (
	"github.com/pilotlight-dr/pilotlight/awssim"
	"github.com/pilotlight-dr/pilotlight/failover"
)

// Floor is the least time in which AWS's own dependencies let a site recover:
// the longest of what can be done side by side, then verification and the
// change of DNS. It is worked out from the durations that the world draws, not
// from what the failover did.
type Floor struct {
	Seconds      float64 `json:"seconds"`
	Path         string  `json:"path"`         // which of the parallel paths is the longest
	Promotion    float64 `json:"promotion"`    // of the database
	Balancer     float64 `json:"balancer"`     // with its listener
	Instances    float64 `json:"instances"`    // after their way to the internet
	Verification float64 `json:"verification"` // the looks that have to follow each other
	DNS          float64 `json:"dns"`
}

// floor asks the world how long each call takes for the resource of its kind
// that the recovering side has. The cache is on no path: a site serves without.
func floor(w *awssim.World, recovery side) Floor {
	names := map[string]string{}
	for _, s := range w.Journal() {
		if s.Kind == "provider" && (s.Region == recovery.region || s.Region == "global") {
			names[s.Type] = s.Name
		}
	}
	path := func(calls ...[2]string) (sum float64) {
		for _, call := range calls {
			sum += w.Duration(recovery.region, call[0], names[call[1]]).Seconds()
		}
		return sum
	}
	f := Floor{
		Promotion: w.Duration(recovery.region, "rds:PromoteReadReplica", site+"-"+recovery.stack+"-1").Seconds(),
		Balancer: path([2]string{"elasticloadbalancing:CreateLoadBalancer", "aws:lb/loadBalancer:LoadBalancer"},
			[2]string{"elasticloadbalancing:CreateListener", "aws:lb/listener:Listener"}),
		Instances: path([2]string{"ec2:AllocateAddress", "aws:ec2/eip:Eip"}, [2]string{"ec2:CreateNatGateway", "aws:ec2/natGateway:NatGateway"},
			[2]string{"ec2:CreateRoute", "aws:ec2/route:Route"}, [2]string{"autoscaling:Capacity", "aws:autoscaling/group:Group"}),
		Verification: failover.Verification.Seconds(),
		DNS:          path([2]string{"route53:ChangeResourceRecordSets", "aws:route53/record:Record"}),
	}
	longest := f.Promotion
	f.Path = "promotion of the database"
	if f.Balancer > longest {
		longest, f.Path = f.Balancer, "balancer"
	}
	if f.Instances > longest {
		longest, f.Path = f.Instances, "instances"
	}
	f.Seconds = longest + f.Verification + f.DNS
	return f
}
