// Package roles is all policy over claims: what a stack may become, and which updates an
// operator's verb comes down to. It is pure.
package roles

import (
	"fmt"
	"slices"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// Action is what an update will do about the role.
type Action string

const (
	Refuse   Action = "refuse"   // nothing may be touched
	Keep     Action = "keep"     // the role stays
	Activate Action = "activate" // become active, at a new epoch
	Freeze   Action = "freeze"   // become read-only, at the same epoch
	Thaw     Action = "thaw"     // take the freeze back
	Abort    Action = "abort"    // abort an activation before DNS points to it
	StandBy  Action = "stand by" // become a standby, with a new replica of the active side
	End      Action = "end"      // serve no more and keep the databases, until the stack is destroyed
)

// Unprotect readies a former database for its deletion, once the checks find the new replica
// in step.
const Unprotect Action = "unprotect"

// Plan is what Decide makes of a wanted role.
type Plan struct {
	Do    Action
	Claim Claim // what the stack holds once the plan is done; zero when refused
	// Refusal says why, and what to run instead; nil unless Do is Refuse.
	Refusal *refusal.Error
}

// Plain reports that an update of a side that serves visitors leaves its role as it is: no activation, freeze or
// other move is under way. own is its claim before.
func (p Plan) Plain(own Claim) bool {
	return p.Do == Keep && p.Claim.Role == Active && own.Switched()
}

// Decide is the whole policy of roles: the wanted role and the claims of this stack and its
// peer go in, the one thing to do comes out. It rests on claims alone and needs no region. The
// checks (failover.Check) judge afterwards whether the moment is right for an activation.
//
// A stack acts as active only while its peer knows of no activation at its own epoch or
// after it, and stands by only for a peer that leads. So a production region that comes
// back, or a job with an old file, can't take traffic to a stale database.
func Decide(want Role, own, peer Claim) Plan {
	switch {
	case own.Leads() && peer.Leads() && peer.Epoch == own.Epoch:
		return RefusePlan("this stack and its peer both claim epoch %d, since two updates ran at the same time: find out which side "+
			"serves the site; on the other, export the state (pulumi stack export), lower the epoch in its resource claim, raise its serial by 1, and import it", own.Epoch)
	case want == Active:
		return decideActive(own, peer)
	case want == Frozen:
		return decideFrozen(own, peer)
	case want == Standby:
		return decideStandby(own, peer)
	}
	return RefusePlan("the role %q is unknown: set it to %s, %s or %s", want, Active, Frozen, Standby)
}

func decideActive(own, peer Claim) Plan {
	next := activated(own, peer)
	switch {
	case own.Leads() && peer.Epoch > own.Epoch && peer.Aborted:
		return Plan{Do: Activate, Claim: next}
	case own.overtakenBy(peer):
		return movedOn(own, peer)
	case own.Role == Frozen:
		own.Role = Active
		return Plan{Do: Thaw, Claim: own}
	case own.Role == Active:
		return Plan{Do: Keep, Claim: own}
	case own.Role == Standby:
		if peer.Role == Frozen {
			next.Reason = ReasonSwitchover
		}
		return Plan{Do: Activate, Claim: next}
	case peer.Role != "":
		return RefusePlan("this stack holds no copy of the site's database, and its peer does: deploy this stack with role %s first", Standby)
	}
	return Plan{Do: Activate, Claim: Claim{Role: Active, Epoch: 1, Reason: ReasonCreate, Generation: Generation{Number: 1, Origin: OriginEmpty}}}
}

// activated is the claim of an activation, at an epoch after all others.
func activated(own, peer Claim) Claim {
	reason := ReasonFailover
	if own.Leads() && own.HoldsName() {
		reason = ReasonReclaim
	}
	own.Generation.EverPromoted = own.Generation.EverPromoted || own.Progress >= Promoted
	own.Role, own.Epoch, own.Reason = Active, max(own.Epoch, peer.Epoch)+1, reason
	own.Progress, own.Aborted, own.Accepted = Claimed, false, nil
	return own
}

func decideFrozen(own, peer Claim) Plan {
	switch {
	case !own.Leads():
		return RefusePlan("only the active stack can be frozen, and this one is not: run this for the peer")
	case peer.Epoch > own.Epoch && peer.Aborted:
		return RefusePlan("the peer aborted its activation at epoch %d: reclaim the site with role %s first", peer.Epoch, Active)
	case own.overtakenBy(peer):
		return movedOn(own, peer)
	case own.Role == Frozen:
		return Plan{Do: Keep, Claim: own}
	case peer.Role != Standby:
		return RefusePlan("there is no standby to hand the site over to: deploy the peer with role %s first", Standby)
	case !own.Switched():
		return RefusePlan("DNS does not point here yet: finish the activation with role %s first", Active)
	}
	own.Role = Frozen
	return Plan{Do: Freeze, Claim: own}
}

// leftByName reports whether DNS still points to a stack that its peer is about to overtake.
func leftByName(own, peer Claim) bool {
	return own.HoldsName() && peer.Role == Active && !peer.HoldsName()
}

func movedOn(own, peer Claim) Plan {
	if leftByName(own, peer) {
		return RefusePlan("the site moved on to epoch %d, this stack was active at epoch %d, and DNS has not followed yet: finish the activation of the peer, "+
			"or abort it there; if its region is lost, abort set to %[1]d here, with role %[3]s, reclaims the site (so does pilotlight abort)", peer.Epoch, own.Epoch, Active)
	}
	return RefusePlan("the site moved on to epoch %d, this stack was active at epoch %d, so its database is stale and must not "+
		"serve the site: reprotect this stack with role %s, which keeps its old database", peer.Epoch, own.Epoch, Standby)
}

func decideStandby(own, peer Claim) Plan {
	switch {
	case own.Leads() && peer.Leads() && peer.Epoch > own.Epoch:
		// Reprotect: the database that lost its site is kept beside the new replica.
		return Plan{Do: StandBy, Claim: standingBy(own, peer.Epoch)}
	case own.Leads() && !own.Switched() && own.Reason == ReasonReclaim:
		return RefusePlan("this stack reclaimed the site at epoch %d: finish that with role %s", own.Epoch, Active)
	case own.Leads() && !own.Switched() && peer.Leads():
		return RefusePlan("this stack was activated at epoch %d: finish it with role %s, or set abort to %d to abort it", own.Epoch, Active, own.Epoch)
	case own.Leads():
		return RefusePlan("this stack is active (epoch %d) and its database is the live one: activate the peer first", own.Epoch)
	case own.Aborted && peer.Leads() && peer.Epoch < own.Epoch:
		return Plan{Do: Keep, Claim: own} // until the peer reclaims the site
	case !peer.Leads() || peer.Epoch < own.Epoch:
		return RefusePlan("the peer is not active, so there is nothing to stand by for: deploy the peer with role %s first", Active)
	case own.Role == Standby:
		own.Epoch, own.Aborted = peer.Epoch, false
		return Plan{Do: Keep, Claim: own}
	}
	return Plan{Do: StandBy, Claim: Claim{Role: Standby, Epoch: peer.Epoch, Generation: Generation{Number: 1, Origin: OriginReplica}}}
}

// standingBy is the claim of a stack whose database becomes a former one, beside a new replica.
func standingBy(own Claim, epoch int) Claim {
	return Claim{
		Role: Standby, Epoch: epoch, Generation: Generation{Number: own.Generation.Number + 1, Origin: OriginReplica},
		Former: append(slices.Clone(own.Former), own.FormerGeneration()),
	}
}

// DecideAbort aborts an activation before DNS points to it, while a peer still leads at an
// earlier epoch: a promotion failed for good, or production came back. The replica becomes a
// former database, since it may be promoted. The raised epoch stops what is left of the activation.
func DecideAbort(own, peer Claim) Plan {
	switch {
	case own.Role != Active:
		return RefusePlan("there is no activation to abort, since this stack is %s: remove abort from its configuration", own.Role)
	case own.Switched():
		return RefusePlan("DNS points here since epoch %d: go back by a planned switchover", own.Epoch)
	case own.Reason == ReasonReclaim:
		return RefusePlan("this stack reclaimed the site at epoch %d: finish that with role %s", own.Epoch, Active)
	case !peer.Leads() || peer.Epoch >= own.Epoch:
		return RefusePlan("no other side leads the site, and aborting epoch %d would leave none: finish the activation with role %s", own.Epoch, Active)
	}
	claim := standingBy(own, own.Epoch+1)
	claim.Aborted = true
	return Plan{Do: Abort, Claim: claim}
}

// DecideRebuild has a standby replace its replica, of a generation, with another one: RDS can't go on with it. It becomes a
// former database. Of a generation that is current no longer it means nothing, nor in a plan that does anything else.
func DecideRebuild(p Plan, generation int) Plan {
	switch current := p.Claim.Generation.Number; {
	case p.Do != Keep || p.Claim.Role != Standby || p.Claim.Aborted || generation < current:
		return p
	case generation > current:
		return RefusePlan("the database of this stack is generation %d, and rebuild is set to %d: set it to %[1]d, or remove it", current, generation)
	}
	return Plan{Do: StandBy, Claim: standingBy(p.Claim, p.Claim.Epoch)}
}

// DecideReclaim reclaims the site for the side that DNS points to, from a peer whose
// region was lost between its claim and the switch. A peer that lives aborts its activation
// itself. The raised epoch stops that activation, should it resume after all.
func DecideReclaim(own, peer Claim) Plan {
	if !own.Leads() || !own.HoldsName() || !peer.Leads() || peer.Epoch <= own.Epoch || peer.HoldsName() {
		return Decide(Active, own, peer)
	}
	return Plan{Do: Activate, Claim: activated(own, peer)}
}

// Overtaken is why an activation whose claim is saved must stop, by the peer's claim as it was
// read since; empty when it may go on. Of two stacks that claim in the same moment at least
// one sees the other.
func Overtaken(own, peer Claim) string {
	if own.Reason == ReasonSwitchover && peer.Role == Active && peer.Epoch < own.Epoch {
		return fmt.Sprintf("the peer was thawed: abort this activation with role %s and abort set to %d", Standby, own.Epoch)
	}
	return Decide(Active, own, peer).Why()
}

// DecideRetire adds the retirement of a former database to a plan: the first update
// unprotects it, the next deletes it, a further one finds nothing to do. While the first is
// unfinished, AWS may still protect the database and would refuse to delete it: the next one
// unprotects it again. It refuses a generation that is not a former one.
func DecideRetire(p Plan, generation int, unfinished bool) Plan {
	at := slices.IndexFunc(p.Claim.Former, func(d Generation) bool { return d.Number == generation })
	switch {
	case p.Do == Refuse:
		return p
	case at < 0 && generation < p.Claim.Generation.Number:
		return p // retired before
	case at < 0:
		return RefusePlan("generation %d is not a former database, and the current one of this stack is generation %d: name a former one, as status shows it", generation, p.Claim.Generation.Number)
	case p.Do != Keep:
		return RefusePlan("a change of role and the retirement of generation %d do not go together: remove retire from the configuration first", generation)
	}
	p.Claim.Former = slices.Clone(p.Claim.Former)
	if p.Claim.Former[at].DeleteRequested && !unfinished {
		p.Claim.Former = slices.Delete(p.Claim.Former, at, at+1)
		return p
	}
	p.Claim.Former[at].DeleteRequested = true
	p.Do = Unprotect
	return p
}

// DecideNoSnapshot readies a plan for the end of a former database of which RDS takes no final snapshot, as of one in this state. It
// takes consent: accepted is the generation for which that was given.
func DecideNoSnapshot(p Plan, generation int, state string, accepted int) Plan {
	at := slices.IndexFunc(p.Claim.Former, func(d Generation) bool { return d.Number == generation })
	switch {
	case p.Do != Keep || at < 0 || p.Claim.Former[at].SkipFinalSnapshot:
		return p
	case accepted != generation:
		return RefusePlan("generation %d of this stack is %s, and RDS takes no final snapshot of such a database: mend it first, or set acceptNoSnapshot to %[1]d (--accept-no-snapshot %[1]d) to end it without one", generation, state)
	}
	p.Claim.Former = slices.Clone(p.Claim.Former)
	// It may have been readied when it was well: that is done again, and the state learns of the consent.
	p.Claim.Former[at].SkipFinalSnapshot, p.Claim.Former[at].DeleteRequested = true, false
	return p
}

// Why is the refusal in one sentence; empty when there is none.
func (p Plan) Why() string {
	if p.Refusal == nil {
		return ""
	}
	return p.Refusal.Error()
}

// RefusePlan makes a refusal as refusal.New does.
func RefusePlan(format string, args ...any) Plan {
	return Plan{Do: Refuse, Refusal: refusal.New(refusal.CodeClaims, format, args...)}
}
