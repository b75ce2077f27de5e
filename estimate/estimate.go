// Package estimate knows how long AWS usually takes, and which of what is done side by side
// takes longest.
package estimate

import (
	"encoding/json"
	"fmt"
	"time"
)

// Range is how long something takes, at the least and at the most that is usual.
type Range struct {
	Least, Most time.Duration
}

// rangeDocument is a range in JSON.
type rangeDocument struct {
	Least float64 `json:"leastSeconds"`
	Most  float64 `json:"mostSeconds"`
}

// MarshalJSON writes it in seconds.
func (r Range) MarshalJSON() ([]byte, error) {
	return json.Marshal(rangeDocument{r.Least.Seconds(), r.Most.Seconds()})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Range) UnmarshalJSON(text []byte) error {
	var read rangeDocument
	err := json.Unmarshal(text, &read)
	*r = Range{time.Duration(read.Least * float64(time.Second)), time.Duration(read.Most * float64(time.Second))}
	return err
}

// Exactly is a range of one duration.
func Exactly(d time.Duration) Range { return Range{d, d} }

// plus is how long both take, one after the other.
func (r Range) plus(other Range) Range { return Range{r.Least + other.Least, r.Most + other.Most} }

// At is the duration at a share of the range: 0 is the least, 1 is the most.
func (r Range) At(share float64) time.Duration {
	return r.Least + time.Duration(share*float64(r.Most-r.Least)).Round(time.Millisecond)
}

// String is the range in minutes.
func (r Range) String() string {
	return fmt.Sprintf("%.0f to %.0f min", r.Least.Round(time.Minute).Minutes(), r.Most.Round(time.Minute).Minutes())
}

// Operations that take long and are no single API call.
const (
	Instances    = "autoscaling:Capacity"                     // until a group's instances are in service and healthy
	MultiAZ      = "rds:ModifyDBInstance:MultiAZ"             // the part of ModifyDBInstance that adds a standby
	Upgrade      = "rds:ModifyDBInstance:Upgrade"             // the part of ModifyDBInstance that brings another version of MySQL
	Parameter    = "rds:DynamicParameter"                     // until a changed parameter of a group reaches the database
	Verification = "pilotlight:Verification"                  // the looks in a row that find the site healthy
	Freeze       = "pilotlight:Freeze"                        // until the maintenance page is up and the database is read-only
	LastWrites   = "pilotlight:LastWrites"                    // until the replica has shown that no write is missing
	Issuance     = "acm:Issuance"                             // from the records in the zone to an issued certificate
	SourceLost   = "cloudwatch:replication error visible for" // until a lost source shows as an error of the replication
)

// API calls that a change of role waits for.
const (
	NATGateway = "ec2:CreateNatGateway"
	Balancer   = "elasticloadbalancing:CreateLoadBalancer"
	Promotion  = "rds:PromoteReadReplica"
	Record     = "route53:ChangeResourceRecordSets"
)

// quick is a call that answers as soon as AWS has written it down.
var quick = Range{time.Second, 5 * time.Second}

// usual has what takes longer. NAT gateways, balancers and Redis groups: public logs of
// Terraform runs. Promotion: the RDS guide says "several minutes or longer". Cross-region
// replicas of small databases: 1300 to 2780 s in the acceptance tests of
// terraform-provider-aws (pull request 36080). Snapshots and what is restored of them,
// upgrades of small databases, instances to healthy, certificates, Route 53 changes and deletions: common experience.
var usual = map[string]Range{
	NATGateway:             {90 * time.Second, 120 * time.Second},
	"ec2:DeleteNatGateway": {40 * time.Second, 60 * time.Second},
	Balancer:               {120 * time.Second, 210 * time.Second},
	"elasticloadbalancing:DeleteLoadBalancer": {10 * time.Second, 25 * time.Second},
	"elasticache:CreateReplicationGroup":      {6 * time.Minute, 10 * time.Minute},
	"elasticache:ModifyReplicationGroup":      {1 * time.Minute, 5 * time.Minute},
	"elasticache:DeleteReplicationGroup":      {3 * time.Minute, 6 * time.Minute},
	"rds:CreateDBInstance":                    {5 * time.Minute, 10 * time.Minute},
	"rds:CreateDBInstanceReadReplica":         {20 * time.Minute, 45 * time.Minute},
	"rds:CreateDBSnapshot":                    {2 * time.Minute, 5 * time.Minute},
	"rds:RestoreDBInstanceFromDBSnapshot":     {9 * time.Minute, 18 * time.Minute},
	Promotion:                                 {5 * time.Minute, 15 * time.Minute},
	"rds:ModifyDBInstance":                    {30 * time.Second, 90 * time.Second},
	"rds:RebootDBInstance":                    {30 * time.Second, 2 * time.Minute},
	MultiAZ:                                   {8 * time.Minute, 15 * time.Minute},
	Upgrade:                                   {8 * time.Minute, 20 * time.Minute},
	Parameter:                                 {5 * time.Second, 40 * time.Second},
	"rds:DeleteDBInstance":                    {3 * time.Minute, 6 * time.Minute},
	Instances:                                 {3 * time.Minute, 6 * time.Minute},
	"autoscaling:DeleteAutoScalingGroup":      {1 * time.Minute, 3 * time.Minute},
	Record:                                    {20 * time.Second, 60 * time.Second},
	"iam:CreateInstanceProfile":               {5 * time.Second, 10 * time.Second},
	Issuance:                                  {2 * time.Minute, 10 * time.Minute},
	SourceLost:                                {15 * time.Second, 55 * time.Second},
	Verification:                              {10 * time.Second, time.Minute},
	Freeze:                                    {2 * time.Minute, 4 * time.Minute},
	LastWrites:                                {time.Minute, 3 * time.Minute},
}

// Usual is how long an operation of AWS takes, such as rds:PromoteReadReplica.
func Usual(operation string) Range {
	if r, slow := usual[operation]; slow {
		return r
	}
	return quick
}
