package media

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// Place is a bucket in a region.
type Place struct {
	Region string `json:"region"`
	Bucket string `json:"bucket"`
}

// Options say what to copy where.
type Options struct {
	From, To Place
	// Prefix is what the keys begin with; empty is all.
	Prefix string
	// Except is what the keys begin with that are left out; empty leaves out none.
	Except string
	// Class is the storage class of the copies, such as STANDARD_IA; empty is STANDARD.
	Class string
	// OverDeleted copies also what was deleted on the other side, if that was not done while it is copied.
	OverDeleted bool
	// Parallel is how many objects are copied at once; 0 is 16.
	Parallel int

	// AWS makes the configuration of the clients for a region and a profile; nil takes the default chain of credentials.
	AWS     awsclient.Config
	Profile string
	// Progress, if set, is called as a run advances, one call at a time.
	Progress func(Progress)
}

// Stage is a part of a run.
type Stage string

// The stages, in their order.
const (
	Comparing Stage = "comparing"
	Copying   Stage = "copying"
	Verifying Stage = "verifying"
)

// Progress is how far a stage is. How much there is to compare is not known; it
// counts up only.
type Progress struct {
	Stage       Stage
	Done, Total Count
}

// Count is an amount of objects.
type Count struct {
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

func (c *Count) add(o Object) {
	c.Objects++
	c.Bytes += o.Size
}

// Tally counts objects and names the first of them.
type Tally struct {
	Count
	First []string `json:"first,omitempty"` // at most 100 keys
}

const named = 100

func (t *Tally) add(o Object) {
	if t.Count.add(o); len(t.First) < named {
		t.First = append(t.First, o.Key)
	}
}

// Result is what a run found and did.
type Result struct {
	Compared Count `json:"compared"` // what the one side holds
	Copied   Tally `json:"copied"`
	// Newer have something else on the other side that is as new or newer, Deleted
	// were deleted there: both were left as they are.
	Newer   Tally `json:"newer"`
	Deleted Tally `json:"deleted"`
	Failed  Tally `json:"failed"`
	// Left is what the other side still lacks, or has older, as both were listed
	// again afterwards. What was uploaded meanwhile, and is on its way, is among it.
	Left Tally `json:"left"`
}

// Sync copies what one side has and the other lacks or has older. It continues past
// objects that fail, and returns an error then; what it did stands in the result.
func Sync(ctx context.Context, o Options) (*Result, error) {
	if o.From == o.To {
		return nil, fmt.Errorf("bucket %s can't be copied to itself: name two", o.From.Bucket)
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Parallel == 0 {
		o.Parallel = 16
	}
	r := &run{Options: o, copier: copier{class: o.Class}}
	var err error
	if r.from, err = open(ctx, o.AWS, o.From, o.Profile); err != nil {
		return nil, err
	}
	if r.to, err = open(ctx, o.AWS, o.To, o.Profile); err != nil {
		return nil, err
	}
	todo, err := r.compare(ctx)
	if err != nil {
		return &r.result, err
	}
	err = r.copyAll(ctx, todo)
	slices.Sort(r.result.Copied.First) // several at a time end in any order
	slices.Sort(r.result.Failed.First)
	if err != nil {
		return &r.result, err
	}
	if err := r.verify(ctx); err != nil {
		return &r.result, err
	}
	if r.failure != nil {
		return &r.result, fmt.Errorf("%d of %d objects were not copied, run this again to resume; the first: %w",
			r.result.Failed.Objects, len(todo), r.failure)
	}
	return &r.result, nil
}

// run is one Sync.
type run struct {
	Options
	copier

	mu       sync.Mutex
	progress Progress
	result   Result
	deleted  map[string]bool
	failure  error // the first
}

// open makes a client for a place.
func open(ctx context.Context, config awsclient.Config, p Place, profile string) (Side, error) {
	cfg, err := config.For(ctx, p.Region, profile)
	if err != nil {
		return Side{}, fmt.Errorf("preparing to call AWS in %s: %w", p.Region, err)
	}
	cfg.RetryMaxAttempts = awsclient.Attempts
	return Side{Bucket: p.Bucket, Client: awsclient.S3(cfg)}, nil
}

// tell reports progress.
func (r *run) tell(change func(*Progress)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.progress)
	r.Progress(r.progress)
}

// tellEvery is after how many objects of a listing progress is reported: a page.
const tellEvery = 1000

// pairs compares both sides and reports progress.
func (r *run) pairs(ctx context.Context, stage Stage, each func(Pair, Verdict)) error {
	var count Count
	tell := func() { r.tell(func(p *Progress) { *p = Progress{Stage: stage, Done: count} }) }
	for pair, err := range Compare(ctx, r.from, r.to, r.Prefix) {
		if err != nil {
			return err
		}
		if r.Except != "" && strings.HasPrefix(pair.Object.Key, r.Except) {
			continue
		}
		if count.add(pair.Object); count.Objects%tellEvery == 0 {
			tell()
		}
		each(pair, Judge(pair))
	}
	tell()
	return nil
}

// compare finds what there is to copy.
func (r *run) compare(ctx context.Context) (todo []Pair, err error) {
	err = r.pairs(ctx, Comparing, func(p Pair, v Verdict) {
		r.result.Compared.add(p.Object)
		switch v {
		case Lacks, Stale:
			todo = append(todo, p)
		case Newer:
			r.result.Newer.add(p.Object)
		case Same:
		}
	})
	return todo, err
}

// copyAll copies what there is to copy, several at once.
func (r *run) copyAll(ctx context.Context, todo []Pair) error {
	r.deleted = map[string]bool{}
	r.tell(func(p *Progress) {
		*p = Progress{Stage: Copying}
		for _, pair := range todo {
			p.Total.add(pair.Object)
		}
	})
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	inParallel(ctx, r.Parallel, todo, func(pair Pair) {
		did, err := r.copy(ctx, pair)
		if err != nil && ctx.Err() != nil { // cut off, and no failure of the object
			return
		}
		r.note(pair.Object, did, err, stop)
	})
	return context.Cause(ctx)
}

// inParallel does something with each item, n at a time, until the context ends.
func inParallel[T any](ctx context.Context, n int, items []T, do func(T)) {
	waiting := make(chan T)
	var workers sync.WaitGroup
	for range min(n, len(items)) {
		workers.Go(func() {
			for item := range waiting {
				do(item)
			}
		})
	}
	for _, item := range items {
		select {
		case waiting <- item:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(waiting)
	workers.Wait()
}

// enough is how many failures end a run: then it is not about single objects.
const enough = 100

var errEnough = errors.New("too many objects could not be copied")

// note counts what became of an object.
func (r *run) note(o Object, did outcome, err error, stop context.CancelCauseFunc) {
	r.tell(func(p *Progress) {
		p.Done.add(o)
		switch {
		case err != nil:
			if r.result.Failed.add(o); r.failure == nil {
				r.failure = err
			}
			if r.result.Failed.Objects == enough {
				stop(fmt.Errorf("%w: %w", errEnough, r.failure))
			}
		case did == copied:
			r.result.Copied.add(o)
		case did == newerThere:
			r.result.Newer.add(o)
		case did == deletedThere:
			r.deleted[o.Key] = true
			r.result.Deleted.add(o)
		}
	})
}

// verify lists both sides again.
func (r *run) verify(ctx context.Context) error {
	return r.pairs(ctx, Verifying, func(p Pair, v Verdict) {
		if (v == Lacks || v == Stale) && !r.deleted[p.Object.Key] {
			r.result.Left.add(p.Object)
		}
	})
}
