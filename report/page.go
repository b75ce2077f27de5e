package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/when"
)

// Page is a report as a page to look at: what a run did, with what its caller adds. It needs nothing but itself.
type Page struct {
	Run      Report
	Kind     string   // what is reported, such as "Change of role"
	Headline string   // what came of it, in a sentence
	Badge    string   // the same in a word or two
	Tone     Tone     // and as a colour
	Facts    []Fact   // what, where and when
	Figures  []Figure // the numbers to see first
	Problem  string   // why it did not end, as it was said; empty when it did
	Compare  []Bar    // times to be seen beside each other
	Data     []Fact   // what is lost or may be, of each kind
	Next     []string // what to do now
}

// Tone is how bad it is.
type Tone string

// The tones.
const (
	Good Tone = "good"
	Warn Tone = "warn"
	Bad  Tone = "bad"
	Open Tone = "open" // not known yet
)

// Fact is a term and what there is to say of it.
type Fact struct{ Term, Text string }

// Figure is a number that matters.
type Figure struct {
	Label, Value, Note string
	Tone               Tone // empty for one that is neither good nor bad
}

// Bar is a time, to be drawn beside others.
type Bar struct {
	Label   string
	Seconds float64
	Note    string
	Own     bool // it is the run's own
}

// Page is the report as a page.
func (r *Report) Page() Page {
	p := Page{Run: *r, Kind: "Change of role", Headline: r.headline(), Badge: string(r.Outcome), Tone: tones[r.Outcome], Next: r.Next}
	p.Facts = []Fact{
		{"Action", r.Title()}, {"Stack", r.Stack}, {"Region", r.Region}, {"Epoch", strconv.Itoa(r.Epoch)}, {"Begun", when.Date(r.StartedAt)},
	}
	if r.Goal != "" {
		p.Kind = "Drill"
	}
	for _, note := range r.Notes {
		p.Facts = append(p.Facts, Fact{"Note", note})
	}
	p.Figures, p.Data = r.figures(), r.data()
	return p
}

var tones = map[Outcome]Tone{Done: Good, Refused: Warn, Failed: Bad, Unfinished: Open}

func (r *Report) data() (all []Fact) {
	if v := r.Verdict; v != nil && v.Loss != "" {
		all = append(all, Fact{"Writes", v.Loss})
	}
	if v := r.Verdict; v != nil && v.Media != "" {
		all = append(all, Fact{"Media", v.Media})
	}
	if r.Media != nil {
		all = append(all, Fact{"Media", r.Media.String()})
	}
	return all
}

func (r *Report) headline() string {
	moved := ""
	if _, ok := r.Reached[Switched]; ok {
		moved = fmt.Sprintf("%s points to %s", r.Site, r.Region)
	}
	switch failed := r.failed(); {
	case r.Outcome == Refused:
		return "The checks refuse it: nothing was changed"
	case r.Outcome == Failed && moved != "":
		return moved + ", but a step failed"
	case r.Outcome == Failed && len(failed) == 1:
		return "A step failed: " + failed[0]
	case r.Outcome == Failed:
		return fmt.Sprintf("%d steps failed", len(failed))
	case r.Outcome == Unfinished && moved != "":
		return moved + ", but not all is done"
	case r.Outcome == Unfinished:
		return "Not finished: it still runs, or was stopped"
	case moved != "":
		return moved
	case !r.Reached[r.Goal].IsZero():
		return fmt.Sprintf("A copy of %s was %s in %s", r.Site, r.Goal, r.Region)
	}
	for _, side := range r.Sides {
		if side.Stack == r.Stack {
			return fmt.Sprintf("Stack %s is now %s", r.Stack, side.After.Role)
		}
	}
	return "Done"
}

// failed are the names of the steps that failed.
func (r *Report) failed() (names []string) {
	for _, s := range r.Steps {
		if s.Err != "" {
			names = append(names, s.Name)
		}
	}
	return names
}

func (r *Report) figures() (all []Figure) {
	if r.TimeToRecover > 0 {
		all = append(all, Figure{
			Label: "Time to recover", Value: when.Minutes(when.Seconds(r.TimeToRecover)), Tone: Good,
			Note: fmt.Sprintf("%.0f s until DNS was switched", r.TimeToRecover),
		})
		if s, share := r.slowest(); share > 0 {
			all = append(all, Figure{Label: "Longest step", Value: when.Minutes(s.End.Sub(s.Begin)), Note: fmt.Sprintf("%s: %.0f %% of that time", s.Name, share*100)})
		}
	}
	if v := r.Verdict; v != nil && v.Loss != "" && v.LastGood != nil {
		all = append(all, Figure{Label: "Last good lag", Value: v.LastGood.Value.String(), Note: "of the replica, measured at " + when.Clock(v.LastGood.At)})
	}
	if v := r.Verdict; v != nil && len(v.Findings) > 0 {
		all = append(all, checked(v.Findings))
	}
	if failed := r.failed(); len(failed) > 0 {
		all = append(all, Figure{Label: "Failed steps", Value: strconv.Itoa(len(failed)), Note: strings.Join(failed, ", "), Tone: Bad})
	}
	if r.Outcome == Done && r.TimeToRecover == 0 {
		all = append(all, Figure{Label: "Took", Value: when.Minutes(r.whole()), Note: "from the beginning to the end of the last step"})
	}
	return all
}

