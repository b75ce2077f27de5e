package checks

import (
	"strings"
)

// Verdict is what the checks made of the standby.
type Verdict struct {
	Findings  []Finding `json:"findings"`  // what each rule found
	Blockers  []Blocker `json:"blockers"`  // empty is permission
	Overruled []Blocker `json:"overruled"` // would be blockers, but the risk was accepted
	Loss      string    `json:"loss"`      // which writes an activation loses, a sentence; empty when that was not the question
	Media     string    `json:"media"`     // which uploads it may lack, a sentence
	LastGood  *Lag      `json:"lastGood"`  // the last good measurement of the lag; nil when there is none, or no replica
}

// RefusedError is a change that the checks do not allow. Nothing was changed.
type RefusedError struct {
	Blockers []Blocker
}

// Error lists every reason with its remedy, one a line.
func (e *RefusedError) Error() string {
	text := make([]string, len(e.Blockers))
	for i, b := range e.Blockers {
		text[i] = "  " + b.String()
	}
	return "refused, nothing was changed:\n" + strings.Join(text, "\n")
}

// Err is a *RefusedError when there are blockers, else nil.
func (v Verdict) Err() error {
	if len(v.Blockers) == 0 {
		return nil
	}
	return &RefusedError{Blockers: v.Blockers}
}
