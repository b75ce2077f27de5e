package media

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// RestoreOptions say what to restore.
type RestoreOptions struct {
	In Place
	// Before is the time whose deletions and overwrites, and all later ones, are undone.
	// S3 knows times by the second.
	Before time.Time
	Prefix string // of the keys; empty is all
	DryRun bool   // find out what there is to do, and change nothing
	// Parallel is how many calls are made at once; 0 is 16.
	Parallel int

	// AWS makes the configuration of the clients for a region and a profile; nil takes the default chain of credentials.
	AWS      awsclient.Config
	Profile  string
	Progress func(Progress)   // is called as it advances, one call at a time; nil disables it
	Now      func() time.Time // nil is time.Now
}

// The stage of a Restore beside Comparing and Verifying.
const Restoring Stage = "restoring"

// Restored is what a Restore found and did; a dry run tells what it would do.
type Restored struct {
	Compared Count `json:"compared"` // what the bucket held just before the time
	// Undeleted are files whose delete markers were removed.
	Undeleted Tally `json:"undeleted"`
	// Reverted are files whose version of that time was copied on top of later ones.
	Reverted Tally `json:"reverted"`
	// Added came later, and were left as they are.
	Added  Tally `json:"added"`
	Failed Tally `json:"failed"`
	// Left is what is still not as it was, as the bucket was listed again afterwards.
	Left Tally `json:"left"`
}

// CodeRestore is the code of a refusal to restore media.
const CodeRestore = "media-restore"

// refuse makes a refusal as refusal.New does.
func refuse(format string, args ...any) error {
	return refusal.New(CodeRestore, format, args...)
}

// Restore undoes what was deleted or overwritten in a bucket at a time or later. No
// version is deleted: of a file that was only deleted the delete markers go; onto one
// that was overwritten the version of that time is copied. Both can be undone the same
// way. What was added since stays.
//
// S3 replicates the copies, and no removal of a delete marker: restore both sides. A
// file that fails does not stop the others; then the error says so. Each run compares
// anew, so the same call resumes one that was cut off. A file that was uploaded in parts
// and overwritten is copied again by each run, since the copy's ETag differs.
func Restore(ctx context.Context, o RestoreOptions) (*Restored, error) {
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Parallel == 0 {
		o.Parallel = 16
	}
	side, err := open(ctx, o.AWS, o.In, o.Profile)
	if err != nil {
		return nil, err
	}
	r := &restorer{RestoreOptions: o, side: side, copies: map[string]string{}}
	if err := r.check(ctx); err != nil {
		return nil, err
	}
	return &r.result, r.restore(ctx)
}

// restorer is one Restore.
type restorer struct {
	RestoreOptions
	side Side

	mu       sync.Mutex
	progress Progress
	result   Restored
	copies   map[string]string // ETags of what was copied, by key
	failure  error             // the first
}

// check refuses what can't be undone: S3 must have kept the versions.
func (r *restorer) check(ctx context.Context) error {
	now := r.Now()
	if r.Before.After(now) {
		return refuse("%s is still to come: give a time at which the media were whole", r.Before.UTC().Format(time.RFC3339))
	}
	versioning, err := r.side.Client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &r.side.Bucket})
	if err != nil {
		return fmt.Errorf("asking for the versioning of bucket %s: %w", r.side.Bucket, err)
	}
	if versioning.Status != types.BucketVersioningStatusEnabled {
		return refuse("bucket %s has no versioning, so S3 kept nothing of what was deleted or overwritten: restore its files from the other side (pilotlight media sync --from STACK --to STACK) or from a backup", r.side.Bucket)
	}
	days, err := r.keptDays(ctx)
	if err != nil {
		return err
	}
	if oldest := now.AddDate(0, 0, -days); days > 0 && r.Before.Before(oldest) {
		return refuse("bucket %s keeps what was deleted or overwritten for %d days: give a time after %s", r.side.Bucket, days, oldest.UTC().Format(time.RFC3339))
	}
	return nil
}

// keptDays is for how many days the bucket keeps versions after they were succeeded;
// 0 is for ever.
func (r *restorer) keptDays(ctx context.Context) (days int, err error) {
	out, err := r.side.Client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &r.side.Bucket})
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "NoSuchLifecycleConfiguration" {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("asking for the lifecycle of bucket %s: %w", r.side.Bucket, err)
	}
	for _, rule := range out.Rules {
		if rule.Status != types.ExpirationStatusEnabled || rule.NoncurrentVersionExpiration == nil {
			continue
		}
		if n := int(aws.ToInt32(rule.NoncurrentVersionExpiration.NoncurrentDays)); n > 0 && (days == 0 || n < days) {
			days = n
		}
	}
	return days, nil
}

// repair is what there is to do about a key.
type repair struct {
	then    version
	now     *version  // what is there; nil when that is a delete marker
	markers []version // that go; none when the version is to be copied
}

func (r *restorer) restore(ctx context.Context) error {
	todo, err := r.compare(ctx)
	if err != nil || r.DryRun {
		return err
	}
	err = r.repairAll(ctx, todo)
	for _, t := range []*Tally{&r.result.Undeleted, &r.result.Reverted, &r.result.Failed} {
		slices.Sort(t.First) // several at a time end in any order
	}
	if err != nil {
		return err
	}
	if err := r.verify(ctx); err != nil {
		return err
	}
	if r.failure != nil {
		return fmt.Errorf("%d of %d files were not restored, run the same command again; the first: %w", r.result.Failed.Objects, len(todo), r.failure)
	}
	return nil
}

