// Package refusal words why something is not done, and what to do instead.
package refusal

import (
	"fmt"
	"strings"
)

// Error is a refusal. Nothing was changed.
type Error struct {
	Code   string // for machines, stable
	Reason string // what is in the way, a sentence
	Remedy string // what to do; empty when nothing can be done
}

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

// Error is reason and remedy in one sentence.
func (e *Error) Error() string { return Sentence(e.Reason, e.Remedy) }

// Sentence joins a reason and its remedy, which may be empty.
func Sentence(reason, remedy string) string {
	if remedy == "" {
		return reason
	}
	return reason + ": " + remedy
}
