package ops

import (
	"context"
	"errors"
	"time"

	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// MediaRestore is which of a bucket's media are restored.
type MediaRestore struct {
	Before time.Time // what was deleted or overwritten then or later is undone
	Prefix string    // of the keys; empty is all
	DryRun bool      // only tells what it would do
}

// RestoreMedia undoes what was deleted or overwritten in a stack's bucket. S3 does not
// replicate all of it, so restore every side.
func (s *Site) RestoreMedia(ctx context.Context, stack string, what MediaRestore, run Run) (_ *media.Restored, err error) {
	defer noteEnd(ctx, &err)
	sides, err := s.Sides(ctx)
	if err != nil {
		return nil, err
	}
	side, _, err := find(sides, stack)
	if err != nil {
		return nil, err
	}
	in, err := place(sides, stack)
	if err != nil {
		return nil, err
	}
	result, err := media.Restore(ctx, media.RestoreOptions{
		In: in, Before: what.Before, Prefix: what.Prefix, DryRun: what.DryRun,
		AWS: s.options.Env.AWS, Profile: side.Config.Profile, Progress: run.Media, Now: s.options.Env.Now,
	})
	if refused, ok := errors.AsType[*refusal.Error](err); ok {
		return nil, refused.Of(stack)
	}
	return result, err
}
