package stacks

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks/hooks"
	"github.com/pilotlight-dr/pilotlight/state"
)

// reporter writes down the steps of a change of role.
type reporter struct {
	recorder *report.Recorder // nil when there is nothing to report
	now      func() time.Time
	epoch    int
	started  sync.Map // the steps of resources, by URN
}

// startReport begins the report of a change of role, or of the rest of one that was
// killed. A preview has none, nor has an update that changes no role.
func (s *site) startReport() error {
	resumes := s.own.Claim.Leads() && !s.own.Claim.Switched()
	s.report.now, s.report.epoch = s.env.Now, s.plan.Claim.Epoch
	if !s.DryRun() && (s.plan.Do != roles.Keep || resumes) {
		s.newReport()
	}
	return s.report.hook(s.Context, s.cfg.Name())
}

func (s *site) newReport() {
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
		sink = report.KeepReports(s.RootDirectory(), func(err error) { _ = s.Log.Warn("no report is kept: "+err.Error(), nil) })
	}
	recorder := report.NewRecorder(head, report.NextSteps{
		Unfinished: []string{fmt.Sprintf("run the same again, it resumes: pulumi up -s %s", s.cfg.Stack)}, Refused: s.nextStepsIfRefused(), Done: s.nextSteps(),
	}, sink)

	observe := s.env.Observe
	s.env.Observe = func(step report.Step) {
		if observe != nil {
			observe(step)
		}
		recorder.Observe(step)
	}
	s.report.recorder = recorder
}

// hook reports each resource that is made or changed. The hook is bound
// in every update, also where there is no report: the engine saves its checkpoint for
// each resource whose hooks are others than in the state, which costs four calls of S3.
func (r *reporter) hook(ctx *pulumi.Context, name string) error {
	begins, err := hooks.ReportStart(ctx, name, func(urn pulumi.URN, step report.Step) {
		if r.recorder == nil {
			return
		}
		step.Begin = r.now()
		r.started.Store(urn, step)
		r.recorder.Observe(step)
	})
	if err != nil {
		return err
	}
	return ctx.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
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

// ends lets the report know when each resource is there, and when all are.
func (r *reporter) ends(resources []pulumi.Resource) {
	if r.recorder == nil {
		return
	}
	all := make([]any, len(resources))
	for i, resource := range resources {
		all[i] = resource.URN().ApplyT(func(urn pulumi.URN) pulumi.URN {
			r.end(urn)
			return urn
		})
	}
	pulumi.All(all...).ApplyT(func([]any) string {
		r.recorder.Done()
		return ""
	})
}

// end writes down that a resource is as the program wants it, if anything had
// to be done for it.
func (r *reporter) end(urn pulumi.URN) {
	started, ok := r.started.Load(urn)
	if !ok {
		return
	}
	step := started.(report.Step)
	step.End = r.now()
	switch text := string(urn); {
	case strings.HasSuffix(text, "::"+state.ClaimStash):
		step.Milestone = report.Claimed
	case strings.HasSuffix(text, state.SwitchSuffix(r.epoch)):
		step.Milestone = report.Switched
	}
	r.recorder.Observe(step)
}
