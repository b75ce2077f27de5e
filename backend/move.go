package backend

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/when"
)

// Where Pulumi keeps what, in a bucket of its own.
const (
	stateKeys = ".pulumi/"
	lockKeys  = ".pulumi/locks/"
	stackKeys = ".pulumi/stacks/"
)

// Moved is what a move made, and what it leaves to do.
type Moved struct {
	From media.Place `json:"from"`
	To   *Result     `json:"to"`
	// Copied are the objects that this run copied; more may have been there.
	Copied media.Tally `json:"copied"`
	Stacks []string    `json:"stacks"`
	// Left are keys of states that the new backend had already, and the old one has not: they come alive again.
	Left []string `json:"left,omitempty"`
	// Next are the commands that a person runs now, in their order.
	Next []string `json:"next"`
}

// Move copies all state to a backend elsewhere, which it makes first: after a role
// change that is to last, state must leave the region that is production's now. It
// deletes nothing and overwrites nothing newer, but does copy what was deleted there; it can be run again, until the new
// backend is in use. What is moved must not be updated meanwhile.
func Move(ctx context.Context, from media.Place, o Options) (*Moved, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if from.Bucket == "" || from.Region == "" {
		return nil, refuse("the bucket and the region that state is in now are not known: name both")
	}
	run, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	if run.Bucket == from.Bucket {
		return nil, refuse("state is in bucket %s already: name another region, or another bucket", from.Bucket)
	}
	old, err := openOld(ctx, run, from)
	if err != nil {
		return nil, err
	}
	if err := old.unlocked(ctx); err != nil {
		return nil, err
	}
	moved := &Moved{From: from}
	if moved.To, err = Bootstrap(ctx, o); err != nil {
		return nil, err
	}
	copied, err := media.Sync(ctx, media.Options{
		From: from, To: media.Place{Region: o.Region, Bucket: run.Bucket}, Prefix: stateKeys, AWS: run.AWS, Profile: o.Profile,
		Except:      lockKeys, // one that was taken meanwhile would never be released there
		OverDeleted: true,     // state may have been there before, and was tidied up
	})
	if err != nil {
		return nil, fmt.Errorf("copying state from %s to %s: %w", from.Bucket, run.Bucket, err)
	}
	moved.Copied = copied.Copied
	run.Say(fmt.Sprintf("copied: %d of %d objects from bucket %s in %s", copied.Copied.Objects, copied.Compared.Objects, from.Bucket, from.Region))
	if err := old.unlocked(ctx); err != nil {
		return nil, errors.New("state may have changed while it was copied: " + err.Error()) // no refusal: the new place was made
	}
	held := media.Side{Bucket: run.Bucket, Client: run.s3}
	if moved.Stacks, err = verify(ctx, old.Side, held); err != nil {
		return nil, err
	}
	if moved.Left, err = onlyThere(ctx, old.Side, held); err != nil {
		return nil, err
	}
	for _, key := range moved.Left {
		run.Say(fmt.Sprintf("warning: %s was in bucket %s already, and bucket %s has no such state: if its stack was removed meanwhile, or compressed otherwise, end it (aws s3 rm s3://%[2]s/%[1]s --region %[4]s)",
			key, run.Bucket, from.Bucket, o.Region))
	}
	run.Say(fmt.Sprintf("verified: %d stacks are the same in both buckets", len(moved.Stacks)))
	moved.Next = moved.next()
	return moved, nil
}

// oldState is the bucket that state is in so far.
type oldState struct{ media.Side }

func openOld(ctx context.Context, run *bootstrap, from media.Place) (*oldState, error) {
	cfg, err := run.AWS.For(ctx, from.Region, run.Profile)
	if err != nil {
		return nil, fmt.Errorf("preparing to call AWS in %s: %w", from.Region, err)
	}
	cfg.RetryMaxAttempts = awsclient.Attempts
	client := awsclient.S3(cfg)
	if _, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &from.Bucket, ExpectedBucketOwner: &run.result.Account}); err != nil {
		return nil, fmt.Errorf("looking for bucket %s, that state is in, in %s: %w", from.Bucket, from.Region, err)
	}
	return &oldState{media.Side{Bucket: from.Bucket, Client: client}}, nil
}

