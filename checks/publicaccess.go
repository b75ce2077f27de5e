package checks

import (
	"fmt"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// Codes of a network whose internet gateway lets no visitor through, and of one that may.
const (
	NetworkBlocked = "network-blocked"
	NetworkDoubted = "network-doubted"
)

// BlockedNetwork is a network of the stack for which its account or organization blocks public access, and no exclusion was seen.
type BlockedNetwork struct {
	VPC  string
	Mode string // as EC2 words it: block-bidirectional or block-ingress
}

// Doubt is that visitors may be let in all the same.
func (b BlockedNetwork) Doubt(region, why string) refusal.Blocker {
	return refusal.Blocker{
		Code: NetworkDoubted, Subject: "network",
		Reason: fmt.Sprintf("public access of VPCs is blocked in %s (%s), and whether network %s is excluded from that is not known: %s", region, b.Mode, b.VPC, why),
		Remedy: "hold a drill, which shows whether visitors get in (pilotlight drill)",
	}
}

// network finds out whether visitors could reach a balancer. Blocked, all of a failover is made, and no page ever answers
// (VPC User Guide, "Block public access to VPCs and subnets").
func network(s Snapshot, p Policy) []refusal.Blocker {
	if s.Blocked == nil {
		return nil
	}
	return []refusal.Blocker{block(NetworkBlocked,
		orAcceptStandby("aws ec2 create-vpc-block-public-access-exclusion --region "+p.Region+" --vpc-id "+s.Blocked.VPC+
			" --internet-gateway-exclusion-mode allow-bidirectional", p),
		"public access of VPCs is blocked in %s (%s): internet gateway and balancer of network %s let no visitor in, and no exclusion from that was seen", p.Region, s.Blocked.Mode, s.Blocked.VPC)}
}
