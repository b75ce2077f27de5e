package stacks

import (
	"fmt"
	"slices"
)

// Role is what a stack is: the one switch between the two sides of a site.
type Role string

const (
	// Active serves the site: its database is writable and the site's name points to it.
	Active Role = "active"
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
}

// Action is what an update will do about the role.
type Action string

const (
	Refuse   Action = "refuse"   // nothing may be touched; Plan.Why says why and what to run instead
	Keep     Action = "keep"     // the role stays
	Activate Action = "activate" // become active, at a new epoch
	StandBy  Action = "stand by" // become a standby, with a new replica of the active side
)

// Unprotect is an update that readies a retired database for its end, once the
// checks find the new replica in step.
const Unprotect Action = "unprotect"

// Plan is what Decide makes of a wanted role.
type Plan struct {
	Do    Action
	Claim Claim  // what the stack holds once the plan is done; zero when refused
	Why   string // one sentence, when refused
}

// Decide is the whole policy of roles: from the wanted role and the claims of
// this stack and its peer to the one thing to do. It rests on claims alone, so
// that it needs no region; whether the moment is right for an activation is
// for the checks (failover.Check) to say afterwards.
//
// A stack acts as active only while its peer knows of no activation at its own
// epoch or after it, and stands by only for a peer that is active. That is
// what keeps a production region that comes back, or a job with an old file,
// from taking traffic to a stale database.
func Decide(want Role, own, peer Claim) Plan {
	switch want {
	case Active:
		return decideActive(own, peer)
	case Standby:
		return decideStandby(own, peer)
	}
	return refuse("the role %q is unknown: set it to %s or %s", want, Active, Standby)
}

func decideActive(own, peer Claim) Plan {
	switch {
	case own.Role == Active && peer.Role == Active && peer.Epoch == own.Epoch:
		return refuse("this stack and its peer both claim epoch %d: two updates ran at the same time; find out which side "+
			"serves the site; on the other, export the state (pulumi stack export), lower the epoch in its resource claim, and import it", own.Epoch)
	case own.Role == Active && peer.Epoch > own.Epoch:
		return refuse("the site moved on to epoch %d, this stack was active at epoch %d: its database is stale and must not "+
			"serve the site; rebuild this stack with role %s, its old database is kept", peer.Epoch, own.Epoch, Standby)
	case own.Role == Active:
		return Plan{Do: Keep, Claim: own}
	case own.Role == Standby:
		next := own
		next.Role, next.Epoch = Active, max(own.Epoch, peer.Epoch)+1
		return Plan{Do: Activate, Claim: next}
	case peer.Role != "":
		return refuse("this stack holds no copy of the site's database, and its peer does: deploy this stack with role %s first", Standby)
	}
	return Plan{Do: Activate, Claim: Claim{Role: Active, Epoch: 1, Generation: Generation{Number: 1, Birth: PrimaryBorn}}}
}

func decideStandby(own, peer Claim) Plan {
	switch {
	case own.Role == Active && peer.Role == Active && peer.Epoch > own.Epoch:
		// Rebuild: the database that lost its site is kept beside the new replica.
		return Plan{Do: StandBy, Claim: Claim{
			Role: Standby, Epoch: peer.Epoch, Generation: Generation{Number: own.Generation.Number + 1, Birth: ReplicaBorn},
			Retired: append(slices.Clone(own.Retired), own.Generation),
		}}
	case own.Role == Active:
		return refuse("this stack is the active one (epoch %d) and its database the live one: activate the peer first", own.Epoch)
	case peer.Role != Active || peer.Epoch < own.Epoch:
		return refuse("the peer is not active, so there is nothing to stand by for: deploy the peer with role %s first", Active)
	case own.Role == Standby:
		own.Epoch = peer.Epoch
		return Plan{Do: Keep, Claim: own}
	}
	return Plan{Do: StandBy, Claim: Claim{Role: Standby, Epoch: peer.Epoch, Generation: Generation{Number: 1, Birth: ReplicaBorn}}}
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
		return refuse("generation %d is not retired: the current database of this stack is generation %d", generation, p.Claim.Generation.Number)
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

func refuse(format string, args ...any) Plan {
	return Plan{Do: Refuse, Why: fmt.Sprintf(format, args...)}
}
