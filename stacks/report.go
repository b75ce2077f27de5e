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
func (s *site) startReport() error {
	resumes := s.ownClaim.Leads() && !s.ownClaim.Switched()
	if !s.DryRun() && (s.plan.Do != roles.Keep || resumes) {
		s.newReport()
	}
	return s.hookReport()
}

func (s *site) newReport() {
	head := report.Report{
		Site: s.cfg.Domain, Stack: s.cfg.Stack, Region: s.cfg.Region, Action: string(s.plan.Do), Epoch: s.plan.Claim.Epoch, StartedAt: s.env.Now(),
		Accepted: s.acceptedRisks(), Sides: s.sides(),
	}
	if s.plan.Do == roles.Keep {
		head = s.resumedReport(head)
	}
	if s.plan.Do == roles.Unprotect {
		head.Generation = s.cfg.Retire
	}
	sink := s.env.Report
	if sink == nil {
		sink = report.KeepReports(s.RootDirectory(), func(err error) { _ = s.Log.Warn("no report is kept: "+err.Error(), nil) })
	}
	s.recorder = report.NewRecorder(head, report.NextSteps{
		Unfinished: []string{fmt.Sprintf("run the same again, it resumes: pulumi up -s %s", s.cfg.Stack)}, Refused: s.nextStepsIfRefused(), Done: s.nextSteps(),
	}, sink)

	observe := s.env.Observe
	s.env.Observe = func(step report.Step) {
		if observe != nil {
			observe(step)
		}
		s.recorder.Observe(step)
	}
}

// hookReport reports each resource that is made or changed. The hook is bound
// in every update, also where there is no report: the engine saves its checkpoint for
// each resource whose hooks are others than in the state, which costs four calls of S3.
func (s *site) hookReport() error {
	begins, err := hooks.ReportStart(s.Context, s.cfg.Name(), func(urn pulumi.URN, step report.Step) {
		if s.recorder == nil {
			return
		}
		step.Begin = s.env.Now()
		s.startedSteps.Store(urn, step)
		s.recorder.Observe(step)
	})
	if err != nil {
		return err
	}
	return s.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if _, custom := args.Resource.(pulumi.CustomResource); !custom || strings.HasPrefix(args.Type, "pulumi:providers:") {
			return nil
		}
		return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: append(args.Opts, pulumi.ResourceHooks(begins))}
	})
}

// resumedReport is the report of an activation that came to a halt earlier: it counts from
// when that was declared.
func (s *site) resumedReport(head report.Report) report.Report {
	head.Action, head.Resumed = string(roles.Activate), true
	if !s.ownClaim.ClaimedAt.IsZero() {
		head.StartedAt = s.ownClaim.ClaimedAt
	}
	halted := s.env.FindHalted
	if halted == nil {
		halted = report.Halted(s.RootDirectory())
	}
	reported, ok := halted(s.cfg.Stack, s.ownClaim.Epoch)
	if ok && reported.Outcome != report.Done && reported.StartedAt.Sub(head.StartedAt).Abs() < sameRun {
		return head.Resume(reported)
	}
	return head
}

// sameRun is how far the times may be apart at which a run made its claim and began
// its report. Another run at the same epoch, refused or of an earlier site, is no part of it.
const sameRun = time.Minute

// sides are this stack and its peer, as they are and as the plan leaves them.
func (s *site) sides() []report.Side {
	own, peer := report.Side{Stack: s.cfg.Stack, Region: s.cfg.Region}, report.Side{}
	if s.cfg.Peer != nil {
		peer.Stack, peer.Region = s.cfg.Peer.Stack, s.cfg.Peer.Region
	} else {
		peer.Region = s.cfg.Production.Region
	}
	planned := s.plan.Claim
	if planned.Leads() {
		planned.Progress = roles.Switched
	}
	own.Before, own.After = standing(s.ownClaim, s.peerClaim), standing(planned, s.peerClaim)
	peer.Before, peer.After = standing(s.peerClaim, s.ownClaim), standing(s.peerClaim, planned)
	if peer.Before.HoldsName {
		return []report.Side{peer, own}
	}
	return []report.Side{own, peer}
}

