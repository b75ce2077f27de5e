package drill

import (
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/stacks/hooks"
)

// recorder writes the report of a drill as that of a failover is written: a step
// for every resource, from when it begins to when it is there.
type recorder struct {
	*report.Recorder
	now     func() time.Time
	started sync.Map // the steps of resources, by URN
	watched []pulumi.Resource
}

// record begins the report, and lets env tell it of the steps that are no resources.
func (c *copied) record(env *failover.Env) error {
	r := &recorder{now: env.Now}
	if r.now == nil {
		r.now = time.Now
	}
	reported := env.Report
	if reported == nil {
		reported = func(report.Report) {}
	}
	r.Recorder = report.NewRecorder(report.Report{
		Site: c.Config.Domain, Stack: c.Stack(), Region: c.Config.Region, Action: Asked, Epoch: c.state.Claim.Epoch, Goal: report.Healthy,
		StartedAt: r.now(), Notes: notes(c.Args),
	}, report.NextSteps{Unfinished: []string{"pilotlight drill: it resumes", "or pilotlight drill --end: it ends what is there, which costs until then"}}, reported)

	observe := env.Observe
	env.Observe = func(step report.Step) {
		if observe != nil {
			observe(step)
		}
		r.Observe(step)
	}
	begins, err := hooks.ReportStart(c.Context, c.name, func(urn pulumi.URN, step report.Step) {
		step.Begin = r.now()
		r.started.Store(urn, step)
		r.Observe(step)
	})
	if err != nil {
		return err
	}
	c.recorder = r
	return c.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if _, custom := args.Resource.(pulumi.CustomResource); !custom || strings.HasPrefix(args.Type, "pulumi:providers:") {
			return nil
		}
		r.watched = append(r.watched, args.Resource)
		if strings.HasPrefix(args.Type, "pulumi:") { // its hook reports what it waits for
			return nil
		}
		return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: append(args.Opts, pulumi.ResourceHooks(begins))}
	})
}

// notes are what tells a drill from a failover.
func notes(args Args) []string {
	snapshot := args.Copy.Snapshot
	all := []string{
		"the database is restored from " + snapshot.ID + " of " + snapshot.Made.UTC().Format(time.DateTime+" MST") + ", where a failover promotes the replica",
		"no name is moved: a failover takes the time of DNS on top",
		"the copy's bucket is empty: nothing is said of the media",
	}
	if args.Resumes {
		all = append(all, "an earlier run was stopped: what that had made is not measured here")
	}
	return all
}

// ends lets the report know when each resource is there, and when all are.
func (r *recorder) ends() {
	all := make([]any, len(r.watched))
	for i, resource := range r.watched {
		all[i] = resource.URN().ApplyT(func(urn pulumi.URN) pulumi.URN {
			if started, ok := r.started.Load(urn); ok {
				step := started.(report.Step)
				step.End = r.now()
				r.Observe(step)
			}
			return urn
		})
	}
	pulumi.All(all...).ApplyT(func([]any) string {
		r.Done()
		return ""
	})
}
