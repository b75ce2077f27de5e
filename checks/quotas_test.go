package checks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var sizes = Sizes{Instances: 2, MostInstances: 6, Types: []string{"m6i.large"}, Zones: []string{"us-east-2a", "us-east-2b"}, CacheNodes: 2, StorageGiB: 50}

func TestNeeds(t *testing.T) {
	t.Parallel()
	made := func(types ...string) (all []Planned) {
		for _, typ := range types {
			all = append(all, Planned{Op: "create", Type: typ})
		}
		return all
	}
	const group, address, gateway, instance = "aws:autoscaling/group:Group", "aws:ec2/eip:Eip", "aws:ec2/natGateway:NatGateway", "aws:rds/instance:Instance"
	grows := []Planned{{Op: "update", Type: group}}
	standby := sizes
	standby.Instances, standby.MostInstances = 0, 0
	for name, tc := range map[string]struct {
		planned []Planned
		sizes   Sizes
		needs   []Need
	}{
		"nothing":          {nil, sizes, nil},
		"a record":         {made("aws:route53/record:Record"), sizes, nil},
		"instances":        {grows, sizes, []Need{{Resource: Instances, Count: 2, Types: sizes.Types, Growth: 4}}},
		"an emptied group": {grows, standby, nil},
		"one gateway":      {made(address, gateway), sizes, []Need{{Resource: Addresses, Count: 1}, {Resource: Gateways, Count: 1, Zone: "us-east-2a"}}},
		"one in each zone": {made(address, gateway, address, gateway), sizes, []Need{
			{Resource: Addresses, Count: 2}, {Resource: Gateways, Count: 1, Zone: "us-east-2a"}, {Resource: Gateways, Count: 1, Zone: "us-east-2b"},
		}},
		"a balancer":       {made("aws:lb/loadBalancer:LoadBalancer", "aws:lb/targetGroup:TargetGroup", "aws:lb/listener:Listener"), sizes, []Need{{Resource: Balancers, Count: 1}, {Resource: TargetGroups, Count: 1}}},
		"Redis":            {made("aws:elasticache/replicationGroup:ReplicationGroup"), sizes, []Need{{Resource: CacheNodes, Count: 2}}},
		"a replica":        {made(instance), sizes, []Need{{Resource: Databases, Count: 1}, {Resource: Storage, Count: 50}}},
		"a database's end": {[]Planned{{Op: "delete", Type: instance}}, sizes, []Need{{Resource: Snapshots, Count: 1}}},
		"a change":         {[]Planned{{Op: "update", Type: instance}, {Op: "update", Type: address}}, sizes, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tc.needs, Needs(tc.planned, tc.sizes))
		})
	}
}

