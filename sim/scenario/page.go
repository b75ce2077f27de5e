package scenario

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/when"
)

// Page is the failover's page, with what only a rehearsal knows.
func (r *Report) Page() report.Page {
	p := r.Run.Page()
	p.Run.Site, p.Kind, p.Next = r.Domain, "Rehearsal on simulated AWS", r.next()
	p.Headline, p.Badge, p.Tone = "Recovered: "+r.Serves, "recovered", report.Good
	if !r.Recovered {
		p.Headline, p.Badge, p.Tone = "Not recovered: the site does not serve", "not recovered", report.Bad
	}
	if r.Run.Outcome != report.Refused { // its reasons are shown with the checks
		p.Problem = r.Refusal
	}
	p.Facts = []report.Fact{
		{Term: "Production", Text: r.ProdRegion}, {Term: "Pilot light", Text: r.DRRegion}, {Term: "Seed", Text: strconv.FormatUint(r.Seed, 10)},
		{Term: "Region lost", Text: when.Clock(r.Lost) + ", its APIs " + outages[string(r.Outage)]},
		{Term: "Failover declared", Text: when.Clock(r.Run.StartedAt)},
	}
	if !r.Recovered {
		p.Facts = append(p.Facts, report.Fact{Term: "From outside", Text: r.Serves})
	}
	if len(r.Faults) > 0 {
		p.Facts = append(p.Facts, report.Fact{Term: "Faults", Text: r.faults()})
	}
	for _, f := range r.Unmet {
		p.Facts = append(p.Facts, report.Fact{Term: "Never struck", Text: f.Name + "=" + f.Value})
	}
	for _, given := range r.Assumed {
		p.Facts = append(p.Facts, report.Fact{Term: "Assumed", Text: given})
	}
	for _, lacking := range r.Unread {
		p.Facts = append(p.Facts, report.Fact{Term: "Not read", Text: lacking})
	}
	lost, calls := report.Figure{Label: "Writes lost", Note: "as far as is known"}, report.Figure{Label: "Calls to " + r.ProdRegion, Note: "of AWS, during the failover", Tone: report.Good}
	if !r.Recovered {
		lost.Label = "Writes at stake"
	}
	lost.Value, calls.Value = fmt.Sprintf("%.0f s", r.DataLoss), strconv.Itoa(r.CallsToLost)
	if r.CallsToLost > 0 {
		calls.Tone = report.Bad
	}
	p.Figures = append(p.Figures, lost, calls)
	if took := r.Run.TimeToRecover; r.Recovered {
		p.Compare = []report.Bar{
			{Label: "This failover", Seconds: took, Own: true, Note: fmt.Sprintf("%.2f of the least, and %.2f of what it takes by hand", took/r.Floor.Seconds, took/r.Original.Seconds)},
			{Label: "The least that AWS allows here", Seconds: r.Floor.Seconds, Note: r.Floor.Path + ", verification and DNS"},
			{Label: "By hand", Seconds: r.Original.Seconds, Note: r.Original.String()},
		}
	}
	return p
}

func (r *Report) faults() string {
	text := make([]string, len(r.Faults))
	for i, f := range r.Faults {
		text[i] = f.Name + "=" + f.Value
	}
	return strings.Join(text, ", ")
}
