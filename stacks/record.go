package stacks

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// The record is the stack's claim as AWS holds it, in a parameter of the stack's region
// beside what the claim is about. Each change of the claim raises its serial. A state whose
// serial is lower than the record's was restored from before that change, or is another
// backend's: to such a state the site that visitors use would be what a killed update left.
// One whose serial is higher, though its last update came to its end, knows another AWS.

// recordKey is the last part of the parameter's name.
const recordKey = "claim"

// RecordName is the name of the parameter that holds a stack's record.
func (c Config) RecordName() string { return parameterPath(c.Site, c.Stack) + "/" + recordKey }

// parameterPath is the path below which a stack's parameters are, in SSM of its region.
func parameterPath(site, stack string) string { return fmt.Sprintf("/%s/%s", site, stack) }

// ParseRecord reads a record.
func ParseRecord(text string) (Claim, error) {
	var recorded Claim
	if err := json.Unmarshal([]byte(text), &recorded); err != nil {
		return Claim{}, fmt.Errorf("it is not of the form that this program writes: %w", err)
	}
	return recorded, nil
}

// Divergence is how a stack's state and AWS do not belong together; empty when they do.
type Divergence string

const (
	Lost    Divergence = "empty, and AWS holds the stack"
	Older   Divergence = "older than AWS"
	Newer   Divergence = "newer than AWS"
	Forked  Divergence = "of another update than AWS"
	Partial Divergence = "taken from AWS in part"
)

// Compare compares a stack's state with the record of its claim. The record may lag behind a
// state whose last update was cut off, since that saves its claim first.
func Compare(own Memory, recorded Claim) Divergence {
	serial := own.Claim.Serial
	switch {
	case own.Adopting:
		return Partial
	case recorded.Serial > serial && own.Claim.Role == "":
		return Lost
	case recorded.Serial > serial:
		return Older
	case recorded.Serial < serial && !own.Unfinished:
		return Newer
	case recorded.Serial == serial && string(jsonString(recorded)) != string(jsonString(own.Claim)):
		return Forked
	}
	return ""
}

// Diverged refuses a state that has diverged from AWS; nil when it has not.
func (c Config) Diverged(own Memory, recorded Claim) *refusal.Error {
	const use = "use the backend that has the newer state, bring it back with pilotlight state restore %[1]s, or take what AWS holds into this one with pilotlight adopt %[1]s"
	says := fmt.Sprintf("The state says %s, and AWS %s", own.Claim.Summary(), recorded.Summary())
	switch d := Compare(own, recorded); d {
	case Lost:
		return refusal.New(CodeDiverged, "the state is %[2]s (%[3]s): was the state lost, or is this another backend?: "+use, c.Stack, d, recorded.Summary())
	case Older:
		return refusal.New(CodeDiverged, "this state is %[2]s: was it restored? %[3]s: "+use, c.Stack, d, says)
	case Forked:
		return refusal.New(CodeDiverged, "this state is %[2]s: was it restored, or are there two backends? %[3]s: "+use, c.Stack, d, says)
	case Newer:
		return refusal.New(CodeDiverged, "this state is %[2]s: is this another account, or was AWS's record changed? %[3]s: "+
			"use credentials of the account that stack %[1]s is in; if these are, delete the parameter %[4]s, which no update of this state wrote", c.Stack, d, says, c.RecordName())
	case Partial:
		return refusal.New(CodeDiverged, "this state is %[2]s: its adoption has not come to its end: finish it with pilotlight adopt %[1]s", c.Stack, d)
	}
	return nil
}

// Summary is the claim in a few words.
func (c Claim) Summary() string {
	if c.Role == "" {
		return "nothing"
	}
	return fmt.Sprintf("%s at epoch %d with database generation %d, change %d", c.Role, c.Epoch, c.Generation.Number, c.Serial)
}

// recordLimit bounds how long the record is asked for.
const recordLimit = 30 * time.Second

// current refuses a state that has diverged from AWS.
func (s *site) current(own Memory) error {
	ctx, cancel := context.WithTimeout(s.Context.Context(), recordLimit)
	defer cancel()
	text, found, err := failover.Parameter(ctx, s.env, s.cfg.Region, s.cfg.Profile, s.cfg.RecordName())
	if err != nil {
		return refused(CodeSilent, "the state of stack %s can't be compared with AWS in %s, which comes before any change (%v): wait until AWS answers, or use credentials that may read %s",
			s.cfg.Stack, s.cfg.Region, err, s.cfg.RecordName())
	}
	if !found { // not made yet, deleted by hand, or in another account
		return s.sameAccount(ctx, own.Facts)
	}
	recorded, err := ParseRecord(text)
	if err != nil {
		return fmt.Errorf("reading %s in %s: %w", s.cfg.RecordName(), s.cfg.Region, err)
	}
	why := s.cfg.Diverged(own, recorded)
	if why == nil {
		return nil
	}
	if err := s.sameAccount(ctx, own.Facts); err != nil { // says more
		return err
	}
	return &RefusedError{Refusal: &refusal.Error{Code: why.Code, Reason: fmt.Sprintf("stack %s: %s", s.cfg.Stack, why.Reason), Remedy: why.Remedy}}
}

// from is a claim whose database, if it is a new replica, was copied from source.
func (c Claim) from(source string) Claim {
	if c.Generation.Birth == ReplicaBorn && c.Generation.Source == "" {
		c.Generation.Source = source
	}
	return c
}

// numbered is the claim of a plan with the serial that it is saved with.
func numbered(own, planned Claim) Claim {
	planned.Serial = own.Serial
	if string(jsonString(planned)) != string(jsonString(own)) {
		planned.Serial++
	}
	return planned
}
