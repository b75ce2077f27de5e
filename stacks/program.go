// Package stacks is the program: it reads the configuration, decides what the
// wanted role means, and composes the components into a stack. It is where a
// role becomes resources.
package stacks

import (
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks/hooks"
	"github.com/pilotlight-dr/pilotlight/state"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// Engine is the oldest Pulumi engine that runs the hooks as this program needs them.
const Engine = ">=3.259.0"

// Program is the Pulumi program of both stacks, prod and dr.
func Program(ctx *pulumi.Context) error { return In(failover.Env{})(ctx) }

// In is Program with the world outside replaced, for rehearsals. Where its error is a
// *refusal.Error, nothing was changed.
func In(env failover.Env) pulumi.RunFunc { return in(env, false) }

// Adopting is In for the preview of a stack whose state is being made anew: the stack keeps
// the claim that the state holds, whatever the configuration wants. No update may run it.
func Adopting(env failover.Env) pulumi.RunFunc { return in(env, true) }

func in(env failover.Env, adopting bool) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		s, err := start(ctx, env, adopting)
		if err != nil {
			state.KeepOutputs(ctx)
			return refusal.Announce(err)
		}
		if s.saved.claim, err = state.Stash(s.Context, state.ClaimStash, state.JSON(s.plan.Claim)); err != nil {
			return err
		}
		// All resources of AWS wait for their provider, and so for the claim.
		if s.provider, s.account, err = NewProvider(ctx, s.cfg, s.env.AWS, tags(s.cfg), pulumi.DependsOn([]pulumi.Resource{s.saved.claim})); err != nil {
			return err
		}
		err = s.register()
		s.steps.Done(s.milestone)
		return err
	}
}

// start finds out what an update is about, and whether it may be. Nothing is registered before
// it ends: a refusal touches nothing.
func start(ctx *pulumi.Context, env failover.Env, adopting bool) (*site, error) {
	hooks.EscapeLogs(ctx)
	if err := ctx.RequirePulumiVersion(Engine); err != nil {
		return nil, err
	}
	cfg, err := config.Read(ctx)
	if err != nil {
		return nil, err
	}
	if env.Now == nil {
		env.Now = time.Now
	}
	if adopting && !ctx.DryRun() {
		return nil, errors.New("only a preview may run the program that adopts")
	}
	s := &site{Context: ctx, situation: situation{cfg: cfg, adopting: adopting}, env: env}
	if err := s.decide(); err != nil {
		return nil, err
	}
	if err := s.startReport(); err != nil {
		return nil, err
	}
	if err := s.trackResources(); err != nil {
		return nil, err
	}
	s.runtime = s.newRuntime()
	s.hooks = hooks.For(s.Context, s.cfg.Name(), s.runtime)
	if err := s.checkStorage(ctx.Context()); err != nil {
		return nil, err
	}
	s.chooseStart()
	s.imageDo, s.running = decideImage(imageFacts{s.plan, s.own, s.cfg.App.Image, s.adopting || s.tearingDown()})
	if s.image, err = s.findImage(); err != nil {
		return nil, err
	}
	if err := s.findSyncPackage(); err != nil {
		return nil, err
	}
	if err := s.checkRollout(); err != nil {
		return nil, err
	}
	err = s.gate()
	return s, err
}

// site is one stack in the making. It has a method for each part of the stack: the parts share
// what was made before them, which would be a dozen arguments of every function.
type site struct {
	*pulumi.Context
	situation
	env     failover.Env
	runtime *failover.Runtime
	hooks   hooks.Hooks
	steps   *hooks.Steps

	image        image       // that is launched
	imageDo      imageAction // what is done about it
	running      string      // id of the image that instances run; empty for none
	syncPackage  string      // path of the function that copies images; empty for none
	provider     *aws.Provider
	account      string // id of the AWS account
	saved        saved
	resources    []pulumi.Resource // all custom resources so far
	awsResources []awsResource     // those of AWS among them
}

// saved is what is in the state before anything relies on it.
type saved struct {
	claim   *pulumi.Stash
	secrets pulumi.StringMapOutput
}

// decide settles what this update is about: by what this stack and its peer hold, and by what the configuration wants. Its
// error is a refusal: nothing was changed.
func (s *site) decide() (err error) {
	if s.own, err = state.Read(s.Context, s.cfg.Stack); err != nil {
		return err
	}
	if elsewhere := (ComparedSide{Stack: s.cfg.Stack, File: &s.cfg, Published: s.own.Published}).Elsewhere(); len(elsewhere) > 0 {
		return RefuseMismatches(elsewhere) // before AWS is asked, which would be about something else
	}
	if s.other, err = s.peerState(); err != nil {
		return err
	}
	s.plan = s.plannedBy(s.own.Claim, s.own.Unfinished, s.other.Claim)
	s.activating = activates(s.plan, s.own.Claim)
	s.lookAtFormer()
	s.peer = choosePeerInfo(s.activating, s.own.Peer, s.other.Published)
	if err := s.refuse(); err != nil {
		return err
	}
	if s.secrets, err = chooseSecrets(s.plan, s.own, s.other, s.cfg.Rotate); err != nil {
		return err
	}
	s.endsRotation = s.ends(s.own.Secrets)
	s.completeClaim()
	return nil
}

