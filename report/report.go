// Package report records a change of role while it happens, as JSON, text and a page.
package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pilotlight-dr/pilotlight/checks"
)

// Kind is what a step does, stable, for machines.
type Kind string

// The kinds of steps.
const (
	CheckStep    Kind = "check"    // the checks, before anything is changed
	ResourceStep Kind = "resource" // the engine creates or updates a resource
	FreezeStep   Kind = "freeze"   // until the site takes no writes
	CatchUpStep  Kind = "catchUp"  // until the replica has every write
	PromoteStep  Kind = "promote"  // the promotion is asked for, or waited for
	InstanceStep Kind = "instance" // until enough instances are in service
	VerifyStep   Kind = "verify"   // the site is asked in depth
	VisitorStep  Kind = "visitor"  // until visitors arrive
	ZoneStep     Kind = "zone"     // until the database may get its second zone
	MediaStep    Kind = "media"    // the media of both sides are compared
	CleanUpStep  Kind = "cleanUp"  // a drill's copy ends
)

// Step is a piece of work that took time.
type Step struct {
	Kind  Kind      `json:"kind"`
	Type  string    `json:"type,omitempty"` // of the resource, as Pulumi names it; empty for other kinds
	URN   string    `json:"-"`              // of the resource; empty for other kinds
	Name  string    `json:"name"`           // for people, such as "wait for the promotion of blog-dr-1"
	Begin time.Time `json:"begin"`
	// End is zero while the step runs, and for good when the run was killed
	// meanwhile, or something failed that only the engine reports.
	End           time.Time `json:"end,omitzero"`
	Err           string    `json:"err,omitempty"`           // why it failed
	OnLongestPath bool      `json:"onLongestPath,omitempty"` // it is on the longest path
	// Milestone is the milestone that its end is; empty for most.
	Milestone Milestone `json:"milestone,omitempty"`
	// Awaits is what it waits for, as progress names it.
	Awaits string `json:"-"`
	// Verdict is what they found; nil while they go on, and when they could not be made.
	Verdict *checks.Verdict `json:"-"`
	// Media is what a comparison of the media found; nil for other steps.
	Media *MediaComparison `json:"-"`
}

// Milestone is a point on the way to recovery.
type Milestone string

// The milestones, in their order.
const (
	Claimed  Milestone = "claimed"  // the stack holds the site's claim
	Promoted Milestone = "promoted" // the database is writable
	Healthy  Milestone = "healthy"  // the site works behind its balancer
	Switched Milestone = "switched" // DNS was pointed here
	Verified Milestone = "verified" // under its own name the site answers from here
)

// Milestones lists them in their order.
func Milestones() []Milestone { return []Milestone{Claimed, Promoted, Healthy, Switched, Verified} }

// Outcome is what became of a run.
type Outcome string

// The outcomes. Unfinished is that of a run which is under way, or was killed, or
// failed in a way that only the engine reports.
const (
	Unfinished Outcome = "unfinished"
	Done       Outcome = "done"
	Refused    Outcome = "refused" // by the checks; nothing was changed
	Failed     Outcome = "failed"  // a step failed; the same command resumes
)

// Report is what one run did about a change of role, as far as it got.
type Report struct {
	Site   string `json:"site"` // its own name
	Stack  string `json:"stack"`
	Region string `json:"region"`
	// Action is what the run was for, such as "activate".
	Action string `json:"action"`
	// Generation is the former database that it readied for its deletion; 0 for other actions.
	Generation int `json:"generation,omitempty"`
	// Resumed reports that it resumed an activation that was stopped.
	Resumed bool `json:"resumed,omitempty"`
	Epoch   int  `json:"epoch"` // of the claim that it made, or resumed
	// Goal is the milestone that a drill is for, which moves no name; empty is Switched.
	Goal Milestone `json:"goal,omitempty"`
	// Notes are what has to be known of the run to read its report right.
	Notes []string `json:"notes,omitempty"`

	// Sides are both sides of the site, first the one that had its name.
	Sides []Side `json:"sides,omitempty"`

	StartedAt time.Time `json:"startedAt"` // when the change of role was declared
	Outcome   Outcome   `json:"outcome"`
	Steps     []Step    `json:"steps"` // in the order in which they began

	// Verdict is what the checks found; nil when none had to be made.
	Verdict *checks.Verdict `json:"verdict,omitempty"`
	// Media is what the other side lacks, of a side that was active; nil when that was not compared.
	Media *MediaComparison `json:"media,omitempty"`
	// Accepted are the risks that were accepted for this epoch.
	Accepted []string `json:"accepted,omitempty"`

	// Reached says when each milestone was.
	Reached map[Milestone]time.Time `json:"reached"`
	// TimeToRecover is from the beginning to the milestone Switched, in seconds; 0 before.
	TimeToRecover float64 `json:"timeToRecoverSeconds"`
	// Next is what to do now.
	Next []string `json:"next"`
}

// Title is what the run was for, in words.
func (r *Report) Title() string {
	switch {
	case r.Generation != 0:
		return fmt.Sprintf("%s generation %d", r.Action, r.Generation)
	case r.Resumed:
		return r.Action + " (resumed)"
	}
	return r.Action
}

// Recorder writes down what happens in a run, while it happens.
type Recorder struct {
	sink func(Report)

	mu     sync.Mutex
	report Report
	advice NextSteps
	sides  []Side // as they are once the run is done
}

