package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/when"
)

// view is what somebody at a terminal is shown of an operation: the change that goes
// on, what it works on and waits for, and how it got there. What is over leaves the
// view as a line of the log above it. Its clocks are those of the person who looks on: a
// simulated AWS has other times.
type view struct {
	began   time.Time // the command
	colours bool

	change  string // that goes on; empty before the first
	steps   []tracked
	reached []string // milestones, with their times
}

// tracked is a step of the change that goes on.
type tracked struct {
	report.Step
	heard, ended time.Time // when it was heard of that it began and ended
	seen         string    // the last that was said of what it waits for
}

func (w tracked) running() bool { return w.ended.IsZero() }

// took is how long the step takes, or took.
func (w tracked) took(now time.Time) string {
	if !w.running() {
		now = w.ended
	}
	return when.Minutes(now.Sub(w.heard))
}

// update takes in something that an ops.Run is told. What it returns goes into the log.
func (v *view) update(now time.Time, event any) (log []string) {
	switch event := event.(type) {
	case ops.Change:
		v.change, v.steps, v.reached = oneLine(event.String()), nil, nil
		log = append(log, v.change)
	case report.Step:
		log = v.observe(now, event)
	case report.Report:
		for _, step := range event.Steps {
			log = append(log, v.observe(now, step)...)
		}
	case ops.Progress:
		log = v.progress(event)
	case string:
		log = []string{oneLine(event)}
	case events.EngineEvent:
		log = v.complain(now, event)
	}
	for i, line := range log {
		log[i] = fmt.Sprintf("%6s  %s", when.Minutes(now.Sub(v.began)), line)
	}
	return log
}

// observe takes in that a step began, or ended. It may hear of either more than once.
func (v *view) observe(now time.Time, step report.Step) (log []string) {
	step.Name = oneLine(step.Name)
	at := slices.IndexFunc(v.steps, func(w tracked) bool { return w.Name == step.Name && w.Begin.Equal(step.Begin) })
	if at < 0 && !step.End.IsZero() { // of a run that this one resumes
		v.steps = append(v.steps, tracked{Step: step, heard: now.Add(step.Begin.Sub(step.End)), ended: now})
		if step.Err == "" && step.Milestone != "" {
			v.reached = append(v.reached, oneLine(string(step.Milestone))+" before") // from a file
		}
		return nil
	}
	if at < 0 {
		at = len(v.steps)
		v.steps = append(v.steps, tracked{heard: now})
	}
	w := &v.steps[at]
	if !w.running() {
		return nil
	}
	step.Awaits = cmp.Or(step.Awaits, w.Awaits)
	w.Step = step
	if !step.End.IsZero() {
		w.ended = now
		return v.end(now, *w)
	}
	return nil
}

func (v *view) end(now time.Time, w tracked) (log []string) {
	switch {
	case w.Err != "":
		return []string{v.paint(red, fmt.Sprintf("%s: failed after %s: %s", w.Name, w.took(now), oneLine(w.Err)))}
	case w.Milestone != "":
		v.reached = append(v.reached, fmt.Sprintf("%s %s", w.Milestone, when.Minutes(now.Sub(v.began))))
		line := v.paint(green, fmt.Sprintf("%s: done in %s, the site is %s", w.Name, w.took(now), w.Milestone))
		if w.seen != "" && w.seen != string(w.Milestone) {
			line += ": " + w.seen
		}
		return []string{line}
	case w.End.Sub(w.Begin) >= report.MinLoggedStep:
		return []string{fmt.Sprintf("%s: done in %s", w.Name, w.took(now))}
	}
	return nil
}

// progress takes in what was seen of something that is waited for. It is shown with the step
// that waits for it, while that runs, and else is part of the log.
func (v *view) progress(p ops.Progress) (log []string) {
	for i, w := range slices.Backward(v.steps) {
		if w.Awaits == p.Awaits && w.running() {
			v.steps[i].seen = oneLine(p.Seen)
			return nil
		}
	}
	return []string{oneLine(p.String())}
}

// complain takes in that the engine could not make a resource. A step of which only
// the engine knows that it failed ends by that.
func (v *view) complain(now time.Time, event events.EngineEvent) (log []string) {
	d := event.DiagnosticEvent
	if d == nil || d.Severity != "error" || d.URN == "" {
		return nil
	}
	for i, w := range v.steps {
		if w.running() && w.URN == d.URN {
			v.steps[i].ended, v.steps[i].Err = now, ops.Plain(d.Message)
			return v.end(now, v.steps[i])
		}
	}
	return nil
}

// leave is the log of what still went on when the operation ended.
func (v *view) leave(now time.Time) (log []string) {
	for _, w := range v.steps {
		if w.running() {
			line := fmt.Sprintf("%6s  %s: not done after %s", when.Minutes(now.Sub(v.began)), w.Name, w.took(now))
			if w.seen != "" {
				line += ", last seen: " + w.seen
			}
			log = append(log, line)
		}
	}
	return log
}

