package rehearsal

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/awssim"
	"github.com/pilotlight-dr/pilotlight/failover"
)

// Report is what a rehearsal showed. Times are simulated; durations are in seconds.
type Report struct {
	Site       string         `json:"site"`
	ProdRegion string         `json:"prodRegion"`
	DRRegion   string         `json:"drRegion"`
	Seed       uint64         `json:"seed"`
	Outage     awssim.How     `json:"outage"`
	Faults     []awssim.Fault `json:"faults"`

	Lost     time.Time `json:"lost"`     // when the production region was lost
	Declared time.Time `json:"declared"` // when the failover was started
	Steps    []Step    `json:"steps"`    // in the order in which they began

	Recovered     bool    `json:"recovered"`     // the site's own name serves from the DR region
	Serves        string  `json:"serves"`        // what a visitor sees
	Refusal       string  `json:"refusal"`       // why the failover did not end; empty when it did
	TimeToRecover float64 `json:"timeToRecover"` // from declared to served
	Floor         Floor   `json:"floor"`
	DataLoss      float64 `json:"dataLoss"`    // from the last write known to be replicated to the loss of the region
	Loss          string  `json:"loss"`        // the same as the checks put it
	CallsToLost   int     `json:"callsToLost"` // AWS API calls to the lost region during the failover
}

// Step is one thing that took time.
type Step struct {
	Name    string  `json:"name"`
	Begin   float64 `json:"begin"` // since declared
	Seconds float64 `json:"seconds"`
	Longest bool    `json:"longest"` // it is on the longest path
	Err     string  `json:"err,omitempty"`
}

func (s Step) end() float64 { return s.Begin + s.Seconds }

// report makes of the journal and of the run-time steps what happened since declared.
func (s *Stage) report(failed error) *Report {
	production, recovery := sides(s.options)
	r := &Report{
		Site: domain, ProdRegion: production.region, DRRegion: recovery.region, Seed: s.options.Seed,
		Outage: s.options.Outage, Faults: s.options.Faults, Lost: s.lost, Declared: s.declared,
	}
	if failed != nil {
		r.Refusal = failed.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Steps = timeline(s.declared, s.World.Journal(), s.steps)
	for _, step := range s.steps {
		if step.Verdict != nil {
			r.Loss = step.Verdict.Loss
			if last := step.Verdict.LastGood; last != nil {
				// A replica goes on measuring for a moment until it misses its source.
				r.DataLoss = max(0, s.lost.Sub(last.At.Add(-last.Value)).Seconds())
			}
		}
	}
	for _, step := range s.World.Journal() {
		if step.Region == production.region && step.Kind != "http" && !step.Begin.Before(s.lost) {
			r.CallsToLost++
		}
	}
	r.Recovered, r.Serves = s.visit(recovery.region)
	if r.Recovered {
		r.TimeToRecover = s.World.Clock().Now().Sub(s.declared).Seconds()
		for _, step := range r.Steps {
			if step.Longest {
				r.TimeToRecover = step.end() // what is left afterwards is off the path
			}
		}
	}
	r.Floor = floor(s.World, recovery)
	return r
}

// visit asks for the site's front page by its own name, as a visitor would.
func (s *Stage) visit(recovery string) (recovered bool, seen string) {
	req, err := http.NewRequest(http.MethodGet, "http://"+domain+"/", http.NoBody)
	if err != nil {
		return false, err.Error()
	}
	answer, err := s.World.Visit(req)
	if err != nil {
		return false, "visitors cannot reach the site: " + err.Error()
	}
	defer answer.Body.Close() //nolint:errcheck // only read from
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return false, err.Error()
	}
	if answer.StatusCode != http.StatusOK {
		return false, "visitors get " + answer.Status
	}
	return string(body) == "served from "+recovery, "visitors are " + string(body)
}

// timeline puts what AWS did and what the run-time code waited for into one
// list, and marks the longest path.
func timeline(declared time.Time, journal []awssim.Step, waits []failover.Step) []Step {
	var steps []Step
	add := func(name string, begin, end time.Time, err string) {
		steps = append(steps, Step{Name: name, Begin: begin.Sub(declared).Seconds(), Seconds: end.Sub(begin).Seconds(), Err: err})
	}
	for _, s := range journal {
		if s.Kind == "provider" && slices.Contains([]string{"create", "update", "delete"}, s.Operation) && !s.Begin.Before(declared) {
			kind := s.Type[strings.LastIndex(s.Type, ":")+1:]
			add(fmt.Sprintf("%s %s %s", s.Operation, kind, s.Name), s.Begin, s.End, s.Err)
		}
	}
	for _, s := range waits {
		if s.Begin.Before(declared) {
			continue
		}
		text := ""
		if s.Err != nil {
			text = s.Err.Error()
		}
		add(s.Name, s.Begin, s.End, text)
	}
	slices.SortStableFunc(steps, func(a, b Step) int {
		switch {
		case a.Begin != b.Begin:
			return int(1e3 * (a.Begin - b.Begin))
		case a.end() != b.end():
			return int(1e3 * (a.end() - b.end()))
		}
		return strings.Compare(a.Name, b.Name)
	})
	markLongest(steps)
	return steps
}

// markLongest marks the chain of steps that ends with the switch: each began
// when the one before it ended. Simulated time holds nothing else.
func markLongest(steps []Step) {
	at := slices.IndexFunc(steps, func(s Step) bool { return strings.HasPrefix(s.Name, "create Record") && s.Err == "" })
	for at >= 0 {
		steps[at].Longest = true
		before := -1
		for i, s := range steps {
			if s.end() <= steps[at].Begin+1e-6 && s.Seconds > 0 && !s.Longest && (before < 0 || s.end() > steps[before].end()) {
				before = i
			}
		}
		at = before
	}
}
