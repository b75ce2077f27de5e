package ops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// A Survey is a site as it stands: what both stacks hold, and what AWS says now of the side that a
// failover would activate. It holds the secrets of the states: keep it to this process.
type Survey struct {
	At      time.Time
	Account string
	// Standby is the stack that a failover would activate.
	Standby string
	Stacks  []SurveyedStack
	// Seen is what the checks look at; nil where that could not be read.
	Seen *checks.Snapshot
	// Record is the parameter by which the standby's state is compared with AWS; empty where there is
	// none, and where it could not be read.
	Record string
	// Quotas are those of all that an activation may make, with what is in use of them.
	Quotas []checks.Quota
	// ServedLately is the most instances that production served with in the last week; 0 where no check published that.
	ServedLately int
	// Unread is what could not be read, a sentence each: nothing may be concluded from what lacks it.
	Unread []string
	// Unseen is what this backend does not tell, a sentence each.
	Unseen []string
}

// SurveyedStack is one stack of a survey.
type SurveyedStack struct {
	Side
	// Exported is its state, with the secrets in plain text; nil when it was never deployed.
	Exported *apitype.UntypedDeployment
	// Locks are those that a run would meet.
	Locks []backend.Lock
}

// Survey reads what a failover of the site would meet now. It changes nothing, and takes no
// lock. A site without a standby that a failover could activate is refused.
func (s *Site) Survey(ctx context.Context) (_ Survey, err error) {
	defer noteRead(ctx, &err)
	read := make([]SurveyedStack, len(s.stacks))
	err = s.eachStack(func(i int, config config.Config) (err error) {
		read[i].Config = config
		read[i].State, read[i].Exported, err = s.exported(ctx, config.Stack)
		return err
	})
	if err != nil {
		return Survey{}, err
	}
	sides := make([]Side, len(read))
	for i, of := range read {
		sides[i] = of.Side
	}
	side, err := standby(sides)
	if err != nil {
		return Survey{}, err
	}
	v := Survey{At: s.now(), Standby: side.Config.Stack, Stacks: read}
	bounded, cancel := context.WithTimeout(ctx, askAgainFor)
	defer cancel()
	if v.Account, err = s.caller(bounded, side); err != nil {
		return Survey{}, refusal.New(refusal.CodeSilent, "AWS in %s does not say whose these credentials are (%s): sign in so that %[1]s accepts them, and try again",
			side.Config.Region, silence(err, askAgainFor)).Of(v.Standby)
	}
	s.surveyRegion(ctx, side, &v)
	err = s.surveyLocks(ctx, &v)
	return v, err
}

// exported is what a stack holds, and its state as it is exported: nothing for one that does not exist.
func (s *Site) exported(ctx context.Context, name string) (held state.State, exported *apitype.UntypedDeployment, err error) {
	stack, err := s.Stack(ctx, name, false)
	if errors.Is(err, ErrNoStack) {
		return state.State{}, nil, nil
	}
	if err == nil {
		exported, err = stack.export(ctx)
	}
	if err == nil {
		held, err = state.Parse(exported.Deployment)
	}
	if err != nil && ctx.Err() == nil {
		err = s.damaged(ctx, name, err)
	}
	return held, exported, err
}

// standby is the side that a failover would activate.
func standby(sides []Side) (Side, error) {
	change, err := next(sides, ForFailover, "")
	if refused, ok := errors.AsType[*refusal.Error](err); ok && refused.Remedy == "" {
		said := *refused
		said.Remedy = toDo(sides)
		err = &said
	}
	if err != nil {
		return Side{}, err
	}
	side, _, err := find(sides, change.Stack)
	if err == nil && side.State.Claim.Role != roles.Standby {
		err = refusal.New(refusal.CodeClaims, "stack %s is active already, and its activation is not finished: finish it with pilotlight failover", change.Stack).Of(change.Stack)
	}
	return side, err
}

// surveyRegion adds what AWS says of the standby.
func (s *Site) surveyRegion(ctx context.Context, side Side, v *Survey) {
	unread := func(format string, args ...any) { v.Unread = append(v.Unread, fmt.Sprintf(format, args...)) }
	region := side.Config.Region
	seen, err := s.runtimeOf(side).Survey(ctx)
	switch {
	case err != nil:
		unread("what stands in %s: %s", region, silence(err, askFor))
	case seen.Unread == checks.Unread{}: // or what was not told would look as if it were not there
		v.Seen = &seen
	}
	if r := seen.Replica; r != nil && r.LagUnread != "" {
		unread("the replication lag of %s: %s", r.ID, r.LagUnread)
	}
	for _, why := range []string{seen.Unread.Image, seen.Unread.Replica} {
		if why != "" {
			unread("what stands in %s: %s", region, why)
		}
	}
	if r := seen.Replica; r != nil && r.ParametersUnread != "" {
		unread("the parameters of %s: %s", r.ID, r.ParametersUnread)
	}
	for _, b := range seen.Shortfalls {
		if slices.Contains([]string{checks.TypesUnseen, checks.NameUnseen, checks.CertificateUnseen, checks.PartsUnseen, checks.FactUnknown}, b.Code) {
			unread("%s", b.Reason)
		}
	}
	s.surveyQuotas(ctx, side, v)
	if v.ServedLately, err = s.runtimeOf(side).ServedLately(ctx); err != nil {
		unread("with how many instances production served in the last week: %s", silence(err, askFor))
	}
	if v.Record, _, err = failover.Parameter(ctx, s.options.Env, region, side.Config.Profile, side.Config.RecordName()); err != nil {
		unread("parameter %s in %s: %s", side.Config.RecordName(), region, silence(err, askFor))
	}
}

// surveyQuotas adds what the account may have in the standby's region, and has, of what an activation makes.
func (s *Site) surveyQuotas(ctx context.Context, side Side, v *Survey) {
	c := side.Config
	sizes := checks.Sizes{Instances: c.App.Min, MostInstances: c.App.Max, Zones: c.Network.Zones, CacheNodes: c.Cache.Nodes}
	for _, name := range c.App.Types() { // what is not offered takes nothing, and the checks refuse it
		offered := func(t checks.InstanceType) bool { return t.Name == name && len(t.Zones) > 0 }
		if v.Seen == nil || slices.ContainsFunc(v.Seen.Types, offered) {
			sizes.Types = append(sizes.Types, name)
		}
	}
	var err error
	if v.Quotas, err = s.runtimeOf(side).Quotas(ctx, checks.ActivationNeeds(sizes, c.Network.Gateways())); err != nil {
		v.Unread = append(v.Unread, fmt.Sprintf("the quotas of %s: %s", c.Region, silence(err, askFor)))
	}
	if unknown := checks.UnseenQuotas(v.Quotas); unknown != "" {
		v.Unread = append(v.Unread, fmt.Sprintf("the quotas of %s: %s", c.Region, unknown))
	}
}

// surveyLocks adds the locks that a run would meet. One that it releases itself is none.
func (s *Site) surveyLocks(ctx context.Context, v *Survey) error {
	for i, of := range v.Stacks {
		locks, err := s.Locks(ctx, of.Config.Stack)
		switch {
		case errors.Is(err, backend.ErrOpaque):
			v.Unseen = append(v.Unseen, fmt.Sprintf("stack %s is not locked, which this backend does not tell", of.Config.Stack))
		case err != nil && ctx.Err() == nil:
			v.Unread = append(v.Unread, err.Error())
		case err != nil:
			return err
		}
		for _, l := range locks {
			if !l.LeftHere {
				v.Stacks[i].Locks = append(v.Stacks[i].Locks, l.lock)
			}
		}
	}
	return nil
}
