// Package scenario loses a production region and fails over, on simulated AWS: the real
// Pulumi engine runs the real program, only AWS is simulated. It needs no account and no
// network.
package scenario

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"gopkg.in/yaml.v3"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/ops/engine"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/enginewatch"
	"github.com/pilotlight-dr/pilotlight/sim/provider"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// Options are what to rehearse.
type Options struct {
	// Project is the folder of the project whose site is rehearsed; nothing in it is changed. Empty
	// rehearses the sample, in these regions.
	Project              string
	ProdRegion, DRRegion string
	// Survey is the site that is rehearsed as it stands, in place of as its files say; nil for none.
	Survey     *ops.Survey
	Seed       uint64 // equal seeds give equal timelines
	Faults     []sim.Fault
	Outage     sim.How // how the production region is lost
	EngineRoot string  // as in ops.Options
	// Command runs the engine; nil is the pulumi command in EngineRoot.
	Command auto.PulumiCommand
	// Dir is the project's folder, absolute. A project that is there already is left
	// as it is. Empty makes a temporary folder, which goes with the stage.
	Dir string
	// Progress, if set, is called with a line for each phase and each wait.
	Progress func(line string)
}

// How long production has been lost when somebody decides to fail over. The
// simulated people are neither fast nor slow.
const decision = 15 * time.Minute

// Stage is where a disaster is rehearsed: a simulated world, its faces to
// Pulumi and to the AWS SDK, and a project in a folder. It has more than 20 methods because it is all that a story
// needs: one for each verb, one for each thing that happens to the world, and one for each question about it.
type Stage struct {
	World *sim.World

	options   Options
	site      site
	face      *wire.Face
	transport *http.Transport
	provider  *provider.Server
	watch     *enginewatch.Watch
	dir       string
	closers   []func()

	lost time.Time

	mu  sync.Mutex
	run report.Report // of the last change of role
}

// Run rehearses a disaster from the first deployment on: production up, the
// pilot light up, production again (its media are replicated now that there is
// a bucket to replicate to), the production region lost, failover,
// verification. The report tells what happened, refusals too; the error is for
// a rehearsal that could not be held.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.EngineRoot == "" && o.Command == nil {
		var err error
		if o.EngineRoot, err = engine.Find(ctx, lineWriter(o.Progress)); err != nil {
			return nil, err
		}
	}
	stage, err := Open(o)
	if err != nil {
		return nil, err
	}
	defer stage.Close()
	if o.Survey != nil {
		o.Progress("putting the site there as it stands …")
		err = stage.stand(ctx)
	} else {
		err = stage.DeploySite(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := stage.Lose(); err != nil {
		return nil, err
	}
	if o.Survey != nil {
		return stage.failOverLive(ctx)
	}
	return stage.FailOver(ctx)
}

// lineWriter hands what is written on to a reader of lines.
type lineWriter func(line string)

func (w lineWriter) Write(text []byte) (int, error) {
	for line := range strings.Lines(string(text)) {
		w(strings.TrimRight(line, "\n"))
	}
	return len(text), nil
}

// Open builds a stage with nothing deployed yet. Close it.
func Open(o Options) (*Stage, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	site, err := siteOf(o)
	if err != nil {
		return nil, err
	}
	s := &Stage{options: o, site: site, World: sim.New(o.Seed)}
	s.closers = append(s.closers, s.World.Close)
	if err := s.build(); err != nil {
		s.Close()
		return nil, fmt.Errorf("preparing the rehearsal: %w", err)
	}
	return s, nil
}

// CheckRegions says what is wrong with a pair of regions; nil is nothing.
func CheckRegions(production, recovery string) error {
	switch {
	case production == recovery:
		return fmt.Errorf("the production region and the DR region are both %s: name two", recovery)
	case awsregion.Partition(production) != awsregion.Partition(recovery):
		return fmt.Errorf("%s and %s are in different partitions: nothing replicates between them, name two of one", production, recovery)
	}
	return nil
}

// Fork opens another stage that is as this one is now, project and state
// included, to go on differently. Nothing may be running on this one.
func (s *Stage) Fork(o Options) (*Stage, error) {
	return (Moment{World: s.World.Snapshot(), Dir: s.dir}).Open(o)
}

// A Moment is a stage as it was.
type Moment struct {
	World []byte // a snapshot
	Dir   string // the project's folder
}

// Open opens a stage that goes on from the moment.
func (m Moment) Open(o Options) (*Stage, error) {
	stage, err := Open(o)
	if err != nil {
		return nil, err
	}
	// CopyFS overwrites nothing, so the stage's own new files make way.
	err = errors.Join(stage.World.Restore(m.World), os.RemoveAll(stage.dir), os.CopyFS(stage.dir, os.DirFS(m.Dir)))
	if err != nil {
		stage.Close()
		return nil, fmt.Errorf("forking a rehearsal: %w", err)
	}
	return stage, nil
}

func (s *Stage) build() (err error) {
	if s.site.live == nil {
		s.site.seedWorld(s.World)
	}
	s.watch = enginewatch.New()
	s.closers = append(s.closers, s.watch.Close)
	s.World.Clock().SetEngine(s.watch.Look)
	s.face = wire.NewFace(s.World)
	s.closers = append(s.closers, s.face.Close)
	if s.transport, err = s.face.Transport(); err != nil {
		return err
	}
	if s.provider, err = provider.Serve(s.World); err != nil {
		return err
	}
	s.closers = append(s.closers, s.provider.Close)
	if s.dir = s.options.Dir; s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "pilotlight-rehearsal-"); err != nil {
			return err
		}
		s.closers = append(s.closers, func() { _ = os.RemoveAll(s.dir) }) // best effort: it is the system's temporary folder
	}
	for _, folder := range []string{"state", "home"} {
		if err := os.MkdirAll(filepath.Join(s.dir, folder), 0o700); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(s.dir, "Pulumi.yaml")); err == nil {
		return nil
	}
	return s.writeProject()
}

