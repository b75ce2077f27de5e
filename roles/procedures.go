package roles

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// Side is one of a site's two stacks: as its file has it, and as its state has it.
type Side struct {
	Site, Stack, Region string
	Role                Role   // that the file asks for
	Home                string // the stack that is the site's home, as the file or else the state has it
	Claim               Claim
	Unfinished          bool // the update that saved the claim still runs or was stopped
	// Rotation is the number of the last rotation of secrets that it has, and Rotating its part, until it has ended there.
	Rotation int
	Rotating string
}

// refuse is a refusal by what both stacks claim, made as refusal.New does.
func refuse(format string, args ...any) error {
	return refusal.New(refusal.CodeClaims, format, args...)
}

// Name is the side in words.
func (s Side) Name() string { return fmt.Sprintf("%s (%s)", s.Region, s.Stack) }

// errNotDeployed is a site that no stack leads.
var errNotDeployed = refuse("no side of the site is active yet: deploy it first (pilotlight deploy)")

// Leader is the side that leads the site, and the other one. Of two that claim to,
// it is the one with the later claim. The other is nil for a site of one stack.
func Leader(sides []Side) (leads Side, other *Side, err error) {
	at := -1
	for i, s := range sides {
		if s.Claim.Leads() && (at < 0 || s.Claim.Epoch > sides[at].Claim.Epoch) {
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

// Switched reports whether DNS points to the side, as far as its state tells.
func (s Side) Switched() bool { return s.Claim.Leads() && s.Claim.Switched() }

// A procedure decides from what both stacks remember which updates are left. A claim
// is saved before its work is done, so it can't prove that the work is done: the last
// update is always returned, and done is the message if that changes nothing.

// FailoverChanges is the failover, or the rest of one that stopped.
func FailoverChanges(sides []Side, accepted Accepted) (changes []Change, done string, err error) {
	to, err := FailoverTarget(sides)
	if err != nil {
		return nil, "", err
	}
	if to == nil {
		leads, _, err := Leader(sides)
		switch {
		case err != nil:
			return nil, "", err
		case leads.Claim.Role != Active || leads.Claim.Epoch <= 1:
			return nil, "", refuse("%s is active, and there is no standby to fail over to: deploy the other side (pilotlight deploy)", leads.Name())
		}
		done := fmt.Sprintf("%s is active since epoch %d, and there is no other side to fail over to", leads.Name(), leads.Claim.Epoch)
		return []Change{{Stack: leads.Stack, Role: Active}}, done, nil
	}
	return []Change{{Stack: to.Stack, Role: Active, Accepted: accepted}}, "", nil
}

// FailoverTarget is the side that a failover activates: the one whose activation is not
// finished, else the standby; nil when there is neither.
func FailoverTarget(sides []Side) (*Side, error) {
	var found *Side
	for i, s := range sides {
		switch claim := s.Claim; {
		case activationPending(sides, s) && claim.Reason != ReasonReclaim: // what reclaims the site is no standby
			return &sides[i], nil
		case claim.Role == Standby && found == nil:
			found = &sides[i]
		case claim.Role == Standby:
			return nil, errNotDeployed
		}
	}
	return found, nil
}

// activationPending reports whether a side was activated and does not have the site's name yet,
// nor was overtaken.
func activationPending(sides []Side, s Side) bool {
	claim := s.Claim
	return claim.Role == Active && !claim.Switched() && claim.Epoch > 1 &&
		!slices.ContainsFunc(sides, func(other Side) bool { return other.Claim.Leads() && other.Claim.Epoch > claim.Epoch })
}

// SwitchoverChanges moves the site to a stack without loss: freeze, activate, stand by, and
// learn of the new standby; or what is left of that.
func SwitchoverChanges(sides []Side, to string, accepted Accepted) (changes []Change, done string, err error) {
	target, from, err := Find(sides, to)
	if err != nil {
		return nil, "", err
	}
	if from == nil {
		return nil, "", refuse("stack %s has no peer here to take the site over from: a switchover needs two stacks", to)
	}
	accepted.IgnoreProduction = 0 // a switchover asks production
	activate, standBy, learn := Change{Stack: to, Role: Active, Accepted: accepted}, Change{Stack: from.Stack, Role: Standby}, Change{Stack: to}
	own, theirs := target.Claim, from.Claim
	switch {
	case !own.Leads() && !theirs.Leads():
		return nil, "", errNotDeployed
	case own.Leads() && theirs.Leads() && theirs.Epoch > own.Epoch:
		return nil, "", refuse("the site moved on from stack %s, whose database is stale: reprotect it first (pilotlight reprotect)", to)
	case own.Role == Frozen:
		return nil, "", refuse("stack %s is frozen to hand the site over: undo that with pilotlight thaw, or resume with pilotlight switchover %s", to, from.Stack)
	case own.Leads():
		return []Change{activate, standBy, learn}, fmt.Sprintf("%s is active since epoch %d, and the other side stands by", target.Name(), own.Epoch), nil
	}
	return []Change{{Stack: from.Stack, Role: Frozen}, activate, standBy, learn}, "", nil
}

// Home is the stack at which a site is at home: by the files, or else by what the stacks
// have published; empty where neither says.
func Home(sides []Side) (home string) {
	for _, s := range sides {
		home = cmp.Or(home, s.Home)
	}
	return home
}

// FailbackChanges is the switchover to the home side, or what is left of that.
func FailbackChanges(sides []Side, accepted Accepted) (changes []Change, done string, err error) {
	if len(sides) == 1 {
		return nil, "", refuse("stack %s has no other stack to go back to: docs/existing-production.md has the way back to a production of another program", sides[0].Stack)
	}
	home := Home(sides)
	if !slices.ContainsFunc(sides, func(s Side) bool { return s.Stack == home }) {
		to := sides[0].Stack
		if _, other, err := Leader(sides); err == nil && other != nil {
			to = other.Stack
		}
		return nil, "", refuse("none of the site's stacks is its home: set home in both stacks' files, or name the stack: pilotlight switchover %s", to)
	}
	return SwitchoverChanges(sides, home, accepted)
}

// ThawChanges takes a freeze back, or what is left to do of that.
func ThawChanges(sides []Side) (changes []Change, done string, err error) {
	leads, _, err := Leader(sides)
	switch {
	case err != nil:
		return nil, "", err
	case leads.Claim.Role == Active && !leads.Switched():
		return nil, "", refuse("the activation of %s is not finished: resume it, or give it up with pilotlight abort", leads.Name())
	}
	return []Change{{Stack: leads.Stack, Role: Active}}, "no side is frozen", nil
}

// ReprotectChanges makes the lost side a standby of the active one, then lets that one replicate its media to it.
func ReprotectChanges(sides []Side) (changes []Change, done string, err error) {
	if len(sides) == 1 && sides[0].Claim.Role == Standby { // of a production that no stack made
		return []Change{{Stack: sides[0].Stack, Role: Standby}}, fmt.Sprintf("%s is a standby", sides[0].Name()), nil
	}
	leads, other, err := Leader(sides)
	switch {
	case err != nil:
		return nil, "", err
	case other == nil:
		return nil, "", refuse("stack %s has no peer here to reprotect: write the file of a second stack (pilotlight init)", leads.Stack)
	case leads.Claim.Role == Frozen:
		return nil, "", refuse("%s is frozen, a switchover is under way: resume it with pilotlight switchover %s, or undo it with pilotlight thaw", leads.Name(), other.Stack)
	case !leads.Switched():
		return nil, "", refuse("the activation of %s is not finished: run pilotlight failover again first", leads.Name())
	}
	done = fmt.Sprintf("%s is a standby of %s", other.Name(), leads.Name())
	return []Change{{Stack: other.Stack, Role: Standby}, {Stack: leads.Stack}}, done, nil
}

// AbortChanges gives the activation up that has not moved the site's name, and lets the
// other side reclaim the site.
func AbortChanges(sides []Side) (changes []Change, done string, err error) {
	for _, s := range sides { // one that stopped half-way
		if s.Claim.Aborted {
			_, other, err := Find(sides, s.Stack)
			changes := []Change{{Stack: s.Stack, Role: Standby}}
			if other != nil {
				changes = append([]Change{{Stack: other.Stack, Role: Active}}, changes...)
			}
			return changes, "", err
		}
	}
	for _, s := range sides {
		if !activationPending(sides, s) {
			continue
		}
		_, other, err := Find(sides, s.Stack)
		if s.Claim.Reason == ReasonReclaim { // the rest of an earlier one
			return []Change{{Stack: s.Stack, Role: Active}}, "", err
		}
		changes := []Change{{Stack: s.Stack, Role: Standby, Abort: s.Claim.Epoch}}
		if other != nil {
			changes = append(changes, Change{Stack: other.Stack, Role: Active}, Change{Stack: s.Stack})
		}
		return changes, "", err
	}
	// One that stopped in its last update, when both sides had their claims already.
	if leads, other, err := Leader(sides); err == nil && other != nil && leads.Claim.Reason == ReasonReclaim && other.Claim.Role == Standby && other.Unfinished {
		return []Change{{Stack: other.Stack, Role: Standby}}, "", nil
	}
	for _, s := range sides {
		if s.Claim.Role == Frozen {
			return nil, fmt.Sprintf("no activation is under way; %s is frozen, and pilotlight thaw undoes that", s.Name()), nil
		}
	}
	return nil, "no activation is under way: there is nothing to abort", nil
}

// ReclaimChanges is what an abort comes to when the side that should abort its activation
// does not answer: the other one reclaims the site.
func ReclaimChanges(sides []Side, changes []Change) ([]Change, error) {
	side, other, err := Find(sides, changes[0].Stack)
	switch {
	case err != nil:
		return nil, err
	case other == nil || !other.Claim.Leads():
		return nil, refusal.New(refusal.CodeSilent, "AWS in %s does not answer, and no other side of the site can reclaim it: wait until it is back, and run this again", side.Name())
	}
	return []Change{{Stack: other.Stack, Role: Active, Abort: side.Claim.Epoch}}, nil
}

// RetireChanges ends a former database in the two updates that this takes.
func RetireChanges(sides []Side, stack string, generation int, accepted Accepted) (changes []Change, done string, err error) {
	side, _, err := Find(sides, stack)
	if err != nil {
		return nil, "", err
	}
	if generation < 1 { // which the configuration takes for none
		return nil, "", refuse("no database has generation %d: name a former one, as status shows it", generation)
	}
	end := Change{Stack: stack, Retire: generation, Accepted: Accepted{NoSnapshot: accepted.NoSnapshot}}
	for _, former := range side.Claim.Former {
		if former.Number == generation && former.DeleteRequested && !side.Unfinished {
			return []Change{end}, "", nil
		}
		if former.Number == generation {
			return []Change{end, end}, "", nil
		}
	}
	// The program refuses one that never was, saying why.
	return []Change{end}, fmt.Sprintf("generation %d of stack %s has ended", generation, stack), nil
}

// RotateChanges are the updates that rotate a part of the site's secrets, or those that are left of a rotation. The active
// side makes new secrets, and the old ones work too. The standby copies both. Then the active side ends the old
// ones, and the standby copies that.
func RotateChanges(sides []Side, part string) (changes []Change, done string, err error) {
	if len(sides) == 1 && sides[0].Claim.Role == Standby {
		return nil, "", refuse("the secrets of this site are those of its production, which no stack made: change them there, then here with "+
			"pulumi config set -s %s --secret --path 'production.secrets.<key>', and run pilotlight deploy", sides[0].Stack)
	}
	leads, other, err := Leader(sides)
	switch {
	case err != nil:
		return nil, "", err
	case leads.Claim.Role == Frozen || !leads.Switched() || other != nil && other.Claim.Aborted:
		_, next, _ := Standing(sides)
		return nil, "", refuse("a move of the site is under way, and it may need the secrets of both sides as they are: finish it first (%s)", next)
	case leads.Rotating != "" && leads.Rotating != part:
		return nil, "", refuse("rotation %d, of %s, has not ended: finish it first (pilotlight rotate %[2]s)", leads.Rotation, leads.Rotating)
	}
	number := leads.Rotation
	if leads.Rotating == "" {
		number++
	}
	begin, end := Change{Stack: leads.Stack, Rotate: fmt.Sprintf("%s-%d", part, number)}, Change{Stack: leads.Stack}
	if other == nil || other.Claim.Role != Standby {
		return []Change{begin, end}, "", nil
	}
	follow := Change{Stack: other.Stack}
	return []Change{begin, follow, end, follow}, "", nil
}

// DeployChanges brings both stacks to the steady state: the active one first, since the
// standby copies it, and again when there is a bucket to replicate its media to.
func DeployChanges(sides []Side) []Change {
	var first, second *Side
	leads, _, none := Leader(sides)
	for i, s := range sides {
		if s.Stack == leads.Stack || none != nil && first == nil && s.Claim.Role == "" && s.Role == Active {
			first = &sides[i]
		} else {
			second = &sides[i]
		}
	}
	var changes []Change
	for _, s := range []*Side{first, second, first} {
		if s != nil {
			changes = append(changes, Change{Stack: s.Stack})
		}
	}
	if second == nil {
		return changes[:1]
	}
	return changes
}

// DestroyChanges ends both stacks, the one that leads last: RDS promotes a replica whose source goes, and a stack that was
// overtaken would lead again if it were left alone.
func DestroyChanges(sides []Side) []Change {
	changes := make([]Change, 0, len(sides))
	leads, _, _ := Leader(sides) // no stack has the name of none
	for _, last := range []bool{false, true} {
		for _, s := range sides {
			if s.Claim.Role != "" && (s.Stack == leads.Stack) == last {
				changes = append(changes, Change{Stack: s.Stack, Teardown: s.Site, Destroy: true})
			}
		}
	}
	return changes
}

// CheckRoles refuses changes that would change a role without saying so: those that
// leave it to a file which holds another one than the stack has.
func CheckRoles(sides []Side, changes []Change) error {
	var said []string // stacks whose files are set right on the way
	for _, c := range changes {
		if c.Role != "" {
			said = append(said, c.Stack)
		}
		side, _, err := Find(sides, c.Stack)
		if err != nil {
			return err
		}
		is, wanted := side.Claim.Role, side.Role
		if is != "" && is != wanted && !slices.Contains(said, c.Stack) {
			return refusal.New(refusal.CodeMismatch, "Pulumi.%s.yaml says role: %s, and the stack is %s: set it to %s. To move the site there are pilotlight failover and pilotlight switchover STACK",
				c.Stack, wanted, is, is)
		}
	}
	return nil
}

// Find is a stack among the sides, and the other one; nil for a site of one stack.
func Find(sides []Side, stack string) (side Side, other *Side, err error) {
	found := false
	names := make([]string, len(sides))
	for i, s := range sides {
		names[i] = s.Stack
		if s.Stack == stack {
			side, found = s, true
		} else {
			other = &sides[i]
		}
	}
	if !found {
		return Side{}, nil, refusal.New(refusal.CodeNoStack, "the site has no stack %s: name one of %s", stack, strings.Join(names, " and "))
	}
	return side, other, nil
}
