package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/cost"
	"github.com/pilotlight-dr/pilotlight/ops"
)

type costOptions struct {
	project
	live     bool
	measured bool
	base     string // file of the bill to compare with
	markdown bool
}

// comparedBill is a bill, and what differs from another one.
type comparedBill struct {
	cost.Bill
	// Changed is nil where nothing was compared.
	Changed []cost.Difference `json:"changed,omitzero"`
}

func newCostCmd(c connect) *cobra.Command {
	o := costOptions{project: project{connect: c}}
	cmd := &cobra.Command{
		Use: "cost", Short: "Show what the site costs, and what each part that is kept warm costs and saves",
		Long: "Cost makes the bill of the site as its files say: both stacks in their roles, by the month and the year, each part that\n" +
			"keepWarm may name with the minutes that it saves, a drill, former databases, and extended support. Without --live it\n" +
			"asks nothing of AWS: its prices are a table, and unknown ones are said and not counted. " + cost.UsageFile + " adds what the files do not\n" +
			"tell, such as the size of the media, and prices of your own (docs/cost.md).",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().BoolVar(&o.live, "live", false, "ask AWS for the prices of today (Price List API)")
	cmd.Flags().BoolVar(&o.measured, "measured", false, "read the roles, the sizes of databases and media, and former databases from states and AWS")
	cmd.Flags().BoolVar(&o.markdown, "markdown", false, "print it for a comment in a pull request")
	cmd.Flags().StringVar(&o.base, "base", "", "also say what changed since the bill in this `FILE`, printed with --json")
	o.flags(cmd)
	return cmd
}

func (o *costOptions) run(ctx context.Context) error {
	base, err := o.readBase()
	if err != nil {
		return err
	}
	site, err := o.open(ctx)
	if err != nil {
		return err
	}
	bill, err := site.Cost(ctx, ops.CostOptions{Live: o.live, Measured: o.measured})
	if err != nil {
		return err
	}
	shown := comparedBill{Bill: bill}
	if base != nil {
		shown.Changed = cost.Compare(*base, bill)
	}
	if o.markdown {
		return o.show(shown, costMarkdown(shown))
	}
	return o.show(shown, costText(shown))
}

// readBase reads the bill to compare with; nil for none.
func (o *costOptions) readBase() (*cost.Bill, error) {
	if o.base == "" {
		return nil, nil //nolint:nilnil // none was named
	}
	text, err := os.ReadFile(o.base)
	if err != nil {
		return nil, &usageError{fmt.Errorf("reading the bill of --base: %w", err)}
	}
	base := &cost.Bill{}
	if err := json.Unmarshal(text, base); err != nil || base.Currency == "" {
		return nil, &usageError{fmt.Errorf("%s is no bill: make one with pilotlight cost --json", o.base)}
	}
	return base, nil
}

// costText is a bill for people, what changed first.
func costText(b comparedBill) string {
	var t text
	if b.Changed != nil {
		t.say("%s", changeOf(b))
		for _, d := range b.Changed {
			t.say("  %-40s %12s -> %12s a month", d.What, d.Base.Monthly(), d.Now.Monthly())
		}
		t.say("")
	}
	return t.String() + b.String()
}

// changeOf is what the change costs, a sentence.
func changeOf(b comparedBill) string {
	if len(b.Changed) == 0 {
		return "This costs what the base branch does."
	}
	total := b.Changed[len(b.Changed)-1]
	month, year := total.Now.Month-total.Base.Month, total.Now.Year-total.Base.Year
	note := ""
	if total.Base.Partial || total.Now.Partial {
		note = ", as far as prices are known"
	}
	return fmt.Sprintf("This costs %+.2f %s a month, %+.2f a year against the base branch%s.", month, b.Currency, year, note)
}

// costMarkdown is a bill for a comment in a pull request: what changed, with the bill folded away.
func costMarkdown(b comparedBill) string {
	var t text
	t.say("### Cost of %s\n", inProse(b.Domain))
	if b.Changed != nil {
		t.say("%s\n", changeOf(b))
		if len(b.Changed) > 0 {
			t.say("| %s a month | base branch | here |\n|---|---:|---:|", b.Currency)
			for _, d := range b.Changed {
				t.say("| %s | %s | %s |", inProse(d.What), inProse(d.Base.Monthly()), inProse(d.Now.Monthly()))
			}
			t.say("")
		}
	}
	t.say("Both stacks cost %s %s a month before tax, by list prices.\n", inProse(b.Monthly()), b.Currency)
	t.say("<details><summary>The bill</summary>\n\n%s\n\n</details>", fenced(b.String()))
	return t.String()
}