// Resume is a report of a run that resumes one which came to a halt: it continues
// from what that one had told.
func (r Report) Resume(halted Report) Report {
	r.StartedAt, r.Verdict, r.Media, r.TimeToRecover = halted.StartedAt, halted.Verdict, halted.Media, halted.TimeToRecover
	r.Reached, r.Steps = maps.Clone(halted.Reached), slices.Clone(halted.Steps)
	last := halted.StartedAt.Add(halted.whole())
	for i, step := range r.Steps {
		if step.End.IsZero() {
			r.Steps[i].End, r.Steps[i].Err = last, "the run came to a halt"
		}
	}
	return r
}

// NextSteps is what to do next.
type NextSteps struct {
	Unfinished []string // while the run is not done
	Refused    []string // when the checks refuse it
	Done       []string
}

// NewRecorder begins a report. sink is given the whole of it at every change. The
// sides of head are as they will be once the run is done.
func NewRecorder(head Report, advice NextSteps, sink func(Report)) *Recorder {
	r := &Recorder{sink: sink, advice: advice, sides: head.Sides}
	head.StartedAt, head.Outcome, head.Next, head.Sides = head.StartedAt.UTC(), Unfinished, advice.Unfinished, slices.Clone(head.Sides)
	if head.Reached == nil {
		head.Reached = map[Milestone]time.Time{}
	}
	for i := range head.Sides {
		head.Sides[i].After = head.Sides[i].Before
	}
	r.report = head
	r.tell()
	return r
}

// Observe writes down that a step began, or that it ended.
func (r *Recorder) Observe(step Step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	step.Begin, step.End = step.Begin.UTC(), step.End.UTC()
	stored := step
	stored.Awaits, stored.Verdict, stored.Media = "", nil, nil // the report has them elsewhere
	r.report.Steps = withStep(r.report.Steps, stored)
	if !step.End.IsZero() {
		r.end(step)
	}
	r.tell()
}

func (r *Recorder) end(step Step) {
	if step.Media != nil {
		r.report.Media = step.Media
	}
	if step.Verdict != nil {
		r.report.Verdict = step.Verdict
		if len(step.Verdict.Blockers) > 0 {
			r.report.Outcome, r.report.Next = Refused, r.advice.Refused
		}
	}
	switch {
	case step.Err != "":
		r.report.Outcome = Failed
	case step.Milestone != "":
		r.report.Reached[step.Milestone] = step.End
		r.move(step.Milestone)
		if step.Milestone == Switched {
			r.report.TimeToRecover = step.End.Sub(r.report.StartedAt).Seconds()
		}
		if goal := cmp.Or(r.report.Goal, Switched); step.Milestone == goal {
			markLongest(r.report.Steps, goal)
		}
	}
}

// move puts the sides where a milestone brings them: the claim gives the roles,
// the switch the name.
func (r *Recorder) move(reached Milestone) {
	for i, side := range r.sides {
		now := &r.report.Sides[i].After
		if reached == Claimed {
			now.Role = side.After.Role
		}
		if reached == Switched {
			now.HoldsName = side.After.HoldsName
		}
	}
}

// Done reports that nothing is left to do.
func (r *Recorder) Done() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Outcome, r.report.Next, r.report.Sides = Done, r.advice.Done, slices.Clone(r.sides)
	r.tell()
}

func (r *Recorder) tell() {
	told := r.report
	told.Steps, told.Next, told.Sides = append([]Step{}, told.Steps...), append([]string{}, told.Next...), slices.Clone(told.Sides)
	told.Reached = map[Milestone]time.Time{}
	for milestone, at := range r.report.Reached {
		told.Reached[milestone] = at
	}
	r.sink(told)
}

// withStep adds a step that begins, or ends the one that began by its name.
func withStep(steps []Step, step Step) []Step {
	for i := range slices.Backward(steps) {
		if steps[i].Name == step.Name && steps[i].End.IsZero() {
			step.Begin = steps[i].Begin
			steps[i] = step
			return steps
		}
	}
	if !step.End.IsZero() && step.Begin.IsZero() {
		return steps // it ended without having begun: there was nothing to do
	}
	return append(steps, step)
}

// gap is how much later than the end of a step the next on a path may begin: the
// engine takes a moment to go on.
const gap = 500 * time.Millisecond

// markLongest marks the path to a milestone.
func markLongest(steps []Step, goal Milestone) {
	at := slices.IndexFunc(steps, func(s Step) bool { return s.Milestone == goal && s.Err == "" && !s.End.IsZero() })
	for _, i := range Path(steps, at) {
		steps[i].OnLongestPath = true
	}
}

// Path is the chain of steps that leads to the one at an index, in their order: each
// began when the one before it ended. Of an index below 0 there is none.
func Path(steps []Step, at int) (path []int) {
	for at >= 0 {
		path = append(path, at)
		before := -1
		for i, s := range steps {
			ends := !s.End.IsZero() && s.End.After(s.Begin) && !s.End.After(steps[at].Begin.Add(gap))
			if ends && !slices.Contains(path, i) && (before < 0 || s.End.After(steps[before].End)) {
				before = i
			}
		}
		at = before
	}
	slices.Reverse(path)
	return path
}
