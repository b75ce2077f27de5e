package failover

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/report"
)

// hearing is how long a site must look frozen until every instance has heard of
// it: they look at their parameters every minute, and may take a while for it.
const hearing = 90 * time.Second

// WaitStopped waits until no instance behind the balancer serves visitors.
func (r *Runtime) WaitStopped(ctx context.Context, balancer string) error {
	client := r.siteClient()
	step := report.Step{Kind: report.FreezeStep, Name: "stop the site's writes", Awaits: "the maintenance page"}
	return r.waitStep(ctx, step, r.Site.Limits.Healthy, r.lasting(hearing, func(ctx context.Context) (bool, string, error) {
		stopped, seen := checks.Stopped(r.page(ctx, client, balancer))
		return stopped, seen, nil
	}))
}

// WaitReadOnly waits until the database behind the frozen site takes no writes,
// several looks in a row.
func (r *Runtime) WaitReadOnly(ctx context.Context, balancer string) error {
	client := r.siteClient()
	step := report.Step{Kind: report.FreezeStep, Name: "wait for the database to be read-only", Awaits: "the frozen database"}
	return r.waitStep(ctx, step, r.Site.Limits.Healthy, inARow(servingLooks, func(ctx context.Context) (bool, string, error) {
		page := r.page(ctx, client, balancer)
		if why := checks.Unbound(page); why != "" {
			return false, "", errors.New(why)
		}
		ready, seen := checks.ReadOnly(page)
		return ready, seen, nil
	}))
}

// ResetReadOnly gives read_only its default in the parameter group of the active database,
// where it is set. A database that is not made yet has none. RDS takes no change of a group
// while another is under way: that is waited for. That RDS refuses to tell of the group is passed over where the standby was
// accepted as it is.
func (r *Runtime) ResetReadOnly(ctx context.Context) error {
	client, err := r.rds(ctx)
	if err != nil {
		return err
	}
	return r.wait(ctx, "the database to take writes", r.Site.Limits.Healthy, func(ctx context.Context) (bool, string, error) {
		err := r.resetReadOnly(ctx, client)
		return err == nil, "", err
	})
}

func (r *Runtime) resetReadOnly(ctx context.Context, client *rds.Client) error {
	instance, err := findDatabase(ctx, client, r.Site.Database)
	if err != nil {
		return orAbsent(err)
	}
	for _, of := range instance.DBParameterGroups { // one at most
		group := aws.ToString(of.DBParameterGroupName)
		set, err := findParameters(ctx, client, group)
		if awsclient.Answered(err) && !isRetryable(err) && slices.Contains(r.Site.Accepted, checks.AcceptStandby) {
			r.Say(fmt.Sprintf("whether parameter group %s sets read_only is not known, which was accepted (%s)", group, unread(err)))
			continue // the pages tell whether it takes writes
		}
		if err != nil {
			return err
		}
		if !setsReadOnly(set) {
			continue
		}
		readOnly := rdstypes.Parameter{ParameterName: aws.String("read_only"), ApplyMethod: rdstypes.ApplyMethodImmediate}
		if _, err := client.ResetDBParameterGroup(ctx, &rds.ResetDBParameterGroupInput{DBParameterGroupName: &group, Parameters: []rdstypes.Parameter{readOnly}}); err != nil {
			return fmt.Errorf("resetting read_only in parameter group %s: %w", group, err)
		}
		r.Say(fmt.Sprintf("a killed update had frozen %s: it takes writes again", r.Site.Database))
	}
	return nil
}

// WaitCaughtUp waits until the replica has all that was written to the frozen
// database on the other side: asked by the site's own name, which still points
// there, it shows a marker, and so does this side, behind its balancer.
func (r *Runtime) WaitCaughtUp(ctx context.Context, balancer string) error {
	client := r.siteClient()
	step := report.Step{Kind: report.CatchUpStep, Name: "wait until no write is missing", Awaits: "the last writes of the other side"}
	return r.runStep(&step, func() error {
		cfg, err := r.aws(ctx)
		if err != nil {
			return err
		}
		measured, since := awsclient.CloudWatch(cfg), r.env.Now()
		return r.wait(ctx, step.Awaits, r.Site.Limits.Healthy, func(ctx context.Context) (bool, string, error) {
			lag, _, err := findLag(ctx, measured, r.Site.Database, r.env.Now(), r.Site.LagWindow)
			if err != nil {
				return false, "", err
			}
			theirs := r.page(ctx, client, r.Site.domain())
			if why := checks.Unbound(theirs); why != "" {
				return false, "", errors.New(why)
			}
			ready, seen := checks.CaughtUp(theirs, r.page(ctx, client, balancer), lag, since)
			return ready, seen, nil
		})
	})
}

// page asks a side's deep page; it is zero when there is no answer.
func (r *Runtime) page(ctx context.Context, client *http.Client, side string) checks.DeepPage {
	answer, err := r.get(ctx, client, side, r.Site.DeepPath)
	if err != nil {
		return checks.DeepPage{}
	}
	return checks.Page(answer)
}
