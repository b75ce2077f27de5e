package ops

import (
	"context"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops/checkpoint"
)

// unmade are the URNs of the resources in a state that AWS accepted and failed to make, such as a Redis group for which it had no
// capacity; of all of them, or of some. No reading mends such a one: the provider can't read a Redis group that is create-failed,
// and takes a NAT gateway or a balancer that failed for one that serves. What AWS does not tell of is not among them.
func unmade(ctx context.Context, runtime *failover.Runtime, held apitype.DeploymentV3, of ...string) (urns []string) {
	asked, ids := map[string]string{}, map[string][]string{}
	for _, r := range checkpoint.Current(held) {
		if failover.MayBeUnmade(string(r.Type)) && r.ID != "" && (len(of) == 0 || slices.Contains(of, string(r.URN))) {
			asked[string(r.ID)] = string(r.URN)
			ids[string(r.Type)] = append(ids[string(r.Type)], string(r.ID))
		}
	}
	for _, id := range runtime.Unmade(ctx, ids) {
		urns = append(urns, asked[id])
	}
	return urns
}

// prepare is takeOver before an update, which then gives up what AWS failed to make.
func (s *Stack) prepare(ctx context.Context, run Run, refused []apitype.ResourceV3) (left remains, err error) {
	left, err = s.takeOver(ctx, run, refused)
	if err != nil {
		return left, err
	}
	still, err := s.still(ctx, run.unmade)
	failed := slices.Concat(left.unmade, still)
	slices.Sort(failed)
	if failed = slices.Compact(failed); err != nil || len(failed) == 0 {
		return left, err
	}
	if err := s.requireUnlocked(ctx); err != nil {
		return left, err
	}
	unmarked, err := s.giveUp(ctx, run, failed)
	left.unread, left.imported = append(left.unread, unmarked...), true
	return left, err
}

// giveUp has an update give up what AWS failed to make: the engine deletes it, once it has made another under a name of its own. The
// checks of an activation do not miss it then. Where a stack is torn down, what it can do without is not made again: it is deleted
// with the rest, and is returned where it lost the mark of being left undone.
func (s *Stack) giveUp(ctx context.Context, run Run, failed []string) (unmarked []string, err error) {
	err = s.edit(ctx, func(d checkpoint.Draft) {
		for _, id := range failed {
			if run.tearsDown && dispensable(id) {
				unmarked = append(unmarked, d.ForgetUndone([]string{id})...)
				continue
			}
			d.GiveUp(id)
			run.say("AWS had accepted " + urn.URN(id).Name() + ", and failed to make it: another is made")
		}
	})
	return unmarked, err
}

// dispensable reports whether a site serves without a resource, by its URN, so that an update goes on where it can't be read again.
func dispensable(id string) bool {
	typ := string(urn.URN(id).Type())
	return typ == "aws:elasticache/replicationGroup:ReplicationGroup" || strings.HasPrefix(typ, "aws:cloudwatch/") && typ != "aws:cloudwatch/logGroup:LogGroup" ||
		strings.HasPrefix(typ, "aws:sns/")
}
