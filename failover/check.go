package failover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
)

// Check runs all checks before an activation, read-only, and returns what they
// found. It fails when it could not look.
func (r *Runtime) Check(ctx context.Context) (checks.Verdict, error) {
	return r.judge(ctx, question{step: "check the standby", rules: checks.Activation, activates: true})
}

// CheckRetire finds out whether the current database can do without those before
// it: a primary must be usable, a replica up to date.
func (r *Runtime) CheckRetire(ctx context.Context) (checks.Verdict, error) {
	return r.judge(ctx, question{step: "check that the database is in step", rules: checks.Retire})
}

// CheckAbort finds out whether an activation may be aborted: production holds
// the site, and this side does not serve it.
func (r *Runtime) CheckAbort(ctx context.Context) (checks.Verdict, error) {
	return r.judge(ctx, question{step: "check that production holds the site", rules: checks.Abort})
}

// question is what a snapshot is judged for.
type question struct {
	step      string
	rules     checks.Rules
	activates bool // an activation loses what the replica lacks
}

func (r *Runtime) judge(ctx context.Context, ask question) (verdict checks.Verdict, err error) {
	ctx, leave := r.enter(ctx, ask.step)
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, r.Site.Limits.Check)
	defer cancel()
	step := report.Step{Kind: report.CheckStep, Name: ask.step}
	err = r.runStep(&step, func() error {
		seen, err := r.snapshot(ctx)
		if cause := context.Cause(ctx); cause != nil { // also when what was asked has been answered
			err = because(cause, err)
		}
		if err != nil {
			return fmt.Errorf("the checks could not be made in %s, nothing was changed: %w", r.Site.Region, err)
		}
		verdict = judged(seen, r.Site.Policy, ask)
		step.Verdict = &verdict
		return nil
	})
	return verdict, err
}

// because is cause with what was asked when it came, which err may tell.
func because(cause, err error) error {
	switch {
	case err == nil:
		return cause
	case errors.Is(err, cause):
		return err
	}
	return fmt.Errorf("%w: %w", cause, err)
}

func judged(seen checks.Snapshot, p checks.Policy, ask question) checks.Verdict {
	v := checks.Verdict{Findings: ask.rules.Findings(seen, p), Shortfalls: seen.Shortfalls}
	v.Blockers, v.Overruled = checks.Overrule(ask.rules.Blockers(seen, p), p.Accepted)
	switch {
	case ask.activates && p.ReclaimedEpoch != 0:
		v.Loss = checks.StaysBehind
	case ask.activates && p.Source != "" && seen.Unread.Replica != "":
		v.Loss, v.Media = checks.LossUnread, checks.MediaLoss(&checks.Replica{}, seen.Backlog, p.Switchover)
	case ask.activates:
		v.Loss, v.Media = checks.Loss(seen.Replica, seen.At, p.Switchover), checks.MediaLoss(seen.Replica, seen.Backlog, p.Switchover)
	}
	if seen.Replica != nil {
		v.LastGood = seen.Replica.LastGood
	}
	return v
}

// Judge judges what Look saw, as Check judges what it sees, and asks nothing more.
func (r *Runtime) Judge(seen checks.Snapshot) checks.Verdict {
	return judged(seen, r.Site.Policy, question{rules: checks.Activation, activates: true})
}

// Image is the site's image: the one that is configured, or else the newest with its tag.
func (r *Runtime) Image(ctx context.Context) (*checks.Image, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Site.Limits.Check)
	defer cancel()
	cfg, err := r.aws(ctx)
	if err != nil {
		return nil, err
	}
	return r.findImage(ctx, ec2.NewFromConfig(cfg))
}

// Survey is all that Check looks at, unjudged. It asks the site nothing.
func (r *Runtime) Survey(ctx context.Context) (checks.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Site.Limits.Check)
	defer cancel()
	return r.look(ctx, false)
}

func (r *Runtime) snapshot(ctx context.Context) (checks.Snapshot, error) {
	at, page := r.env.Now(), r.probe(ctx)
	seen, err := r.look(ctx, false)
	seen.At, seen.Site = at, page
	return seen, err
}

// LookedAt are the subjects of checks.Activation whose facts Look reads, all of them. What judges by Look has another's word for the rest,
// such as that of the last check.
var LookedAt = []string{"replica", "lag", "image"}

// Look is a brief look at a side in its region: its image, its certificate and its database, whether that is a replica or
// not. It asks the site nothing.
func (r *Runtime) Look(ctx context.Context) (checks.Snapshot, error) { return r.look(ctx, true) }

