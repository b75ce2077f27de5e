package sim

import (
	"encoding/binary"
	"hash/fnv"
	"time"
)

// span is how long an operation may take.
type span struct{ least, most time.Duration }

func (s span) at(share float64) time.Duration {
	return s.least + time.Duration(share*float64(s.most-s.least)).Round(time.Millisecond)
}

// capacity is not an API call: it is the wait for an Auto Scaling group's
// instances to be in service and healthy.
const capacity = "autoscaling:Capacity"

// multiAZ is the part of ModifyDBInstance that adds a standby.
const multiAZ = "rds:ModifyDBInstance:MultiAZ"

// dynamic is no call either: it is how long a changed parameter of a group takes
// to reach a database after the call has returned.
const dynamic = "rds:DynamicParameter"

// small is a call that answers as soon as AWS has written it down.
var small = span{time.Second, 5 * time.Second}

// spans has what takes longer. NAT gateways, balancers and Redis groups: public
// logs of Terraform runs. Promotion: the RDS guide says "several minutes or
// longer". Cross-region replicas of small databases: 1300 to 2780 s in the
// acceptance tests of terraform-provider-aws (pull request 36080). Snapshots and
// what is restored of them, instances to healthy, Route 53 changes and deletions:
// common experience.
var spans = map[string]span{
	"ec2:CreateNatGateway":                     {90 * time.Second, 120 * time.Second},
	"ec2:DeleteNatGateway":                     {40 * time.Second, 60 * time.Second},
	"elasticloadbalancing:CreateLoadBalancer":  {120 * time.Second, 210 * time.Second},
	"elasticloadbalancing:DeleteLoadBalancer":  {10 * time.Second, 25 * time.Second},
	"elasticache:CreateReplicationGroup":       {6 * time.Minute, 10 * time.Minute},
	"elasticache:ModifyReplicationGroup":       {1 * time.Minute, 5 * time.Minute},
	"elasticache:DeleteReplicationGroup":       {3 * time.Minute, 6 * time.Minute},
	"rds:CreateDBInstance":                     {5 * time.Minute, 10 * time.Minute},
	"rds:CreateDBInstanceReadReplica":          {20 * time.Minute, 45 * time.Minute},
	"rds:CreateDBSnapshot":                     {2 * time.Minute, 5 * time.Minute},
	"rds:RestoreDBInstanceFromDBSnapshot":      {9 * time.Minute, 18 * time.Minute},
	"rds:PromoteReadReplica":                   {5 * time.Minute, 15 * time.Minute},
	"rds:ModifyDBInstance":                     {30 * time.Second, 90 * time.Second},
	multiAZ:                                    {8 * time.Minute, 15 * time.Minute},
	dynamic:                                    {5 * time.Second, 40 * time.Second},
	"rds:DeleteDBInstance":                     {3 * time.Minute, 6 * time.Minute},
	capacity:                                   {3 * time.Minute, 6 * time.Minute},
	"autoscaling:DeleteAutoScalingGroup":       {1 * time.Minute, 3 * time.Minute},
	"route53:ChangeResourceRecordSets":         {20 * time.Second, 60 * time.Second},
	"iam:CreateInstanceProfile":                {5 * time.Second, 10 * time.Second},
	"cloudwatch:replication error visible for": {15 * time.Second, 55 * time.Second},
}

// Duration is how long an operation ("rds:PromoteReadReplica") on a name takes
// in a region: drawn by hashing, so that it depends on nothing but its
// arguments, the world's seed, and a fault that slows it down.
func (w *World) Duration(region, operation, name string) time.Duration {
	s, ok := spans[operation]
	if !ok {
		s = small
	}
	took := s.at(w.draw(region, operation, name))
	if slow := w.slow.Load(); slow != nil {
		took *= time.Duration(max(1, (*slow)[operation]))
	}
	return took
}

// draw is a number from 0 up to 1 that depends on the seed and the words.
func (w *World) draw(words ...string) float64 {
	return float64(w.hash(words...)>>11) / (1 << 53)
}

func (w *World) hash(words ...string) uint64 {
	h := fnv.New64a()
	var seed [8]byte
	binary.LittleEndian.PutUint64(seed[:], w.seed)
	h.Write(seed[:])
	for _, word := range words {
		h.Write([]byte(word))
		h.Write([]byte{0})
	}
	return mix(h.Sum64())
}

// mix spreads the bits, which FNV leaves close together for close words
// (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