const (
	margin = 8  // of what is below the title
	ofLog  = 3  // lines of the log that stay in sight
	roomy  = 16 // lines of a terminal that has some for looks
	few    = 3  // lines of what was last seen, and of the longest path
)

// render draws the view for a terminal of some size, in lines that fit its width and
// leave lines of the log and the cursor's in sight. There are none before the first change.
func (v *view) render(width, height int, now time.Time) (lines []string) {
	if v.change == "" {
		return nil
	}
	width = max(1, width-1) // the last column wraps on some terminals
	ofPath := 1
	if height >= roomy {
		ofPath = few
		lines = append(lines, v.paint(dim, strings.Repeat("─", min(width, 60))))
	}
	lines = append(lines, v.paint(bold, fmt.Sprintf("%6s  %s", when.Minutes(now.Sub(v.began)), v.change)))
	room := max(2, height-1-ofLog) - len(lines)
	var below []string
	if len(v.reached) > 0 && room > 2 {
		lines = append(lines, strings.Repeat(" ", margin)+v.paint(green, strings.Join(v.reached, ", ")))
		room--
	}
	if room > 2 {
		for _, line := range v.path(width-margin, ofPath, now) {
			below = append(below, strings.Repeat(" ", margin)+v.paint(dim, line))
			room--
		}
	}
	lines = append(append(lines, v.rows(width, room, now)...), below...)
	for i := range lines {
		lines[i] = ansi.Truncate(lines[i], width, "…")
	}
	return lines
}

// rows are the steps that go on, those first that tell what they wait for.
func (v *view) rows(width, room int, now time.Time) (rows []string) {
	var running []tracked
	for _, w := range v.steps {
		if w.running() {
			running = append(running, w)
		}
	}
	slices.SortStableFunc(running, func(a, b tracked) int {
		switch {
		case (a.Awaits != "") == (b.Awaits != ""):
			return 0
		case a.Awaits != "":
			return -1
		}
		return 1
	})
	for i, w := range running {
		row := v.row(w, width, now)
		left := len(running) - i - 1
		if space := room - len(rows) - min(1, left); len(row) > space {
			row = row[:max(0, space)]
		}
		if len(row) == 0 || left > 0 && len(rows)+len(row) >= room {
			return append(rows, fmt.Sprintf("%*s… and %d more", margin, "", left+1))
		}
		rows = append(rows, row...)
	}
	return rows
}

// row is a step that goes on, and what was last seen: beside it where that fits.
func (v *view) row(w tracked, width int, now time.Time) []string {
	head := fmt.Sprintf("%s %5s  %s", v.paint(cyan, "  >"), w.took(now), w.Name)
	if w.seen == "" {
		return []string{head}
	}
	if beside := head + ": " + w.seen; ansi.StringWidth(beside) <= width {
		return []string{beside}
	}
	const indent = margin + 5
	row := []string{head}
	for line := range strings.Lines(ansi.Wrap(w.seen, max(10, width-indent), "")) {
		row = append(row, strings.Repeat(" ", indent)+strings.TrimRight(line, "\n"))
	}
	return row[:min(len(row), 1+few)]
}

// path is the longest path so far: to the switch, or before that to the step that
// goes on and leads to a milestone, else to the one that goes on for longest. Where
// it does not fit into some lines, its beginning is left out.
func (v *view) path(width, lines int, now time.Time) []string {
	steps := make([]report.Step, len(v.steps))
	at, best := -1, 0
	for i, w := range v.steps {
		steps[i] = w.Step
		rank := 1 // of a step that has ended: the last
		switch {
		case w.Err != "":
			continue
		case w.Milestone == report.Switched && !w.running():
			rank = 4
		case w.running() && w.Milestone != "":
			rank = 3
		case w.running():
			rank = 2
		}
		if rank > best || rank == 1 && best == 1 {
			at, best = i, rank
		}
	}
	var drawn []string
	text := ""
	for n, i := range slices.Backward(report.Path(steps, at)) {
		text = v.steps[i].took(now) + " " + v.steps[i].Name + text
		all := "longest path so far: " + text
		if n > 0 {
			text = " → " + text
			all = "longest path so far: …" + text
		}
		wrapped := strings.Split(ansi.Wordwrap(all, width, ""), "\n")
		if drawn != nil && len(wrapped) > lines {
			break
		}
		drawn = wrapped[:min(lines, len(wrapped))]
	}
	return drawn
}

// A style is a parameter of SGR. Few are used, and each means something.
type style int

const (
	bold  style = 1 // what was asked for
	dim   style = 2 // what may be left unread
	red   style = 31
	green style = 32 // done
	cyan  style = 36 // goes on
)

func (v *view) paint(s style, text string) string {
	if !v.colours {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[m", s, text)
}

// oneLine keeps what others said from moving the cursor.
func oneLine(text string) string {
	return report.Escape(strings.Join(strings.FieldsFunc(ansi.Strip(text), func(r rune) bool { return unicode.IsControl(r) || r == ' ' }), " "))
}
