package hooks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/failover"
)

// ShowVisible has the engine show what a program logs as failover.Visible shows it: AWS's
// own words are part of it, and the engine passes them on to a terminal as they are.
func ShowVisible(ctx *pulumi.Context) { ctx.Log = visibleLog{ctx.Log} }

type visibleLog struct{ to pulumi.Log }

// Debug is of pulumi.Log.
func (l visibleLog) Debug(text string, args *pulumi.LogArgs) error {
	return l.to.Debug(failover.Visible(text), args)
}

// Info is of pulumi.Log.
func (l visibleLog) Info(text string, args *pulumi.LogArgs) error {
	return l.to.Info(failover.Visible(text), args)
}

// Warn is of pulumi.Log.
func (l visibleLog) Warn(text string, args *pulumi.LogArgs) error {
	return l.to.Warn(failover.Visible(text), args)
}

// Error is of pulumi.Log.
func (l visibleLog) Error(text string, args *pulumi.LogArgs) error {
	return l.to.Error(failover.Visible(text), args)
}

// visibleError is an error of a hook, which the engine shows.
type visibleError struct{ err error }

// Error is what the engine shows.
func (e *visibleError) Error() string { return failover.Visible(e.err.Error()) }

// Unwrap is the error itself.
func (e *visibleError) Unwrap() error { return e.err }
