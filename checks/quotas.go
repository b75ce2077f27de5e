package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/when"
)

// QuotaShort is the code of a quota of the account that leaves no room for what a change makes.
const QuotaShort = "quota-short"

// A Resource is what a quota counts.
type Resource string

// The resources that a change of role may make more of. What each holds in itself, such as the listeners of a balancer, is a handful in
// something of its own. The rules of the balancer's security group grow with visitors, and the configuration takes no more than fit.
const (
	Addresses    Resource = "Elastic IP addresses"
	Gateways     Resource = "NAT gateways"
	Balancers    Resource = "Application Load Balancers"
	TargetGroups Resource = "target groups"
	Databases    Resource = "DB instances"
	Storage      Resource = "GiB of DB storage"
	Snapshots    Resource = "manual DB snapshots"
	CacheNodes   Resource = "ElastiCache nodes"
	Instances    Resource = "instances" // counted by vCPUs
)

// Need is how much of a resource a change makes.
type Need struct {
	Resource Resource
	Count    int
	// Zone is where, for what is counted by zone.
	Zone string
	// Types are those that instances are launched as, in order of preference.
	Types []string
	// Growth is how many more load may ask for.
	Growth int
}

// Sizes are those of the parts that a change makes, where its plan only names the part.
type Sizes struct {
	Instances, MostInstances int // that are started, and that load may ask for; 0 where the group stays empty
	Types, Zones             []string
	CacheNodes               int
	StorageGiB               int // of a new database
}

// Needs are what a change makes of all that quotas count, by its plan.
func Needs(planned []Planned, s Sizes) (needs []Need) {
	count := map[string]int{}
	ends, starts := 0, false
	for _, p := range planned {
		if p.Makes() {
			count[p.Type]++
		}
		if p.Type == "aws:rds/instance:Instance" && p.Ends() {
			ends++ // with a final snapshot
		}
		starts = starts || p.Type == "aws:autoscaling/group:Group" && (p.Makes() || p.Op == "update")
	}
	add := func(n Need) {
		if n.Count > 0 {
			needs = append(needs, n)
		}
	}
	if starts {
		add(Need{Resource: Instances, Count: s.Instances, Types: s.Types, Growth: max(0, s.MostInstances-s.Instances)})
	}
	add(Need{Resource: Addresses, Count: count["aws:ec2/eip:Eip"]})
	for i := range min(count["aws:ec2/natGateway:NatGateway"], len(s.Zones)) { // there is one in a zone at most
		add(Need{Resource: Gateways, Count: 1, Zone: s.Zones[i]})
	}
	add(Need{Resource: Balancers, Count: count["aws:lb/loadBalancer:LoadBalancer"]})
	add(Need{Resource: TargetGroups, Count: count["aws:lb/targetGroup:TargetGroup"]})
	add(Need{Resource: CacheNodes, Count: count["aws:elasticache/replicationGroup:ReplicationGroup"] * s.CacheNodes})
	add(Need{Resource: Databases, Count: count["aws:rds/instance:Instance"]})
	add(Need{Resource: Storage, Count: count["aws:rds/instance:Instance"] * s.StorageGiB})
	add(Need{Resource: Snapshots, Count: ends})
	return needs
}

// ActivationNeeds are of all that quotas count and any activation may make, whatever stands already.
func ActivationNeeds(s Sizes, gateways int) []Need {
	planned := []Planned{{Type: "aws:autoscaling/group:Group", Op: "update"}}
	for _, kind := range []string{"aws:lb/loadBalancer:LoadBalancer", "aws:elasticache/replicationGroup:ReplicationGroup"} {
		planned = append(planned, Planned{Type: kind, Op: "create"})
	}
	for range gateways {
		planned = append(planned, Planned{Type: "aws:ec2/eip:Eip", Op: "create"}, Planned{Type: "aws:ec2/natGateway:NatGateway", Op: "create"})
	}
	return Needs(planned, s)
}

// families are the kinds of instances that have a quota of vCPUs each, by how their types begin: the
// quotas "Running On-Demand … instances" of EC2. All others are standard ones (A, C, D, H, I, M, R, T, Z).
// https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
var families = []struct {
	code, name string
	prefixes   []string
}{
	{"L-DB2E81BA", "G and VT", []string{"g", "gr", "vt"}},
	{"L-417A185B", "P", []string{"p"}},
	{"L-7295265B", "X", []string{"x"}},
	{"L-74FC7D96", "F", []string{"f"}},
	{"L-1945791B", "Inf", []string{"inf"}},
	{"L-2C3B7624", "Trn", []string{"trn"}},
	{"L-6E869C2A", "DL", []string{"dl"}},
	{"L-F7808C92", "HPC", []string{"hpc"}},
	{"L-43DA4232", "High Memory", []string{"u"}},
}

// StandardFamily is the code of the quota that counts the vCPUs of most instances.
const StandardFamily = "L-1216C47A"

// Family is the quota that counts the vCPUs of instances of a type.
func Family(instanceType string) (code, name string) {
	letters := instanceType
	if end := strings.IndexAny(instanceType, "0123456789-."); end >= 0 {
		letters = instanceType[:end]
	}
	for _, f := range families {
		if slices.Contains(f.prefixes, letters) {
			return f.code, f.name
		}
	}
	return StandardFamily, "standard"
}

