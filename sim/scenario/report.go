package scenario

import (
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/sim"
)

// Report is what a rehearsal showed. Times are simulated; durations are in seconds.
type Report struct {
	At         time.Time   `json:"at"` // when, by the clock on the wall
	Domain     string      `json:"domain"`
	ProdStack  string      `json:"prodStack,omitempty"` // empty for a production that no stack made
	DRStack    string      `json:"drStack"`
	ProdRegion string      `json:"prodRegion"`
	DRRegion   string      `json:"drRegion"`
	Seed       uint64      `json:"seed"`
	Outage     sim.How     `json:"outage"`
	Faults     []sim.Fault `json:"faults"`
	Unmet      []sim.Fault `json:"unmet,omitempty"`   // faults that never struck: the rehearsal shows nothing of them
	Assumed    []string    `json:"assumed,omitempty"` // what a project's rehearsal takes for given
	Live       bool        `json:"live,omitempty"`    // the site was rehearsed as it stands, not as its files say
	Unread     []string    `json:"unread,omitempty"`  // what of it could not be read: it is not ready, whatever came of the rehearsal
	Lost       time.Time   `json:"lost"`              // when the production region was lost

	// Run is the failover's own report, as a real one would give.
	Run report.Report `json:"run"`

	Recovered   bool     `json:"recovered"`   // the site's own name serves from the DR region
	Serves      string   `json:"serves"`      // what a visitor sees
	Refusal     string   `json:"refusal"`     // why the failover did not end; empty when it did
	Floor       Floor    `json:"floor"`       // the least that AWS allows
	Original    Original `json:"original"`    // what the procedure takes that this replaces
	DataLoss    float64  `json:"lossSeconds"` // from the last write known to be replicated to the loss of the region
	CallsToLost int      `json:"callsToLost"` // AWS API calls to the lost region during the failover

	// Changed is what another rehearsal showed otherwise; nil where there is none to compare with.
	Changed []Difference `json:"changed,omitzero"`
}

// Unfinished reports that the site serves and that the failover stopped before its end, such as for want of Redis, by no
// fault that was asked for: it is a site that check is not content with.
func (r *Report) Unfinished() bool { return r.Recovered && r.Refusal != "" && len(r.Faults) == 0 }

// report is what came of the failover.
func (s *Stage) report(failed error) *Report {
	production, recovery := s.site.productionRegion(), s.site.recovery
	r := &Report{
		At: time.Now().UTC(), Domain: recovery.Domain, DRStack: recovery.Stack, ProdRegion: production, DRRegion: recovery.Region, Seed: s.options.Seed,
		Outage: s.options.Outage, Faults: append([]sim.Fault{}, s.options.Faults...), Assumed: s.site.assumed, Lost: s.lost, Run: s.told(),
	}
	if s.site.production != nil {
		r.ProdStack = s.site.production.Stack
	}
	if failed != nil {
		r.Refusal = refusal.Announce(failed).Error()
	}
	if verdict := r.Run.Verdict; verdict != nil && verdict.LastGood != nil {
		// A replica goes on measuring for a moment until it misses its source.
		r.DataLoss = max(0, s.lost.Sub(verdict.LastGood.At.Add(-verdict.LastGood.Value)).Seconds())
	}
	for _, step := range s.World.Journal() {
		if step.Region == production && step.Kind != "http" && !step.Begin.Before(s.lost) {
			r.CallsToLost++
		}
	}
	r.Unmet = slices.DeleteFunc(s.World.Unmet(), func(f sim.Fault) bool { return slices.Contains(s.site.seen, f) })
	r.Serves = s.Visit()
	r.Recovered = r.Serves == "visitors are served from "+recovery.Region
	r.Floor, r.Original = s.floor(), s.original()
	return r
}

// Visit asks for the site's front page by its own name, and says what a visitor sees.
func (s *Stage) Visit() string {
	req, err := http.NewRequest(http.MethodGet, s.site.url(), http.NoBody)
	if err != nil {
		return err.Error()
	}
	answer, err := s.World.Visit(req)
	if err != nil {
		return "visitors cannot reach the site: " + err.Error()
	}
	defer answer.Body.Close() //nolint:errcheck // only read from
	body, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return err.Error()
	case answer.StatusCode != http.StatusOK:
		return "visitors get " + answer.Status
	}
	return "visitors are " + string(body)
}
