package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"golang.org/x/term"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
)

// redrawInterval is how often a live view is drawn at most; at least it is every second.
const redrawInterval = 100 * time.Millisecond

// live draws a view below the log, again and again in the same place. It changes no
// mode of the terminal and hides nothing, so that however the command ends, by Ctrl-C
// too, there is nothing to restore.
type live struct {
	out  io.Writer
	size func() (width, height int)

	mu    sync.Mutex
	view  view
	log   []string // that is not written yet
	stale bool
	last  time.Time // when it was drawn
	drawn []string  // the lines that stand there

	end, ended chan struct{}
}

// watch begins a live view for an operation on the terminal that file is; nil
// where lines are better: in a pipe, in CI, on a terminal that can't move its cursor.
func watch(file *os.File, began time.Time) *live {
	if !term.IsTerminal(int(file.Fd())) || !redraws(os.Getenv) {
		return nil
	}
	return newLive(file, view{began: began, colours: os.Getenv("NO_COLOR") == ""}, func() (int, int) {
		width, height, err := term.GetSize(int(file.Fd()))
		if err != nil || width <= 0 || height <= 0 {
			return 80, 24
		}
		return width, height
	})
}

// redraws says of a terminal whether it is one to draw on again and again.
func redraws(env func(string) string) bool {
	return env("TERM") != "" && env("TERM") != "dumb" && env("CI") == ""
}

func newLive(out io.Writer, v view, size func() (width, height int)) *live {
	l := &live{out: out, size: size, view: v, end: make(chan struct{}), ended: make(chan struct{})}
	go l.keep()
	return l
}

// run is told what goes on.
func (l *live) run() ops.Run {
	return ops.Run{
		Begin:    func(c ops.Change) { l.tell(c) },
		Step:     func(s report.Step) { l.tell(s) },
		Report:   func(r report.Report) { l.tell(r) },
		Progress: func(p ops.Progress) { l.tell(p) },
		Say:      func(line string) { l.tell(line) },
		Event:    func(e events.EngineEvent) { l.tell(e) },
	}
}

func (l *live) tell(event any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log = append(l.log, l.view.update(time.Now(), event)...)
	l.stale = true
}

// keep draws until the end.
func (l *live) keep() {
	defer close(l.ended)
	ticks := time.NewTicker(redrawInterval)
	defer ticks.Stop()
	for {
		select {
		case <-l.end:
			return
		case now := <-ticks.C:
			l.mu.Lock()
			picture := ""
			if l.stale || now.Sub(l.last) >= time.Second {
				width, height := l.size()
				picture = l.draw(width, l.view.render(width, height, now))
				l.stale, l.last = false, now
			}
			l.mu.Unlock()
			fmt.Fprint(l.out, picture) // a terminal that takes none must not hold the run up
		}
	}
}

// close leaves the log, and what was not done.
func (l *live) close() {
	close(l.end)
	<-l.ended
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log = append(l.log, l.view.leave(time.Now())...)
	width, _ := l.size()
	fmt.Fprint(l.out, l.draw(width, nil))
}

// draw is the log, and new lines below it, over those that stand there.
func (l *live) draw(width int, lines []string) string {
	picture := frame(width, l.drawn, l.log, lines)
	l.drawn, l.log = lines, nil
	return picture
}

// frame takes the lines away that were drawn above the cursor, and writes others. A
// terminal that has become narrower has wrapped those that were drawn.
func frame(width int, drawn, log, lines []string) string {
	up := 0
	for _, line := range drawn {
		up += max(1, (ansi.StringWidth(line)+width-1)/width)
	}
	var b strings.Builder
	if up > 0 {
		fmt.Fprintf(&b, "\r\x1b[%dA\x1b[J", up)
	}
	for _, line := range slices.Concat(log, lines) {
		b.WriteString(line + "\n")
	}
	return b.String()
}
