package stacks

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
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
	Lost   Divergence = "empty, and AWS holds the stack"
	Older  Divergence = "older than AWS"
	Newer  Divergence = "newer than AWS"
	Forked Divergence = "of another update than AWS"
)

// Compare compares a stack's state with the record of its claim. The record may lag behind a
// state whose last update was cut off, since that saves its claim first.
func Compare(own Memory, recorded Claim) Divergence {
	serial := own.Claim.Serial
	switch {
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

// Sentence says what has diverged, and asks why; empty when nothing has.
func (d Divergence) Sentence(own, recorded Claim) string {
	if d == "" {
		return ""
	}
	if d == Lost {
		return fmt.Sprintf("the state is %s (%s): was the state lost, or is this another backend?", d, recorded.Summary())
	}
	asks := map[Divergence]string{
		Older: "was it restored?", Newer: "was AWS's record restored, or is this another account?", Forked: "was it restored, or are there two backends?",
	}[d]
	return fmt.Sprintf("this state is %s: %s The state says %s, and AWS %s", d, asks, own.Summary(), recorded.Summary())
}

// Summary is the claim in a few words.
func (c Claim) Summary() string {
	if c.Role == "" {
		return "nothing"
	}
	return fmt.Sprintf("%s at epoch %d with database generation %d, change %d", c.Role, c.Epoch, c.Generation.Number, c.Serial)
}

// DivergedRemedy is what to do about a state that has diverged from AWS.
func DivergedRemedy(stack string) string {
	return fmt.Sprintf("use the backend that has the newer state, bring it back with pilotlight state restore %s, or take what AWS holds into this one with pilotlight adopt %[1]s", stack)
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
	if why := Compare(own, recorded).Sentence(own.Claim, recorded); why != "" {
		return &RefusedError{Refusal: &refusal.Error{
			Code: CodeDiverged, Reason: fmt.Sprintf("stack %s: %s", s.cfg.Stack, strings.TrimSuffix(why, ".")), Remedy: DivergedRemedy(s.cfg.Stack),
		}}
	}
	return nil
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
