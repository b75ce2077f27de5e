package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/when"
)

// reaction is how long RDS may go on saying available after it accepted a
// promotion. Only later does available with a source mean that it failed, or
// that the source is shown for good.
const reaction = 2 * time.Minute

// StartPromotion asks for the promotion of the database unless it is promoted
// or on the way, and does not wait. It may be called any number of times. A
// database that cannot begin yet (it backs up) is left to WaitPromoted.
func (r *Runtime) StartPromotion(ctx context.Context) error {
	ctx, leave := r.enter(ctx, "start the promotion")
	defer leave()
	step := report.Step{Kind: report.PromoteStep, Name: "start the promotion of " + r.Site.Database, Awaits: "the promotion of " + r.Site.Database}
	return r.runStep(&step, func() error {
		client, err := r.rds(ctx)
		if err != nil {
			return err
		}
		_, seen, err := look(func(ctx context.Context) (bool, string, error) {
			_, seen, err := r.promote(ctx, client)
			return false, seen, err
		}).within(ctx, lookLimit)
		if isRetryable(err) && ctx.Err() == nil {
			seen, err = passing(err), nil
		}
		if err == nil {
			r.progress(step.Awaits, seen)
		}
		return err
	})
}

// WaitPromoted makes sure that the database is promoted, starting the promotion
// (again) while a source is still set, and returns when several looks in a row
// saw it done.
func (r *Runtime) WaitPromoted(ctx context.Context) error {
	awaits := "the promotion of " + r.Site.Database
	return r.runStep(&report.Step{Kind: report.PromoteStep, Name: "wait for " + awaits, Awaits: awaits, Milestone: report.Promoted}, func() error {
		client, err := r.rds(ctx)
		if err != nil {
			return err
		}
		return r.wait(ctx, awaits, r.Site.Limits.Promote, inARow(checks.PromotedLooks, func(ctx context.Context) (bool, string, error) {
			step, seen, err := r.promote(ctx, client)
			return step == checks.Promoted, seen, err
		}))
	})
}

// WaitSecondZone waits until the database has served for a while. A second zone is a copy of the
// disk, made while it is in use: right after a switch its own cache is cold, and all visitors return.
func (r *Runtime) WaitSecondZone(ctx context.Context) error {
	rest := r.Site.SecondZoneAfter
	if rest <= 0 {
		return nil
	}
	awaits, due := "the second zone of "+r.Site.Database, r.env.Now().Add(rest)
	seen := "the site serves; it is made from " + when.Clock(due) + " on (database.multiAzDelay)"
	step := report.Step{Kind: report.ZoneStep, Name: "wait for " + awaits + " to be due", Awaits: awaits}
	return r.waitStep(ctx, step, rest+time.Minute, func(context.Context) (bool, string, error) {
		return !r.env.Now().Before(due), seen, nil
	})
}

func (r *Runtime) rds(ctx context.Context) (*rds.Client, error) {
	cfg, err := r.aws(ctx)
	if err != nil {
		return nil, err
	}
	return rds.NewFromConfig(cfg), nil
}

// WaitModifiable waits as long as a database of any region is in a state that passes,
// in which RDS would refuse to copy or to change it. A killed update leaves such
// states, and so does the one before this on the other side. Of one that does not
// exist, or is in no state to work, RDS itself says so.
func (r *Runtime) WaitModifiable(ctx context.Context, region, id string) error {
	cfg, err := r.awsIn(ctx, region)
	if err != nil {
		return err
	}
	client, began := rds.NewFromConfig(cfg), r.env.Now()
	return r.wait(ctx, "database "+id, r.Site.Limits.Promote, func(ctx context.Context) (bool, string, error) {
		instance, err := findDatabase(ctx, client, id)
		if errors.Is(err, ErrNotFound) {
			return true, "", nil
		}
		if err != nil {
			return false, "", err
		}
		status, waited := aws.ToString(instance.DBInstanceStatus), r.env.Now().Sub(began)
		switch standing := checks.StandingOf(status); {
		case standing == checks.Unknown && waited >= unknownFor:
			return true, status + ", which is unknown: RDS itself says now whether it takes a change", nil
		case standing.Leaves():
			return false, status, nil
		}
		return true, "", nil
	})
}

// unknownFor is how long a state that this program does not know keeps a change from being asked for.
const unknownFor = 10 * time.Minute

// promote looks how far the promotion is, and asks for it when it has not begun.
// It is the one place that does, and may be called at any time.
func (r *Runtime) promote(ctx context.Context, client *rds.Client) (step checks.Step, seen string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	instance, err := findDatabase(ctx, client, r.Site.Database)
	if err != nil {
		return checks.Wait, "", err
	}
	status := aws.ToString(instance.DBInstanceStatus)
	reacted := r.env.Now().Sub(r.asked) >= reaction
	step, err = checks.Promotion(r.ofSite(instance), reacted && !r.asked.IsZero(), r.Site.Region, r.Site.Accepted)
	switch {
	case err != nil:
		return step, status, err
	case step == checks.Promoted:
		return step, "promoted", nil
	case step == checks.Promote && reacted:
		refusal, err := r.ask(ctx, client, instance.BackupRetentionPeriod)
		if err != nil || refusal != "" {
			return checks.Wait, refusal, err
		}
		r.asked = r.env.Now()
		return step, "asked for", nil
	}
	return step, status, nil
}

// ask calls for the promotion. A state that does not allow it now (RDS takes no
// promotion during a backup, and none twice) is a refusal, in RDS's own words:
// the next look sees, and may ask again. Unless told, RDS would cut the
// retention of backups down to a day.
func (r *Runtime) ask(ctx context.Context, client *rds.Client, backupDays *int32) (refusal string, err error) {
	_, err = client.PromoteReadReplica(ctx, &rds.PromoteReadReplicaInput{
		DBInstanceIdentifier: &r.Site.Database, BackupRetentionPeriod: backupDays,
	})
	if busy, ok := errors.AsType[*rdstypes.InvalidDBInstanceStateFault](err); ok {
		return "RDS refuses for now: " + busy.ErrorMessage(), nil
	}
	if err != nil {
		return "", fmt.Errorf("promoting database %s: %w", r.Site.Database, err)
	}
	return "", nil
}
