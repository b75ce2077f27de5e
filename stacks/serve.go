package stacks

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// gate makes the checks that have to allow the plan, before anything is registered: a
// refusal ends the program, and is all that the engine shows. If a hook made them, the
// refusal would stand among complaints of the engine that follow from it. A preview
// makes the same checks and reports what they find, without failing.
func (s *site) gate() error {
	check := s.check()
	if check == nil {
		return nil
	}
	verdict, err := check(s.Context.Context())
	switch refused := verdict.Err(); {
	case s.DryRun() && err != nil:
		s.warn(err.Error())
		return nil
	case err != nil:
		return &refusal.Error{Code: refusal.CodeChecks, Reason: err.Error(), Err: err}
	case s.DryRun() && refused != nil:
		s.warn(PreviewWarning(refused))
		return nil
	case refused != nil:
		return refused
	}
	var warnings []string
	for _, b := range verdict.Overruled {
		warnings = append(warnings, "accepted: "+b.Reason)
	}
	if !s.DryRun() { // a plan has them as they are
		for _, b := range verdict.Shortfalls {
			warnings = append(warnings, b.String())
		}
	}
	for _, text := range warnings {
		s.warn(text)
	}
	allowed := "the checks allow it"
	if verdict.Loss != "" {
		allowed += "; " + verdict.Loss
	}
	s.inform(allowed)
	return nil
}

// PreviewWarning is what a preview warns of when the checks would refuse the update.
func PreviewWarning(refused error) string { return "as things are now: " + refused.Error() }

// check is what has to allow the plan; nil for nothing.
func (s *site) check() func(context.Context) (checks.Verdict, error) {
	switch {
	case s.plan.Do == roles.Activate:
		return s.runtime.Check
	case s.plan.Do == roles.Abort && s.cfg.Production == nil: // another's production has no page to ask
		return s.runtime.CheckAbort
	case s.plan.Do == roles.Unprotect:
		return s.runtime.CheckRetire
	}
	return nil
}

// application is what serves the site while the stack is active.
type application struct {
	below    pulumi.ResourceOption // for what must not come before the claim is saved
	claimed  pulumi.Resource       // is there once the claim was found to be still ours
	balancer pulumi.StringOutput   // DNS name; empty without a balancer
	switched pulumi.Resource       // DNS points here; nil in standby
	group    pulumi.Resource       // of the instances
	// arnSuffix is how metrics name the balancer, of an active stack.
	arnSuffix pulumi.StringOutput
}

// after is value once DNS points here.
func (s *application) after(value bool) pulumi.BoolOutput { return once(s.switched, value) }

// once is value as soon as a resource is as the program wants it.
func once(done pulumi.Resource, value bool) pulumi.BoolOutput {
	return done.URN().ApplyT(func(pulumi.URN) bool { return value }).(pulumi.BoolOutput)
}

// activation is the parent of all that must not come before the claim is saved and
// the promotion asked for: children of a component wait for its hook.
type activation struct{ pulumi.ResourceState }

func (s *site) newActivation() (*activation, error) {
	opts := []pulumi.ResourceOption{pulumi.Providers(s.provider)}
	if s.plan.Claim.Role == roles.Active && s.plan.Serves() {
		hook, err := s.hooks.StartPromotion(s.checkPeerClaim)
		if err != nil {
			return nil, err
		}
		opts = append(opts, pulumi.ResourceHooks(hook))
	}
	parent := &activation{}
	// The saved claim is an input, so that this waits for it, and has a change
	// (without which there is no hook) exactly when the claim has one.
	err := s.RegisterComponentResourceV2("pilotlight:stacks:Activation", s.cfg.Name(), pulumi.Map{"claim": s.saved.claim.Input}, parent, opts...)
	return parent, err
}

// checkPeerClaim reads the peer's claim again, after this stack's own was saved, and
// once more before the switch.
func (s *site) checkPeerClaim() error {
	other, err := s.peerState()
	if err != nil {
		return err
	}
	if why := roles.Overtaken(s.plan.Claim, other.Claim); why != "" {
		return fmt.Errorf("refused, the claim is no longer this stack's: %s", why)
	}
	return nil
}

