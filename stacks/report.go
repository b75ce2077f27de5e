package stacks

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/hooks"
)

// Reports is where the reports of role changes are kept, below the project's folder.
const Reports = ".pilotlight/reports"

// Rehearsal is where the last rehearsal is kept, as .json, .txt and .html, below the
// project's folder in which it was held.
const Rehearsal = ".pilotlight/rehearsal"

// record begins the report of a change of role, or of the rest of one that was
// killed. A preview has none, nor has an update that changes no role.
func (s *site) record() error {
	resumes := s.own.Leads() && !s.own.Switched
	if !s.DryRun() && (s.plan.Do != Keep || resumes) {
		s.beginReport()
	}
	return s.bindReport()
}

func (s *site) beginReport() {
	head := failover.Report{
		Site: s.cfg.Domain, Stack: s.cfg.Stack, Region: s.cfg.Region, Asked: string(s.plan.Do), Epoch: s.plan.Claim.Epoch, Began: s.env.Now(),
		Accepted: s.accepted(), Sides: s.sides(),
	}
	if s.plan.Do == Keep {
		head = s.resumed(head)
	}
	if s.plan.Do == Unprotect {
		head.Asked = fmt.Sprintf("%s generation %d", Unprotect, s.cfg.Retire)
	}
	sink := s.env.Report
	if sink == nil {
		sink = KeepReports(s.RootDirectory(), func(err error) { _ = s.Log.Warn("no report is kept: "+err.Error(), nil) })
	}
	s.recorder = failover.NewRecorder(head, failover.Advice{
		Again: []string{fmt.Sprintf("run the same again, it carries on: pulumi up -s %s", s.cfg.Stack)}, Refused: s.refused(), Done: s.afterwards(),
	}, sink)

	observe := s.env.Observe
	s.env.Observe = func(step failover.Step) {
		if observe != nil {
			observe(step)
		}
		s.recorder.Observe(step)
	}
}

