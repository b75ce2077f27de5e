package stacks

import (
	"context"
	"fmt"
	"time"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// The record is the stack's claim as AWS holds it, in a parameter of the stack's region
// beside what the claim is about. Each change of the claim raises its serial. A state whose
// serial is lower than the record's was restored from before that change, or is another
// backend's: to such a state the site that visitors use would be what a killed update left.
// One whose serial is higher, though its last update came to its end, knows another AWS.

// recordLimit bounds how long the record is asked for.
const recordLimit = 30 * time.Second

// checkRecord refuses a state that has diverged from AWS.
func (s *site) checkRecord(own state.State) error {
	ctx, cancel := context.WithTimeout(s.Context.Context(), recordLimit)
	defer cancel()
	text, found, err := failover.Parameter(ctx, s.env, s.cfg.Region, s.cfg.Profile, s.cfg.RecordName())
	if err != nil {
		return refusal.New(refusal.CodeSilent, "the state of stack %s can't be compared with AWS in %s, which comes before any change (%v): wait until AWS answers, or use credentials that may read %s",
			s.cfg.Stack, s.cfg.Region, err, s.cfg.RecordName())
	}
	if !found { // not made yet, deleted by hand, or in another account
		return s.checkAccount(ctx, own.Published)
	}
	recorded, err := roles.ParseClaim(text)
	if err != nil {
		return fmt.Errorf("reading %s in %s: %w", s.cfg.RecordName(), s.cfg.Region, err)
	}
	why := state.Diverged(s.cfg.Stack, s.cfg.RecordName(), own, recorded)
	if why == nil {
		return nil
	}
	if err := s.checkAccount(ctx, own.Published); err != nil { // says more
		return err
	}
	return why.Of(s.cfg.Stack)
}
