package ops

import (
	"cmp"
	"context"
	"errors"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
)

// addQuotas adds to a plan for a side what the account may have in its region of all that the plan makes.
func (s *Site) addQuotas(ctx context.Context, side Side, other *Side, plan *Plan) (err error) {
	needs := checks.Needs(plan.Resources, s.sizes(ctx, side, other, plan))
	if plan.Quotas, err = s.runtimeOf(side).Quotas(ctx, needs); err != nil {
		return err
	}
	plan.Shortfalls = append(plan.Shortfalls, checks.Quotas(plan.Quotas, side.Config.Region)...)
	return nil
}

// sizes are those of the parts that a plan makes.
func (s *Site) sizes(ctx context.Context, side Side, other *Side, plan *Plan) checks.Sizes {
	c := side.Config
	sizes := checks.Sizes{Types: c.App.Types(), Zones: c.Network.Zones, CacheNodes: c.Cache.Nodes, StorageGiB: c.Database.StorageGiB}
	if plan.Change.Role == roles.Active {
		lately := side.State.Peer.Instances
		if other != nil {
			lately = stacks.Lately(side.State, other.State)
		}
		if served, err := s.runtimeOf(side).ServedLately(ctx); err == nil { // as the program does
			lately = max(lately, served)
		}
		sizes.Instances, sizes.MostInstances = c.App.Start(lately), c.App.Max
	}
	if plan.makesReplica() { // it takes its source's
		if source, err := s.source(ctx, side, other); err == nil && source != nil {
			sizes.StorageGiB = cmp.Or(source.AllocatedGiB, sizes.StorageGiB)
		}
	}
	return sizes
}

// makesReplica reports whether a plan makes a database for a standby.
func (p Plan) makesReplica() bool {
	if p.Change.Role != roles.Standby {
		return false
	}
	for _, n := range checks.Needs(p.Resources, checks.Sizes{}) {
		if n.Resource == checks.Databases {
			return true
		}
	}
	return false
}

// runtimeOf is what asks AWS in the region of a side, by its state.
func (s *Site) runtimeOf(side Side) *failover.Runtime { return s.runtimeFor(side, side.State.Claim) }

// runtimeFor is runtimeOf for a side that would claim otherwise.
func (s *Site) runtimeFor(side Side, claim roles.Claim) *failover.Runtime {
	return failover.New(s.options.Env, stacks.RuntimeSite(side.Config, claim, side.State))
}

// RequestIncreases asks AWS for more of what the plan of a readiness lacks, or would at app.max, and returns
// what it asked for, and what had been asked for before. One that fails does not keep it from the next.
func (s *Site) RequestIncreases(ctx context.Context, ready Readiness) (asked []checks.Increase, err error) {
	if ready.Plan == nil {
		return nil, nil
	}
	sides, err := s.Sides(ctx)
	if err != nil {
		return nil, err
	}
	side, _, err := find(sides, ready.Stack)
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, q := range checks.MostUrgent(ready.Plan.Quotas) {
		increase, err := s.runtimeOf(side).RequestIncrease(ctx, q)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		asked = append(asked, increase)
	}
	if len(failed) > 0 {
		return asked, &refusal.Error{Code: refusal.CodeFailed, Reason: errors.Join(failed...).Error(), Err: errors.Join(failed...),
			Remedy: "use credentials that may ask for it (docs/policies/deploy.json)"}
	}
	return asked, nil
}
