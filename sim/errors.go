package sim

import (
	"errors"
	"fmt"
)

// An Error is AWS's own: it has a code, and comes as an answer.
type Error struct {
	Service   string // as the SDK prints it: "RDS"
	Operation string
	Status    int
	Code      string
	Message   string
	RequestID string
	// Headers are those of the answer that say more.
	Headers map[string]string
}

// Error words the error as the Go SDK does.
func (e *Error) Error() string {
	return fmt.Sprintf("operation error %s: %s, https response error StatusCode: %d, RequestID: %s, api error %s: %s",
		e.Service, e.Operation, e.Status, e.RequestID, e.Code, e.Message)
}

// An OutageError means that no answer came: the region is lost.
type OutageError struct {
	Region string
	Hung   bool // it never answered, rather than refuse
}

// Error words the error as a dialler does.
func (e *OutageError) Error() string {
	if e.Hung {
		return fmt.Sprintf("dial tcp: region %s: i/o timeout", e.Region)
	}
	return fmt.Sprintf("dial tcp: region %s: connect: connection refused", e.Region)
}

// ErrNotModelled is in the chain when something is asked that the simulator
// does not pretend to know.
var ErrNotModelled = errors.New("not modelled by the simulator")

// refuse is an API error that is the caller's fault; service, operation and
// request are filled in where the call is known.
func refuse(code, format string, args ...any) *Error {
	return &Error{Status: 400, Code: code, Message: fmt.Sprintf(format, args...)}
}
