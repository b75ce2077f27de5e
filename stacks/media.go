package stacks

import (
	"context"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// keepVersions is for how many days a replaced or deleted file can be had back.
const keepVersions = 30

// media is the bucket and, once the other side's is known, the rule that copies
// to it. Each stack makes the rule of its own bucket, in its own region.
func (s *site) media() (*components.Media, pulumi.Resource, error) {
	media, err := components.NewMedia(s.Context, s.cfg.Name(), components.MediaArgs{KeepVersionsDays: keepVersions}, pulumi.Provider(s.provider))
	if err != nil || s.peer.Bucket == "" {
		return media, nil, err
	}
	replication, err := components.NewReplication(s.Context, s.cfg.Name(), components.ReplicationArgs{
		AccountID: s.account,
		Bucket:    media.Bucket, BucketARN: media.ARN, Versioning: media.Versioning, PeerBucketARN: s.peer.Bucket,
		Rule: failover.MediaRule, StorageClass: s.cfg.Media.StorageClass, TimeControl: s.cfg.Media.TimeControl, Unchanged: s.moves(),
	}, pulumi.Provider(s.provider))
	if err != nil {
		return nil, nil, err
	}
	return media, replication.Rule, nil
}

// compareLimit bounds a comparison: it is enough for ten million files. S3 charges for a call for each thousand, of either bucket.
const compareLimit = time.Hour

// compareMedia compares the media with the other side's, once S3 has the rule that copies what is new, and keeps what was
// found. It lasts beside the rest of the update.
func (s *site) compareMedia(f *foundation) error {
	if f.copies == nil {
		return nil
	}
	kept := pulumi.All(f.media.Bucket, f.copies.URN()).ApplyT(func(made []any) (string, error) {
		found, err := s.comparedMedia(made[0].(string))
		return string(state.JSON(found)), err
	}).(pulumi.StringOutput)
	_, err := state.Stash(s.Context, state.MediaStash, kept)
	return err
}

// copyingFor is how long S3 may take to copy a file: most within 15 minutes, large ones longer (S3 user guide, replication).
const copyingFor = time.Hour

// mediaDue reports whether an update compares the media: once for each two buckets, and again until the other has all that
// was there before S3 copied what is new. A side that became a standby tells once which of its files never got to the other. No move
// of the site waits for that.
func mediaDue(p roles.Plan, own roles.Claim, kept state.Media, from, to string) bool {
	standby := p.Claim.Role == roles.Standby && p.Do != roles.End
	switch {
	case !standby && !p.Plain(own):
		return false
	case kept.Bucket != from || kept.Peer != to, kept.Unseen != "":
		return true
	case standby && len(p.Claim.Former) > 0 && kept.Generation != p.Claim.Generation.Number:
		return true
	}
	return kept.Missing > 0
}

// comparedMedia is what is known of the media on both sides: found now, if that is due. A failure is kept, for the next update to
// try again. A production that no stack made compares nothing, so its standby does.
func (s *site) comparedMedia(bucket string) (state.Media, error) {
	from, to := media.Place{Region: s.cfg.Region, Bucket: bucket}, media.Place{Region: s.peer.Region, Bucket: BucketName(s.peer.Bucket)}
	if s.cfg.Production != nil && !s.plan.Serves() {
		from, to = to, from
	}
	kept := s.own.Media
	if s.DryRun() || !mediaDue(s.plan, s.own.Claim, kept, from.Bucket, to.Bucket) {
		return kept, nil
	}
	now := s.env.Now()
	found := state.Media{Bucket: from.Bucket, Peer: to.Bucket, Since: now, At: now, Generation: s.plan.Claim.Generation.Number}
	switch {
	case s.cfg.Production != nil: // whose rule is its owner's: what S3 may still be copying is not missing
		found.Since = now.Add(-copyingFor)
	case kept.Bucket == found.Bucket && kept.Peer == found.Peer:
		found.Since = kept.Since
	}
	ctx, cancel := context.WithTimeout(s.Context.Context(), compareLimit)
	defer cancel()
	seen, missing, err := s.runtime.CompareMedia(ctx, from, to, found.Since)
	switch {
	case err != nil && s.Context.Context().Err() != nil:
		return kept, err
	case err != nil:
		found.Unseen = err.Error()
		s.warn("the media of both sides were not compared, and the next update tries again: " + found.Unseen)
	default:
		found.Files, found.Missing = seen.Files, missing
	}
	return found, nil
}
