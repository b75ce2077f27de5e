package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/when"
)

// MinLoggedStep is how long a step must take to be in the text, or in a log; the JSON has all.
const MinLoggedStep = 10 * time.Second

// barWidth is the width of the whole timeline in the text.
const barWidth = 40

// String is the report for people.
func (r *Report) String() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("%s: %s of stack %s in %s, epoch %d, begun at %s: %s", r.Site, r.Title(), r.Stack, r.Region, r.Epoch, when.Date(r.StartedAt), r.Outcome)
	say("")
	r.WriteTimeline(&b)
	say("")
	if r.TimeToRecover > 0 {
		until := "to recover"
		if r.Epoch <= 1 { // nothing was lost
			until = "until visitors arrive"
		}
		say("time        %s (%.0f s) %s: %s", when.Minutes(when.Seconds(r.TimeToRecover)), r.TimeToRecover, until, r.milestones())
	}
	if at, ok := r.Reached[r.Goal]; ok {
		say("time        %s (%.0f s) until it was %s", when.Minutes(at.Sub(r.StartedAt)), at.Sub(r.StartedAt).Seconds(), r.Goal)
	}
	for _, note := range r.Notes {
		say("note        %s", note)
	}
	if len(r.Sides) > 0 {
		say("sides       %s", sidesText(r.Sides))
	}
	if v := r.Verdict; v != nil {
		for _, blocker := range v.Blockers {
			say("refused     %s", blocker)
		}
		for _, blocker := range v.Overruled {
			say("accepted    %s", blocker.Reason)
		}
		for _, finding := range v.Findings {
			if finding.Ruling == checks.Passed {
				say("passed      %s", finding.Reason)
			}
		}
		if len(v.Blockers) == 0 && v.Loss != "" {
			say("data        %s", v.Loss)
		}
		if v.Media != "" {
			say("media       %s", v.Media)
		}
	}
	if r.Media != nil {
		say("media       %s", r.Media)
	}
	for _, next := range r.Next {
		say("next        %s", next)
	}
	return Escape(b.String())
}

// milestones are those that were reached, each with its time since the beginning.
func (r *Report) milestones() string {
	var reached []string
	for _, milestone := range Milestones() {
		if at, ok := r.Reached[milestone]; ok {
			reached = append(reached, fmt.Sprintf("%s %s", milestone, when.Minutes(at.Sub(r.StartedAt))))
		}
	}
	return strings.Join(reached, ", ")
}

// WriteTimeline draws the steps that took long, were on the longest path, or failed.
func (r *Report) WriteTimeline(b io.Writer) {
	whole := r.whole()
	quick := 0
	for _, s := range r.Steps {
		if s.quick() {
			quick++
		}
	}
	if quick == len(r.Steps) {
		fmt.Fprintf(b, "No step took %.0f s.\n", MinLoggedStep.Seconds())
		return
	}
	fmt.Fprintf(b, "    begin   took  \n")
	for _, s := range r.Steps {
		if s.quick() {
			continue
		}
		begin, took := s.Begin.Sub(r.StartedAt), max(0, s.End.Sub(s.Begin))
		mark, length := " ", when.Minutes(took)
		if s.OnLongestPath {
			mark = "*"
		}
		if s.End.IsZero() {
			length, took = "?", whole-begin
		}
		at, wide := int(float64(begin)/float64(whole)*barWidth), max(1, int(float64(took)/float64(whole)*barWidth+0.5))
		bar := strings.Repeat(" ", min(at, barWidth-1)) + strings.Repeat("=", min(wide, barWidth-min(at, barWidth-1)))
		fmt.Fprintf(b, "%s  %6s %6s  %-*s  %s\n", mark, when.Minutes(begin), length, barWidth, bar, s.Name)
		if s.Err != "" {
			fmt.Fprintf(b, "                  %s\n", strings.ReplaceAll(strings.TrimSpace(s.Err), "\n", "\n                  "))
		}
	}
	fmt.Fprint(b, "*  on the longest path")
	switch {
	case quick == 1:
		fmt.Fprintf(b, "; 1 more step took less than %.0f s", MinLoggedStep.Seconds())
	case quick > 1:
		fmt.Fprintf(b, "; %d more steps took less than %.0f s each", quick, MinLoggedStep.Seconds())
	}
	fmt.Fprintln(b)
}

// quick reports that a step is not worth a line.
func (s Step) quick() bool {
	return !s.End.IsZero() && s.End.Sub(s.Begin) < MinLoggedStep && s.Err == "" && !s.OnLongestPath
}

// whole is how long the timeline is: until the last that was seen.
func (r *Report) whole() time.Duration {
	whole := time.Second
	for _, s := range r.Steps {
		whole = max(whole, s.Begin.Sub(r.StartedAt), s.End.Sub(r.StartedAt))
	}
	return whole
}
