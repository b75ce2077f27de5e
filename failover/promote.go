package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight-dr/pilotlight/failover/decide"
)

// reaction is how long RDS may go on saying available after it accepted a
// promotion. Only later does available with a source mean that it failed.
const reaction = 2 * time.Minute

// promotion is one effort to get a database promoted: it knows when it last
// asked for it, and how many looks in a row saw it done.
type promotion struct {
	client  *rds.Client
	id      string
	asked   time.Time
	settled int
}

// StartPromotion asks for the promotion of the database unless it is promoted
// or on the way, and does not wait. It may be called any number of times. A
// database that cannot begin yet (it backs up) is left to WaitPromoted.
func (r *Runtime) StartPromotion(ctx context.Context) error {
	return r.observe("start the promotion of "+r.Site.Database, func() error {
		p, err := r.newPromotion(ctx)
		if err != nil {
			return err
		}
		_, seen, err := p.look(ctx, r.env.Now())
		if err == nil {
			r.Say(fmt.Sprintf("promotion of %s: %s", r.Site.Database, seen))
		}
		return err
	})
}

// WaitPromoted makes sure that the database is promoted, starting the promotion
// (again) while a source is still set, and returns when it is done.
func (r *Runtime) WaitPromoted(ctx context.Context) error {
	return r.observe("wait for the promotion of "+r.Site.Database, func() error {
		p, err := r.newPromotion(ctx)
		if err != nil {
			return err
		}
		return r.wait(ctx, "the promotion of "+r.Site.Database, r.Site.Limits.Promote, func(ctx context.Context) (bool, string, error) {
			return p.look(ctx, r.env.Now())
		})
	})
}

func (r *Runtime) newPromotion(ctx context.Context) (*promotion, error) {
	cfg, err := r.aws(ctx)
	if err != nil {
		return nil, err
	}
	return &promotion{client: rds.NewFromConfig(cfg), id: r.Site.Database}, nil
}

// look sees how far the promotion is, and asks for it when nobody else has.
func (p *promotion) look(ctx context.Context, now time.Time) (done bool, seen string, err error) {
	instance, err := findDatabase(ctx, p.client, p.id)
	if err != nil {
		return false, "", err
	}
	status, source := aws.ToString(instance.DBInstanceStatus), aws.ToString(instance.ReadReplicaSourceDBInstanceIdentifier)
	step, err := decide.Promotion(status, source)
	if err != nil {
		return false, status, err
	}
	if step != decide.Settled {
		p.settled = 0
	}
	switch {
	case step == decide.Settled:
		p.settled++
		return p.settled >= decide.SettledLooks, "promoted", nil
	case step == decide.Promote && now.Sub(p.asked) >= reaction:
		if err := p.ask(ctx); err != nil {
			return false, status, err
		}
		p.asked = now
		return false, "asked for", nil
	}
	return false, status, nil
}

// ask calls for the promotion. A state that refuses it now (RDS takes no
// promotion during a backup, and none twice) is not an error: the next look sees.
func (p *promotion) ask(ctx context.Context) error {
	_, err := p.client.PromoteReadReplica(ctx, &rds.PromoteReadReplicaInput{DBInstanceIdentifier: &p.id})
	if _, busy := errors.AsType[*rdstypes.InvalidDBInstanceStateFault](err); err != nil && !busy {
		return fmt.Errorf("promoting database %s: %w", p.id, err)
	}
	return nil
}
