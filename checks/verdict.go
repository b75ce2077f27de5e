package checks

import "github.com/pilotlight-dr/pilotlight/refusal"

// Verdict is what the checks made of the standby.
type Verdict struct {
	Findings  []Finding         `json:"findings"`  // what each rule found
	Blockers  []refusal.Blocker `json:"blockers"`  // empty is permission
	Overruled []refusal.Blocker `json:"overruled"` // would be blockers, but the risk was accepted
	// Shortfalls are no reason against it, and something to mend on a quiet day.
	Shortfalls []refusal.Blocker `json:"shortfalls,omitempty"`
	Loss       string            `json:"loss"`     // which writes an activation loses, a sentence; empty when that was not the question
	Media      string            `json:"media"`    // which uploads it may lack, a sentence
	LastGood   *Lag              `json:"lastGood"` // the last good measurement of the lag; nil when there is none, or no replica
}

// Err is a *refusal.Error when there are blockers, else nil.
func (v Verdict) Err() error {
	if len(v.Blockers) == 0 {
		return nil
	}
	return &refusal.Error{
		Code: refusal.CodeChecks, Reason: "the checks do not allow it", Remedy: "do what the blockers say, and run it again", Blockers: v.Blockers,
	}
}
