package drill

import (
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/stacks/hooks"
	"github.com/pilotlight-dr/pilotlight/when"
)

// record begins the report of a drill, which is written as that of a failover is. It returns env, which tells it of
// the steps that are no resources.
func (c *copied) record(env failover.Env) (failover.Env, error) {
	if env.Now == nil {
		env.Now = time.Now
	}
	reported := env.Report
	if reported == nil {
		reported = func(report.Report) {}
	}
	recorder := report.NewRecorder(report.Report{
		Site: c.Config.Domain, Stack: c.Stack(), Region: c.Config.Region, Action: Asked, Epoch: c.state.Claim.Epoch, Goal: report.Healthy,
		StartedAt: env.Now(), Notes: notes(c.Args),
	}, report.NextSteps{Unfinished: []string{"pilotlight drill: it resumes", "or pilotlight drill --end: it ends what is there, which costs until then"}}, reported)
	var err error
	c.steps, err = hooks.ReportSteps(c.Context, c.name, recorder, env.Now, func(kind string) bool {
		return !strings.HasPrefix(kind, "pulumi:") // its hook reports what it waits for
	})
	return env.Observing(recorder.Observe), err
}

// notes are what tells a drill from a failover.
func notes(args Args) []string {
	snapshot := args.Copy.Snapshot
	all := []string{
		"the database is restored from " + snapshot.ID + " of " + when.Date(snapshot.Made) + ", where a failover promotes the replica",
		"no name is moved: a failover takes the time of DNS on top",
		"the copy's bucket is empty: nothing is said of the media",
	}
	if args.Resumes {
		all = append(all, "an earlier run was stopped: what that had made is not measured here")
	}
	return all
}
