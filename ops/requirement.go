package ops

import "github.com/pilotlight-dr/pilotlight/refusal"

// Requirement is something that has to be so on the night.
type Requirement struct {
	Subject string `json:"subject"` // such as "engine"
	OK      bool   `json:"ok"`
	// Code is what is wrong, for machines, stable; empty when it is as it should be.
	Code string `json:"code,omitempty"`
	// Reason is what is so, a sentence.
	Reason string `json:"reason"`
	// Remedy is what to do about it; empty when it is as it should be.
	Remedy string `json:"remedy,omitempty"`
}

// met is one that is as it should be.
func met(subject, reason string) Requirement {
	return Requirement{Subject: subject, OK: true, Reason: reason}
}

// requirement is one that a blocker says is not met.
func requirement(b refusal.Blocker) Requirement {
	return Requirement{Subject: b.Subject, Code: b.Code, Reason: b.Reason, Remedy: b.Remedy}
}

// blocker is what one that is not met is in a refusal.
func (q Requirement) blocker() refusal.Blocker {
	return refusal.Blocker{Code: q.Code, Subject: q.Subject, Reason: q.Subject + ": " + q.Reason, Remedy: q.Remedy}
}
