package stacks

import (
	"context"
	"fmt"
	"time"

	"github.com/pilotlight-dr/pilotlight/config"
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

// ReadRecord reads the claim of a stack as AWS holds it. One that is found, with an error, is not of the form that this version
// writes.
func ReadRecord(ctx context.Context, env failover.Env, cfg config.Config) (recorded roles.Claim, found bool, err error) {
	text, found, err := failover.Parameter(ctx, env, cfg.Region, cfg.Profile, cfg.RecordName())
	if err != nil || !found {
		return recorded, false, err
	}
	if recorded, err = roles.ParseClaim(text); err != nil {
		err = fmt.Errorf("reading %s in %s: %w", cfg.RecordName(), cfg.Region, err)
	}
	return recorded, true, err
}

// checkRecord refuses a state that has diverged from AWS.
func (s *site) checkRecord(own state.State) error {
	ctx, cancel := context.WithTimeout(s.Context.Context(), recordLimit)
	defer cancel()
	recorded, found, err := ReadRecord(ctx, s.env, s.cfg)
	switch {
	case err != nil && found:
		return err
	case err != nil:
		return refusal.New(refusal.CodeSilent, "the state of stack %s can't be compared with AWS in %s, which comes before any change (%v): wait until AWS answers, or use credentials that may read %s",
			s.cfg.Stack, s.cfg.Region, err, s.cfg.RecordName())
	case !found: // not made yet, deleted by hand, or in another account
		return s.checkAccount(ctx, own.Published)
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
