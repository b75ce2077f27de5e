package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/when"
)

// opLog is the log of one operation. It holds what the user is shown and, beyond that, the
// engine's and the provider's own lines. It outlives the terminal.
type opLog struct {
	mu  sync.Mutex
	out io.WriteCloser
}

// openLog makes the log of an operation. Where the folder can't be written there is none,
// which is why.
func openLog(dir, verb string, now time.Time) (l *opLog, path string, err error) {
	path = filepath.Join(dir, filepath.FromSlash(ops.LogsFolder), fmt.Sprintf("%s-%s.log", when.Stamp(now), verb))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, "", fmt.Errorf("no log is kept: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, "", fmt.Errorf("no log is kept: %w", err)
	}
	return &opLog{out: file}, path, nil
}

// say writes a line, with its time.
func (l *opLog) say(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.out, "%s  %s\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), report.Escape(line))
}

func (l *opLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.out.Close() // each line is written at once
}

// run writes down all that goes on.
func (l *opLog) run() ops.Run {
	return ops.Run{
		Begin:    func(c ops.Change) { l.say(c.String()) },
		Progress: func(p ops.Progress) { l.say(p.String()) },
		Say:      l.say,
		Step: func(step report.Step) {
			for _, line := range stepLines(step) {
				l.say(line)
			}
		},
		Event: func(e events.EngineEvent) {
			if severity, text := diagnostic(e); severity == "debug" || severity == "error" {
				l.say(severity + ": " + text)
			}
		},
	}
}

// diagnostic is what an event says in words, in one line, and how severe that is; empty for other events.
func diagnostic(e events.EngineEvent) (severity, text string) {
	if e.DiagnosticEvent == nil {
		return "", ""
	}
	return e.DiagnosticEvent.Severity, oneLine(strings.TrimSpace(ops.Plain(e.DiagnosticEvent.Message)))
}

// stepLines is a step that begins or ends, for people.
func stepLines(step report.Step) []string {
	switch {
	case step.End.IsZero():
		return []string{step.Name + " …"}
	case step.Err != "":
		return []string{step.Name + ": failed"}
	case step.Milestone != "":
		return []string{fmt.Sprintf("%s: done, the site is %s", step.Name, step.Milestone)}
	}
	return nil
}
