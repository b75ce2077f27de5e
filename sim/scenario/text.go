package scenario

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/when"
)

// String is the report for people.
func (r *Report) String() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	of := ""
	if r.Live {
		of = " as it stands"
	}
	say("Rehearsal of %s%s: production in %s, pilot light in %s, seed %d", r.Domain, of, r.ProdRegion, r.DRRegion, r.Seed)
	for _, f := range r.Faults {
		say("Fault: %s=%s", f.Name, f.Value)
	}
	for _, given := range r.Assumed {
		say("assumed: %s", given)
	}
	for _, lacking := range r.Unread {
		say("NOT READ: %s", lacking)
	}
	say("%s was lost at %s (its APIs %s); the failover was declared at %s", r.ProdRegion, when.Clock(r.Lost), outages[string(r.Outage)], when.Clock(r.Run.StartedAt))
	say("")
	r.Run.WriteTimeline(&b)
	say("")
	if r.Unfinished() {
		say("UNFINISHED  the site serves, and not all of it could be made: a failover would end in an error")
	}
	if r.Recovered {
		took := r.Run.TimeToRecover
		say("RECOVERED   %s: %s", r.Domain, r.Serves)
		say("time        %s (%.0f s) to recover; %s is the least that AWS allows here (%s), so %.2f of it",
			when.Minutes(when.Seconds(took)), took, when.Minutes(when.Seconds(r.Floor.Seconds)), r.Floor.Path, took/r.Floor.Seconds)
		say("by hand     %s: %s; this is %.2f of it", when.Minutes(when.Seconds(r.Original.Seconds)), r.Original, took/r.Original.Seconds)
	} else {
		say("NOT RECOVERED   %s: %s", r.Domain, r.Serves)
	}
	if r.Refusal != "" {
		say("pulumi up   %s", r.Refusal)
	}
	for _, f := range r.Unmet {
		say("NO FAULT    %s=%s never struck: nothing in this failover meets it", f.Name, f.Value)
	}
	say("data        %s", dataLoss(r))
	say("isolation   %d AWS calls went to %s during the failover", r.CallsToLost, r.ProdRegion)
	for _, d := range r.Changed {
		say("changed     %s: %s, before %s", d.What, cmp.Or(d.Now, "none"), cmp.Or(d.Base, "none"))
	}
	say("next        %s", strings.Join(r.next(), "; "))
	return report.Escape(b.String())
}

var outages = map[string]string{"hang": "hang", "refuse": "refuse connections"}

func dataLoss(r *Report) string {
	verb := "lost"
	if !r.Recovered {
		verb = "at stake"
	}
	loss := "the checks were not made"
	if r.Run.Verdict != nil {
		loss = r.Run.Verdict.Loss
	}
	return fmt.Sprintf("%.0f s of writes %s, as far as is known: %s", r.DataLoss, verb, loss)
}

// next is what a person would do now, were it real.
func (r *Report) next() []string {
	commit := fmt.Sprintf("commit %s, which now holds role: active", config.FileName(r.DRStack))
	switch {
	case r.Recovered && r.Refusal == "" && r.ProdStack == "":
		return []string{commit, "when " + r.ProdRegion + " is back, stop what serves there: docs/existing-production.md says how"}
	case r.Recovered && r.Refusal == "":
		return []string{commit, fmt.Sprintf("when %s is back, reprotect: pulumi up -s %s -c role=standby", r.ProdRegion, r.ProdStack)}
	case r.Recovered:
		return []string{fmt.Sprintf("the site serves; run pulumi up -s %s again for what is left", r.DRStack)}
	}
	return []string{fmt.Sprintf("do what the refusal says, then run pulumi up -s %s -c role=active again: it resumes", r.DRStack)}
}