// Close ends the world, and removes the project's folder if it is a temporary one.
func (s *Stage) Close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
}

// Env is the world outside, as the run-time code sees it on this stage.
func (s *Stage) Env() failover.Env {
	env := failover.Env{
		AWS:        func(_ context.Context, region, _ string) (aws.Config, error) { return s.face.Config(region), nil },
		Transport:  s.transport,
		Sleep:      s.World.Clock().Sleep,
		Now:        s.World.Clock().Now,
		PauseClock: s.World.Clock().Hold,
		Lookup:     s.World.Lookup,
		LookupNS:   s.World.LookupNS,
		Report: func(report report.Report) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.run = report
		},
	}
	if s.options.Project != "" && s.site.manualDNS() {
		env.Observe = s.moveNameByHand
	}
	return env
}

// moveNameByHand is the person who sets the site's record when the program asks for it.
func (s *Stage) moveNameByHand(step report.Step) {
	if step.Kind != report.VisitorStep || !step.End.IsZero() {
		return
	}
	go func() {
		if s.World.Clock().Sleep(context.Background(), handover) == nil { // else the stage is closed
			s.pointName(s.site.recovery.Region)
		}
	}()
}

// pointName lets the site's names lead to a region, where no stack does.
func (s *Stage) pointName(region string) {
	for _, balancer := range s.World.Balancers(region) {
		for _, name := range s.site.recovery.AllNames() {
			s.World.SetRecord(region, "", name, balancer.DNSName)
		}
	}
}

// told is the report of the last change of role, as far as it got.
func (s *Stage) told() report.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run
}

// Options are those with which package ops works on this stage.
func (s *Stage) Options(env failover.Env) ops.Options {
	return ops.Options{Dir: s.dir, Env: env, EngineRoot: s.options.EngineRoot, Command: s.options.Command, EnvVars: s.EngineEnv()}
}

// Stack opens one side, creating it the first time.
func (s *Stage) Stack(ctx context.Context, name string, env failover.Env) (*ops.Stack, error) {
	return ops.Create(ctx, name, s.Options(env))
}

