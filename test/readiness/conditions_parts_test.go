package readiness

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops"
)

// roomConditions are about what the account may have, and lacks.
var roomConditions = []condition{
	short("addresses", 0, cold(config.WarmNAT)),
	short("gateways", 0, cold(config.WarmNAT)),
	short("balancers", 0, cold(config.WarmBalancer)),
	short("cache-nodes", 1, cold(config.WarmCache)),
	{name: "vCPUs for all instances but one", codes: []string{checks.QuotaShort}, spoil: func(w *world) error {
		return faults(fmt.Sprintf("quota=%s:vcpus:%d", w.own().Config.Region, 2*w.start()-1))(w) // all types of the shapes have two
	}},
	{name: "no vCPUs", codes: []string{checks.QuotaShort}, spoil: faults("launches=quota")},

	{name: "no balancer before", codes: []string{checks.ServiceRoleMissing}, fits: lonely(config.WarmBalancer), spoil: roleless("AWSServiceRoleForElasticLoadBalancing")},
	{name: "no Redis before", codes: []string{checks.ServiceRoleMissing}, fits: lonely(config.WarmCache), spoil: roleless("AWSServiceRoleForElastiCache")},
	{name: "no balancer before, and roles unseen", codes: []string{ops.ServiceRolesUnseen}, fits: lonely(config.WarmBalancer), spoil: func(w *world) error {
		return errors.Join(roleless("AWSServiceRoleForElasticLoadBalancing")(w), faults("error=iam:GetRole:AccessDenied:99")(w))
	}},
}

// short is a quota that leaves no room for what a failover makes.
func short(name string, limit int, fits func(config.Config) bool) condition {
	return condition{name: fmt.Sprintf("quota of %d %s", limit, name), codes: []string{checks.QuotaShort}, fits: fits, spoil: func(w *world) error {
		return faults(fmt.Sprintf("quota=%s:%s:%d", w.own().Config.Region, name, limit))(w)
	}}
}

// cold reports whether a failover makes a part.
func cold(part config.WarmPart) func(config.Config) bool {
	return func(c config.Config) bool { return !c.Warm(part) }
}

// lonely reports whether AWS could make no role of its own in a failover.
func lonely(part config.WarmPart) func(config.Config) bool {
	return func(c config.Config) bool {
		return !c.Warm(part) && c.PeerRegion() == awsregion.ControlPlane("iam", c.Region)
	}
}

// roleless has an account that never had a role of AWS's own.
func roleless(role string) func(*world) error {
	return func(w *world) error {
		w.sim.LackServiceRole(role)
		return nil
	}
}

// deleted are the types of the standby that somebody may delete by hand: AWS lets go of them.
var deleted = map[string]string{
	"launch template": "aws:ec2/launchTemplate:LaunchTemplate",
	"target group":    "aws:lb/targetGroup:TargetGroup",
	"group":           "aws:autoscaling/group:Group",
	"scaling policy":  "aws:autoscaling/policy:Policy",
	"profile":         "aws:iam/instanceProfile:InstanceProfile",
	"roles":           "aws:iam/role:Role",
	"secret":          "aws:secretsmanager/secret:Secret",
	"parameters":      parameterType,
	"log groups":      "aws:cloudwatch/logGroup:LogGroup",
	"bucket":          bucketType,
	"key":             "aws:kms/key:Key",
	"rules":           "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
	"endpoint":        "aws:ec2/vpcEndpoint:VpcEndpoint",
	"subnets":         "aws:ec2/subnet:Subnet",
	"cache subnets":   "aws:elasticache/subnetGroup:SubnetGroup",
	"gateway":         "aws:ec2/internetGateway:InternetGateway",
}

// deletedConditions are the parts of the standby that somebody deleted by hand.
func deletedConditions() (all []condition) {
	for _, name := range slices.Sorted(maps.Keys(deleted)) {
		typ, code := deleted[name], checks.PartsMissing
		if name == "key" {
			code = checks.KeyMissing // which no judgement accepts
		}
		all = append(all, condition{name: name + " deleted", of: name, codes: []string{code}, spoil: object(typ, true, gone), fits: func(c config.Config) bool {
			switch {
			case name == "cache subnets": // without Redis the site serves, if it may
				return c.Failover.RequireCache && !c.Warm(config.WarmCache)
			case strings.HasPrefix(typ, "aws:iam/"):
				return c.PeerRegion() != awsregion.ControlPlane("iam", c.Region) // which is not asked then
			}
			return true
		}})
	}
	return append(all, condition{name: "parts unseen, and the launch template deleted", of: "launch template", codes: []string{checks.PartsUnseen}, spoil: func(w *world) error {
		return errors.Join(object(deleted["launch template"], true, gone)(w), faults("error=ec2:DescribeLaunchTemplates:UnauthorizedOperation:99")(w))
	}})
}
