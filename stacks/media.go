package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// keepVersions is for how many days a replaced or deleted file can be had back.
const keepVersions = 30

// media is the bucket and, once the other side's is known, the rule that copies
// to it. Each stack makes the rule of its own bucket, in its own region.
func (s *site) media() (*components.Media, error) {
	media, err := components.NewMedia(s.Context, s.cfg.Name(), components.MediaArgs{KeepVersionsDays: keepVersions}, pulumi.Provider(s.provider))
	if err != nil || s.peer.Bucket == "" {
		return media, err
	}
	_, err = components.NewReplication(s.Context, s.cfg.Name(), components.ReplicationArgs{
		AccountID: s.account,
		Bucket:    media.Bucket, BucketARN: media.ARN, Versioning: media.Versioning, PeerBucketARN: s.peer.Bucket,
		Rule: failover.MediaRule, StorageClass: s.cfg.Media.StorageClass, TimeControl: s.cfg.Media.TimeControl,
	}, pulumi.Provider(s.provider))
	return media, err
}

// compareMedia tells, once for every time that an active side became a standby,
// which of its files never got to the other one.
func (s *site) compareMedia(f *foundation) error {
	claim := s.plan.Claim
	if claim.Role != roles.Standby || len(claim.Former) == 0 || s.peer.Bucket == "" {
		return nil
	}
	hook, err := s.hooks.CompareMedia(s.peer.Region, BucketName(s.peer.Bucket))
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s-media-%d", s.cfg.Name(), claim.Generation.Number)
	_, err = state.Stash(s.Context, name, f.media.Bucket, pulumi.Provider(s.provider), pulumi.ResourceHooks(hook))
	return err
}