// serve makes the application run, in an active stack, and only what is kept
// warm in a standby. Nothing in it waits for the promotion but the switch.
func (s *site) serve(f *foundation) (*application, error) {
	active, name := s.plan.Serves(), s.cfg.Name()
	parent, err := s.newActivation()
	if err != nil {
		return nil, err
	}
	below := pulumi.Parent(parent)
	epoch, err := s.publish("epoch", s.epochMarker(), below)
	if err != nil {
		return nil, err
	}
	if _, err := s.publish(config.RecordKey, state.JSON(s.plan.Claim), below); err != nil {
		return nil, err
	}
	result := &application{below: below, claimed: epoch.Resource, balancer: pulumi.String("").ToStringOutput()}
	orphans, err := s.hooks.RemoveOrphans()
	if err != nil {
		return nil, err
	}
	args := s.applicationArgs(f, active, orphans)
	if args.GroupHooks, err = s.imageShown(); err != nil {
		return nil, err
	}
	made, err := components.NewApplication(s.Context, name, args, below)
	if err != nil {
		return nil, err
	}
	if err := s.publishCache(made.Cache, below); err != nil {
		return nil, err
	}
	result.group = made.Instances.Group
	if made.Balancer != nil {
		result.balancer, result.arnSuffix = made.Balancer.DNSName, made.Balancer.ARNSuffix
	}
	switch {
	case active:
		result.switched, err = s.switchOver(made.Balancer, made.Instances, below)
	case !s.runtime.Site.ManualDNS:
		err = components.Reserve(s.Context, components.RecordType, name, below)
	}
	return result, err
}

// noCache is the value of the parameter "cache" where there is none. The parameter
// is always there: one that is made in a failover would be in its own way after a kill.
const noCache = "none"

func (s *site) publishCache(cache *components.Cache, below pulumi.ResourceOption) error {
	address := pulumi.String(noCache).ToStringOutput()
	if cache != nil {
		address = cache.Address
	}
	_, err := s.publish("cache", address, below)
	return err
}

// applicationArgs are all parts in an active stack, and those that are kept warm in a standby.
func (s *site) applicationArgs(f *foundation, active bool, orphans *pulumi.ResourceHookBinding) components.ApplicationArgs {
	args := components.ApplicationArgs{
		Network: f.network, Targets: f.targets, Launch: f.launch, Tags: tags(s.cfg), Hooks: orphans,
		Types: s.cfg.App.Types(), Triggers: s.rollout(),
		CertificateARN: f.certificate, Balancer: active || s.cfg.Warm(config.WarmBalancer),
	}
	if active || s.cfg.Warm(config.WarmNAT) {
		args.Gateways = s.cfg.Network.Gateways()
	}
	if active || s.cfg.Warm(config.WarmCache) {
		args.Cache = &components.CacheArgs{
			NodeType: s.cfg.Cache.NodeType, Nodes: s.cfg.Cache.Nodes, EngineVersion: s.cfg.Cache.EngineVersion,
			AuthToken: s.secret(wordpress.CacheToken), Rotating: s.rotatesPart(wordpress.PartCache),
		}
	}
	if active {
		args.Min, args.Max = s.cfg.App.Min, s.cfg.App.Max
	}
	if active && s.activating {
		args.Min = s.start
	}
	return args
}

// Lately is with how many instances a stack's peer served when it was last updated, as its state says, or said
// when this stack read it last; 0 where that is not known.
func Lately(own, peer state.State) int {
	return cmp.Or(peer.Published.Instances, own.Peer.Instances)
}

// chooseStart chooses how many instances an activation starts: as many as the other side served with when it was last
// updated, or, if they were more, in the last week. Scaling ends what visitors do not need, and would come too late for what
// they do. Where the last week can't be read, the last update counts.
func (s *site) chooseStart() {
	served := 0
	if s.activating && s.plan.Claim.Epoch > 1 {
		var err error
		if served, err = s.runtime.ServedLately(s.Context.Context()); err != nil {
			s.warn(fmt.Sprintf("not known, so the last update of the other side counts: %v", err))
		}
	}
	s.start = s.cfg.App.Start(max(Lately(s.own, s.other), served))
}

// serving is how many instances this stack serves with, for its peer to start as many: those that it starts, and
// those of the group once DNS points here. What can't be read is as it was. A preview does not ask.
func (s *site) serving() int {
	switch {
	case !s.plan.Serves():
		return 0
	case s.activating:
		return s.start
	case s.DryRun():
		return s.own.Published.Instances
	}
	count, err := s.runtime.WantedInstances(s.Context.Context())
	if err != nil || count == 0 {
		return s.own.Published.Instances
	}
	return s.cfg.App.Start(count)
}

