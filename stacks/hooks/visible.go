package hooks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/report"
)

// EscapeLogs has the engine show what a program logs as report.Escape writes it: AWS's
// own words are part of it, and the engine passes them on to a terminal as they are.
func EscapeLogs(ctx *pulumi.Context) { ctx.Log = escapedLog{ctx.Log} }

type escapedLog struct{ to pulumi.Log }

// Debug is of pulumi.Log.
func (l escapedLog) Debug(text string, args *pulumi.LogArgs) error {
	return l.to.Debug(report.Escape(text), args)
}

// Info is of pulumi.Log.
func (l escapedLog) Info(text string, args *pulumi.LogArgs) error {
	return l.to.Info(report.Escape(text), args)
}

// Warn is of pulumi.Log.
func (l escapedLog) Warn(text string, args *pulumi.LogArgs) error {
	return l.to.Warn(report.Escape(text), args)
}

// Error is of pulumi.Log.
func (l escapedLog) Error(text string, args *pulumi.LogArgs) error {
	return l.to.Error(report.Escape(text), args)
}

// escapedError is an error of a hook, which the engine shows.
type escapedError struct{ err error }

// Error is what the engine shows.
func (e *escapedError) Error() string { return report.Escape(e.err.Error()) }

// Unwrap is the error itself.
func (e *escapedError) Unwrap() error { return e.err }
