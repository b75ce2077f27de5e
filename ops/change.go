package ops

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/state"
)

// Change is one update of one stack: what is asked of it, and what is said about
// it in its file. Its zero value but for the stack updates it as its file says.
type Change struct {
	Stack string `json:"stack"`
	// Role is what the stack is to be; empty leaves it.
	Role roles.Role `json:"role,omitempty"`
	// AcceptDataLoss and IgnoreProduction accept a risk of the activation at this epoch; 0 is none.
	AcceptDataLoss   int `json:"acceptDataLoss,omitempty"`
	IgnoreProduction int `json:"ignoreProduction,omitempty"`
	// Abort is the epoch of an activation to give up, this stack's or its lost peer's; 0 is none.
	Abort int `json:"abort,omitempty"`
	// Retire is the generation of a former database to end; 0 is none.
	Retire int `json:"retire,omitempty"`
	// Teardown is the name of the site, to take away what keeps the stack from being destroyed.
	Teardown string `json:"teardown,omitempty"`
	// Destroy ends the stack after that.
	Destroy bool `json:"destroy,omitempty"`
}

// settings are what the change says in the stack's file. What was said for an
// earlier one is taken out.
func (c Change) settings() settings {
	set := settings{"acceptDataLoss": nil, "ignoreProduction": nil, "abort": nil, "retire": nil, "teardown": nil}
	if c.Role != "" {
		set["role"] = string(c.Role)
	}
	for key, number := range map[string]int{"acceptDataLoss": c.AcceptDataLoss, "ignoreProduction": c.IgnoreProduction, "abort": c.Abort, "retire": c.Retire} {
		if number != 0 {
			set[key] = number
		}
	}
	if c.Teardown != "" {
		set["teardown"] = c.Teardown
	}
	return set
}

// String is the command that does the same.
func (c Change) String() string {
	text := "pulumi up -s " + c.Stack
	for _, setting := range []struct {
		key   string
		value any
		unset bool
	}{
		{"role", c.Role, c.Role == ""},
		{"acceptDataLoss", c.AcceptDataLoss, c.AcceptDataLoss == 0},
		{"ignoreProduction", c.IgnoreProduction, c.IgnoreProduction == 0},
		{"abort", c.Abort, c.Abort == 0},
		{"retire", c.Retire, c.Retire == 0},
		{"teardown", c.Teardown, c.Teardown == ""},
	} {
		if !setting.unset {
			text += fmt.Sprintf(" -c %s=%v", setting.key, setting.value)
		}
	}
	if c.Destroy {
		text += " && pulumi destroy -s " + c.Stack
	}
	return text
}

// Side is one of a site's two stacks: as its file has it, and as it remembers itself.
type Side struct {
	Config config.Config
	State  state.State
}

// name is how a side is spoken of.
func (s Side) name() string { return fmt.Sprintf("%s (%s)", s.Config.Region, s.Config.Stack) }

// errNotDeployed is a site that no stack leads.
var errNotDeployed = refuse("no side of the site is active yet: deploy it first (pilotlight deploy)")

// leader is the side that leads the site, and the other one. Of two that claim to,
// it is the one with the later claim. The other is nil for a site of one stack.
func leader(sides []Side) (leads Side, other *Side, err error) {
	at := -1
	for i, s := range sides {
		if s.State.Claim.Leads() && (at < 0 || s.State.Claim.Epoch > sides[at].State.Claim.Epoch) {
			at = i
		}
	}
	if at < 0 {
		return Side{}, nil, errNotDeployed
	}
	for i := range sides {
		if i != at {
			other = &sides[i]
		}
	}
	return sides[at], other, nil
}

// switched reports whether the site's name leads to the side, as far as its state tells.
func (s Side) switched() bool { return s.State.Claim.Leads() && s.State.Claim.Switched() }

// Accepted are the risks that somebody accepts, each by the epoch that the refusal named.
type Accepted struct {
	DataLoss         int // acceptDataLoss
	IgnoreProduction int
}

// A procedure decides from what both stacks remember which updates are left. A claim
// is saved before what it is about is done, so it does not tell whether that was: the
// last updates are always among them, and done is what to say if they change nothing.

