package ops

import (
	"context"
	"errors"
	"time"

	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// RestoreMedia undoes what was deleted or overwritten in a stack's bucket at a time or
// later, below a prefix of the keys; empty is all. A dry run changes nothing. S3 does not
// replicate all of it, so restore every side.
func (s *Site) RestoreMedia(ctx context.Context, stack string, before time.Time, prefix string, dryRun bool, progress func(media.Progress)) (*media.Restored, error) {
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
		In: in, Before: before, Prefix: prefix, DryRun: dryRun,
		AWS: s.options.Env.AWS, Profile: side.Config.Profile, Progress: progress, Now: s.options.Env.Now,
	})
	if refused, ok := errors.AsType[*refusal.Error](err); ok {
		return nil, refused.Of(stack)
	}
	return result, err
}
