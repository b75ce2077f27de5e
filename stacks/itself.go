package stacks

import (
	"fmt"
	"strings"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/state"
)

// Keys of a file that say where in AWS a stack is, and the name of the stack itself. With another value an update would make a second, empty
// site beside the one that is deployed, and delete that.
const (
	regionKey = "aws:region"
	siteKey   = "site"
	stackKey  = "the name of the stack"
)

// ZonesKey is of the zones in which the subnets of a stack are. Subnets follow from them in their order, and EC2 moves none.
const ZonesKey = "network.zones"

// Elsewhere compares where in AWS a stack is by its file with where it is deployed: the region, and the names that begin with its site's
// and its own. What is asked of AWS by a file that differs is asked about something else, perhaps about another site.
func (k ComparedSide) Elsewhere() (all []Mismatch) {
	if k.File == nil || k.Published.Region == "" {
		return nil
	}
	if is := k.Published.Region; k.File.Region != is {
		all = append(all, k.fixed(regionKey, k.File.Region, is, fmt.Sprintf("set it to %s; a deployed stack can't change it", is)))
	}
	is := deployedName(k.Published)
	if is == "" || is == k.File.Name() {
		return all
	}
	if site, same := strings.CutSuffix(is, "-"+k.File.Stack); same {
		return append(all, k.fixed(siteKey, k.File.Site, site, fmt.Sprintf("set it to %s; a deployed site can't change it, as all its names begin with it", site)))
	}
	if stack, same := strings.CutPrefix(is, k.File.Site+"-"); same {
		return append(all, k.fixed(stackKey, k.File.Stack, stack, fmt.Sprintf("pulumi stack rename %s -s %s; a deployed stack can't change it, as the names of its resources have it", stack, k.File.Stack)))
	}
	return append(all, k.fixed(siteKey+" and "+stackKey, k.File.Name(), is, "give both their former values; a deployed stack can't change them, as the names of its resources begin with them"))
}

// fixed is a value in the stack's file that its deployed stack does not have, and can't get.
func (k ComparedSide) fixed(key, value, is, remedy string) Mismatch {
	return Mismatch{Key: key, Stack: k.Stack, Value: value, Other: "the deployed stack " + k.Stack, OtherValue: is, Fixed: true, Remedy: remedy}
}

// deployedName is what the names of a deployed stack begin with, by its database; empty where that is not known. See config.DatabaseID.
func deployedName(p state.PeerInfo) string {
	_, id, _ := strings.Cut(p.Database, ":db:")
	return id[:max(0, strings.LastIndex(id, "-"))]
}

// aboutItself compares a stack's file with what the stack has published of itself.
func (k ComparedSide) aboutItself() []Mismatch {
	if k.File == nil || k.Published.Region == "" {
		return nil
	}
	all := k.Elsewhere()
	if is := k.Published.CIDR; is != "" && k.File.Network.CIDR != is {
		all = append(all, k.fixed("network.cidr", k.File.Network.CIDR, is, fmt.Sprintf("set it to %s; a deployed stack can't change it", is)))
	}
	if zones, are := zones(*k.File), k.Published.Zones; are != "" && !strings.HasPrefix(zones+", ", are+", ") {
		all = append(all, k.fixed(ZonesKey, zones, are, fmt.Sprintf("set it to [%s]; the subnets of a deployed stack stay in their zones, and another zone comes behind them", are)))
	}
	return all
}

// zones are those of a stack's network, in order.
func zones(c config.Config) string { return strings.Join(c.Network.Zones, ", ") }
