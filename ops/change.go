package ops

import (
	"cmp"
	"slices"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/state"
)

// Change is one update of one stack, see package roles.
type Change = roles.Change

// Accepted are accepted risks, each by the epoch that the refusal named.
type Accepted = roles.Accepted

// Side is one of a site's two stacks: as its file has it, and as its state has it.
type Side struct {
	Config config.Config
	State  state.State
}

// name is the side in words.
func (s Side) name() string { return s.role().Name() }

func (s Side) role() roles.Side {
	return roles.Side{
		Site: s.Config.Site, Stack: s.Config.Stack, Region: s.Config.Region, Role: s.Config.Role,
		Home: s.State.Published.Home, Claim: s.State.Claim, Unfinished: s.State.Unfinished,
		Rotation: s.State.Published.Rotation, Rotating: s.State.Published.Rotating,
	}
}

// compared is the side for the comparison of what its file says with what is deployed.
func (s Side) compared() stacks.ComparedSide {
	return stacks.ComparedSide{Stack: s.Config.Stack, File: &s.Config, Published: s.State.Published}
}

// rolesOf are the sides for the policy over their claims. A home in a file comes before what
// the stacks have published.
func rolesOf(sides []Side) []roles.Side {
	home, all := "", make([]roles.Side, len(sides))
	for _, s := range sides {
		home = cmp.Or(home, s.Config.Home)
	}
	for i, s := range sides {
		all[i] = s.role()
		all[i].Home = cmp.Or(home, all[i].Home)
	}
	return all
}

// leader is roles.Leader of sides with their configuration.
func leader(sides []Side) (leads Side, other *Side, err error) {
	found, _, err := roles.Leader(rolesOf(sides))
	if err != nil {
		return Side{}, nil, err
	}
	return find(sides, found.Stack)
}

// find is roles.Find of sides with their configuration.
func find(sides []Side, stack string) (side Side, other *Side, err error) {
	if _, _, err := roles.Find(rolesOf(sides), stack); err != nil {
		return Side{}, nil, err
	}
	for i, s := range sides {
		if s.Config.Stack == stack {
			side = s
		} else {
			other = &sides[i]
		}
	}
	return side, other, nil
}

// failoverTarget is the side that a failover activates; nil when there is none.
func failoverTarget(sides []Side) (*Side, error) {
	target, err := roles.FailoverTarget(rolesOf(sides))
	if err != nil || target == nil {
		return nil, err
	}
	side, _, err := find(sides, target.Stack)
	return &side, err
}

// mismatches compares the two sides of a site, by their files and by what they have published.
func mismatches(sides []Side) []stacks.Mismatch {
	known := make([]stacks.ComparedSide, 2)
	for i, s := range sides[:min(2, len(sides))] {
		known[i] = s.compared()
	}
	return stacks.Mismatches(known[0], known[1])
}

// checkAgreement refuses changes of a site whose two sides do not agree: the fence of one would not
// know of the other, or the failover would move another name. A site may be ended all the same.
func checkAgreement(sides []Side, changes []Change) error {
	wrong := slices.DeleteFunc(mismatches(sides), func(m stacks.Mismatch) bool {
		changed := slices.ContainsFunc(changes, func(c Change) bool { return c.Stack == m.Stack })
		return m.Pending || m.Key == stacks.ZonesKey && !changed // which says nothing of the other side
	})
	if len(wrong) == 0 || len(changes) > 0 && changes[0].Destroy {
		return nil
	}
	return stacks.RefuseMismatches(wrong)
}
