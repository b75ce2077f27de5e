package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/when"
)

func newStatusCmd(c connect) *cobra.Command {
	p, resources := project{connect: c}, false
	cmd := &cobra.Command{
		Use: "status", Short: "Show which side is active, and how protected the site is", Args: noArgs,
		Example: "  pilotlight status\n  pilotlight status --resources   # also what costs money",
		RunE: func(cmd *cobra.Command, _ []string) error {
			site, err := p.open(cmd.Context())
			if err != nil {
				return err
			}
			status, err := site.Status(cmd.Context())
			if err != nil {
				return err
			}
			if !resources {
				return p.show(status, statusText(status))
			}
			listed := listedStatus{Status: status}
			if listed.Resources, err = site.Resources(cmd.Context()); err != nil {
				return err
			}
			return p.show(listed, statusText(status)+resourcesText(listed.Resources))
		},
	}
	cmd.Flags().BoolVar(&resources, "resources", false, "also list all that costs money, by the stacks' states")
	p.flags(cmd)
	return cmd
}

// listedStatus is a status with what costs money.
type listedStatus struct {
	ops.Status
	Resources []ops.Resource `json:"resources"`
}

// resourcesText is a list of what costs money, for people.
func resourcesText(all []ops.Resource) string {
	var t text
	stack := ""
	for _, r := range all {
		if r.Stack != stack {
			stack = r.Stack
			t.say("")
			t.say("%s in %s pays for", r.Stack, r.Region)
		}
		t.say("    %-17s %s", r.Type[strings.LastIndex(r.Type, ":")+1:], r.ID)
		t.say("    %-17s %s", "", r.Billed)
	}
	return t.String()
}

// statusText is a status on one screen.
func statusText(s ops.Status) string {
	var t text
	t.say("%s (site %s)", s.Domain, s.Site)
	t.say("")
	for _, side := range s.Sides {
		t.say("%s", topology(side))
		if d := side.Database; d != nil {
			t.say("    database   %s, %s%s", d.ID, cmp.Or(d.Status, "in a state that RDS does not say"), replication(side))
		}
		if side.Image != nil {
			t.say("    image      %s", imageText(side))
		}
		if r := side.Rollout; r != nil {
			t.say("    instances  %s", r)
		}
		if b := side.Backlog; b != nil {
			t.say("    media      %d files (%s) wait to be copied here, at %s", b.Files, amount(b.Bytes), when.Clock(b.At))
		}
		for _, former := range side.Former {
			was := "was active once"
			switch {
			case former.SkipFinalSnapshot && former.DeleteRequested:
				was = "is to end without a final snapshot"
			case former.SkipFinalSnapshot:
				was = "never led: its activation was aborted, or another replica took its place"
			}
			t.say("    kept       generation %d of the database, which %s", former.Number, was)
		}
		for _, last := range side.Snapshots {
			t.say("    kept       %s %s (%s), the last of a database that was deleted; when it is not needed: %s", last.Kind, last.ID, last.Terms(), last.End)
		}
		if side.Unreachable != "" {
			t.say("    no answer  from AWS in %s: %s", side.Region, side.Unreachable)
		}
	}
	t.say("")
	if s.Active != "" {
		t.say("home       %s", cmp.Or(s.Home, "none of the stacks (set home in both files)"))
	}
	t.say("state      %s", cmp.Or(s.Backend, "unknown"))
	t.say("keys       %s", cmp.Or(strings.Join(s.Keys, ", "), "none before the first deployment"))
	if !s.LastChange.IsZero() {
		t.say("reported   the last change of role from here began at %s", when.Date(s.LastChange))
	}
	t.say("checked    %s", checked(s.LastCheck))
	if p := s.LastPublished; p != nil {
		t.say("published  at %s", publishedText(*p))
	}
	if r := s.LastRehearsal; r != nil {
		ended := "the site came back after " + when.Minutes(when.Seconds(r.Run.TimeToRecover))
		if !r.Recovered {
			ended = "the site did not come back"
		}
		for _, fault := range r.Faults {
			ended += fmt.Sprintf(", with %s=%s", fault.Name, fault.Value)
		}
		t.say("rehearsed  at %s: %s", when.Date(r.At), ended)
	}
	for _, warning := range s.Warnings {
		t.say("warning    %s", warning)
	}
	t.say("verdict    %s", s.Verdict)
	if s.Next != "" {
		t.say("next       %s", s.Next)
	}
	return t.String()
}

// imageText is the image of a side, and what AWS says of it.
func imageText(side ops.SideStatus) string {
	i := side.Image
	text := i.ID
	if i.State != "" {
		text += ", " + i.State
	}
	if !i.Made.IsZero() {
		text += ", of " + i.Made.UTC().Format(time.DateOnly)
	}
	return text
}

// checked says when all was looked at that a failover needs: status asks for a part of it.
func checked(last *ops.Checked) string {
	switch {
	case last == nil:
		return "never from here: what a failover needs of this machine and of what AWS offers is not known (pilotlight check)"
	case len(last.Missing) > 0:
		return fmt.Sprintf("at %s: %s was not ready for a failover (%s)", when.Date(last.At), cmp.Or(last.Stack, "the site"), strings.Join(last.Missing, ", "))
	}
	return fmt.Sprintf("at %s: %s was ready for a failover; what needs more than a look at both sides was not checked since", when.Date(last.At), last.Stack)
}

// publishedText is a published check in one line, which begins with its time.
func publishedText(p ops.PublishedCheck) string {
	line := fmt.Sprintf("%s: %s was ready for a failover", when.Date(p.At), cmp.Or(p.Stack, "the site"))
	if !p.Ready {
		line = fmt.Sprintf("%s: %s was not ready for a failover (%s)", when.Date(p.At), cmp.Or(p.Stack, "the site"), strings.Join(p.Missing, ", "))
	}
	if p.Recover != nil {
		line += fmt.Sprintf(", %s to recover", p.Recover)
	}
	if p.LossSeconds != nil {
		line += fmt.Sprintf(", %.0f s behind", *p.LossSeconds)
	}
	return line
}

// topology is a side in one line.
func topology(s ops.SideStatus) string {
	role := cmp.Or(string(s.Role), "not deployed")
	line := fmt.Sprintf("%-8s %-16s %s", s.Stack, s.Region, role)
	if s.Role == "" {
		return line
	}
	switch {
	case s.Overtaken:
		return fmt.Sprintf("%-8s %-16s overtaken: it led the site at epoch %d, and must not serve it any more", s.Stack, s.Region, s.Epoch)
	case s.Progress == roles.Switched:
		return fmt.Sprintf("%s, epoch %d, serving (DNS points here)", line, s.Epoch)
	}
	return fmt.Sprintf("%s, epoch %d", line, s.Epoch)
}

func replication(s ops.SideStatus) string {
	d := s.Database
	switch {
	case d.Source == "" && s.Role == roles.Standby:
		return ", no replica any more"
	case d.Source == "":
		return ""
	case d.Replication != "replicating":
		return fmt.Sprintf(", replica, replication: %s", cmp.Or(d.Replication, "none"))
	case d.LagUnread != "":
		return fmt.Sprintf(", replica, lag not read: %s", d.LagUnread)
	case d.LastGood == nil:
		return ", replica, lag not measured"
	}
	return fmt.Sprintf(", replica, %s behind at %s", d.LastGood.Value, when.Clock(d.LastGood.At))
}
