package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/stacks"
)

// Failure is an error for machines.
type Failure struct {
	// Code is the kind of failure, stable: one of this package, of stacks, backend or media.
	Code   string `json:"code"`
	Reason string `json:"reason"`
	Remedy string `json:"remedy,omitempty"` // what to do
	// Changed is false only where nothing was changed for certain.
	Changed bool   `json:"changed"`
	Stack   string `json:"stack,omitempty"` // that it is about; empty for the site as a whole
	// Blockers are all reasons, each with its remedy, where there may be several.
	Blockers []checks.Blocker `json:"blockers,omitempty"`
}

// FailureOf puts an error of this package into the form for machines. An error that it does
// not know may have changed something.
func FailureOf(err error) Failure {
	stopped, halted := errors.AsType[*StoppedError](err)
	f, refused := refusedAs(err)
	if halted {
		f = Failure{Code: refusal.CodeStopped, Reason: err.Error(), Changed: true, Stack: stopped.Stack, Blockers: f.Blockers,
			Remedy: "run the same command again, it resumes; pilotlight status says where the site stands"}
	}
	switch {
	case errors.Is(err, context.Canceled):
		f = Failure{Code: refusal.CodeInterrupted, Reason: err.Error(), Remedy: "run the same command again, it resumes", Changed: true, Stack: f.Stack}
	case !halted && !refused:
		f = Failure{Code: refusal.CodeFailed, Reason: err.Error(), Changed: true}
	}
	f.Remedy = cmp.Or(f.Remedy, "pilotlight status says where the site stands, and what can be done")
	return f
}

// refusedAs is the failure of what was refused. One blocker is its reason.
func refusedAs(err error) (f Failure, refused bool) {
	for _, as := range []func(error) (Failure, bool){asChecks, asMissing, asConfig, asMismatch, asRefusal} {
		if f, refused = as(err); refused {
			break
		}
	}
	if of, ok := errors.AsType[*RefusedError](err); ok {
		f.Stack, refused = of.Stack, true
		f.Code, f.Reason = cmp.Or(f.Code, refusal.CodeChecks), cmp.Or(f.Reason, of.Err.Error())
	}
	if len(f.Blockers) == 1 {
		f.Reason, f.Remedy = f.Blockers[0].Reason, f.Blockers[0].Remedy
	}
	return f, refused
}

func asChecks(err error) (Failure, bool) {
	checks, ok := errors.AsType[*checks.RefusedError](err)
	if !ok {
		return Failure{}, false
	}
	return Failure{Code: refusal.CodeChecks, Reason: "the checks do not allow it", Remedy: "do what the blockers say, and run it again", Blockers: checks.Blockers}, true
}

// asMissing is the failure of a check, or of a switchover that is not ready for.
func asMissing(err error) (f Failure, ok bool) {
	unready, ok := errors.AsType[*NotReadyError](err)
	if !ok {
		return f, false
	}
	f = Failure{Code: refusal.CodeNotReady, Reason: fmt.Sprintf("not ready for a %s", unready.For), Remedy: "do what the blockers say"}
	if _, refused := errors.AsType[*RefusedError](err); refused {
		f.Code = refusal.CodeChecks
	}
	for _, m := range unready.Missing {
		f.Blockers = append(f.Blockers, checks.Blocker{Code: f.Code, Subject: m.What, Reason: m.Seen, Remedy: m.Remedy})
	}
	return f, true
}

func asConfig(err error) (f Failure, ok bool) {
	f = Failure{Code: refusal.CodeConfig, Reason: "the configuration is refused", Remedy: "correct what the blockers name"}
	for _, config := range configErrors(err) {
		for _, p := range config.Problems {
			reason := p.Reason()
			if config.File != "" {
				reason = config.File + ": " + reason
			}
			f.Blockers = append(f.Blockers, checks.Blocker{Code: refusal.CodeConfig, Subject: cmp.Or(p.Key, config.File), Reason: reason, Remedy: p.Remedy})
		}
	}
	return f, len(f.Blockers) > 0
}

func asMismatch(err error) (f Failure, ok bool) {
	claims, ok := errors.AsType[*stacks.RefusedError](err)
	if !ok || len(claims.Mismatches) == 0 {
		return f, false
	}
	f, _ = asRefusal(claims)
	for _, m := range claims.Mismatches {
		f.Blockers = append(f.Blockers, checks.Blocker{Code: f.Code, Subject: m.Key, Reason: m.Reason(), Remedy: m.Remedy})
	}
	return f, true
}

func asRefusal(err error) (Failure, bool) {
	plain, ok := errors.AsType[*refusal.Error](err)
	if !ok {
		return Failure{}, false
	}
	return Failure{Code: plain.Code, Reason: plain.Reason, Remedy: plain.Remedy}, true
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
