package deploy

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
)

// EngineError is a failed operation of the engine. Its text is what the engine
// complained of, without the progress that led there.
type EngineError struct {
	Err        error    // the Automation API's own error, with all that was printed
	Complaints []string // what was wrong, each once, in the order of appearance
}

// Error is the complaints, one a line.
func (e *EngineError) Error() string { return strings.Join(e.Complaints, "\n") }

// Unwrap is the Automation API's own error.
func (e *EngineError) Unwrap() error { return e.Err }

// Locked says whether another update holds the stack, or a killed one left it locked.
func (e *EngineError) Locked() bool {
	return strings.Contains(e.Err.Error(), "the stack is currently locked by")
}

func engineError(err error, complaints []string) error {
	if len(complaints) > 1 { // what follows from another failure says nothing
		complaints = slices.DeleteFunc(complaints, func(text string) bool { return strings.HasPrefix(text, "waiting for RPCs: ") })
	}
	if len(complaints) == 0 {
		complaints = []string{err.Error()}
	}
	return &EngineError{Err: err, Complaints: complaints}
}

// drained is how long the rest of the events may take after the command ended.
// If it died before it ever connected, the stream is never closed.
const drained = time.Second

// listen makes a stream for the engine's events, which passes them on and keeps
// the complaints among them.
func listen(run Run) (stream chan events.EngineEvent, complaints func() []string) {
	stream, done := make(chan events.EngineEvent, 64), make(chan struct{})
	var kept []string
	go func() {
		defer close(done)
		for event := range stream {
			if d := event.DiagnosticEvent; d != nil && d.Severity == "error" {
				if text := Plain(d.Message); text != "" && !slices.Contains(kept, text) {
					kept = append(kept, text)
				}
			}
			if run.Event != nil {
				run.Event(event)
			}
		}
	}()
	return stream, func() []string {
		select {
		case <-done:
			return kept
		case <-time.After(drained):
			return nil
		}
	}
}

var (
	colour = regexp.MustCompile(`<\{%[^%]*%\}>`)
	// wrapping is what the engine and the SDK put around what somebody has to say.
	wrapping = regexp.MustCompile(`^(error: |an unhandled error occurred: |\d+ errors? occurred:|\* |before hook "[^"]*" failed: |update failed$|preview failed$)`)
)

// Plain is a diagnostic without colours and wrapping; empty when it says no more than that something failed.
func Plain(message string) string {
	text := strings.TrimSpace(colour.ReplaceAllString(message, ""))
	for {
		bare := strings.TrimSpace(wrapping.ReplaceAllString(text, ""))
		if bare == text {
			return text
		}
		text = bare
	}
}