func TestFamily(t *testing.T) {
	t.Parallel()
	for kind, code := range map[string]string{
		"t3.medium": "L-1216C47A", "m6i.large": "L-1216C47A", "c7gn.xlarge": "L-1216C47A", "z1d.large": "L-1216C47A", "is4gen.large": "L-1216C47A",
		"g4dn.xlarge": "L-DB2E81BA", "gr6.4xlarge": "L-DB2E81BA", "vt1.3xlarge": "L-DB2E81BA", "p4d.24xlarge": "L-417A185B", "x2gd.medium": "L-7295265B",
		"f1.2xlarge": "L-74FC7D96", "inf2.xlarge": "L-1945791B", "trn1.2xlarge": "L-2C3B7624", "dl1.24xlarge": "L-6E869C2A", "d3.xlarge": "L-1216C47A",
		"hpc7g.4xlarge": "L-F7808C92", "u-6tb1.112xlarge": "L-43DA4232", "i3.large": "L-1216C47A",
	} {
		got, _ := Family(kind)
		assert.Equal(t, code, got, kind)
	}
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	addresses := Quota{Name: "Elastic IP addresses", Service: "ec2", Code: "L-0263D0A3", Needs: 2, Used: 3, Limit: 5}
	with := func(spoil func(*Quota)) []Quota {
		q := addresses
		spoil(&q)
		return []Quota{q}
	}
	standard := Quota{Name: "vCPUs of standard instances", Service: "ec2", Code: StandardFamily, Needs: 4, Growth: 8, Used: 0, Limit: 32, Alternative: true}
	other := Quota{Name: "vCPUs of G and VT instances", Service: "ec2", Code: "L-DB2E81BA", Needs: 4, Limit: 0, Alternative: true}
	for name, tc := range map[string]struct {
		quotas      []Quota
		short, seen string
		wants       []int
	}{
		"none":        {nil, "", "", nil},
		"just enough": {with(func(*Quota) {}), "", "us-east-2 has room for what it makes: Elastic IP addresses 2 (3 of 5 used)", nil},
		"one short": {
			with(func(q *Quota) { q.Used = 4 }),
			"Elastic IP addresses in us-east-2: it needs 2, and 4 of 5 are used: ask AWS for more by pilotlight check --request-increases (quota L-0263D0A3 of ec2, hours to days), or free some", "", []int{6},
		},
		"not readable": {
			with(func(q *Quota) {
				q.Used, q.Limit, q.Unseen = 0, 0, "Service Quotas GetServiceQuota: AccessDeniedException"
			}),
			"", "not known is Elastic IP addresses (Service Quotas GetServiceQuota: AccessDeniedException)", nil,
		},
		"load has no room": {
			with(func(q *Quota) { q.Growth = 3 }),
			"", "us-east-2 has room for what it makes: Elastic IP addresses 2 (3 of 5 used). app.max would take 8 Elastic IP addresses, and the quota is 5: see pilotlight check --request-increases", []int{8},
		},
		"another type's is enough": {[]Quota{other, standard}, "", "vCPUs of standard instances 4 (0 of 32 used)", []int{4}},
		"no type's is enough": {
			[]Quota{other, func() Quota { q := standard; q.Limit = 2; return q }()}, "vCPUs of G and VT instances in us-east-2: it needs 4, and 0 of 0 are used", "", []int{4, 12},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			short := ""
			for _, b := range Quotas(tc.quotas, "us-east-2") {
				assert.Equal(t, QuotaShort, b.Code)
				short += b.String() + "\n"
			}
			assert.Equal(t, tc.short == "", short == "", short)
			assert.Contains(t, short, tc.short)
			seen := SeenOfQuotas(tc.quotas, "us-east-2")
			assert.Equal(t, tc.seen == "", seen == "", seen)
			assert.Contains(t, seen, tc.seen)
			var wants []int
			for _, q := range MostUrgent(tc.quotas) {
				wants = append(wants, q.Wants())
			}
			assert.Equal(t, tc.wants, wants)
		})
	}
}

// TestMostUrgent: AWS takes two requests at once, so what keeps the site away goes first.
func TestMostUrgent(t *testing.T) {
	t.Parallel()
	load, now := Quota{Name: "load", Growth: 1}, Quota{Name: "now", Needs: 1}
	assert.Equal(t, []Quota{now, load}, MostUrgent([]Quota{load, {Name: "enough", Limit: 1}, now}))
}

func TestIncrease(t *testing.T) {
	t.Parallel()
	i := Increase{Quota: "Elastic IP addresses", Service: "ec2", Code: "L-0263D0A3", Region: "us-east-2", Desired: 6, Status: "PENDING"}
	assert.Equal(t, "asked for 6 Elastic IP addresses in us-east-2 (quota L-0263D0A3 of ec2): PENDING", i.String())
	i.Before = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	assert.Equal(t, "asked already at 2026-03-01 12:00:00 UTC for 6 Elastic IP addresses in us-east-2 (quota L-0263D0A3 of ec2): PENDING", i.String())
	i.Refused = "full"
	assert.Equal(t, "not asked for 6 Elastic IP addresses in us-east-2 (quota L-0263D0A3 of ec2): full", i.String())
}