// slowest is the step that took most of the longest path, and its share of the time to recover.
func (r *Report) slowest() (slowest Step, share float64) {
	for _, s := range r.Steps {
		if s.OnLongestPath && s.End.Sub(s.Begin) > slowest.End.Sub(slowest.Begin) {
			slowest = s
		}
	}
	return slowest, slowest.End.Sub(slowest.Begin).Seconds() / r.TimeToRecover
}

func checked(findings []checks.Finding) Figure {
	count := map[checks.Ruling]int{}
	for _, f := range findings {
		count[f.Ruling]++
	}
	figure := Figure{Label: "Checks passed", Value: fmt.Sprintf("%d of %d", count[checks.Passed], len(findings)), Note: "before anything was changed", Tone: Good}
	if n := count[checks.Overruled]; n > 0 {
		figure.Tone, figure.Note = Warn, fmt.Sprintf("%d overruled", n)
	}
	if n := count[checks.Blocks]; n > 0 {
		figure.Tone, figure.Note = Bad, fmt.Sprintf("%d refused it", n)
	}
	return figure
}

//go:embed page.html.tmpl
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"accepted": accepted, "bars": bars, "chart": layOut, "clock": when.Clock, "date": when.Date, "minutes": when.Minutes, "reached": reached, "scenes": scenes, "title": title,
	"tone": func(r checks.Ruling) Tone {
		return map[checks.Ruling]Tone{checks.Passed: Good, checks.Overruled: Warn, checks.Blocks: Bad}[r]
	},
}).Parse(pageText))

// HTML is the page as a file.
func (p Page) HTML() ([]byte, error) {
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, p)
	return []byte(Escape(b.String())), err
}

func title(p Page) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s: %s", p.Run.Site, p.Run.StartedAt.UTC().Format(time.DateOnly), p.Badge))
}

type milestone struct {
	Name  Milestone
	Since time.Duration // the beginning
	At    time.Time
}

func reached(r Report) (all []milestone) {
	for _, name := range Milestones() {
		if at, ok := r.Reached[name]; ok {
			all = append(all, milestone{name, at.Sub(r.StartedAt), at})
		}
	}
	return all
}

// scene is both sides at one moment.
type scene struct {
	Title  string
	Sides  []placed
	Copies string // which way the database is copied: right, left, or empty
}

type placed struct {
	Standing
	Name, Region, Says string
}

// scenes are the sides before and after, or once if nothing changed.
func scenes(r Report) []scene {
	before, after := scene{Title: "Before"}, scene{Title: "After"}
	if r.Outcome != Done {
		after.Title = "As far as the run got"
	}
	changed := false
	for _, side := range r.Sides {
		changed = changed || side.Before != side.After
		before.Sides = append(before.Sides, place(side, side.Before))
		after.Sides = append(after.Sides, place(side, side.After))
	}
	before.Copies, after.Copies = copies(before.Sides), copies(after.Sides)
	switch {
	case len(r.Sides) == 0:
		return nil
	case !changed:
		before.Title = "Before and after"
		return []scene{before}
	}
	return []scene{before, after}
}

// means says what a role means.
var means = map[string]string{
	"active":    "The database takes writes, the application runs. DNS points here.",
	"frozen":    "Visitors see a maintenance page, and the database is to take no writes. DNS points here.",
	"standby":   "A replica follows the active side, and the application waits to be made.",
	"overtaken": "The other side holds a later claim: this stack refuses to act, and its instances stop serving.",
	"":          "Nothing is there.",
}

func place(side Side, s Standing) placed {
	says := means[s.Role]
	switch {
	case s.Role == "active" && !s.HoldsName:
		says = "It claims the site, and does not serve it yet."
	case s.Role == "overtaken" && s.HoldsName:
		says += " DNS still points here."
	}
	return placed{Standing: s, Name: side.name(), Region: side.Region, Says: says}
}

func copies(sides []placed) string {
	if len(sides) != 2 {
		return ""
	}
	leads := func(p placed) bool { return p.Role == "active" || p.Role == "frozen" }
	switch left, right := sides[0], sides[1]; {
	case leads(left) && right.Role == "standby":
		return "right"
	case leads(right) && left.Role == "standby":
		return "left"
	}
	return ""
}

// risk is one that was accepted, and what that took away.
type risk struct {
	Key     string
	Reasons []string
}

func accepted(r Report) (all []risk) {
	for _, key := range r.Accepted {
		a := risk{Key: key}
		if r.Verdict != nil {
			for _, b := range r.Verdict.Overruled {
				if checks.Covers(key, b) {
					a.Reasons = append(a.Reasons, b.Reason)
				}
			}
		}
		all = append(all, a)
	}
	return all
}
