package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/ops"
)

type planOptions struct {
	project
	stack    string
	markdown bool
}

func newPlanCmd(c connect) *cobra.Command {
	o := planOptions{project: project{connect: c}}
	cmd := &cobra.Command{
		Use: "plan", Short: "Show what a failover would do, what would refuse it, and how long it would take",
		Long: "Plan previews the failover that would come next, and changes nothing: not on AWS, and not in a file.\n" +
			"With --stack it previews an update of that stack as its file says, which is what pull requests want to see.",
		Example: "  pilotlight plan                # of a failover\n  pilotlight plan --stack prod   # of an update of prod",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().StringVarP(&o.stack, "stack", "s", "", "preview an update of this stack instead of a failover")
	cmd.Flags().BoolVar(&o.markdown, "markdown", false, "print it for a comment in a pull request")
	o.flags(cmd)
	return cmd
}

func (o *planOptions) run(ctx context.Context) error {
	site, err := o.open(ctx)
	if err != nil {
		return err
	}
	var plan ops.Plan
	if o.stack != "" {
		if err := known(site, o.stack); err != nil {
			return err
		}
	}
	title := "failover of " + site.Domain
	if o.stack != "" {
		title = "update of stack " + o.stack
		plan, err = site.Plan(ctx, ops.Change{Stack: o.stack}, ops.Run{})
	} else {
		plan, err = site.PlanFailover(ctx, ops.Accepted{}, ops.Run{})
	}
	if err != nil {
		return err
	}
	if o.markdown {
		return o.show(plan, planMarkdown(title, plan))
	}
	return o.show(plan, planText(title, plan))
}

// replacedText says what becomes of the instances that run.
const replacedText = "those that run are replaced one by one, each once a new one is healthy"

// planText is a plan for people.
func planText(title string, p ops.Plan) string {
	var t text
	t.say("Plan of the %s: %s", title, p.Change)
	t.say("")
	for _, r := range p.Resources {
		t.say("  %s", r)
	}
	if len(p.Resources) == 0 {
		t.say("  nothing on AWS changes")
	}
	t.say("")
	if p.Estimate != nil {
		t.say("time       %s", p.Estimate)
	}
	if p.Verdict != nil && p.Verdict.Loss != "" {
		t.say("data       %s", p.Verdict.Loss)
	}
	if p.ReplacesInstances {
		t.say("instances  %s", replacedText)
	}
	for _, warning := range p.Warnings {
		t.say("warning    %s", warning)
	}
	for _, risky := range p.Risky() {
		t.say("DANGER     it would %s, which holds data", risky)
	}
	for _, short := range p.Shortfalls {
		t.say("INCOMPLETE %s", short)
	}
	if p.Refusal != "" {
		t.say("as things are now it would be refused: %s", p.Refusal)
	}
	return t.String()
}

// planMarkdown is a plan for a comment in a pull request: the figures first, the
// resources folded away.
func planMarkdown(title string, p ops.Plan) string {
	var t text
	t.say("### Plan of the %s", inProse(title))
	t.say("")
	t.say("%s would touch %s.", inCode(p.Change.String()), counted(p.Resources))
	if p.Estimate != nil {
		t.say("It would take %s.", p.Estimate)
	}
	if p.ReplacesInstances {
		t.say("Instances: %s.", replacedText)
	}
	t.say("")
	for _, risky := range p.Risky() {
		t.say("> [!CAUTION]\n> It would %s, which holds data.\n", inProse(risky.String()))
	}
	if p.Refusal != "" {
		t.say("As things are now it would be refused:\n\n%s\n", fenced(p.Refusal))
	}
	for _, short := range p.Shortfalls {
		t.say("> [!CAUTION]\n> It may fall short: %s\n", inProse(short.String()))
	}
	for _, warning := range p.Warnings {
		t.say("> [!WARNING]\n> %s\n", inProse(warning))
	}
	if len(p.Resources) > 0 {
		t.say("<details><summary>Resources</summary>\n\n| operation | type | name |\n|---|---|---|")
		for _, r := range p.Resources {
			t.say("| %s | %s | %s |", r.Op, inCode(r.Type), inCode(r.Name))
		}
		t.say("\n</details>")
	}
	return t.String()
}

// counted counts resources by what is done to them, in the order in which that appears.
func counted(resources []ops.Planned) string {
	if len(resources) == 0 {
		return "nothing on AWS"
	}
	var order []string
	count := map[string]int{}
	for _, r := range resources {
		if count[r.Op] == 0 {
			order = append(order, r.Op)
		}
		count[r.Op]++
	}
	for i, op := range order {
		order[i] = fmt.Sprintf("%s %d", op, count[op])
	}
	return strings.Join(order, ", ")
}
