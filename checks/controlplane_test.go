package checks

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestControlPlane(t *testing.T) {
	t.Parallel()
	balancer := Planned{"create", "aws:lb/loadBalancer:LoadBalancer", "blog-dr-lb"}
	cache := Planned{"create", "aws:elasticache/replicationGroup:ReplicationGroup", "blog-dr-cache"}
	record := Planned{"create", "aws:route53/record:Record", "blog-dr-switch-2"}
	role := Planned{"update", "aws:iam/role:Role", "blog-dr-instance"}
	gateway := Planned{"create", "aws:ec2/natGateway:NatGateway", "blog-dr-nat"}
	for name, tc := range map[string]struct {
		production, region string
		planned            []Planned
		says, remedy       string
	}{
		"elsewhere":                 {"us-west-2", "us-east-2", []Planned{balancer, cache, record, role}, "", ""},
		"all of it":                 {"us-east-1", "us-west-2", []Planned{balancer, cache, record}, "can make a balancer, make a Redis group or move the site's name", "add balancer to keepWarm"},
		"all is kept warm":          {"us-east-1", "us-west-2", []Planned{gateway}, "", ""},
		"a warm one changes":        {"us-east-1", "us-west-2", []Planned{{"update", balancer.Type, balancer.Name}}, "", ""},
		"the record alone":          {"us-east-1", "us-west-2", []Planned{record, gateway}, "nothing can move the site's name", "set dns.mode to manual"},
		"a role made on the night":  {"us-east-1", "us-west-2", []Planned{role}, "change roles and policies", "made ahead"},
		"the pilot light is there":  {"us-west-2", "us-east-1", []Planned{balancer, record}, "", ""},
		"Beijing lost":              {"cn-north-1", "cn-northwest-1", []Planned{balancer, cache, record}, "", ""},
		"Beijing lost, with a role": {"cn-north-1", "cn-northwest-1", []Planned{record, role}, "nothing can change roles", "made ahead"},
		"Ningxia lost":              {"cn-northwest-1", "cn-north-1", []Planned{balancer, cache, record}, "can make a balancer, make a Redis group or move the site's name", "keepWarm"},
		"Ningxia lost, all warm":    {"cn-northwest-1", "cn-north-1", []Planned{record, gateway}, "nothing can move the site's name", "dns.mode"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := ControlPlane(tc.production, tc.region, tc.planned)
			if tc.says == "" {
				assert.Empty(t, found)
				return
			}
			assert.Len(t, found, 1)
			assert.Equal(t, ControlPlaneLost, found[0].Code)
			assert.Contains(t, found[0].Reason, tc.says)
			assert.Contains(t, found[0].Remedy, tc.remedy)
		})
	}
}
