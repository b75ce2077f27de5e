package ops

import (
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"

	"github.com/pilotlight-dr/pilotlight/report"
)

// Run is how to follow one operation. Its functions are called one
// at a time, and none after the operation has returned.
type Run struct {
	// Confirm is asked once before the first update of a procedure, and told where the site
	// stands and what would be done; its error stops that, and nothing was changed. Nil is consent.
	Confirm func(Status, []Change) error
	// Begin, if set, is called before each update of a procedure.
	Begin func(Change)
	// Step, if set, is called at the start and end of each step of a change of role.
	Step func(report.Step)
	// Report, if set, is called with the report of a change of role whenever it changes.
	Report func(report.Report)
	// Progress, if set, is called with what is waited for and what was last seen of it; nil
	// has Say called with both in a line.
	Progress func(Progress)
	// Say, if set, is called with what else there is to say, a line each.
	Say func(line string)
	// Media, if set, is called as media are compared, copied or restored.
	Media func(MediaProgress)
	// Event, if set, is called with the engine's events.
	Event func(events.EngineEvent)
	// ConfigFile is used in place of Pulumi.<stack>.yaml; empty uses that. A
	// preview of another role takes a copy, so that the role is not saved.
	ConfigFile string
	// replace is what an update replaces, although nothing of it has changed.
	replace seen
	// unmade is what AWS failed to make: an update makes another, and deletes it.
	unmade seen
	// tearsDown reports that the update makes a stack ready for its end.
	tearsDown bool
}

// say tells what else there is to say.
func (r Run) say(line string) {
	if r.Say != nil {
		r.Say(line)
	}
}

// progress tells what is waited for.
func (r Run) progress(p Progress) {
	if r.Progress != nil {
		r.Progress(p)
	} else {
		r.say(report.Escape(p.String()))
	}
}

// With is the run, which also tells all to another. Who confirms and with what file stays as it is.
func (r Run) With(also Run) Run {
	with := r
	with.Begin = both(r.Begin, also.Begin)
	with.Step = both(r.Step, also.Step)
	with.Report = both(r.Report, also.Report)
	with.Progress = both(r.progress, also.progress)
	with.Say = both(r.Say, also.Say)
	with.Media = both(r.Media, also.Media)
	with.Event = both(r.Event, also.Event)
	return with
}

// both calls two, of which either may be nil.
func both[T any](a, b func(T)) func(T) {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return func(what T) {
		a(what)
		b(what)
	}
}

// Progress is what was last seen of something that is waited for.
type Progress struct{ Awaits, Seen string }

// String is both in a line.
func (p Progress) String() string { return p.Awaits + ": " + p.Seen }