// look is what there is to see of this side before an activation. A brief look leaves out what only an activation needs, and
// LookedAt names no subject of that: the types of instances, the key of their volumes, the parts, the site's names, and the records by which ACM renews a certificate.
func (r *Runtime) look(ctx context.Context, brief bool) (checks.Snapshot, error) {
	seen := checks.Snapshot{At: r.env.Now()}
	cfg, err := r.aws(ctx)
	if err != nil {
		return seen, err
	}
	seen.Image, err = r.findImage(ctx, ec2.NewFromConfig(cfg))
	if seen.Unread.Image, seen.Unread.ImageBusy, err = untold(err); err != nil {
		return seen, err
	}
	if r.Site.Source != "" || brief {
		seen.Replica, err = r.database(ctx, cfg)
		if seen.Unread.Replica, seen.Unread.ReplicaBusy, err = untold(err); err != nil {
			return seen, err
		}
		if brief && seen.Replica != nil {
			seen.Replica.Free = r.free(ctx, cfg)
		}
		seen.Backlog = r.backlog(ctx, cfg)
	}
	seen.Certificate, seen.Shortfalls = r.certificate(ctx, cfg) // which may take its time: all else that a brief look needs is seen
	if !brief {
		err = r.lookFurther(ctx, cfg, &seen)
	}
	seen.Shortfalls = append(seen.Shortfalls, checks.Untold(seen, r.Site.Policy)...)
	return seen, err
}

// untold is why AWS does not tell of something although it answers, and whether it is busy; empty where it tells, be it that
// there is no such thing. The error is one of silence.
func untold(err error) (why string, busy bool, silence error) {
	switch err = orAbsent(err); {
	case err == nil:
		return "", false, nil
	case awsclient.Answered(err):
		return unread(err), isRetryable(err), nil
	}
	return "", false, err
}

// toRead is what to do about an error that keeps something from being read: rights are of use only where AWS is not busy.
func toRead(err error, rights string) string {
	if isRetryable(err) {
		return checks.Busy
	}
	return "let these credentials " + rights + ", and check again"
}

// lookFurther adds what a brief look leaves out. Credentials that may not ask for it can still fail over.
func (r *Runtime) lookFurther(ctx context.Context, cfg aws.Config, seen *checks.Snapshot) (err error) {
	within, cancel := context.WithTimeout(ctx, partsLimit)
	defer cancel()
	seen.Types, err = findTypes(within, ec2.NewFromConfig(cfg), r.Site.InstanceTypes, r.Site.Zones)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, errNothingOffered):
		seen.Shortfalls = append(seen.Shortfalls, typesUnseen(err.Error(), "find out whether the account may use the region (aws account list-regions), and check again"))
	case err != nil:
		seen.Shortfalls = append(seen.Shortfalls, typesUnseen(cmp.Or(awsclient.Words(err), unread(err)),
			toRead(err, "ask (ec2:DescribeInstanceTypeOfferings, ec2:DescribeInstanceTypes)")))
	}
	seen.VolumeKey = r.volumeKey(ctx, cfg, seen.Image)
	var short []refusal.Blocker
	seen.Missing, short = r.parts(ctx, cfg)
	seen.Shortfalls = append(seen.Shortfalls, short...)
	seen.Blocked, short = r.blockedNetwork(ctx, cfg)
	seen.Shortfalls = append(seen.Shortfalls, short...)
	seen.Name, short = r.name(ctx, cfg)
	seen.Shortfalls = append(seen.Shortfalls, short...)
	seen.Shortfalls = append(seen.Shortfalls, checks.Astray(seen.Name, r.Site.Policy)...)
	r.findAbsent(ctx, cfg, seen.Certificate, seen.Name)
	seen.Shortfalls = append(seen.Shortfalls, checks.Renewal(*seen, r.Site.Policy)...)
	return nil
}

