package ops

import (
	"cmp"
	"context"
	"errors"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// Failure is an error for machines.
type Failure struct {
	// Code is the kind of failure, stable: one of package refusal, backend or media.
	Code   string `json:"code"`
	Reason string `json:"reason"`
	Remedy string `json:"remedy,omitempty"` // what to do
	// Changed is false only where nothing was changed for certain.
	Changed bool   `json:"changed"`
	Stack   string `json:"stack,omitempty"` // that it is about; empty for the site as a whole
	// Blockers are all reasons, each with its remedy, where there may be several.
	Blockers []refusal.Blocker `json:"blockers,omitempty"`
}

// untouchedError is an error before which nothing was changed, and which is no refusal.
type untouchedError struct{ error }

// Unwrap is the error.
func (e *untouchedError) Unwrap() error { return e.error }

func untouched(err error) error {
	if err == nil {
		return nil
	}
	return &untouchedError{err}
}

// endedError is the error of a call whose context ended. In its chain is the context's own error too: a deadline, say,
// which alone says nothing, as many a request has one of its own.
type endedError struct{ err, ctx error }

// Error is the error's text.
func (e *endedError) Error() string { return e.err.Error() }

// Unwrap is the error, and the context's.
func (e *endedError) Unwrap() []error { return []error{e.err, e.ctx} }

// noteEnd is deferred by what was given a context. It notes in an error, but for a refusal, that the context has ended.
func noteEnd(ctx context.Context, err *error) {
	if *err != nil && ctx.Err() != nil && refusal.CodeOf(*err) == "" {
		*err = &endedError{*err, ctx.Err()}
	}
}

// noteRead is noteEnd for what changes nothing.
func noteRead(ctx context.Context, err *error) {
	noteEnd(ctx, err)
	*err = untouched(*err)
}

// wasUntouched reports whether nothing was changed before an error. One that stopped something else part-way says
// nothing of that.
func wasUntouched(err error) bool {
	if stopped, ok := errors.AsType[*StoppedError](err); ok && wasUntouched(stopped.Err) {
		return false
	}
	_, ok := errors.AsType[*untouchedError](err)
	return ok
}

// wasEnded reports whether the context of a call has ended.
func wasEnded(err error) bool {
	_, ended := errors.AsType[*endedError](err)
	return ended || errors.Is(err, context.Canceled)
}

// FailureOf puts an error of this package into the form for machines. An error that it does
// not know may have changed something. One blocker is the reason.
func FailureOf(err error) Failure {
	changed := !wasUntouched(err)
	f := Failure{Code: refusal.CodeFailed, Reason: err.Error(), Changed: changed}
	refused, ok := errors.AsType[*refusal.Error](refuseConfig(err))
	if ok {
		f = Failure{Code: refused.Code, Stack: refused.Stack, Reason: refused.Reason, Remedy: refused.Remedy, Blockers: refused.Blockers}
		if len(f.Blockers) == 1 {
			f.Reason, f.Remedy = f.Blockers[0].Reason, f.Blockers[0].Remedy
		}
	}
	if stopped, ok := errors.AsType[*StoppedError](err); ok {
		f = Failure{Code: refusal.CodeStopped, Reason: err.Error(), Changed: changed, Stack: stopped.Stack, Blockers: f.Blockers,
			Remedy: "run the same command again, it resumes; pilotlight status says where the site stands"}
	}
	if wasEnded(err) {
		f = Failure{Code: refusal.CodeInterrupted, Reason: err.Error(), Remedy: "run the same command again, it resumes", Changed: changed, Stack: f.Stack}
	}
	f.Remedy = cmp.Or(f.Remedy, "pilotlight status says where the site stands, and what can be done")
	return f
}

// errorsOf finds all errors of a type in an error, which may join several.
func errorsOf[T error](err error) (all []T) {
	switch e := err.(type) { //nolint:errorlint // it takes the error apart
	case T:
		return []T{e}
	case interface{ Unwrap() error }:
		return errorsOf[T](e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			all = append(all, errorsOf[T](one)...)
		}
	}
	return all
}
