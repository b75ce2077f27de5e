package hooks

import (
	"context"
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

// heard is a log that keeps what it is told.
type heard struct{ lines []string }

func (h *heard) Debug(text string, _ *pulumi.LogArgs) error { return h.Info(text, nil) }
func (h *heard) Warn(text string, _ *pulumi.LogArgs) error  { return h.Info(text, nil) }
func (h *heard) Error(text string, _ *pulumi.LogArgs) error { return h.Info(text, nil) }
func (h *heard) Info(text string, _ *pulumi.LogArgs) error {
	h.lines = append(h.lines, text)
	return nil
}

func TestShowVisible(t *testing.T) {
	t.Parallel()
	const nasty, shown = "\x1b[2J", `\u001b[2J`
	log := &heard{}
	ctx := &pulumi.Context{Log: log}
	EscapeLogs(ctx)
	for _, say := range []func(string, *pulumi.LogArgs) error{ctx.Log.Debug, ctx.Log.Info, ctx.Log.Warn, ctx.Log.Error} {
		assert.NoError(t, say(nasty, nil))
	}
	assert.Equal(t, []string{shown, shown, shown, shown}, log.lines)
	err := &escapedError{fmt.Errorf("%s: %w", nasty, context.Canceled)}
	assert.Equal(t, shown+": context canceled", err.Error())
	assert.ErrorIs(t, err, context.Canceled)
}