// failoverChanges is the failover, or the rest of one that stopped.
func failoverChanges(sides []Side, accepted Accepted) (changes []Change, done string, err error) {
	to, err := failoverTarget(sides)
	if err != nil {
		return nil, "", err
	}
	if to == nil {
		leads, _, err := leader(sides)
		switch {
		case err != nil:
			return nil, "", err
		case leads.State.Claim.Role != roles.Active || leads.State.Claim.Epoch <= 1:
			return nil, "", refuse("%s is active, and there is no standby to fail over to: deploy the other side (pilotlight deploy)", leads.name())
		}
		done := fmt.Sprintf("%s is active since epoch %d, and there is no other side to fail over to", leads.name(), leads.State.Claim.Epoch)
		return []Change{{Stack: leads.Config.Stack, Role: roles.Active}}, done, nil
	}
	return []Change{to.activate(accepted)}, "", nil
}

// activate makes the side active.
func (s Side) activate(accepted Accepted) Change {
	return Change{Stack: s.Config.Stack, Role: roles.Active, AcceptDataLoss: accepted.DataLoss, IgnoreProduction: accepted.IgnoreProduction}
}

// failoverTarget is the side that a failover activates: the one whose activation is not
// finished, else the standby; nil when there is neither.
func failoverTarget(sides []Side) (*Side, error) {
	var found *Side
	for i, s := range sides {
		switch claim := s.State.Claim; {
		case activationPending(sides, s) && claim.Reason != roles.ReasonReclaim: // what reclaims the site is no standby
			return &sides[i], nil
		case claim.Role == roles.Standby && found == nil:
			found = &sides[i]
		case claim.Role == roles.Standby:
			return nil, errNotDeployed
		}
	}
	return found, nil
}

// activationPending reports whether a side was activated and does not have the site's name yet,
// nor was overtaken.
func activationPending(sides []Side, s Side) bool {
	claim := s.State.Claim
	return claim.Role == roles.Active && !claim.Switched() && claim.Epoch > 1 &&
		!slices.ContainsFunc(sides, func(other Side) bool { return other.State.Claim.Leads() && other.State.Claim.Epoch > claim.Epoch })
}

// switchoverChanges moves the site to a stack without loss: freeze, activate, stand by, and
// learn of the new standby; or what is left of that.
func switchoverChanges(sides []Side, to string, accepted Accepted) (changes []Change, done string, err error) {
	target, from, err := find(sides, to)
	if err != nil {
		return nil, "", err
	}
	if from == nil {
		return nil, "", refuse("stack %s has no peer here to take the site over from: a switchover needs two stacks", to)
	}
	accepted.IgnoreProduction = 0 // a switchover asks production
	activate, standBy, learn := target.activate(accepted), Change{Stack: from.Config.Stack, Role: roles.Standby}, Change{Stack: to}
	own, theirs := target.State.Claim, from.State.Claim
	switch {
	case !own.Leads() && !theirs.Leads():
		return nil, "", errNotDeployed
	case own.Leads() && theirs.Leads() && theirs.Epoch > own.Epoch:
		return nil, "", refuse("the site moved on from stack %s, whose database is stale: reprotect it first (pilotlight reprotect)", to)
	case own.Role == roles.Frozen:
		return nil, "", refuse("stack %s is frozen to hand the site over: take that back with pilotlight thaw, or go on with pilotlight switchover %s", to, from.Config.Stack)
	case own.Leads():
		return []Change{activate, standBy, learn}, fmt.Sprintf("%s is active since epoch %d, and the other side stands by", target.name(), own.Epoch), nil
	}
	return []Change{{Stack: from.Config.Stack, Role: roles.Frozen}, activate, standBy, learn}, "", nil
}

// homeOf is the stack at which a site is at home: by the files, or else by what the stacks
// have published; empty where neither says.
func homeOf(sides []Side) (home string) {
	for _, s := range sides {
		home = cmp.Or(home, s.Config.Home)
	}
	for _, s := range sides {
		home = cmp.Or(home, s.State.Published.Home)
	}
	return home
}

