package refusal

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNew(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]Error{
		"%s is lost: wait until it is back":                {Code: "silent", Reason: "a: b is lost", Remedy: "wait until it is back"},
		"it says role: %[1]s, and is not: set it to %[1]s": {Code: "silent", Reason: "it says role: a: b, and is not", Remedy: "set it to a: b"},
		"no other side holds the site after %s":            {Code: "silent", Reason: "no other side holds the site after a: b", Remedy: ""},
		"copy %s can't be read, whatever the reason: look": {Code: "silent", Reason: "copy a: b can't be read, whatever the reason", Remedy: "look"},
	} {
		got := New("silent", format, "a: b")
		assert.Equal(t, &want, got)
		assert.Equal(t, Sentence(want.Reason, want.Remedy), got.Error())
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	two := &Error{Code: CodeChecks, Reason: "the checks do not allow it", Remedy: "do what the blockers say", Blockers: []Blocker{
		{Reason: "the replica is behind", Remedy: "wait"}, {Reason: "there is no image", Remedy: "make one"},
	}}
	assert.Equal(t, "stack dr: the checks do not allow it:\n  the replica is behind: wait\n  there is no image: make one", two.Of("dr").Error())
	assert.Empty(t, two.Stack, "the refusal itself stays as it is")
	assert.Equal(t, "stack dr: locked by another update: wait for it; if it is dead, pilotlight unlock dr (or pulumi cancel -s dr) takes the lock away, then run the same command again",
		Locked("dr", "").Error())
	assert.Contains(t, Locked("dr", "created by me").Error(), "another update (created by me): wait")
	assert.Equal(t, "refused, nothing was changed: no: wait", Announce(fmt.Errorf("%w", New("x", "no: wait"))).Error())
	failed := errors.New("failed")
	assert.Same(t, failed, Announce(failed), "an error that may have changed something is not announced")
}
