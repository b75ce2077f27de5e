package ops

import (
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOnOwnStack(t *testing.T) {
	t.Parallel()
	failed := errors.New("refused")
	assert.NoError(t, onOwnStack(func() error { return nil }))
	assert.Equal(t, failed, onOwnStack(func() error { return failed }))
	assert.PanicsWithValue(t, "a mistake", func() { _ = onOwnStack(func() error { panic("a mistake") }) }, "the Automation API tells of it")
	assert.ErrorContains(t, onOwnStack(func() error { runtime.Goexit(); return nil }), "did not come to its end",
		"or the engine would delete what was not registered")
}
