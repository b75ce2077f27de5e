package rehearsal

import (
	"fmt"
	"strings"
	"time"
)

// worthALine is how long a step must take to be in the text; the JSON has all.
const worthALine = 10 // seconds

// barWidth is the width of the whole timeline in the text.
const barWidth = 40

// String is the report for people.
func (r *Report) String() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("Rehearsal of %s: production in %s, pilot light in %s, seed %d", r.Site, r.ProdRegion, r.DRRegion, r.Seed)
	for _, f := range r.Faults {
		say("Fault: %s=%s", f.Name, f.Value)
	}
	say("%s was lost at %s (its APIs %s); the failover was declared at %s", r.ProdRegion, clock(r.Lost), outages[string(r.Outage)], clock(r.Declared))
	say("")
	r.timeline(&b)
	say("")
	if r.Recovered {
		say("RECOVERED   %s: %s", r.Site, r.Serves)
		say("time        %s (%.0f s) to recover; %s is the least that AWS allows here (%s), so %.2f of it",
			minutes(r.TimeToRecover), r.TimeToRecover, minutes(r.Floor.Seconds), r.Floor.Path, r.TimeToRecover/r.Floor.Seconds)
	} else {
		say("NOT RECOVERED   %s: %s", r.Site, r.Serves)
	}
	if r.Refusal != "" {
		say("pulumi up   %s", r.Refusal)
	}
	say("data        %s", dataLoss(r))
	say("isolation   %d AWS calls went to %s during the failover", r.CallsToLost, r.ProdRegion)
	say("next        %s", r.next())
	return b.String()
}

var outages = map[string]string{"hang": "hang", "refuse": "refuse connections"}

func dataLoss(r *Report) string {
	verb := "lost"
	if !r.Recovered {
		verb = "at stake"
	}
	return fmt.Sprintf("%.0f s of writes %s, as far as is known: %s", r.DataLoss, verb, r.Loss)
}

// next is what a person would do now, were it real.
func (r *Report) next() string {
	switch {
	case r.Recovered && r.Refusal == "":
		return "commit Pulumi.dr.yaml, which now holds role: active; when " + r.ProdRegion + " is back, rebuild: pulumi up -s prod -c role=standby"
	case r.Recovered:
		return "the site serves; run pulumi up -s dr again for what is left"
	}
	return "do what the refusal says, then run pulumi up -s dr -c role=active again: it carries on"
}

func (r *Report) timeline(b *strings.Builder) {
	whole := 1.0
	for _, s := range r.Steps {
		whole = max(whole, s.end())
	}
	quick := 0
	fmt.Fprintf(b, "    begin   took  \n")
	for _, s := range r.Steps {
		if s.Seconds < worthALine && s.Err == "" && !s.Longest {
			quick++
			continue
		}
		mark := " "
		if s.Longest {
			mark = "*"
		}
		from, length := int(s.Begin/whole*barWidth), max(1, int(s.Seconds/whole*barWidth+0.5))
		bar := strings.Repeat(" ", min(from, barWidth-1)) + strings.Repeat("=", min(length, barWidth-min(from, barWidth-1)))
		fmt.Fprintf(b, "%s  %6s %6s  %-*s  %s\n", mark, minutes(s.Begin), minutes(s.Seconds), barWidth, bar, s.Name)
		if s.Err != "" {
			fmt.Fprintf(b, "                  %s\n", strings.ReplaceAll(strings.TrimSpace(s.Err), "\n", "\n                  "))
		}
	}
	fmt.Fprintf(b, "*  on the longest path; %d more steps took less than %d s each\n", quick, worthALine)
}

func minutes(seconds float64) string {
	whole := int(seconds + 0.5)
	return fmt.Sprintf("%d:%02d", whole/60, whole%60)
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05") }
