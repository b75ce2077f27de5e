package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/state"
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

// ErrNoStack is a stack that the backend does not know.
var ErrNoStack error = refusal.New(refusal.CodeNoStack, "the backend knows no such stack: deploy the site first, or look whether you are logged in to the right backend")

// ErrNoBackend is a machine that is not logged in to where state lies.
var ErrNoBackend error = refusal.New(refusal.CodeNoBackend, "this machine is not logged in to where the state lies: pulumi login 's3://…', as bootstrap printed it, or set PULUMI_BACKEND_URL to that address")

// noStack refuses a name that no stack of the site has.
func noStack(name string, has []string) error {
	return refusal.New(refusal.CodeNoStack, "the site has no stack %s: name one of %s", name, strings.Join(has, " and "))
}

// refuseConfig makes a refusal of the configurations that an error holds; others it leaves
// as they are.
func refuseConfig(err error) error {
	e := &refusal.Error{Code: refusal.CodeConfig, Reason: "the configuration is refused", Remedy: "correct what the blockers name", Err: err}
	for _, wrong := range errorsOf[*config.Error](err) {
		for _, p := range wrong.Problems {
			reason := p.Reason()
			if wrong.File != "" {
				reason = wrong.File + ": " + reason
			}
			e.Blockers = append(e.Blockers, refusal.Blocker{Code: e.Code, Subject: cmp.Or(p.Key, wrong.File), Reason: reason, Remedy: p.Remedy})
		}
	}
	if len(e.Blockers) == 0 {
		return err
	}
	return e
}

// lockedBy is how the engine tells whose a lock is.
var lockedBy = regexp.MustCompile(`created by [^\n]+ \(pid \d+\) at [^\n]+`)

// StoppedError is an operation that came to a halt part-way. The same one, run
// again, resumes.
type StoppedError struct {
	Stack string
	Doing string // such as "updating"
	Err   error  // an *EngineError; of a procedure, whatever stopped it after its first update
	// Report is how far a change of role got; nil when it was none.
	Report *report.Report
}

// Error says what stopped it.
func (e *StoppedError) Error() string { return fmt.Sprintf("%s stack %s: %v", e.Doing, e.Stack, e.Err) }

// Unwrap is the engine's error.
func (e *StoppedError) Unwrap() error { return e.Err }

// failed gives the error of an operation the type that says what became of it.
func (s *Stack) failed(ctx context.Context, doing string, err error, complaints []string) error {
	_, report, refused := s.observer.seen()
	switch {
	case auto.IsConcurrentUpdateError(err):
		locked := refusal.Locked(s.Name(), lockedBy.FindString(err.Error()))
		locked.Err = err
		return locked
	case ctx.Err() != nil:
		if err = context.Cause(ctx); errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			complaints = []string{"interrupted: the same command resumes"}
		} else {
			complaints = []string{err.Error()} // a limit of this program's own, or what the caller gave
		}
		s.releaseAfter(ctx)
	case refused != nil:
		return refused.Of(s.Name())
	}
	return &StoppedError{Stack: s.Name(), Doing: doing, Err: engineError(err, complaints), Report: report}
}

func engineError(err error, complaints []string) error {
	if len(complaints) > 1 { // what follows from another failure says nothing
		complaints = slices.DeleteFunc(complaints, func(text string) bool { return strings.HasPrefix(text, "waiting for RPCs: ") })
	}
	if len(complaints) == 0 {
		complaints = []string{bare(err.Error())}
	}
	for i, text := range complaints {
		switch {
		case strings.Contains(text, "InvalidChangeBatch") && strings.Contains(text, "already exists"):
			complaints[i] = text + ": delete that record, or set dns.takeOver to have it overwritten"
		case state.BrokenBy(text) != nil:
			complaints[i] = text + ": pulumi state repair mends it, or pilotlight state restore STACK brings an earlier one back"
		case strings.Contains(text, "DependencyViolation"):
			complaints[i] = text + `: something that this stack did not make stands in its network: see "Something else stands in the network" in docs/runbook.md`
		case missingPlugin.MatchString(text):
			complaints[i] = text + ": " + installPlugin(missingPlugin.FindStringSubmatch(text))
		case existsAlready.MatchString(text):
			complaints[i] = text + `: AWS has it, and it is not known to be this stack's: see "AWS has it already" in docs/runbook.md`
		}
	}
	return &EngineError{Err: err, Complaints: complaints}
}

// existsAlready are AWS's codes for a name that is taken, such as ParameterAlreadyExists and EntityAlreadyExists, what
// Lambda, which has one code for many things, says of a function, and what pulumi-aws itself says of a topic.
var existsAlready = regexp.MustCompile(`\b\w*AlreadyExists(Exception|Fault)?\b|\b(ResourceExistsException|BucketAlreadyOwnedByYou|DuplicateTargetGroupName)\b|ResourceConflictException: .*already exist|SNS Topic \(.*\) already exists`)

// missingPlugin is how the engine says that it lacks a provider which a state names. It may not download one.
var missingPlugin = regexp.MustCompile(`no resource plugin 'pulumi-resource-(\S+)' found in the workspace at version v(\S+)`)

// installPlugin says what to do about a provider that is missing, by what missingPlugin has found of it. The program
// uses that of AWS alone. A state may name that of an earlier version of the program, until the next deployment.
func installPlugin(found []string) string {
	name, version := found[1], found[2]
	if name == "aws" {
		return "pulumi plugin install resource aws " + version
	}
	return "the state names this provider, and nothing of this program uses it: find out who wrote that state, and restore an earlier one: pilotlight state list STACK"
}

// bare is the Automation API's text of a failed command without the output: what the
// command said on standard error, or else how it ended.
func bare(text string) string {
	how, output, _ := strings.Cut(text, "\ncode: ")
	if _, said, ok := strings.Cut(output, "\nstderr: "); ok && Plain(said) != "" {
		return Plain(said)
	}
	return how
}

// eventTimeout is how long the next of the rest of the events may take once the command has ended. If it died before it ever
// connected, the stream is never closed. The time in which an event is passed on does not count.
const eventTimeout = time.Second

// listen makes a stream for the engine's events, which passes them on and keeps
// the complaints among them.
func listen(run Run) (stream chan events.EngineEvent, complaints func() []string) {
	stream, done := make(chan events.EngineEvent, 64), make(chan struct{})
	var kept []string
	var turns atomic.Int64 // odd while an event is passed on
	go func() {
		defer close(done)
		for event := range stream {
			turns.Add(1)
			if d := event.DiagnosticEvent; d != nil && d.Severity == "error" {
				if text := Plain(d.Message); text != "" && !slices.Contains(kept, text) {
					kept = append(kept, text)
				}
			}
			if d := event.DiagnosticEvent; d != nil && d.Severity != "error" && d.Severity != "debug" {
				for _, line := range said(Plain(d.Message)) {
					run.say(line)
				}
			}
			if run.Event != nil {
				run.Event(event)
			}
			turns.Add(1)
		}
	}()
	return stream, func() []string {
		for before := turns.Load(); ; {
			select {
			case <-done:
				return kept
			case <-time.After(eventTimeout):
			}
			now := turns.Load()
			if now == before && now%2 == 0 {
				return nil // what comes later is read and dropped
			}
			before = now
		}
	}
}

// said is a diagnostic in lines.
func said(text string) []string {
	if strings.HasPrefix(text, warnsOfPending) {
		return pendingText(text)
	}
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

var (
	colour = regexp.MustCompile(`<\{%[^%]*%\}>`)
	// wrapping is what the engine and the SDK put around a message.
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
