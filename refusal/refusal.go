// Package refusal words why something is not done, and what to do instead.
package refusal

import (
	"errors"
	"fmt"
	"strings"
)

// Error is an operation that was refused. Nothing was changed.
type Error struct {
	Code   string // for machines, stable
	Stack  string // that it is about; empty for the site as a whole
	Reason string // what is in the way, a sentence
	Remedy string // what to do; empty when nothing can be done
	// Blockers are all that is in the way, where there may be several. Reason and Remedy
	// then sum them up.
	Blockers []Blocker
	// Err is the error that it was made of; nil when there is none.
	Err error
}

// Blocker is one thing in the way of an operation.
type Blocker struct {
	Code    string `json:"code"`    // for machines, stable
	Reason  string `json:"reason"`  // what is wrong, a sentence
	Remedy  string `json:"remedy"`  // what to do, a sentence
	Subject string `json:"subject"` // what it is about, such as replica, lag or a key of the configuration
}

// String is the blocker in one line.
func (b Blocker) String() string { return Sentence(b.Reason, b.Remedy) }

// separator stands in a format where the remedy begins, since values may hold any text.
const separator = "\x00"

// New makes a refusal of a format, whose last colon separates the reason from the remedy.
func New(code, format string, args ...any) *Error {
	if at := strings.LastIndex(format, ": "); at >= 0 {
		format = format[:at] + separator + format[at+len(": "):]
	}
	reason, remedy, _ := strings.Cut(fmt.Sprintf(format, args...), separator)
	return &Error{Code: code, Reason: reason, Remedy: remedy}
}

// Locked refuses what would change a stack that another update holds; holder tells whose
// the lock is, and is empty when that is not known.
func Locked(stack, holder string) *Error {
	if holder != "" {
		holder = " (" + holder + ")"
	}
	e := New(CodeLocked, "locked by another update%s: wait for it; if it is dead, pilotlight unlock %s (or pulumi cancel -s %[2]s) takes the lock away, then run the same command again", holder, stack)
	e.Stack = stack
	return e
}

// Error is reason and remedy in one sentence, or the reason and every blocker, one a line.
func (e *Error) Error() string {
	text := Sentence(e.Reason, e.Remedy)
	if len(e.Blockers) > 0 {
		text = e.Reason + ":"
	}
	for _, b := range e.Blockers {
		text += "\n  " + b.String()
	}
	if e.Stack == "" {
		return text
	}
	return "stack " + e.Stack + ": " + text
}

// Unwrap is the error that the refusal was made of.
func (e *Error) Unwrap() error { return e.Err }

// Of is the refusal with the stack that it is about.
func (e *Error) Of(stack string) *Error {
	of := *e
	of.Stack = stack
	return &of
}

// CodeOf is the code of the refusal in an error; empty when it is none.
func CodeOf(err error) string {
	if refused, ok := errors.AsType[*Error](err); ok {
		return refused.Code
	}
	return ""
}

// Announce puts before a refusal what follows from it. Other errors stay as they are: they
// may have changed something.
func Announce(err error) error {
	if CodeOf(err) == "" {
		return err
	}
	return fmt.Errorf("refused, nothing was changed: %w", err)
}

// Sentence joins a reason and its remedy, which may be empty.
func Sentence(reason, remedy string) string {
	if remedy == "" {
		return reason
	}
	return reason + ": " + remedy
}
