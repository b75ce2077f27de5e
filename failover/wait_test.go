package failover

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWaitLooksAnIntervalApart holds that no two looks follow each other faster than
// the interval, whenever the wait began and however long a look took, and that a wait
// that began a little later looks at the same times.
func TestWaitLooksAnIntervalApart(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, time.March, 2, 3, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		after, takes time.Duration // the interval's multiple, and for a look
		looks        []time.Duration
	}{
		"on a multiple":             {0, 0, []time.Duration{0, 3 * time.Second, 6 * time.Second, 9 * time.Second}},
		"shortly after one":         {time.Millisecond, 0, []time.Duration{time.Millisecond, 6 * time.Second, 9 * time.Second, 12 * time.Second}},
		"shortly before one":        {2300 * time.Millisecond, 0, []time.Duration{2300 * time.Millisecond, 6 * time.Second, 9 * time.Second, 12 * time.Second}},
		"looks that take a moment":  {0, 200 * time.Millisecond, []time.Duration{0, 3 * time.Second, 6 * time.Second, 9 * time.Second}},
		"looks that take very long": {0, 5 * time.Second, []time.Duration{0, 6 * time.Second, 12 * time.Second, 18 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := began.Add(tc.after)
			r := New(Env{
				Now:   func() time.Time { return now },
				Sleep: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
			}, Site{})
			var looks []time.Duration
			require.NoError(t, r.wait(t.Context(), "something", time.Hour, func(context.Context) (bool, string, error) {
				looks = append(looks, now.Sub(began))
				now = now.Add(tc.takes)
				return len(looks) == 4, "", nil
			}))
			assert.Equal(t, tc.looks, looks)
		})
	}
}

// TestLooksThatMustAgree holds that one look that is not done, or fails, has the others count for nothing.
func TestLooksThatMustAgree(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.March, 2, 3, 0, 0, 0, time.UTC)
	r := New(Env{Now: func() time.Time { return now }}, Site{})
	failed := errors.New("throttled")
	for name, of := range map[string]func(look) look{
		"three in a row":          func(each look) look { return inARow(3, each) },
		"two intervals from then": func(each look) look { return r.lasting(2*interval, each) },
	} {
		seen := ""
		each := of(func(context.Context) (bool, string, error) {
			if seen == "failed" {
				return false, "", failed
			}
			return seen == "done", seen, nil
		})
		for i, tc := range []struct {
			seen string
			done bool
		}{
			{"done", false}, {"done", false}, {"not yet", false},
			{"done", false}, {"done", false}, {"failed", false},
			{"done", false}, {"done", false}, {"done", true}, {"done", true},
		} {
			seen = tc.seen
			done, said, err := each(t.Context())
			assert.Equal(t, tc.done, done, "%s: look %d", name, i)
			if tc.seen == "failed" {
				assert.Equal(t, failed, err, name)
			} else {
				assert.Equal(t, tc.seen, said, name)
			}
			now = now.Add(interval)
		}
	}
}

// TestSecondZoneWaits holds how long a promoted database serves before its second zone may be made.
func TestSecondZoneWaits(t *testing.T) {
	t.Parallel()
	for _, delay := range []time.Duration{0, time.Second, 10 * time.Minute} {
		now := time.Date(2026, time.March, 2, 3, 0, 0, 0, time.UTC)
		began := now
		r := New(Env{
			Now:   func() time.Time { return now },
			Sleep: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
		}, Site{SecondZoneAfter: delay})
		require.NoError(t, r.WaitSecondZone(t.Context()))
		assert.InDelta(t, delay.Seconds(), now.Sub(began).Seconds(), interval.Seconds())
		assert.False(t, now.Before(began.Add(delay)), "%s", delay)
	}
}

// TestBecause holds that the end of a check's time says what was being asked.
func TestBecause(t *testing.T) {
	t.Parallel()
	asked := errors.New("describing database blog-dr-1: canceled")
	for _, tc := range []struct {
		cause, err error
		says       string
	}{
		{context.DeadlineExceeded, nil, "context deadline exceeded"},
		{context.DeadlineExceeded, asked, "context deadline exceeded: describing database blog-dr-1: canceled"},
		{context.DeadlineExceeded, fmt.Errorf("describing database blog-dr-1: %w", context.DeadlineExceeded), "describing database blog-dr-1: context deadline exceeded"},
		{ErrInterrupted, asked, "interrupted: describing database blog-dr-1: canceled"},
	} {
		err := because(tc.cause, tc.err)
		require.EqualError(t, err, tc.says)
		assert.ErrorIs(t, err, tc.cause)
	}
}
