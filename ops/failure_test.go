package ops

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// TestFailureOf holds what an error says of what was changed, and that a context which ended is told from a request that
// took too long.
func TestFailureOf(t *testing.T) {
	t.Parallel()
	over, end := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer end()
	cut, because := context.WithCancelCause(t.Context())
	because(errors.New("the service stops"))
	slow := fmt.Errorf("calling AWS: %w", context.DeadlineExceeded)
	denied := errors.New("AccessDenied")
	refused := refusal.New(refusal.CodeClaims, "the site moved on: rebuild it")
	stopped := func(err error) error { return &StoppedError{Stack: "dr", Doing: "updating", Err: err} }
	read := func(ctx context.Context, err error) error { noteRead(ctx, &err); return err }
	acted := func(ctx context.Context, err error) error { noteEnd(ctx, &err); return err }
	for name, tc := range map[string]struct {
		err     error
		code    string
		changed bool
	}{
		"anything":                            {denied, refusal.CodeFailed, true},
		"of what reads":                       {read(t.Context(), denied), refusal.CodeFailed, false},
		"of what reads, told on":              {fmt.Errorf("planning: %w", read(t.Context(), denied)), refusal.CodeFailed, false},
		"of a preview":                        {read(t.Context(), stopped(denied)), refusal.CodeStopped, false},
		"part-way":                            {stopped(denied), refusal.CodeStopped, true},
		"part-way, by what could not be read": {stopped(read(t.Context(), denied)), refusal.CodeStopped, true},
		"a deadline":                          {acted(over, stopped(over.Err())), refusal.CodeInterrupted, true},
		"a deadline of what reads":            {read(over, denied), refusal.CodeInterrupted, false},
		"a cause of its own":                  {acted(cut, stopped(context.Cause(cut))), refusal.CodeInterrupted, true},
		"a request that took too long":        {acted(t.Context(), slow), refusal.CodeFailed, true},
		"a refusal, meanwhile":                {acted(over, refused), refusal.CodeClaims, false},
	} {
		f := FailureOf(tc.err)
		assert.Equal(t, tc.code, f.Code, name)
		assert.Equal(t, tc.changed, f.Changed, name)
	}
	assert.ErrorIs(t, acted(over, denied), context.DeadlineExceeded)
	assert.ErrorIs(t, acted(cut, denied), context.Canceled)
	assert.ErrorIs(t, acted(cut, denied), denied)
	assert.NoError(t, read(over, nil))
}