// refuse refuses what must not be. What says most comes first: a state that does not belong to AWS, then the claims.
func (s *site) refuse() error {
	if !s.adopting {
		if err := s.checkRecord(s.own); err != nil {
			return err
		}
	}
	if s.plan.Do == roles.Refuse {
		return s.plan.Refusal
	}
	if s.tearingDown() {
		if err := s.formers.checkTeardown(s.plan.Claim, s.cfg.Stack); err != nil {
			return err
		}
	}
	if err := s.checkAgreement(s.own.Published, s.other.Published); err != nil {
		return err
	}
	if !s.adopting {
		if err := s.checkUpgrade(s.Context.Context(), s.own, s.other); err != nil {
			return err
		}
	}
	if s.plan.Claim.Generation.Origin == roles.OriginReplica && s.peer.Database == "" {
		return refusal.New(refusal.CodeUnfinished, "the peer's state names no database to replicate: finish the peer's deployment first")
	}
	return nil
}

// completeClaim completes the claim of the plan, and warns of accepted risks that count for nothing.
func (s *site) completeClaim() {
	facts := roles.Facts{
		Now: s.env.Now(), Source: s.peer.Database, SetsPassword: s.rotatesPart(wordpress.PartDatabase),
		Accepted: roles.Accepted{DataLoss: s.cfg.AcceptDataLoss, IgnoreProduction: s.cfg.IgnoreProduction, Standby: s.cfg.AcceptStandby},
	}
	if !s.adopting {
		facts.Engine = s.own.Published.EngineVersion
	}
	var ignored []roles.Risk
	s.plan.Claim, ignored = s.plan.Complete(s.own.Claim, facts)
	for _, r := range ignored {
		s.warn(fmt.Sprintf("%s is set for epoch %d and ignored: this is epoch %d; remove it", r.Key, r.Epoch, s.plan.Claim.Epoch))
	}
}

// warn and inform put a line into the engine's log. An engine that is gone takes none, and then there is nothing to do.
func (s *site) warn(text string)   { _ = s.Log.Warn(text, nil) }
func (s *site) inform(text string) { _ = s.Log.Info(text, nil) }

// peerState is what the peer's stack holds or, for a production that this
// program did not make, what the configuration says of it: it is taken to be
// active since epoch 1.
func (s *site) peerState() (state.State, error) {
	if p := s.cfg.Production; p != nil {
		return state.State{
			Claim:     roles.Claim{Role: roles.Active, Epoch: 1, Progress: roles.Switched},
			Published: state.PeerInfo{Region: p.Region, Database: p.Database, Bucket: p.Bucket},
			Secrets:   p.Secrets,
		}, nil
	}
	return state.Read(s.Context, s.cfg.Peer.Stack)
}

// choosePeerInfo chooses between what is known of the peer and what it says
// now. An activation, until the site's name is moved, changes nothing that AWS
// would check against a region that may be lost: it takes no news.
func choosePeerInfo(activating bool, known, now state.PeerInfo) state.PeerInfo {
	if activating || now == (state.PeerInfo{}) {
		return known
	}
	return now
}

// NewProvider is a stack's only provider, for its own region, and the id of the account that it calls. What it makes is
// tagged. It reads endpoints and credentials where the clients do, in the environment and in the profile; clients makes their configuration.
func NewProvider(ctx *pulumi.Context, cfg config.Config, clients awsclient.Config, tags map[string]string, opts ...pulumi.ResourceOption) (
	provider *aws.Provider, account string, err error,
) {
	args := &aws.ProviderArgs{
		Region:            pulumi.String(cfg.Region),
		AllowedAccountIds: pulumi.ToStringArray(cfg.Accounts),
		DefaultTags:       aws.ProviderDefaultTagsArgs{Tags: pulumi.ToStringMap(tags)},
	}
	if cfg.Profile != "" {
		args.Profile = pulumi.String(cfg.Profile)
	}
	client, err := clients.For(ctx.Context(), cfg.Region, cfg.Profile)
	if err != nil {
		return nil, "", fmt.Errorf("preparing to call AWS in %s: %w", cfg.Region, err)
	}
	if awsclient.S3(client).Options().UsePathStyle {
		args.S3UsePathStyle = pulumi.Bool(true)
	}
	if provider, err = aws.NewProvider(ctx, "aws", args, opts...); err != nil {
		return nil, "", err
	}
	caller, err := aws.GetCallerIdentity(ctx, nil, pulumi.Provider(provider))
	if err != nil {
		return nil, "", fmt.Errorf("asking AWS in %s whose credentials these are: %w", cfg.Region, err)
	}
	return provider, caller.AccountId, nil
}

// tags are on all that a stack is made of; none varies with the role.
func tags(cfg config.Config) map[string]string {
	return map[string]string{"site": cfg.Site, "stack": cfg.Stack, "managed-by": "pilotlight"}
}
