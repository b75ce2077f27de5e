package roles

// overtakenBy reports whether a stack still claims to lead although the site moved on: its peer leads at a later epoch,
// or follows a stack that does.
func (c Claim) overtakenBy(peer Claim) bool {
	return c.Leads() && peer.Epoch > c.Epoch && !peer.Aborted
}

// Serves reports whether the stack serves the site once the plan is done. One that is being ended does not, whatever it claims.
func (p Plan) Serves() bool { return p.Claim.Leads() && p.Do != End }

// FormerGeneration is the current database of a stack that led, as it is kept beside another, or until the stack is destroyed.
// An activation that ended before the promotion leaves a replica that no visitor wrote to.
func (c Claim) FormerGeneration() Generation {
	g := c.Generation
	g.SkipFinalSnapshot = g.Origin == OriginReplica && !g.EverPromoted && c.Progress < Promoted
	return g
}

// DecideEnd adds to a plan that the stack is to be destroyed. The source of a replica is not ended, since RDS would promote
// the replica. A stack that was overtaken is, without standing by first, and so is a standby that has nothing to follow. While DNS
// still points to it, the move is finished first.
func DecideEnd(p Plan, own, peer Claim) Plan {
	switch {
	case own.Leads() && peer.Role == Standby && (peer.Aborted || peer.Epoch <= own.Epoch):
		return RefusePlan("the peer replicates this stack's database: destroy the peer first (teardown, then pulumi destroy), then this one")
	case own.overtakenBy(peer) && !leftByName(own, peer), own.Role == Standby && p.Do == Refuse:
		return Plan{Do: End, Claim: own}
	}
	return p
}
