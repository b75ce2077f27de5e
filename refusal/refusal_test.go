package refusal

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNew(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]Error{
		"%s is lost: wait until it is back":                {"silent", "a: b is lost", "wait until it is back"},
		"it says role: %[1]s, and is not: set it to %[1]s": {"silent", "it says role: a: b, and is not", "set it to a: b"},
		"no other side holds the site after %s":            {"silent", "no other side holds the site after a: b", ""},
		"copy %s can't be read, whatever the reason: look": {"silent", "copy a: b can't be read, whatever the reason", "look"},
	} {
		got := New("silent", format, "a: b")
		assert.Equal(t, &want, got)
		assert.Equal(t, Sentence(want.Reason, want.Remedy), got.Error())
	}
}
