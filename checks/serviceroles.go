package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// ServiceRoleMissing is the code of a role of AWS's own that the account lacks, and that could not be
// made without production's region.
const ServiceRoleMissing = "service-role-missing"

// ServiceRole is a role that AWS makes for a service of its own, with the account's first resource of a
// kind in any region.
type ServiceRole struct {
	Name    string // such as AWSServiceRoleForElastiCache
	Service string // as IAM names it, such as elasticache.amazonaws.com, in China too
}

// linked are the types that AWS makes a service-linked role for, of those that an activation makes
// (user guides of Elastic Load Balancing and of ElastiCache, "service-linked roles"). Those of EC2
// Auto Scaling and of RDS are there since the standby was deployed.
var linked = []struct {
	prefix string
	role   ServiceRole
}{
	{"aws:lb/loadBalancer:", ServiceRole{"AWSServiceRoleForElasticLoadBalancing", "elasticloadbalancing.amazonaws.com"}},
	{"aws:elasticache/replicationGroup:", ServiceRole{"AWSServiceRoleForElastiCache", "elasticache.amazonaws.com"}},
}

// ServiceRoles are those that an activation in a region needs to be there, since AWS has the control
// plane in production's region by which it would make them.
func ServiceRoles(production, region string, planned []Planned) (needed []ServiceRole) {
	if awsregion.ControlPlane("iam", region) != production {
		return nil
	}
	for _, l := range linked {
		if slices.ContainsFunc(planned, func(p Planned) bool { return strings.HasPrefix(p.Type, l.prefix) && p.Makes() }) {
			needed = append(needed, l.role)
		}
	}
	return needed
}

// MissingServiceRoles is what to do about those that the account lacks.
func MissingServiceRoles(production string, missing []ServiceRole) []refusal.Blocker {
	if len(missing) == 0 {
		return nil
	}
	var names, commands []string
	for _, role := range missing {
		names, commands = append(names, role.Name), append(commands, "aws iam create-service-linked-role --aws-service-name "+role.Service)
	}
	return []refusal.Blocker{{
		Code: ServiceRoleMissing, Subject: "service roles",
		Reason: fmt.Sprintf("the account lacks %s, which AWS makes with the first resource that needs it, by its control plane in %s: without that region it can't", join(names, "and"), production),
		Remedy: fmt.Sprintf("pilotlight drill, or %s", join(commands, "and")),
	}}
}