// failbackChanges is the switchover to the home side, or what is left of that.
func failbackChanges(sides []Side, accepted Accepted) (changes []Change, done string, err error) {
	home := homeOf(sides)
	if !slices.ContainsFunc(sides, func(s Side) bool { return s.Config.Stack == home }) {
		return nil, "", refuse("none of the site's stacks is its home: set home in both stacks' files, or name the stack with pilotlight switchover")
	}
	return switchoverChanges(sides, home, accepted)
}

// thawChanges takes a freeze back, or what is left to do of that.
func thawChanges(sides []Side) (changes []Change, done string, err error) {
	leads, _, err := leader(sides)
	switch {
	case err != nil:
		return nil, "", err
	case leads.State.Claim.Role == roles.Active && !leads.switched():
		return nil, "", refuse("the activation of %s is not finished: go on with it, or give it up with pilotlight abort", leads.name())
	}
	return []Change{{Stack: leads.Config.Stack, Role: roles.Active}}, "no side is frozen", nil
}

// reprotectChanges makes the lost side a standby of the active one, then lets that one replicate its media to it.
func reprotectChanges(sides []Side) (changes []Change, done string, err error) {
	leads, other, err := leader(sides)
	switch {
	case err != nil:
		return nil, "", err
	case other == nil:
		return nil, "", refuse("stack %s has no peer here to reprotect: write the file of a second stack (pilotlight init)", leads.Config.Stack)
	case leads.State.Claim.Role == roles.Frozen:
		return nil, "", refuse("%s is frozen, a switchover is under way: go on with pilotlight switchover %s, or take it back with pilotlight thaw", leads.name(), other.Config.Stack)
	case !leads.switched():
		return nil, "", refuse("the activation of %s is not finished: run pilotlight failover again first", leads.name())
	}
	done = fmt.Sprintf("%s is a standby of %s", other.name(), leads.name())
	return []Change{{Stack: other.Config.Stack, Role: roles.Standby}, {Stack: leads.Config.Stack}}, done, nil
}

// abortChanges gives the activation up that has not moved the site's name, and lets the
// other side reclaim the site.
func abortChanges(sides []Side) (changes []Change, done string, err error) {
	for _, s := range sides { // one that stopped half-way
		if s.State.Claim.Aborted {
			_, other, err := find(sides, s.Config.Stack)
			changes := []Change{{Stack: s.Config.Stack, Role: roles.Standby}}
			if other != nil {
				changes = append([]Change{{Stack: other.Config.Stack, Role: roles.Active}}, changes...)
			}
			return changes, "", err
		}
	}
	for _, s := range sides {
		if !activationPending(sides, s) {
			continue
		}
		_, other, err := find(sides, s.Config.Stack)
		if s.State.Claim.Reason == roles.ReasonReclaim { // the rest of an earlier one
			return []Change{{Stack: s.Config.Stack, Role: roles.Active}}, "", err
		}
		changes := []Change{{Stack: s.Config.Stack, Role: roles.Standby, Abort: s.State.Claim.Epoch}}
		if other != nil {
			changes = append(changes, Change{Stack: other.Config.Stack, Role: roles.Active}, Change{Stack: s.Config.Stack})
		}
		return changes, "", err
	}
	for _, s := range sides {
		if s.State.Claim.Role == roles.Frozen {
			return nil, fmt.Sprintf("no activation is under way; %s is frozen, and pilotlight thaw takes that back", s.name()), nil
		}
	}
	return nil, "no activation is under way: there is nothing to give up", nil
}

// reclaimChanges is what an abort comes to when the side that should abort its activation
// does not answer: the other one reclaims the site.
func reclaimChanges(sides []Side, changes []Change) ([]Change, error) {
	side, other, err := find(sides, changes[0].Stack)
	switch {
	case err != nil:
		return nil, err
	case other == nil || !other.State.Claim.Leads():
		return nil, refuseAs(refusal.CodeSilent, "AWS in %s does not answer, and no other side of the site can take it back: wait until it is back, and run this again", side.name())
	}
	return []Change{{Stack: other.Config.Stack, Role: roles.Active, Abort: side.State.Claim.Epoch}}, nil
}