// switchOver points DNS here, last of all: the promotion is done,
// and the site is healthy in depth behind the balancer. With dns.mode manual
// it verifies the same, says what to set, and waits until visitors arrive.
func (s *site) switchOver(balancer *components.Balancer, instances *components.Instances, below pulumi.ResourceOption) (pulumi.Resource, error) {
	started, err := s.started(instances, below)
	if err != nil {
		return nil, err
	}
	after := append([]pulumi.Resource{started}, balancer.Listeners...)
	if s.plan.Claim.Generation.Origin == roles.OriginReplica {
		promoted, err := s.promoted(balancer, after, below)
		if err != nil {
			return nil, err
		}
		after = append(after, promoted)
	}
	verified, err := s.hooks.WaitHealthy(s.checkPeerClaim)
	if err != nil {
		return nil, err
	}
	name := s.cfg.Name() + state.SwitchSuffix(s.plan.Claim.Epoch)
	if s.runtime.Site.ManualDNS {
		return state.Stash(s.Context, name, balancer.DNSName, below, pulumi.DependsOn(after), pulumi.ResourceHooks(verified))
	}
	untaken, err := s.untaken()
	if err != nil {
		return nil, err
	}
	record, err := components.NewRecord(s.Context, s.cfg.Name(), components.RecordArgs{
		Name: name, ZoneID: s.cfg.DNS.ZoneID, Domain: s.cfg.Domain, Names: s.cfg.Names, BalancerDNSName: balancer.DNSName, BalancerZoneID: balancer.ZoneID,
		Overwrite: s.plan.Claim.Epoch > 1 || s.cfg.DNS.TakeOver, After: after, Hooks: verified, NameHooks: untaken,
	}, below)
	if err != nil {
		return nil, err
	}
	return record.Switched, s.moved(balancer, append(record.Aliases, record.Switched), below)
}

// untaken looks at a further name before its alias is made; nil where the alias may overwrite whatever
// is there: in a failover, for a production that no stack made, and where the configuration says so.
func (s *site) untaken() (*pulumi.ResourceHookBinding, error) {
	if s.activating && s.plan.Claim.Epoch > 1 || s.cfg.Production != nil || s.cfg.DNS.TakeOver {
		return nil, nil //nolint:nilnil // none is an answer
	}
	return s.hooks.CheckName()
}

// moved is in the state once visitors were seen to arrive, or that was waited for
// long enough. At the first epoch there is nowhere else for them to be.
func (s *site) moved(balancer *components.Balancer, records []pulumi.Resource, below pulumi.ResourceOption) error {
	if s.plan.Claim.Epoch <= 1 || !s.cfg.Failover.Probe {
		return nil
	}
	hook, err := s.hooks.WaitVisitors()
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s-moved-%d", s.cfg.Name(), s.plan.Claim.Epoch)
	_, err = state.Stash(s.Context, name, balancer.DNSName, below, pulumi.DependsOn(records), pulumi.ResourceHooks(hook))
	return err
}

// started is in the state once as many instances are in service as there must be, and
// waits for them again when there must be more. It is beside the promotion, so that
// what keeps them from being launched is reported early.
func (s *site) started(instances *components.Instances, below pulumi.ResourceOption) (*pulumi.Stash, error) {
	hook, err := s.hooks.WaitInstances()
	if err != nil {
		return nil, err
	}
	return state.Stash(s.Context, s.cfg.Name()+"-started", pulumi.String(strconv.Itoa(s.cfg.App.Min)),
		below, pulumi.DependsOn([]pulumi.Resource{instances.Group}), pulumi.ResourceHooks(hook))
}

// promoted is in the state once the database is promoted at this epoch. Until
// then every update makes it, beside the application and not before it, and so
// starts a promotion again that failed, or that a killed run did not ask for.
//
// In a planned switchover the promotion comes after the application, since it is
// the application's page that shows when the replica has all that was written.
func (s *site) promoted(balancer *components.Balancer, application []pulumi.Resource, below pulumi.ResourceOption) (*pulumi.Stash, error) {
	opts := []pulumi.ResourceOption{below}
	if s.runtime.Site.Switchover {
		caughtUp, err := s.caughtUp(balancer, application, below)
		if err != nil {
			return nil, err
		}
		opts = append(opts, pulumi.DependsOn([]pulumi.Resource{caughtUp}))
	}
	hook, err := s.hooks.WaitPromoted()
	if err != nil {
		return nil, err
	}
	return state.Stash(s.Context, s.cfg.Name()+state.PromotedSuffix(s.plan.Claim.Epoch), pulumi.String(s.cfg.DatabaseID(s.plan.Claim.Generation.Number)), append(opts, pulumi.ResourceHooks(hook))...)
}

// caughtUp is in the state once the replica holds all that was written before the freeze.
func (s *site) caughtUp(balancer *components.Balancer, application []pulumi.Resource, below pulumi.ResourceOption) (*pulumi.Stash, error) {
	hook, err := s.hooks.WaitCaughtUp()
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s-caught-up-%d", s.cfg.Name(), s.plan.Claim.Epoch)
	return state.Stash(s.Context, name, balancer.DNSName, below, pulumi.DependsOn(application), pulumi.ResourceHooks(hook))
}

// checkLimit bounds all checks together; they are a handful of calls.
const checkLimit = 2 * time.Minute
