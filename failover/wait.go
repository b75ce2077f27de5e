package failover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/report"
)

// interval is how often a wait looks. It is short beside what is waited for,
// since it adds to the time to recover.
const interval = 3 * time.Second

// lookLimit bounds one look. A call that AWS takes and never answers would hold a wait for good: the SDK has no limit for an answer.
// It is enough for a second attempt of one that awsclient has given up.
const lookLimit = time.Minute

// look is one look at what is waited for: whether it is done, and what was seen of it.
type look func(context.Context) (done bool, seen string, err error)

// wait polls until look reports done or a permanent error, or until limit has passed on the
// environment's clock. An error that may pass (throttling, a server's error, a lost
// connection, no answer within lookLimit) is reported as what was seen, and wait looks again.
// Progress is reported whenever what is seen changes. The error of a timeout says what was last seen.
func (r *Runtime) wait(ctx context.Context, what string, limit time.Duration, look look) error {
	ctx, leave := r.enter(ctx, what)
	defer leave()
	begin, last := r.env.Now(), ""
	for {
		looked := r.env.Now()
		done, seen, err := look.within(ctx, lookLimit)
		if isRetryable(err) && ctx.Err() == nil {
			done, seen, err = false, passing(err), nil
		}
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
		if seen != "" && seen != last {
			last = seen
			r.progress(what, seen)
		}
		if done {
			return nil
		}
		if waited := r.env.Now().Sub(begin); waited >= limit {
			return &TimeoutError{What: what, After: waited, LastSeen: cmp.Or(last, "nothing")}
		}
		now := r.env.Now()
		if err := r.env.Sleep(ctx, nextLook(looked, now).Sub(now)); err != nil {
			return fmt.Errorf("waiting for %s, last saw %q: %w", what, last, cmp.Or(context.Cause(ctx), err))
		}
	}
}

// within looks with a limit of its own.
func (l look) within(ctx context.Context, limit time.Duration) (done bool, seen string, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return l(ctx)
}

// passing is an error that may be over at the next look, in words.
func passing(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer from AWS within %s", lookLimit)
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ") // the SDK joins errors
}

// waitStep runs a step that is a wait.
func (r *Runtime) waitStep(ctx context.Context, step report.Step, limit time.Duration, look look) error {
	return r.runStep(&step, func() error { return r.wait(ctx, step.Awaits, limit, look) })
}

// inARow is done once n looks in a row are.
func inARow(n int, look look) look { //nolint:unparam // servingLooks and checks.PromotedLooks are equal by chance
	count := 0
	return func(ctx context.Context) (bool, string, error) {
		done, seen, err := look(ctx)
		if count++; !done {
			count = 0
		}
		return count >= n, seen, err
	}
}

// lasting is done once look was for a time without a break.
func (r *Runtime) lasting(d time.Duration, look look) look {
	var since time.Time
	return func(ctx context.Context) (bool, string, error) {
		done, seen, err := look(ctx)
		switch {
		case !done:
			since = time.Time{}
		case since.IsZero():
			since = r.env.Now()
		}
		return done && r.env.Now().Sub(since) >= d, seen, err
	}
}

// nextLook is when to look again after a look that began at looked: an interval later or
// more, since looks that are counted must not see the same moment. It is a full multiple
// of the interval, so that a rehearsal's timeline does not depend on how busy the machine
// was when the wait began.
func nextLook(looked, now time.Time) time.Time {
	earliest := looked.Add(interval)
	if now.After(earliest) { // the look took longer
		earliest = now
	}
	if next := earliest.Truncate(interval); next.Equal(earliest) {
		return next
	}
	return earliest.Truncate(interval).Add(interval)
}

// momentary are codes of refusals that pass: another change of the same resource is under way. Of the others of class
// awsclient.Wait nothing here is asked that would be refused so, or somebody has to do something first.
var momentary = []string{
	"ResourceContention",           // Auto Scaling
	"InvalidDBParameterGroupState", // RDS; a group that "is in use" is refused so when it is to be deleted, which nothing here does
}

// isRetryable reports whether an error may be over at the next look. Most are of the kind that
// the SDK tries again: it did, and came to the end of its patience, which is shorter than
// that of a wait.
func isRetryable(err error) bool {
	if page, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && page.HTTPStatusCode() == http.StatusNotImplemented {
		return false // what stands for AWS does not know the call, whatever code it gives that
	}
	return err != nil && (errors.Is(err, context.DeadlineExceeded) || retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary ||
		awsclient.Is(err, awsclient.Again) || coded(err, momentary...))
}

// orGone takes that something is gone for its deletion.
func orGone(err error) error {
	if awsclient.Is(err, awsclient.Gone) {
		return nil
	}
	return err
}

// coded reports whether AWS refused a call by one of some codes.
func coded(err error, codes ...string) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && slices.Contains(codes, api.ErrorCode())
}

// TimeoutError is a wait that reached its limit. Nothing is undone: the same
// command resumes from there.
type TimeoutError struct {
	What     string
	After    time.Duration
	LastSeen string
	// Cause and Remedy are of what kept it from ending; empty where that is not known.
	Cause, Remedy string
}

// Error says what was awaited, how long, and what was last seen.
func (e *TimeoutError) Error() string {
	text := fmt.Sprintf("gave up waiting for %s after %s, last saw %q: ", e.What, e.After.Round(time.Second), e.LastSeen)
	if e.Cause == "" {
		return text + "run the same command again to resume"
	}
	return text + e.Cause + ": " + e.Remedy + "; then run the same command again to resume"
}