// Quota is one of the account's in a region, with what a change takes of it.
type Quota struct {
	// Name is what it counts, such as "Elastic IP addresses".
	Name string `json:"name"`
	// Service and Code are its own in Service Quotas, such as ec2 and L-0263D0A3.
	Service string `json:"service"`
	Code    string `json:"code"`
	// Zone is where, of what is counted by zone.
	Zone  string `json:"zone,omitempty"`
	Needs int    `json:"needs"`
	// Growth is what load may take beyond that, up to app.max.
	Growth int `json:"growth,omitempty"`
	Used   int `json:"used"`
	Limit  int `json:"limit"`
	// Alternative reports that the quotas of other types are as good.
	Alternative bool `json:"alternative,omitempty"`
	// Unseen is why Used or Limit is not known; empty when both are.
	Unseen string `json:"unseen,omitempty"`
}

// lacks is how much more than the limit is needed; 0 when there is room, or that is not known.
func (q Quota) lacks() int { return q.over(q.Needs) }

// Wants is the limit that would leave room for load, too; 0 when this one does, or that is not known.
func (q Quota) Wants() int {
	if q.over(q.Needs+q.Growth) == 0 {
		return 0
	}
	return q.Used + q.Needs + q.Growth
}

func (q Quota) over(needs int) int {
	if q.Unseen != "" {
		return 0
	}
	return max(0, q.Used+needs-q.Limit)
}

// AskForMore is the command that asks AWS for more.
const AskForMore = "pilotlight check --request-increases"

// Quotas finds what a change would lack in a region. What is not known lacks nothing.
func Quotas(all []Quota, region string) (short []refusal.Blocker) {
	enough := slices.ContainsFunc(all, func(q Quota) bool { return q.Alternative && q.lacks() == 0 })
	for _, q := range all {
		if q.lacks() == 0 || q.Alternative && enough {
			continue
		}
		without := ""
		if q.Service == "elasticache" {
			without = "; the failover would end in an error, and the site would serve without its cache (with failover.requireCache not at all)"
		}
		short = append(short, refusal.Blocker{
			Code: QuotaShort, Subject: "quotas",
			Reason: fmt.Sprintf("%s in %s: it needs %d, and %d of %d are used%s", q.Name, region, q.Needs, q.Used, q.Limit, without),
			Remedy: fmt.Sprintf("ask AWS for more by %s (quota %s of %s, hours to days), or free some", AskForMore, q.Code, q.Service),
		})
	}
	return short
}

// SeenOfQuotas is what was seen of quotas that do not stand in the way, in words; empty when there were none.
func SeenOfQuotas(all []Quota, region string) string {
	var room, tight []string
	for _, q := range all {
		if q.Unseen == "" && q.lacks() == 0 {
			room = append(room, fmt.Sprintf("%s %d (%d of %d used)", q.Name, q.Needs, q.Used, q.Limit))
		}
		if wants := q.Wants(); wants > 0 && q.lacks() == 0 {
			tight = append(tight, fmt.Sprintf("app.max would take %d %s, and the quota is %d", wants, q.Name, q.Limit))
		}
	}
	var said []string
	if len(room) > 0 {
		said = append(said, fmt.Sprintf("%s has room for what it makes: %s", region, strings.Join(room, ", ")))
	}
	if len(tight) > 0 {
		said = append(said, fmt.Sprintf("%s: see %s", strings.Join(tight, "; "), AskForMore))
	}
	if unseen := UnseenQuotas(all); unseen != "" {
		said = append(said, unseen)
	}
	return strings.Join(said, ". ")
}

// UnseenQuotas is what is not known of quotas, and why, in words; empty when all is.
func UnseenQuotas(all []Quota) string {
	var unseen, reasons []string
	of := map[string][]string{} // by the reason
	for _, q := range all {
		if q.Unseen == "" {
			continue
		}
		if of[q.Unseen] == nil {
			reasons = append(reasons, q.Unseen)
		}
		of[q.Unseen] = append(of[q.Unseen], q.Name)
	}
	for _, why := range reasons {
		unseen = append(unseen, fmt.Sprintf("%s (%s)", join(of[why], "and"), why))
	}
	if len(unseen) == 0 {
		return ""
	}
	return "not known is " + strings.Join(unseen, "; ")
}

// Increase is a request for a higher quota.
type Increase struct {
	Quota   string `json:"quota"` // what it counts
	Service string `json:"service"`
	Code    string `json:"code"`
	Region  string `json:"region"`
	Desired int    `json:"desired"`
	// Status is AWS's word for how far it is, such as PENDING.
	Status string `json:"status,omitempty"`
	// Before is when an earlier request was made that is still open; zero when this one was made now.
	Before time.Time `json:"before,omitzero"`
	// Refused is why it was not made; empty when it was.
	Refused string `json:"refused,omitempty"`
}

// String says what was asked for.
func (i Increase) String() string {
	what := fmt.Sprintf("%d %s in %s (quota %s of %s)", i.Desired, i.Quota, i.Region, i.Code, i.Service)
	switch {
	case i.Refused != "":
		return fmt.Sprintf("not asked for %s: %s", what, i.Refused)
	case !i.Before.IsZero():
		return fmt.Sprintf("asked already at %s for %s: %s", when.Date(i.Before), what, i.Status)
	}
	return fmt.Sprintf("asked for %s: %s", what, i.Status)
}

// MostUrgent are the quotas of which more should be asked for, what a change lacks before what load may:
// AWS takes few requests at once.
func MostUrgent(all []Quota) (wanted []Quota) {
	for _, urgent := range []bool{true, false} {
		for _, q := range all {
			if q.Wants() > 0 && q.lacks() > 0 == urgent {
				wanted = append(wanted, q)
			}
		}
	}
	return wanted
}
