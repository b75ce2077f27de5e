package ops

import (
	"cmp"
	"context"
	"errors"

	"github.com/pilotlight-dr/pilotlight/config"
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

// FailureOf puts an error of this package into the form for machines. An error that it does
// not know may have changed something. One blocker is the reason.
func FailureOf(err error) Failure {
	f := Failure{Code: refusal.CodeFailed, Reason: err.Error(), Changed: true}
	refused, ok := errors.AsType[*refusal.Error](refuseConfig(err))
	if ok {
		f = Failure{Code: refused.Code, Stack: refused.Stack, Reason: refused.Reason, Remedy: refused.Remedy, Blockers: refused.Blockers}
		if len(f.Blockers) == 1 {
			f.Reason, f.Remedy = f.Blockers[0].Reason, f.Blockers[0].Remedy
		}
	}
	if stopped, ok := errors.AsType[*StoppedError](err); ok {
		f = Failure{Code: refusal.CodeStopped, Reason: err.Error(), Changed: true, Stack: stopped.Stack, Blockers: f.Blockers,
			Remedy: "run the same command again, it resumes; pilotlight status says where the site stands"}
	}
	if errors.Is(err, context.Canceled) {
		f = Failure{Code: refusal.CodeInterrupted, Reason: err.Error(), Remedy: "run the same command again, it resumes", Changed: true, Stack: f.Stack}
	}
	f.Remedy = cmp.Or(f.Remedy, "pilotlight status says where the site stands, and what can be done")
	return f
}

// configErrors finds all refused configurations in an error, which may join several.
func configErrors(err error) (all []*config.Error) {
	if cfg, ok := err.(*config.Error); ok { //nolint:errorlint // the tree is walked below
		return []*config.Error{cfg}
	}
	switch inner := err.(type) { //nolint:errorlint // as above
	case interface{ Unwrap() error }:
		return configErrors(inner.Unwrap())
	case interface{ Unwrap() []error }:
		for _, err := range inner.Unwrap() {
			all = append(all, configErrors(err)...)
		}
	}
	return all
}
