package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// ControlPlaneLost is the code of an activation that needs a control plane of the region that is
// lost.
const ControlPlaneLost = "control-plane"

// distant are the resources that another region's control plane may be needed for: to make them,
// or to change them, too.
var distant = []struct {
	prefix, service string
	changes         bool // it is needed for every change, not only to make one
	what, remedy    string
}{
	{"aws:lb/loadBalancer:", "elasticloadbalancing", false, "make a balancer", "add balancer to keepWarm and update the standby"},
	{"aws:elasticache/replicationGroup:", "elasticache", false, "make a Redis group", "add cache to keepWarm and update the standby"},
	{"aws:route53/", "route53", true, "move the site's name", "set dns.mode to manual, with a DNS provider that does not depend on it"},
	{"aws:iam/", "iam", true, "change roles and policies", "update the standby, so that they are made ahead"},
	{"aws:s3/", "s3", true, "change buckets", "update the standby, so that they are made ahead"},
}

// ControlPlane finds what an activation in a region could not do while production's is lost,
// because AWS has the control plane for it there.
func ControlPlane(production, region string, planned []Planned) []refusal.Blocker {
	var cannot, remedies []string
	for _, d := range distant {
		needed := slices.ContainsFunc(planned, func(p Planned) bool { return strings.HasPrefix(p.Type, d.prefix) && (d.changes || p.Makes()) })
		if needed && region != production && awsregion.ControlPlane(d.service, region) == production {
			cannot, remedies = append(cannot, d.what), append(remedies, d.remedy)
		}
	}
	if len(cannot) == 0 {
		return nil
	}
	return []refusal.Blocker{{
		Code: ControlPlaneLost, Subject: "regions",
		Reason: fmt.Sprintf("production is in %s, and AWS has control planes there that this failover needs: without that region nothing can %s", production, join(cannot, "or")),
		Remedy: fmt.Sprintf("%s; or have production in another region (docs/regions.md)", join(remedies, "and")),
	}}
}

// join is a list in a sentence.
func join(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}