// overtaken is what a stack is that still claims to lead, while the other side
// does so at a later epoch.
const overtaken = "overtaken"

// standing is what a stack's claim makes of it beside the other side's.
func standing(claim, other roles.Claim) report.Standing {
	s := report.Standing{Role: string(claim.Role), HoldsName: claim.Leads() && claim.Switched()}
	if claim.Leads() && other.Leads() && other.Epoch > claim.Epoch {
		s.Role, s.HoldsName = overtaken, s.HoldsName && !other.Switched()
	}
	return s
}

// nextStepsIfRefused is what to do when the checks refuse the plan: the file says already what
// the stack is not.
func (s *site) nextStepsIfRefused() []string {
	next := []string{fmt.Sprintf("do what the checks say, then run it again: pulumi up -s %s", s.cfg.Stack)}
	if s.ownClaim.Role != "" && s.ownClaim.Role != s.cfg.Role {
		next = append(next, fmt.Sprintf("or leave things as they are: see that Pulumi.%s.yaml says role: %s before the next update", s.cfg.Stack, s.ownClaim.Role))
	}
	return next
}

// nextSteps is what to do once the plan is done.
func (s *site) nextSteps() []string {
	commit := fmt.Sprintf("commit Pulumi.%s.yaml, which now holds role: %s", s.cfg.Stack, s.cfg.Role)
	peer := ""
	if s.cfg.Peer != nil {
		peer = s.cfg.Peer.Stack
	}
	switch {
	case s.plan.Do == roles.Freeze:
		return []string{
			fmt.Sprintf("hand over: pilotlight switchover %s, or pulumi up -s %s -c role=%s", peer, peer, roles.Active),
			fmt.Sprintf("or undo it: pilotlight thaw, or pulumi up -s %s -c role=%s", s.cfg.Stack, roles.Active),
		}
	case s.plan.Do == roles.Unprotect:
		return []string{fmt.Sprintf("run the same again, which ends generation %d and leaves a last snapshot", s.cfg.Retire)}
	case s.plan.Do == roles.Abort:
		return []string{fmt.Sprintf("let the other side reclaim the site: pulumi up -s %s", peer), commit}
	case peer != "" && s.plan.Claim.Role == roles.Active && s.peerClaim.Leads() && s.peerClaim.Epoch < s.plan.Claim.Epoch:
		return []string{commit, fmt.Sprintf("when %s is back or frozen, make it the standby: pilotlight reprotect, or pulumi up -s %s -c role=%s", s.cfg.Peer.Region, peer, roles.Standby)}
	}
	return []string{commit}
}

// recordStepEnds lets the report know when each resource is there, and when all are.
func (s *site) recordStepEnds() {
	if s.recorder == nil {
		return
	}
	all := make([]any, len(s.resources))
	for i, resource := range s.resources {
		all[i] = resource.URN().ApplyT(func(urn pulumi.URN) pulumi.URN {
			s.recordStepEnd(urn)
			return urn
		})
	}
	pulumi.All(all...).ApplyT(func([]any) string {
		s.recorder.Done()
		return ""
	})
}

// recordStepEnd writes down that a resource is as the program wants it, if anything had
// to be done for it.
func (s *site) recordStepEnd(urn pulumi.URN) {
	started, ok := s.startedSteps.Load(urn)
	if !ok {
		return
	}
	step := started.(report.Step)
	step.End = s.env.Now()
	switch text := string(urn); {
	case strings.HasSuffix(text, "::"+state.ClaimStash):
		step.Milestone = report.Claimed
	case strings.HasSuffix(text, state.SwitchSuffix(s.plan.Claim.Epoch)):
		step.Milestone = report.Switched
	}
	s.recorder.Observe(step)
}