// bindReport has the report told of each resource that is made or changed. The hook is bound
// in every update, also where there is no report: the engine saves its checkpoint for
// each resource whose hooks are others than in the state, which costs four calls of S3.
func (s *site) bindReport() error {
	begins, err := hooks.Begins(s.Context, s.cfg.Name(), func(urn pulumi.URN, step string) {
		if s.recorder == nil {
			return
		}
		s.begun.Store(urn, step)
		s.recorder.Observe(failover.Step{Name: step, Begin: s.env.Now()})
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

// resumed is the report of an activation that came to a halt earlier: it counts from
// when that was declared.
func (s *site) resumed(head failover.Report) failover.Report {
	head.Asked = string(Activate) + " (carried on)"
	if !s.own.Since.IsZero() {
		head.Began = s.own.Since
	}
	halted := s.env.Halted
	if halted == nil {
		halted = Halted(s.RootDirectory())
	}
	report, ok := halted(s.cfg.Stack, s.own.Epoch)
	if ok && report.Outcome != failover.Done && report.Began.Sub(head.Began).Abs() < sameRun {
		return head.Resume(report)
	}
	return head
}

// sameRun is how far the times may be apart at which a run made its claim and began
// its report. Another run at the same epoch, refused or of an earlier site, is no part of it.
const sameRun = time.Minute

// sides are this stack and its peer, as they are and as the plan leaves them.
func (s *site) sides() []failover.Side {
	own, peer := failover.Side{Stack: s.cfg.Stack, Region: s.cfg.Region}, failover.Side{}
	if s.cfg.Peer != nil {
		peer.Stack, peer.Region = s.cfg.Peer.Stack, s.cfg.Peer.Region
	} else {
		peer.Region = s.cfg.Production.Region
	}
	planned := s.plan.Claim
	planned.Switched = planned.Leads()
	own.Before, own.After = standing(s.own, s.held), standing(planned, s.held)
	peer.Before, peer.After = standing(s.held, s.own), standing(s.held, planned)
	if peer.Before.Named {
		return []failover.Side{peer, own}
	}
	return []failover.Side{own, peer}
}

// overtaken is what a stack is that still claims to lead, while the other side
// does so at a later epoch.
const overtaken = "overtaken"

// standing is what a stack's claim makes of it beside the other side's.
func standing(claim, other Claim) failover.Standing {
	s := failover.Standing{Role: string(claim.Role), Named: claim.Leads() && claim.Switched}
	if claim.Leads() && other.Leads() && other.Epoch > claim.Epoch {
		s.Role, s.Named = overtaken, s.Named && !other.Switched
	}
	return s
}

// refused is what to do when the checks refuse the plan: the file says already what
// the stack is not.
func (s *site) refused() []string {
	next := []string{fmt.Sprintf("do what the checks say, then run it again: pulumi up -s %s", s.cfg.Stack)}
	if s.own.Role != "" && s.own.Role != s.cfg.Role {
		next = append(next, fmt.Sprintf("or leave things as they are: see that Pulumi.%s.yaml says role: %s before anybody runs an update", s.cfg.Stack, s.own.Role))
	}
	return next
}

// afterwards is what to do once the plan is done.
func (s *site) afterwards() []string {
	commit := fmt.Sprintf("commit Pulumi.%s.yaml, which now holds role: %s", s.cfg.Stack, s.cfg.Role)
	peer := ""
	if s.cfg.Peer != nil {
		peer = s.cfg.Peer.Stack
	}
	switch {
	case s.plan.Do == Freeze:
		return []string{
			fmt.Sprintf("hand over: pilotlight switchover %s, or pulumi up -s %s -c role=%s", peer, peer, Active),
			fmt.Sprintf("or take it back: pilotlight thaw, or pulumi up -s %s -c role=%s", s.cfg.Stack, Active),
		}
	case s.plan.Do == Unprotect:
		return []string{fmt.Sprintf("run the same again, which ends generation %d and leaves a last snapshot", s.cfg.Retire)}
	case s.plan.Do == GiveUp:
		return []string{fmt.Sprintf("let the other side claim the site again: pulumi up -s %s", peer), commit}
	case peer != "" && s.plan.Claim.Role == Active && s.held.Leads() && s.held.Epoch < s.plan.Claim.Epoch:
		return []string{commit, fmt.Sprintf("when %s is back or frozen, make it the standby: pilotlight failback, or pulumi up -s %s -c role=%s", s.cfg.Peer.Region, peer, Standby)}
	}
	return []string{commit}
}

// recordEnds lets the report know when each resource is there, and when all are.
func (s *site) recordEnds() {
	if s.recorder == nil {
		return
	}
	all := make([]any, len(s.watched))
	for i, resource := range s.watched {
		all[i] = resource.URN().ApplyT(func(urn pulumi.URN) pulumi.URN {
			s.ended(urn)
			return urn
		})
	}
	pulumi.All(all...).ApplyT(func([]any) string {
		s.recorder.Done()
		return ""
	})
}

// ended writes down that a resource is as the program wants it, if anything had
// to be done for it.
func (s *site) ended(urn pulumi.URN) {
	name, begun := s.begun.Load(urn)
	if !begun {
		return
	}
	step := failover.Step{Name: name.(string), End: s.env.Now()}
	switch text := string(urn); {
	case strings.HasSuffix(text, "::"+claimName):
		step.Reaches = failover.Claimed
	case strings.HasSuffix(text, switchSuffix(s.plan.Claim.Epoch)):
		step.Reaches = failover.Switched
	}
	s.recorder.Observe(step)
}

// ReadReports reads the reports that were kept below a project's folder, the oldest
// first. The error is of those that can't be read; the others come with it.
func ReadReports(project string) ([]failover.Report, error) {
	files, err := filepath.Glob(filepath.Join(project, filepath.FromSlash(Reports), "*.json"))
	if err != nil {
		return nil, err
	}
	var reports []failover.Report
	var unread []error
	for _, file := range files {
		text, err := ReadRegular(file)
		if err != nil {
			unread = append(unread, fmt.Errorf("reading a report: %w", err))
			continue
		}
		var report failover.Report
		if err := json.Unmarshal(text, &report); err != nil {
			unread = append(unread, fmt.Errorf("reading the report %s: %w", file, err))
			continue
		}
		reports = append(reports, report)
	}
	slices.SortStableFunc(reports, func(a, b failover.Report) int { return a.Began.Compare(b.Began) })
	return reports, errors.Join(unread...)
}

// Halted finds the report of an activation that came to a halt among those that were
// kept below a project's folder. One that can't be read is as good as none.
func Halted(project string) func(stack string, epoch int) (failover.Report, bool) {
	return func(stack string, epoch int) (failover.Report, bool) {
		reports, _ := ReadReports(project)
		for _, r := range slices.Backward(reports) {
			if r.Stack == stack && r.Epoch == epoch && strings.HasPrefix(r.Asked, string(Activate)) {
				return r, true
			}
		}
		return failover.Report{}, false
	}
}

// KeepReports keeps each state of a report in its files below a project's folder.
// A report that can't be written holds up nothing: complain is told, once.
func KeepReports(project string, complain func(error)) func(failover.Report) {
	var once sync.Once
	return func(report failover.Report) {
		name := fmt.Sprintf("%s-%s-epoch-%d", report.Began.UTC().Format("20060102T150405Z"), report.Stack, report.Epoch)
		if err := failover.Keep(filepath.Join(project, filepath.FromSlash(Reports), name), &report); err != nil {
			once.Do(func() { complain(err) })
		}
	}
}
