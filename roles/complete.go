package roles

import (
	"cmp"
	"slices"
	"time"
)

// Facts are what a claim records beside what was decided.
type Facts struct {
	Now time.Time
	// Engine is the version of MySQL that the stack last published; empty records none.
	Engine string
	// Source is the ARN of the peer's database, which a new replica is copied from.
	Source string
	// Accepted are the risks that the configuration accepts.
	Accepted Accepted
	// SetsPassword reports that a rotation sets the password of the database's master user.
	SetsPassword bool
}

// Complete is the claim that a plan saves, over the one before it, and the risks that count for nothing in it. The serial
// comes last: it is higher if anything else is new.
func (p Plan) Complete(own Claim, f Facts) (claim Claim, ignored []Risk) {
	claim, ignored = p.Claim.accept(f.Accepted)
	if p.Do == Activate {
		claim.ClaimedAt = f.Now
	}
	claim.Former = slices.Clone(claim.Former)
	for i := range claim.Former { // each keeps the version that it had when it was current
		claim.Former[i].Engine = cmp.Or(claim.Former[i].Engine, f.Engine)
	}
	if current := &claim.Generation; current.Origin == OriginReplica {
		current.Source = cmp.Or(current.Source, f.Source)
		current.PasswordSet = current.PasswordSet || f.SetsPassword && claim.Leads()
	}
	claim.Serial = own.Serial
	if !claim.Equal(own) {
		claim.Serial++
	}
	return claim, ignored
}

// accept adds the risks that the configuration accepts for the epoch of the claim. What is accepted for another epoch is
// over, or not yet due: it is ignored.
func (c Claim) accept(accepted Accepted) (_ Claim, ignored []Risk) {
	for _, r := range accepted.Risks() {
		switch {
		case r.Epoch == 0, slices.Contains(c.Accepted, r.Key):
		case r.Epoch == c.Epoch && c.Leads():
			c.Accepted = append(slices.Clone(c.Accepted), r.Key)
		default:
			ignored = append(ignored, r)
		}
	}
	return c, ignored
}