// orAbsent is an error of a finder, but for one that says that there is no such thing:
// that is an answer.
func orAbsent(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// LookAtDatabase is what there is to see of the database alone; nil when there is none.
func (r *Runtime) LookAtDatabase(ctx context.Context) (*checks.Replica, error) {
	cfg, err := r.aws(ctx)
	if err != nil {
		return nil, err
	}
	found, err := r.database(ctx, cfg)
	if err != nil || found == nil {
		return nil, err
	}
	found.Free = r.free(ctx, cfg)
	return found, nil
}

// DescribeDatabase is what RDS says of an instance in the stack's region; nil when there is none.
func (r *Runtime) DescribeDatabase(ctx context.Context, id string) (*checks.Replica, error) {
	ctx, cancel := context.WithTimeout(ctx, partsLimit)
	defer cancel()
	client, err := r.rds(ctx)
	if err != nil {
		return nil, err
	}
	instance, err := findDatabase(ctx, client, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil //nolint:nilnil // none is an answer
	case err != nil:
		return nil, err
	}
	said := described(instance)
	return &said, nil
}

// database is what RDS and CloudWatch say of the site's database; nil when there is none.
func (r *Runtime) database(ctx context.Context, cfg aws.Config) (*checks.Replica, error) {
	client := rds.NewFromConfig(cfg)
	instance, err := findDatabase(ctx, client, r.Site.Database)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil //nolint:nilnil // none is an answer: package checks has a case for it
	case err != nil:
		return nil, err
	}
	said := r.ofSite(instance)
	found := &said
	for _, group := range instance.DBParameterGroups { // one at most
		found.Parameters = aws.ToString(group.DBParameterGroupName)
		found.Set, err = findParameters(ctx, client, found.Parameters)
		if found.ParametersUnread, found.ParametersBusy, err = untold(err); err != nil {
			return nil, err
		}
		found.ReadOnly = setsReadOnly(found.Set)
		found.AwaitsReboot = aws.ToString(group.ParameterApplyStatus) == "pending-reboot"
	}
	if found.Source != "" {
		r.lag(ctx, cfg, found)
	}
	return found, context.Cause(ctx)
}

// metricsLimit bounds what CloudWatch is asked. A site does not need it: without it the loss alone is unknown.
const metricsLimit = 20 * time.Second

// lag adds the last good measurement of a replica's lag, or why it could not be read.
func (r *Runtime) lag(ctx context.Context, cfg aws.Config, of *checks.Replica) {
	ctx, cancel := context.WithTimeout(ctx, metricsLimit)
	defer cancel()
	var err error
	of.LastGood, of.Measured, err = findLag(ctx, awsclient.CloudWatch(cfg), r.Site.Database, r.env.Now(), r.Site.LagWindow)
	switch {
	case err == nil:
	case ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded):
		of.LagUnread, of.LagBusy = "CloudWatch does not answer", true
	default:
		of.LagUnread, of.LagBusy = unread(err), isRetryable(err)
	}
}

// free is the database's free storage; nil where CloudWatch does not tell.
func (r *Runtime) free(ctx context.Context, cfg aws.Config) *checks.Free {
	ctx, cancel := context.WithTimeout(ctx, metricsLimit)
	defer cancel()
	found, err := findFree(ctx, awsclient.CloudWatch(cfg), r.Site.Database, r.env.Now())
	if err != nil {
		return nil
	}
	return found
}

// ofSite is what RDS says of the site's database. One that is known to be promoted, and replicates nothing, has no source:
// what stands for RDS in a test may name it for good.
func (r *Runtime) ofSite(instance *rdstypes.DBInstance) checks.Replica {
	found := described(instance)
	if r.Site.Promoted && found.Detached() {
		found.Source = ""
	}
	return found
}

// described is what RDS says of an instance.
func described(instance *rdstypes.DBInstance) checks.Replica {
	found := checks.Replica{
		ID: aws.ToString(instance.DBInstanceIdentifier), Status: aws.ToString(instance.DBInstanceStatus),
		Source: aws.ToString(instance.ReadReplicaSourceDBInstanceIdentifier), BackupDays: int(aws.ToInt32(instance.BackupRetentionPeriod)),
		Class: aws.ToString(instance.DBInstanceClass), Engine: aws.ToString(instance.EngineVersion), AllocatedGiB: int(aws.ToInt32(instance.AllocatedStorage)),
		Key: aws.ToString(instance.KmsKeyId), IOPS: int(aws.ToInt32(instance.Iops)), CeilingGiB: int(aws.ToInt32(instance.MaxAllocatedStorage)), BackupWindow: aws.ToString(instance.PreferredBackupWindow),
	}
	for _, info := range instance.StatusInfos {
		if aws.ToString(info.StatusType) == "read replication" {
			found.Replication, found.Message = aws.ToString(info.Status), aws.ToString(info.Message)
		}
	}
	return found
}

// typesUnseen is that what EC2 offers is not known.
func typesUnseen(why, remedy string) refusal.Blocker {
	return refusal.Blocker{
		Code: checks.TypesUnseen, Subject: "instances", Reason: "what EC2 offers could not be read: " + why,
		Remedy: remedy,
	}
}
