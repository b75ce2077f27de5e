package ops

import (
	"fmt"
	"time"
)

// Range is how long something takes, at the least and at the most that is usual.
type Range struct {
	Least time.Duration `json:"least"`
	Most  time.Duration `json:"most"`
}

func (r Range) plus(other Range) Range { return Range{r.Least + other.Least, r.Most + other.Most} }

// String is the range in minutes.
func (r Range) String() string {
	return fmt.Sprintf("%.0f to %.0f min", r.Least.Round(time.Minute).Minutes(), r.Most.Round(time.Minute).Minutes())
}

// usual is what AWS takes to make or change what is on the path to recovery: NAT
// gateways and balancers by public logs of Terraform runs, a promotion by the RDS
// guide ("several minutes or longer") and reports, the rest by common experience.
var usual = map[string]Range{
	"promotion":                        {5 * time.Minute, 15 * time.Minute},
	"aws:ec2/natGateway:NatGateway":    {90 * time.Second, 2 * time.Minute},
	"aws:lb/loadBalancer:LoadBalancer": {2 * time.Minute, 210 * time.Second},
	"aws:autoscaling/group:Group":      {3 * time.Minute, 6 * time.Minute},
	"aws:route53/record:Record":        {20 * time.Second, time.Minute},
	"verification":                     {10 * time.Second, time.Minute},
	"freeze":                           {2 * time.Minute, 4 * time.Minute},
	"last writes":                      {time.Minute, 3 * time.Minute},
}

// Estimate is how long a failover takes until visitors are sent to the new side.
type Estimate struct {
	Range
	// Path is what takes longest of all that is done side by side.
	Path string `json:"path"`
}

// String says how long, and of what.
func (e Estimate) String() string {
	return fmt.Sprintf("%s until visitors are sent there; most of it is the %s", e.Range, e.Path)
}

// estimateSwitchover works out how long a switchover takes: the freeze comes before, and the
// promotion after what is made here has shown that no write is missing.
func estimateSwitchover(planned []Planned) Estimate {
	e := estimate(planned, false)
	for _, after := range []string{"freeze", "last writes", "promotion"} {
		e.Range = e.plus(usual[after])
	}
	e.Path = "promotion of the database"
	return e
}

// estimate works out how long the planned changes take: what can be done side by side
// is, then the site is verified and its name moved. promotes says that a replica is
// promoted.
func estimate(planned []Planned, promotes bool) Estimate {
	has := map[string]bool{}
	for _, p := range planned {
		has[p.Type] = has[p.Type] || p.Op == "create" || p.Op == "update" && p.Type == "aws:autoscaling/group:Group"
	}
	took := func(types ...string) (sum Range) {
		for _, typ := range types {
			if has[typ] {
				sum = sum.plus(usual[typ])
			}
		}
		return sum
	}
	longest := Estimate{Path: "start of the instances", Range: took("aws:ec2/natGateway:NatGateway", "aws:autoscaling/group:Group")}
	if balancer := took("aws:lb/loadBalancer:LoadBalancer"); balancer.Most > longest.Most {
		longest = Estimate{Path: "making of the balancer", Range: balancer}
	}
	if promotes && usual["promotion"].Most > longest.Most {
		longest = Estimate{Path: "promotion of the database", Range: usual["promotion"]}
	}
	longest.Range = longest.plus(usual["verification"]).plus(took("aws:route53/record:Record"))
	return longest
}
