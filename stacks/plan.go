package stacks

import (
	"fmt"
	"slices"
	"time"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// Role is what a stack is: the one switch between the two sides of a site.
type Role string

const (
	// Active serves the site: its database is writable and the site's name points to it.
	Active Role = "active"
	// Frozen is active, but read-only: the site shows a maintenance page, so that
	// nothing is written any more which the other side could miss.
	Frozen Role = "frozen"
	// Standby is the pilot light: a replica of the active side's database and what costs nothing.
	Standby Role = "standby"
)

// Birth is how a stack's database came to be. A database's arguments follow
// its birth for life: a promoted replica stays replica-born, since going over
// to a primary's arguments would replace it.
type Birth string

const (
	PrimaryBorn Birth = "primary" // created empty
	ReplicaBorn Birth = "replica" // copied from the peer's database
)

// Generation is one of the databases that a stack has had.
type Generation struct {
	Number int   `json:"number"` // from 1, never used twice
	Birth  Birth `json:"birth"`
	// Ending says that its end was asked for and allowed: it is no longer
	// protected, and the next update deletes it, leaving a final snapshot.
	Ending bool `json:"ending,omitempty"`
	// Promoted says that it was promoted at an earlier epoch than its claim's: it may have served.
	Promoted bool `json:"promoted,omitempty"`
	// Source is the ARN of the database that a replica was copied from.
	Source string `json:"source,omitempty"`
	// Unserved says that it was given up before it was seen to be promoted, and so before
	// the site's name moved to it. No visitor wrote to it, and it ends without a final
	// snapshot, which RDS refuses of a replica.
	Unserved bool `json:"unserved,omitempty"`
}

// Claim is what a stack holds in its state about itself. The zero Claim is
// that of a stack which was never deployed.
type Claim struct {
	Role Role `json:"role"`
	// Epoch counts the activations of the site, over all its stacks. It is the
	// one at which an active stack became active, and for a standby the one of
	// the active stack that it follows.
	Epoch int `json:"epoch"`
	// Generation is the current database.
	Generation Generation `json:"generation"`
	// Retired are databases that were active once, and are kept until somebody
	// asks for their end by generation.
	Retired []Generation `json:"retired,omitempty"`
	// Planned says that this activation takes over from a frozen peer, so that the
	// promotion waits until the replica has all that was written.
	Planned bool `json:"planned,omitempty"`
	// Held says that the site's name led here when this activation began: the site is
	// claimed again, and visitors may be served before that name is seen to.
	Held bool `json:"held,omitempty"`
	// Serial counts the changes of the claim. It tells a state from an older one.
	Serial int `json:"serial"`
	// Since is when an activation was declared: one that was killed is carried on, and
	// its time to recover counts from there.
	Since time.Time `json:"since,omitzero"`
	// Accepted are the risks that were accepted for this activation. An update that resumes it
	// need not say them again.
	Accepted []string `json:"accepted,omitempty"`
	// GaveUp says that this standby was activated and gave its claim up before the
	// site's name moved, at an epoch of its own: the peer may claim again.
	GaveUp bool `json:"gaveUp,omitempty"`
	// Switched says that the site's name was moved here at this epoch. It is found
	// in the state, and not kept in the claim.
	Switched bool `json:"-"`
	// Promoted says that the database was seen to be promoted at this epoch. It is found
	// in the state, too.
	Promoted bool `json:"-"`
}

// Leads says whether the stack holds the site's only writable database, or the
// one that was until it was frozen.
func (c Claim) Leads() bool { return c.Role == Active || c.Role == Frozen }

// holds says whether the site's name leads to the stack that leads at this epoch, as
// far as its state can tell.
func (c Claim) holds() bool { return c.Switched || c.Held }

// Action is what an update will do about the role.
type Action string

const (
	Refuse   Action = "refuse"   // nothing may be touched
	Keep     Action = "keep"     // the role stays
	Activate Action = "activate" // become active, at a new epoch
	Freeze   Action = "freeze"   // become read-only, at the same epoch
	Thaw     Action = "thaw"     // take the freeze back
	GiveUp   Action = "give up"  // take an activation back that has not moved the site's name
	StandBy  Action = "stand by" // become a standby, with a new replica of the active side
)

// Unprotect is an update that readies a retired database for its end, once the
// checks find the new replica in step.
const Unprotect Action = "unprotect"

// Plan is what Decide makes of a wanted role.
type Plan struct {
	Do    Action
	Claim Claim // what the stack holds once the plan is done; zero when refused
	// Refusal says why, and what to run instead; nil unless Do is Refuse.
	Refusal *refusal.Error
}

// Decide is the whole policy of roles: from the wanted role and the claims of
// this stack and its peer to the one thing to do. It rests on claims alone, so
// that it needs no region; whether the moment is right for an activation is
// for the checks (failover.Check) to say afterwards.
//
// A stack acts as active only while its peer knows of no activation at its own
// epoch or after it, and stands by only for a peer that leads. That is
// what keeps a production region that comes back, or a job with an old file,
// from taking traffic to a stale database.
func Decide(want Role, own, peer Claim) Plan {
	switch {
	case own.Leads() && peer.Leads() && peer.Epoch == own.Epoch:
		return refuse("this stack and its peer both claim epoch %d, since two updates ran at the same time: find out which side "+
			"serves the site; on the other, export the state (pulumi stack export), lower the epoch in its resource claim, raise its serial by 1, and import it", own.Epoch)
	case want == Active:
		return decideActive(own, peer)
	case want == Frozen:
		return decideFrozen(own, peer)
	case want == Standby:
		return decideStandby(own, peer)
	}
	return refuse("the role %q is unknown: set it to %s, %s or %s", want, Active, Frozen, Standby)
}

func decideActive(own, peer Claim) Plan {
	next := activated(own, peer)
	switch {
	case own.Leads() && peer.Epoch > own.Epoch && peer.GaveUp:
		return Plan{Do: Activate, Claim: next}
	case own.Leads() && peer.Epoch > own.Epoch:
		return movedOn(own, peer)
	case own.Role == Frozen:
		own.Role = Active
		return Plan{Do: Thaw, Claim: own}
	case own.Role == Active:
		return Plan{Do: Keep, Claim: own}
	case own.Role == Standby:
		next.Planned = peer.Role == Frozen
		return Plan{Do: Activate, Claim: next}
	case peer.Role != "":
		return refuse("this stack holds no copy of the site's database, and its peer does: deploy this stack with role %s first", Standby)
	}
	return Plan{Do: Activate, Claim: Claim{Role: Active, Epoch: 1, Generation: Generation{Number: 1, Birth: PrimaryBorn}}}
}

// activated is a claim once it leads, at an epoch after all that were.
func activated(own, peer Claim) Claim {
	own.Held = own.Leads() && own.holds()
	own.Generation.Promoted = own.Generation.Promoted || own.Promoted
	own.Role, own.Epoch = Active, max(own.Epoch, peer.Epoch)+1
	own.Switched, own.Promoted, own.Planned, own.GaveUp, own.Accepted = false, false, false, false, nil
	return own
}

func decideFrozen(own, peer Claim) Plan {
	switch {
	case !own.Leads():
		return refuse("only the active stack can be frozen, and this one is not: run this for the peer")
	case peer.Epoch > own.Epoch && peer.GaveUp:
		return refuse("the peer gave its activation up at epoch %d: claim the site again with role %s first", peer.Epoch, Active)
	case peer.Epoch > own.Epoch:
		return movedOn(own, peer)
	case own.Role == Frozen:
		return Plan{Do: Keep, Claim: own}
	case peer.Role != Standby:
		return refuse("there is no standby to hand the site over to: deploy the peer with role %s first", Standby)
	case !own.Switched:
		return refuse("the site's name does not point here yet: finish the activation with role %s first", Active)
	}
	own.Role = Frozen
	return Plan{Do: Freeze, Claim: own}
}

func movedOn(own, peer Claim) Plan {
	if own.holds() && peer.Role == Active && !peer.holds() {
		return refuse("the site moved on to epoch %d, this stack was active at epoch %d, and the site's name has not followed yet: go on with the peer, "+
			"or give its activation up there; if its region is lost, abort set to %[1]d here, with role %[3]s, takes the site back (so does pilotlight abort)", peer.Epoch, own.Epoch, Active)
	}
	return refuse("the site moved on to epoch %d, this stack was active at epoch %d, so its database is stale and must not "+
		"serve the site: rebuild this stack with role %s, its old database is kept", peer.Epoch, own.Epoch, Standby)
}

func decideStandby(own, peer Claim) Plan {
	switch {
	case own.Leads() && peer.Leads() && peer.Epoch > own.Epoch:
		// Rebuild: the database that lost its site is kept beside the new replica.
		return Plan{Do: StandBy, Claim: standingBy(own, peer.Epoch)}
	case own.Leads() && !own.Switched && own.Held:
		return refuse("this stack claimed the site again at epoch %d: finish that with role %s", own.Epoch, Active)
	case own.Leads() && !own.Switched && peer.Leads():
		return refuse("this stack was activated at epoch %d: finish it with role %s, or set abort to %d to give the activation up", own.Epoch, Active, own.Epoch)
	case own.Leads():
		return refuse("this stack is the active one (epoch %d) and its database the live one: activate the peer first", own.Epoch)
	case own.GaveUp && peer.Leads() && peer.Epoch < own.Epoch:
		return Plan{Do: Keep, Claim: own} // until the peer claims again
	case !peer.Leads() || peer.Epoch < own.Epoch:
		return refuse("the peer is not active, so there is nothing to stand by for: deploy the peer with role %s first", Active)
	case own.Role == Standby:
		own.Epoch, own.GaveUp = peer.Epoch, false
		return Plan{Do: Keep, Claim: own}
	}
	return Plan{Do: StandBy, Claim: Claim{Role: Standby, Epoch: peer.Epoch, Generation: Generation{Number: 1, Birth: ReplicaBorn}}}
}

// standingBy is a claim that led, with its database retired and a new replica to come.
func standingBy(own Claim, epoch int) Claim {
	own.Generation.Unserved = own.Generation.Birth == ReplicaBorn && !own.Generation.Promoted && !own.Promoted
	return Claim{
		Role: Standby, Epoch: epoch, Generation: Generation{Number: own.Generation.Number + 1, Birth: ReplicaBorn},
		Retired: append(slices.Clone(own.Retired), own.Generation),
	}
}

// Abort gives an activation up whose switch has not been made, for a peer that
// still holds the site at an earlier epoch: for a promotion that fails for good,
// or a production that came back. The copy is retired, as it may be promoted, and
// the epoch raised, so that nothing of the activation goes on.
func Abort(own, peer Claim) Plan {
	switch {
	case own.Role != Active:
		return refuse("there is no activation to give up, since this stack is %s: remove abort from its configuration", own.Role)
	case own.Switched:
		return refuse("the site's name points here since epoch %d: go back by a planned switchover", own.Epoch)
	case own.Held:
		return refuse("this stack claimed the site again at epoch %d, which was its own: finish that with role %s", own.Epoch, Active)
	case !peer.Leads() || peer.Epoch >= own.Epoch:
		return refuse("no other side holds the site, and giving up epoch %d would leave none: finish the activation with role %s", own.Epoch, Active)
	}
	claim := standingBy(own, own.Epoch+1)
	claim.GaveUp = true
	return Plan{Do: GiveUp, Claim: claim}
}

// TakeBack claims the site again for the side that held it, from a peer whose region
// was lost after it had claimed and before the site's name moved there: a peer that
// lives gives its activation up itself. The raised epoch ends that one, should it go
// on after all.
func TakeBack(own, peer Claim) Plan {
	if !own.Leads() || !own.holds() || !peer.Leads() || peer.Epoch <= own.Epoch || peer.holds() {
		return Decide(Active, own, peer)
	}
	return Plan{Do: Activate, Claim: activated(own, peer)}
}

// Overtaken says why an activation whose claim is saved must not go on, now that
// the peer's claim was read again; empty when it may. Of two stacks that claim in
// the same moment at least one sees the other.
func Overtaken(own, peer Claim) string {
	if own.Planned && peer.Role == Active && peer.Epoch < own.Epoch {
		return fmt.Sprintf("the peer took its freeze back: give this activation up with role %s and abort set to %d", Standby, own.Epoch)
	}
	return Decide(Active, own, peer).Why()
}

// End is what asking for the end of a retired database makes of a plan: the
// first update unprotects it, the next deletes it, a further one finds nothing
// to do. It refuses a generation that is not retired.
func End(p Plan, generation int) Plan {
	at := slices.IndexFunc(p.Claim.Retired, func(d Generation) bool { return d.Number == generation })
	switch {
	case p.Do == Refuse:
		return p
	case at < 0 && generation < p.Claim.Generation.Number:
		return p // ended before
	case at < 0:
		return refuse("generation %d is not retired, and the current database of this stack is generation %d: name a retired one, as status shows it", generation, p.Claim.Generation.Number)
	case p.Do != Keep:
		return refuse("a change of role and the end of generation %d do not go together: remove retire from the configuration first", generation)
	}
	p.Claim.Retired = slices.Clone(p.Claim.Retired)
	if p.Claim.Retired[at].Ending {
		p.Claim.Retired = slices.Delete(p.Claim.Retired, at, at+1)
		return p
	}
	p.Claim.Retired[at].Ending = true
	p.Do = Unprotect
	return p
}

// Why is the refusal in one sentence; empty when there is none.
func (p Plan) Why() string {
	if p.Refusal == nil {
		return ""
	}
	return p.Refusal.Error()
}

// refuse makes a refusal as refusal.New does.
func refuse(format string, args ...any) Plan {
	return Plan{Do: Refuse, Refusal: refusal.New(CodeClaims, format, args...)}
}
