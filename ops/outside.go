package ops

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/state"
)

// Bootstrap makes the place where the site's state lies, in a region, or completes
// it. bucket may be empty. It goes by the stacks' files alone, as there is no state yet.
func (s *Site) Bootstrap(ctx context.Context, region, bucket string, run Run) (_ *backend.Result, err error) {
	defer noteEnd(ctx, &err)
	o, err := s.backendIn(region, bucket, run.Say)
	if err != nil {
		return nil, err
	}
	return backend.Bootstrap(ctx, o)
}

// MoveBackend copies all state to a region, where Bootstrap's place is made first:
// after a role change that lasts. It deletes nothing.
func (s *Site) MoveBackend(ctx context.Context, region, bucket string, run Run) (_ *backend.Moved, err error) {
	defer noteEnd(ctx, &err)
	now := s.backend(ctx)
	name, ok := strings.CutPrefix(now, "s3://")
	if !ok {
		return nil, fmt.Errorf("state lies in %s: only that in an S3 bucket can be moved; log in to it first (pulumi login s3://…)", now)
	}
	name, _, _ = strings.Cut(name, "?")
	from := media.Place{Region: regionOf(now), Bucket: strings.TrimSuffix(name, "/")}
	if from.Region == "" || strings.Contains(from.Bucket, "/") {
		return nil, fmt.Errorf("state lies in %s: log in with the region in the address, and without a prefix (pulumi login 's3://%s?region=…')", now, from.Bucket)
	}
	sides, err := s.Sides(ctx)
	if err != nil {
		return nil, err
	}
	o, err := s.backendIn(region, bucket, run.Say)
	if err != nil {
		return nil, err
	}
	if leads, other, err := leader(sides); err == nil { // the files may still say otherwise
		o.Production = leads.Config.Region
		if other != nil {
			o.Recovery = other.Config.Region
		}
	}
	return backend.Move(ctx, from, o)
}

func (s *Site) backendIn(region, bucket string, say func(string)) (backend.Options, error) {
	configs, err := s.configs()
	if err != nil {
		return backend.Options{}, err
	}
	o := backend.Options{Site: s.Name, Region: region, Bucket: bucket, AWS: s.options.Env.AWS, Say: say, Profile: configs[0].Profile}
	for _, c := range configs {
		switch {
		case c.Production != nil:
			o.Production, o.Recovery = c.Production.Region, c.Region
		case c.Role == roles.Active:
			o.Production = c.Region
		default:
			o.Recovery = c.Region
		}
	}
	return o, nil
}

// SyncMedia copies from one side's bucket to the other's what that lacks: replication
// copies nothing that was there before its rule. A side is the name of its stack, or
// "production" for one that no stack made.
func (s *Site) SyncMedia(ctx context.Context, from, to string, run Run) (_ *media.Result, err error) {
	defer noteEnd(ctx, &err)
	sides, err := s.Sides(ctx)
	if err != nil {
		return nil, err
	}
	o := media.Options{AWS: s.options.Env.AWS, Progress: run.Media, Profile: sides[0].Config.Profile, Class: sides[0].Config.Media.StorageClass}
	if side, _, err := find(sides, from); err == nil {
		o.Profile, o.Class = side.Config.Profile, side.Config.Media.StorageClass
	}
	if o.From, err = place(sides, from); err != nil {
		return nil, err
	}
	if o.To, err = place(sides, to); err != nil {
		return nil, err
	}
	return media.Sync(ctx, o)
}

// Production is what a side is called that no stack made.
const Production = config.ProductionSide

// place is where a side keeps its media.
func place(sides []Side, name string) (media.Place, error) {
	var facts state.PeerInfo
	for _, s := range sides {
		switch p := s.Config.Production; {
		case s.Config.Stack == name:
			facts = s.State.Published
			facts.Region = s.Config.Region
		case p != nil && name == Production:
			facts = state.PeerInfo{Region: p.Region, Bucket: p.Bucket}
		}
	}
	if facts.Region == "" {
		_, _, err := find(sides, name)
		return media.Place{}, err
	}
	if facts.Bucket == "" {
		return media.Place{}, errors.New("stack " + name + " has no bucket yet: deploy it first")
	}
	return media.Place{Region: facts.Region, Bucket: stacks.BucketName(facts.Bucket)}, nil
}
