package hooks

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/report"
)

// Steps has a report show a step for each resource that is made or changed, from when that begins to when it is there.
type Steps struct {
	recorder  *report.Recorder
	now       func() time.Time
	started   sync.Map // the steps by URN
	resources []pulumi.Resource
}

// ReportSteps has recorder note the resources that ctx registers from here on; nil notes none. reported reports whether
// resources of a type have a step. Their hook is bound in every update, also where there is no report: the engine saves its
// checkpoint for each resource whose hooks are others than in the state, which costs four calls of S3.
func ReportSteps(ctx *pulumi.Context, name string, recorder *report.Recorder, now func() time.Time, reported func(kind string) bool) (*Steps, error) {
	s := &Steps{recorder: recorder, now: now}
	hook, err := ctx.RegisterResourceHook(name+"-begins", func(args *pulumi.ResourceHookArgs) error {
		if recorder != nil {
			s.start(args)
		}
		return nil
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("registering the hook of the report: %w", err)
	}
	begins := pulumi.ResourceHooks(before(hook))
	return s, ctx.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if _, custom := args.Resource.(pulumi.CustomResource); !custom || strings.HasPrefix(args.Type, "pulumi:providers:") {
			return nil
		}
		s.resources = append(s.resources, args.Resource)
		if !reported(args.Type) {
			return nil
		}
		return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: append(args.Opts, begins)}
	})
}

// start notes a step such as "create NatGateway blog-dr-nat".
func (s *Steps) start(args *pulumi.ResourceHookArgs) {
	verb := "create"
	if len(args.OldInputs) > 0 {
		verb = "update"
	}
	kind := string(args.Type)
	step := report.Step{
		Kind: report.ResourceStep, Type: kind, URN: string(args.URN), Name: fmt.Sprintf("%s %s %s", verb, kind[strings.LastIndex(kind, ":")+1:], args.Name), Begin: s.now(),
	}
	s.started.Store(args.URN, step)
	s.recorder.Observe(step)
}

// Done lets the report know when each resource is there, with the milestone that this is or an empty one, and when all are.
func (s *Steps) Done(milestone func(pulumi.URN) report.Milestone) {
	if s.recorder == nil {
		return
	}
	all := make([]any, len(s.resources))
	for i, resource := range s.resources {
		all[i] = resource.URN().ApplyT(func(urn pulumi.URN) pulumi.URN {
			if started, ok := s.started.Load(urn); ok {
				step := started.(report.Step)
				step.End, step.Milestone = s.now(), milestone(urn)
				s.recorder.Observe(step)
			}
			return urn
		})
	}
	pulumi.All(all...).ApplyT(func([]any) string {
		s.recorder.Done()
		return ""
	})
}
