package stacks

import (
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks/hooks"
	"github.com/pilotlight-dr/pilotlight/state"
)

// startReport begins the report of a change of role, or of the rest of one that was
// killed. A preview has none, nor has an update that changes no role.
func (s *site) startReport() (err error) {
	resumes := s.own.Claim.Leads() && !s.own.Claim.Switched()
	var recorder *report.Recorder
	if !s.DryRun() && s.plan.Do != roles.End && (s.plan.Do != roles.Keep || resumes) {
		recorder = s.newReport()
		s.env = s.env.Observing(recorder.Observe)
	}
	s.steps, err = hooks.ReportSteps(s.Context, s.cfg.Name(), recorder, s.env.Now, func(string) bool { return true })
	return err
}

func (s *site) newReport() *report.Recorder {
	head := report.Report{
		Site: s.cfg.Domain, Stack: s.cfg.Stack, Region: s.cfg.Region, Action: string(s.plan.Do), Epoch: s.plan.Claim.Epoch, StartedAt: s.env.Now(),
		Accepted: s.plan.Claim.Accepted, Sides: s.sides(),
	}
	if s.plan.Do == roles.Keep {
		head = s.resumedReport(head)
	}
	if s.plan.Do == roles.Unprotect {
		head.Generation = s.cfg.Retire
	}
	sink := s.env.Report
	if sink == nil {
		sink = report.KeepReports(s.RootDirectory(), func(err error) { s.warn("no report is kept: " + err.Error()) })
	}
	return report.NewRecorder(head, report.NextSteps{
		Unfinished: []string{fmt.Sprintf("run the same again, it resumes: pulumi up -s %s", s.cfg.Stack)}, Refused: s.nextStepsIfRefused(), Done: s.nextSteps(),
	}, sink)
}

// resumedReport is the report of an activation that came to a halt earlier: it counts from
// when that was declared.
func (s *site) resumedReport(head report.Report) report.Report {
	head.Action, head.Resumed = string(roles.Activate), true
	if !s.own.Claim.ClaimedAt.IsZero() {
		head.StartedAt = s.own.Claim.ClaimedAt
	}
	halted := s.env.FindHalted
	if halted == nil {
		halted = report.Halted(s.RootDirectory())
	}
	reported, ok := halted(s.cfg.Stack, s.own.Claim.Epoch)
	if ok && reported.Outcome != report.Done && reported.StartedAt.Sub(head.StartedAt).Abs() < sameRun {
		return head.Resume(reported)
	}
	return head
}

// sameRun is how far the times may be apart at which a run made its claim and began
// its report. Another run at the same epoch, refused or of an earlier site, is no part of it.
const sameRun = time.Minute

// milestone is what is reached once a resource is there; empty for none.
func (s *site) milestone(urn pulumi.URN) report.Milestone {
	switch text := string(urn); {
	case strings.HasSuffix(text, "::"+state.ClaimStash):
		return report.Claimed
	case strings.HasSuffix(text, state.SwitchSuffix(s.plan.Claim.Epoch)):
		return report.Switched
	}
	return ""
}