// DeploySite brings production and its pilot light to the steady state.
func (s *Stage) DeploySite(ctx context.Context) error {
	recovery, light := s.site.recovery.Stack, "lighting the pilot light"
	if s.site.production == nil {
		if err := s.makeExisting(ctx); err != nil {
			return err
		}
		return s.up(ctx, recovery, light)
	}
	production := s.site.production.Stack
	if err := s.up(ctx, production, "deploying production"); err != nil {
		return err
	}
	if s.options.Project != "" && s.site.manualDNS() {
		s.pointName(s.site.production.Region)
	}
	if err := s.up(ctx, recovery, light); err != nil {
		return err
	}
	return s.up(ctx, production, "replicating production's media")
}

// up updates a stack.
func (s *Stage) up(ctx context.Context, name, what string) error {
	s.options.Progress(what + " …")
	stack, err := s.Stack(ctx, name, s.Env())
	if err != nil {
		return err
	}
	if _, err := stack.Up(ctx, ops.Run{}); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Lose lets the site run for a while, lets the faults loose, and takes the
// production region away. It returns when somebody has decided to fail over.
func (s *Stage) Lose() error {
	steady := settle
	if s.options.Survey != nil { // it has run for long, and is lost now
		steady = 0
	}
	s.World.Clock().Advance(steady)
	for _, fault := range s.options.Faults {
		if err := s.World.Inject(fault); err != nil {
			return err
		}
	}
	s.World.Clock().Advance(steady)
	region := s.site.productionRegion()
	s.options.Progress(fmt.Sprintf("losing %s …", region))
	s.World.LoseRegion(region, s.options.Outage)
	s.lost = s.World.Clock().Now()
	s.World.Clock().Advance(decision)
	return nil
}

// FailOver activates the pilot light and reports what came of it. It may be
// called again, like the command that it stands for.
func (s *Stage) FailOver(ctx context.Context) (*Report, error) {
	s.options.Progress(fmt.Sprintf("failing over to %s …", s.site.recovery.Region))
	return s.FailOverIn(ctx, s.Env())
}

// FailOverIn is FailOver in an environment of the caller's.
func (s *Stage) FailOverIn(ctx context.Context, env failover.Env) (*Report, error) {
	stack, err := s.Stack(ctx, s.site.recovery.Stack, env)
	if err != nil {
		return nil, err
	}
	active := config.Settings{"role": string(roles.Active)}
	if err := active.Save(s.dir, s.site.recovery.Stack); err != nil {
		return nil, err
	}
	_, failed := stack.Up(ctx, ops.Run{Say: func(line string) { s.options.Progress("  " + line) }})
	if ctx.Err() != nil {
		return nil, errors.Join(failed, ctx.Err())
	}
	return s.report(failed), nil
}

// ConfigAs writes a copy of a stack's file with another role, for previews, and
// returns its path: what a preview is given in place of the file is saved there.
func (s *Stage) ConfigAs(stack string, role roles.Role) (string, error) {
	text, err := os.ReadFile(filepath.Join(s.dir, "Pulumi."+stack+".yaml"))
	if err != nil {
		return "", fmt.Errorf("copying the file of stack %s: %w", stack, err)
	}
	var file map[string]any
	if err := yaml.Unmarshal(text, &file); err != nil {
		return "", fmt.Errorf("copying the file of stack %s: %w", stack, err)
	}
	cfg, ok := file["config"].(map[string]any)
	if !ok {
		return "", fmt.Errorf("the file of stack %s has no config", stack)
	}
	cfg[config.Project+":role"] = string(role)
	if text, err = yaml.Marshal(file); err != nil {
		return "", fmt.Errorf("copying the file of stack %s: %w", stack, err)
	}
	path := filepath.Join(s.dir, "preview."+stack+".yaml")
	return path, os.WriteFile(path, text, 0o600)
}

// settle is how long the steady state lasts before the disaster, and again
// after a fault: long enough for a replica to have caught up and be measured.
const settle = 30 * time.Minute