// each judges every key, and reports progress.
func (r *restorer) each(ctx context.Context, stage Stage, do func(change, repair)) error {
	var count Count
	tell := func() { r.tell(func(p *Progress) { *p = Progress{Stage: stage, Done: count} }) }
	for versions, err := range histories(ctx, r.side, r.Prefix) {
		if err != nil {
			return err
		}
		count.Objects++
		if !versions[0].marker {
			count.Bytes += versions[0].Size
		}
		if count.Objects%tellEvery == 0 {
			tell()
		}
		what, then := since(r.Before, versions)
		todo := repair{}
		switch {
		case then != nil:
			todo.then = *then
		case !versions[0].marker:
			todo.then = versions[0]
		default: // added since, and deleted again
			continue
		}
		if !versions[0].marker {
			todo.now = &versions[0]
		}
		if n := slices.IndexFunc(versions, func(v version) bool { return !v.marker }); what == deleted && n <= batch {
			todo.markers = versions[:n]
		} else if what == deleted { // something deletes it all the time
			what = overwritten
		}
		do(what, todo)
	}
	tell()
	return nil
}

// compare finds what there is to do.
func (r *restorer) compare(ctx context.Context) (todo []repair, err error) {
	err = r.each(ctx, Comparing, func(what change, p repair) {
		if what == added {
			r.result.Added.add(p.then.Object)
			return
		}
		r.result.Compared.add(p.then.Object)
		switch {
		case what == unchanged:
			return
		case r.DryRun && what == deleted:
			r.result.Undeleted.add(p.then.Object)
		case r.DryRun:
			r.result.Reverted.add(p.then.Object)
		}
		todo = append(todo, p)
	})
	return todo, err
}

// batch is how many delete markers go in one call, which S3 limits. It also limits how
// many go in a second.
const batch, batchesAtOnce = 1000, 4

// repairAll undeletes what was only deleted, many in a call, and copies the rest.
func (r *restorer) repairAll(ctx context.Context, todo []repair) error {
	r.tell(func(p *Progress) {
		*p = Progress{Stage: Restoring}
		for _, t := range todo {
			p.Total.add(t.then.Object)
		}
	})
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var copies []repair
	var batches [][]repair
	markers := batch // in the last of them
	for _, t := range todo {
		switch {
		case len(t.markers) == 0:
			copies = append(copies, t)
			continue
		case markers+len(t.markers) > batch:
			batches, markers = append(batches, nil), 0
		}
		last := len(batches) - 1
		batches[last], markers = append(batches[last], t), markers+len(t.markers)
	}
	inParallel(ctx, min(r.Parallel, batchesAtOnce), batches, func(b []repair) { r.undelete(ctx, b, stop) })
	inParallel(ctx, r.Parallel, copies, func(t repair) {
		etag, err := copier{from: r.side, to: r.side, class: t.then.class}.once(ctx, Pair{Object: t.then.Object, Other: t.onto()})
		if err != nil && ctx.Err() != nil { // cut off, and no failure of the file
			return
		}
		if err == nil {
			r.mu.Lock()
			r.copies[t.then.Key] = etag
			r.mu.Unlock()
		}
		r.note(t, &r.result.Reverted, err, stop)
	})
	return context.Cause(ctx)
}

// onto is what the version is copied onto: nothing that was not seen is covered.
func (t repair) onto() *Object {
	if t.now == nil {
		return nil
	}
	return &t.now.Object
}

// undelete removes delete markers, by their versions: nothing else has those.
func (r *restorer) undelete(ctx context.Context, todo []repair, stop context.CancelCauseFunc) {
	in := &s3.DeleteObjectsInput{Bucket: &r.side.Bucket, Delete: &types.Delete{Quiet: aws.Bool(true)}}
	for _, t := range todo {
		for _, marker := range t.markers {
			in.Delete.Objects = append(in.Delete.Objects, types.ObjectIdentifier{Key: &marker.Key, VersionId: &marker.Version})
		}
	}
	out, err := r.side.Client.DeleteObjects(ctx, in)
	if err != nil && ctx.Err() != nil {
		return
	}
	failed := map[string]error{}
	if err == nil {
		for _, e := range out.Errors {
			failed[aws.ToString(e.Key)] = fmt.Errorf("%s: %s", aws.ToString(e.Code), aws.ToString(e.Message))
		}
	}
	for _, t := range todo {
		if err == nil {
			r.note(t, &r.result.Undeleted, failed[t.then.Key], stop)
		} else {
			r.note(t, &r.result.Undeleted, err, stop)
		}
	}
}

// note counts what became of a file.
func (r *restorer) note(t repair, done *Tally, err error, stop context.CancelCauseFunc) {
	r.tell(func(p *Progress) {
		p.Done.add(t.then.Object)
		if err == nil {
			done.add(t.then.Object)
			return
		}
		if r.result.Failed.add(t.then.Object); r.failure == nil {
			r.failure = fmt.Errorf("%s: %w", t.then.Key, err)
		}
		if r.result.Failed.Objects == enough {
			stop(fmt.Errorf("%w: %w", errNotRestored, r.failure))
		}
	})
}

var errNotRestored = errors.New("too many files could not be restored")

// tell reports progress.
func (r *restorer) tell(change func(*Progress)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.progress)
	r.Progress(r.progress)
}

// verify lists the bucket again. A copy of what was uploaded in parts has another ETag.
func (r *restorer) verify(ctx context.Context) error {
	return r.each(ctx, Verifying, func(what change, p repair) {
		copied := p.now != nil && strings.Contains(p.then.ETag, "-") && r.copies[p.then.Key] == p.now.ETag
		if (what == deleted || what == overwritten) && !copied {
			r.result.Left.add(p.then.Object)
		}
	})
}
