package cost

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pilotlight-dr/pilotlight/estimate"
)

// String is the bill for people.
func (b Bill) String() string {
	var t page
	t.say("Cost of %s in %s, before tax", b.Domain, b.Currency)
	t.say("prices     %s", b.Listed)
	if len(b.Unverified) > 0 {
		t.say("unverified %d of these prices are from memory; --json names them", len(b.Unverified))
	}
	for _, s := range b.Stacks {
		t.say("")
		t.head(fmt.Sprintf("%s, %s, %s", s.Stack, s.Role, s.Region), "month", "year")
		for _, line := range s.Lines {
			t.line(line)
		}
		t.sum("sum", s.Sum)
	}
	t.say("")
	t.sum("both stacks", b.Sum)
	if b.Tax > 0 {
		t.sum(fmt.Sprintf("with %g %% tax", b.Tax*100), b.WithTax(b.Tax))
	}
	t.warm(b.KeepWarm)
	t.besides(b)
	t.list("not priced, and in no sum", b.NotPriced)
	t.list("not counted", b.NotCounted)
	return t.String()
}

// page collects lines. Amounts stand below each other.
type page struct{ strings.Builder }

func (t *page) say(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

func (t *page) head(title, month, year string) { t.say("%-72s %11s %12s", title, month, year) }

func (t *page) sum(title string, s Sum) { t.head("  "+title, s.text(s.Month), s.text(s.Year)) }

// Monthly is what it comes to in a month. Where a price is missing it says so.
func (s Sum) Monthly() string { return s.text(s.Month) }

// text is an amount of the sum. Of one that lacks something it says that it is more.
func (s Sum) text(amount float64) string {
	switch {
	case s.Partial && amount == 0:
		return "not priced"
	case s.Partial:
		return fmt.Sprintf("> %.2f", amount)
	}
	return fmt.Sprintf("%.2f", amount)
}

func (t *page) line(l Line) {
	what := fmt.Sprintf("%-16s %-24s %8s %-9s", l.Part, l.Item, number(l.Quantity), l.Unit)
	if l.Price != nil {
		what += " × " + strconv.FormatFloat(l.Price.Amount, 'g', 5, 64)
	}
	t.sum(what, l.Sum)
}

// number is a quantity without needless digits.
func number(amount float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", amount), "0"), ".")
}

// warm tells of each part that can be kept warm what it costs, and what it saves.
func (t *page) warm(list []Warm) {
	if len(list) == 0 {
		return
	}
	t.say("\n%-37s %11s %12s  %-15s %s", "keepWarm in "+list[0].Stack, "month", "year", "failover", "switchover")
	for _, w := range list {
		part := string(w.Part)
		if w.Kept {
			part += ", kept and in the sum"
		}
		t.say("  %-35s %11s %12s  %-15s %s", part, w.text(w.Month), w.text(w.Year), saving(w.Saves), saving(w.SavesSwitchover))
		if w.Needs != "" {
			t.say("    without it no failover once %s is lost, which AWS needs to make it", w.Needs)
		}
	}
}

// saving is by how much something is shorter.
func saving(r estimate.Range) string {
	if r.Most == 0 {
		return "saves nothing"
	}
	return fmt.Sprintf("saves %.1f-%.1f min", r.Least.Minutes(), r.Most.Minutes())
}

// besides is what a site costs now and then.
func (t *page) besides(b Bill) {
	t.say("")
	t.head("now and then", "month", "year")
	for _, s := range b.Former {
		t.sum("each former database of "+s.Stack+", until it is retired", s.Sum)
	}
	for _, e := range b.Extended {
		when := "from " + e.From + " on"
		if e.Billed {
			when = "since " + e.From + ", in the sum"
		}
		t.sum(fmt.Sprintf("extended support of MySQL %s in %s, %s", e.Version, e.Stack, when), e.Sum)
	}
	if b.Drill != nil {
		t.say("%-72s %11s", fmt.Sprintf("  a drill in %s of %s h, each", b.Drill.Stack, number(b.Drill.Hours)), b.Drill.text(b.Drill.Month))
	}
}

func (t *page) list(title string, items []string) {
	if len(items) == 0 {
		return
	}
	t.say("\n%s:", title)
	for _, item := range items {
		t.say("  %s", item)
	}
}