// retireChanges ends a former database in the two updates that this takes.
func retireChanges(sides []Side, stack string, generation int) (changes []Change, done string, err error) {
	side, _, err := find(sides, stack)
	if err != nil {
		return nil, "", err
	}
	if generation < 1 { // which the configuration takes for none
		return nil, "", refuse("no database has generation %d: name a retired one, as status shows it", generation)
	}
	end := Change{Stack: stack, Retire: generation}
	for _, retired := range side.State.Claim.Former {
		if retired.Number == generation && retired.DeleteRequested && !side.State.Unfinished {
			return []Change{end}, "", nil
		}
		if retired.Number == generation {
			return []Change{end, end}, "", nil
		}
	}
	// The program refuses one that never was, saying why.
	return []Change{end}, fmt.Sprintf("generation %d of stack %s has ended", generation, stack), nil
}

// deployChanges brings both stacks to the steady state: the active one first, since the
// standby copies it, and again when there is a bucket to replicate its media to.
func deployChanges(sides []Side) []Change {
	var first, second *Side
	for i, s := range sides {
		leads := s.State.Claim.Leads() || s.State.Claim.Role == "" && s.Config.Role == roles.Active
		if leads && first == nil {
			first = &sides[i]
		} else {
			second = &sides[i]
		}
	}
	var changes []Change
	for _, s := range []*Side{first, second, first} {
		if s != nil {
			changes = append(changes, Change{Stack: s.Config.Stack})
		}
	}
	if second == nil {
		return changes[:1]
	}
	return changes
}

// destroyChanges ends both stacks, the standby first: RDS promotes a replica whose
// source goes.
func destroyChanges(sides []Side) []Change {
	changes := make([]Change, 0, len(sides))
	for _, leads := range []bool{false, true} {
		for _, s := range sides {
			if s.State.Claim.Role != "" && s.State.Claim.Leads() == leads {
				changes = append(changes, Change{Stack: s.Config.Stack, Teardown: s.Config.Site, Destroy: true})
			}
		}
	}
	return changes
}

// checkRoles refuses changes that would change a role without saying so: those that
// leave it to a file which holds another one than the stack has.
func checkRoles(sides []Side, changes []Change) error {
	var said []string // stacks whose files are set right on the way
	for _, c := range changes {
		if c.Role != "" {
			said = append(said, c.Stack)
		}
		side, _, err := find(sides, c.Stack)
		if err != nil {
			return err
		}
		is, wanted := side.State.Claim.Role, side.Config.Role
		if is != "" && is != wanted && !slices.Contains(said, c.Stack) {
			return refuseAs(refusal.CodeMismatch, "%s says role: %s, and the stack is %s: set it to %s. To move the site there are pilotlight failover and pilotlight switchover",
				config.FileName(c.Stack), wanted, is, is)
		}
	}
	return nil
}

// mismatches compares the two sides of a site, by their files and by what they have published.
func mismatches(sides []Side) []stacks.Mismatch {
	known := make([]stacks.ComparedSide, 2)
	for i, s := range sides[:min(2, len(sides))] {
		known[i] = stacks.ComparedSide{Stack: s.Config.Stack, File: &s.Config, Published: s.State.Published}
	}
	return stacks.Mismatches(known[0], known[1])
}

// checkAgreement refuses changes of a site whose two sides do not agree: the fence of one would not
// know of the other, or the failover would move another name. A site may be ended all the same.
func checkAgreement(sides []Side, changes []Change) error {
	wrong := slices.DeleteFunc(mismatches(sides), func(m stacks.Mismatch) bool { return m.Pending })
	if len(wrong) == 0 || len(changes) > 0 && changes[0].Destroy {
		return nil
	}
	return &RefusedError{Err: stacks.RefuseMismatches(wrong)}
}

// find is a stack among the sides, and the other one; nil for a site of one stack.
func find(sides []Side, stack string) (side Side, other *Side, err error) {
	found := false
	names := make([]string, len(sides))
	for i, s := range sides {
		names[i] = s.Config.Stack
		if s.Config.Stack == stack {
			side, found = s, true
		} else {
			other = &sides[i]
		}
	}
	if !found {
		return Side{}, nil, noStack(stack, names)
	}
	return side, other, nil
}
