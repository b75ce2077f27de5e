package report

import (
	"math"
	"time"

	"github.com/pilotlight-dr/pilotlight/when"
)

// chart is the timeline as the page draws it. Places are in percent of its width.
type chart struct {
	Rows     []row
	Quick    []row // that took too little time to be drawn beside the others
	Ticks    []tick
	Switched float64 // where the site's name was moved; 0 when it was not
	// What there is to explain.
	Longest, Failed, Unended bool
}

// row is a step.
type row struct {
	Step
	Begins, Took string
	At, Wide     float64
	Path         []segment // of the longest path, from step to step
}

// Open reports that the step did not end, as far as is known.
func (r row) Open() bool { return r.End.IsZero() }

// segment is where the longest path passes a row on its way from the end of a
// step to the beginning of the next.
type segment struct {
	At   float64
	Part string // "leaves", "passes" or "arrives"
}

type tick struct {
	At   float64
	Text string
}

func layOut(r Report) (c chart) {
	whole := r.whole()
	at := func(d time.Duration) float64 { return percent(float64(d) / float64(whole)) }
	for _, s := range r.Steps {
		begin, took := s.Begin.Sub(r.StartedAt), max(0, s.End.Sub(s.Begin))
		drawn := row{Step: s, Begins: when.Minutes(begin), Took: when.Minutes(took), At: at(begin)}
		if drawn.Open() {
			drawn.Took, took = "?", whole-begin
		}
		drawn.Wide = at(took)
		c.Longest, c.Failed, c.Unended = c.Longest || s.OnLongestPath, c.Failed || s.Err != "", c.Unended || drawn.Open()
		if s.quick() {
			c.Quick = append(c.Quick, drawn)
		} else {
			c.Rows = append(c.Rows, drawn)
		}
	}
	if len(c.Rows) == 0 {
		c.Rows, c.Quick = c.Quick, nil
	}
	drawPath(c.Rows)
	if switched, ok := r.Reached[Switched]; ok {
		c.Switched = at(switched.Sub(r.StartedAt))
	}
	every := tickEvery(whole)
	for d := time.Duration(0); d <= whole; d += every {
		c.Ticks = append(c.Ticks, tick{at(d), when.Minutes(d)})
	}
	return c
}

// drawPath leads the longest path from each of its steps to the next, through the
// rows between.
func drawPath(rows []row) {
	last := -1
	for i := range rows {
		if !rows[i].OnLongestPath {
			continue
		}
		for passed := last; last >= 0 && passed <= i; passed++ {
			s := segment{At: rows[i].At, Part: "passes"}
			switch passed {
			case last:
				s.Part = "leaves"
			case i:
				s.Part = "arrives"
			}
			rows[passed].Path = append(rows[passed].Path, s)
		}
		last = i
	}
}

// tickEvery is a round time that fits a few times into the whole.
func tickEvery(whole time.Duration) time.Duration {
	const few = 6
	for _, round := range []int{1, 2, 5, 10, 30, 60, 120, 300, 600, 1800} {
		if every := time.Duration(round) * time.Second; whole <= few*every {
			return every
		}
	}
	return (whole/few + time.Hour).Truncate(time.Hour)
}

// drawnBar is a time with its width in percent of the longest.
type drawnBar struct {
	Bar
	Text string
	Wide float64
}

func bars(all []Bar) (drawn []drawnBar) {
	longest := 1.0
	for _, b := range all {
		longest = max(longest, b.Seconds)
	}
	for _, b := range all {
		drawn = append(drawn, drawnBar{Bar: b, Text: when.Minutes(when.Seconds(b.Seconds)), Wide: percent(b.Seconds / longest)})
	}
	return drawn
}

// percent is a share as a number for CSS, which takes no exponents.
func percent(share float64) float64 { return math.Round(min(1, max(0, share))*1e4) / 1e2 }