// unlocked refuses while an update runs, or one that was killed has left its lock.
func (o *oldState) unlocked(ctx context.Context) error {
	locks, err := o.Client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &o.Bucket, Prefix: aws.String(lockKeys), MaxKeys: aws.Int32(1)})
	if err != nil {
		return fmt.Errorf("looking for locks in bucket %s: %w", o.Bucket, err)
	}
	if len(locks.Contents) == 0 {
		return nil
	}
	stack := path.Base(path.Dir(aws.ToString(locks.Contents[0].Key)))
	return refusal.Locked(stack, "")
}

// verify reads what both buckets hold: every object is there, and the stacks are the
// same to the byte. It returns the stacks' names.
func verify(ctx context.Context, old, moved media.Side) (stacks []string, err error) {
	for pair, err := range media.Compare(ctx, old, moved, stateKeys) {
		if err != nil {
			return nil, err
		}
		key := pair.Object.Key
		if pair.Other == nil {
			return nil, lacks(ctx, moved, key)
		}
		if !strings.HasPrefix(key, stackKeys) {
			continue
		}
		same, err := equal(ctx, old, moved, key)
		if err != nil {
			return nil, err
		}
		if !same {
			return nil, fmt.Errorf("%s differs in bucket %s, which is in use already, and nothing newer was overwritten: see which of the two is the right one (pulumi stack export)",
				key, moved.Bucket)
		}
		if stack, ok := strings.CutSuffix(uncompressed(path.Base(key)), ".json"); ok && !slices.Contains(stacks, stack) {
			stacks = append(stacks, stack)
		}
	}
	return stacks, nil
}

// lacks is why an object is not there although it was copied: it was written since, or deleted there.
func lacks(ctx context.Context, there media.Side, key string) error {
	out, err := there.Client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &there.Bucket, Prefix: &key})
	if err != nil {
		return fmt.Errorf("listing the versions of %s in bucket %s: %w", key, there.Bucket, err)
	}
	for _, marker := range out.DeleteMarkers {
		if aws.ToString(marker.Key) == key && aws.ToBool(marker.IsLatest) {
			return fmt.Errorf("%s was deleted in bucket %s on %s, after it was copied: find out what does that, then run this again",
				key, there.Bucket, when.Date(aws.ToTime(marker.LastModified)))
		}
	}
	return fmt.Errorf("%s is not in bucket %s: it was written meanwhile; run this again", key, there.Bucket)
}

// onlyThere are the keys of states that the new bucket has and the old one lacks.
func onlyThere(ctx context.Context, old, moved media.Side) (keys []string, err error) {
	for pair, err := range media.Compare(ctx, moved, old, stackKeys) {
		if err != nil {
			return nil, err
		}
		if pair.Other == nil && strings.HasSuffix(uncompressed(pair.Object.Key), ".json") {
			keys = append(keys, pair.Object.Key)
		}
	}
	return keys, nil
}

func equal(ctx context.Context, a, b media.Side, key string) (bool, error) {
	var content [2][]byte
	for i, side := range []media.Side{a, b} {
		out, err := side.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &side.Bucket, Key: &key})
		if err != nil {
			return false, fmt.Errorf("reading %s in bucket %s: %w", key, side.Bucket, err)
		}
		content[i], err = io.ReadAll(out.Body)
		if err := out.Body.Close(); err != nil {
			return false, fmt.Errorf("reading %s in bucket %s: %w", key, side.Bucket, err)
		}
		if err != nil {
			return false, fmt.Errorf("reading %s in bucket %s: %w", key, side.Bucket, err)
		}
	}
	return bytes.Equal(content[0], content[1]), nil
}

// next is what is left to a person: Pulumi encrypts the secrets anew, with the old
// key still there to read them.
func (m *Moved) next() []string {
	next := []string{"pulumi login '" + m.To.Login + "'"}
	for _, stack := range m.Stacks {
		next = append(next, fmt.Sprintf("pulumi stack change-secrets-provider -s %s '%s'", stack, m.To.SecretsProvider))
	}
	return next
}
