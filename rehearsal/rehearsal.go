// Package rehearsal loses a production region and fails over, on simulated AWS:
// the real Pulumi engine runs the real program, only AWS is not there. It needs
// no account and no network.
package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight-dr/pilotlight/awssim"
	"github.com/pilotlight-dr/pilotlight/awssim/gauge"
	"github.com/pilotlight-dr/pilotlight/awssim/provider"
	"github.com/pilotlight-dr/pilotlight/awssim/wire"
	"github.com/pilotlight-dr/pilotlight/deploy"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/stacks"
)

// Options are what to rehearse.
type Options struct {
	ProdRegion, DRRegion string
	Seed                 uint64 // equal seeds give equal timelines
	Faults               []awssim.Fault
	Outage               awssim.How // how the production region is lost
	EngineRoot           string     // as in deploy.Options
	// Progress is told of every phase and wait, a line each; nil is nobody.
	Progress func(line string)
}

// How long production has been lost when somebody decides to fail over. The
// simulated people are neither fast nor slow.
const decision = 15 * time.Minute

// theatre is a rehearsal's stage: a world, its faces, and a project in a temporary folder.
type theatre struct {
	options  Options
	world    *awssim.World
	face     *wire.Face
	provider *provider.Server
	dir      string
	closers  []func()

	mu    sync.Mutex
	steps []failover.Step
}

// Run rehearses a disaster from the first deployment on: production up, the
// pilot light up, production again (its media are replicated now that there is
// a bucket to replicate to), the production region lost, failover,
// verification. The report tells what happened, refusals too; the error is for
// a rehearsal that could not be held.
func Run(ctx context.Context, o Options) (*Report, error) {
	t, err := open(o)
	if err != nil {
		return nil, err
	}
	defer t.close()
	if err := t.deploySite(ctx); err != nil {
		return nil, err
	}
	return t.disaster(ctx)
}

func open(o Options) (*theatre, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if err := CheckRegions(o.ProdRegion, o.DRRegion); err != nil {
		return nil, err
	}
	t := &theatre{options: o, world: awssim.New(o.Seed)}
	t.closers = append(t.closers, t.world.Close)
	if err := t.build(); err != nil {
		t.close()
		return nil, fmt.Errorf("preparing the rehearsal: %w", err)
	}
	return t, nil
}

// CheckRegions says what is wrong with a pair of regions; nil is nothing.
func CheckRegions(production, recovery string) error {
	switch {
	case production == recovery:
		return fmt.Errorf("the production region and the DR region are both %s: name two", recovery)
	case awssim.Partition(production) != awssim.Partition(recovery):
		return fmt.Errorf("%s and %s are in different partitions: nothing replicates between them, name two of one", production, recovery)
	}
	return nil
}

func (t *theatre) build() (err error) {
	production, recovery := sides(t.options)
	furnish(t.world, production, recovery)
	t.world.Clock().SetEngine(gauge.Install())
	t.face = wire.NewFace(t.world)
	t.closers = append(t.closers, t.face.Close)
	if t.provider, err = provider.Serve(t.world); err != nil {
		return err
	}
	t.closers = append(t.closers, t.provider.Close)
	if t.dir, err = os.MkdirTemp("", "pilotlight-rehearsal-"); err != nil {
		return err
	}
	t.closers = append(t.closers, func() { _ = os.RemoveAll(t.dir) }) // best effort: it is the system's temporary folder
	for _, folder := range []string{"state", "home"} {
		if err := os.Mkdir(filepath.Join(t.dir, folder), 0o700); err != nil {
			return err
		}
	}
	return writeProject(t.dir, production, recovery)
}

func (t *theatre) close() {
	for i := len(t.closers) - 1; i >= 0; i-- {
		t.closers[i]()
	}
}

// env is the world outside, as the run-time code sees it.
func (t *theatre) env() failover.Env {
	return failover.Env{
		AWS:       func(_ context.Context, region, _ string) (aws.Config, error) { return t.face.Config(region), nil },
		Transport: &http.Transport{DialContext: t.face.DialContext},
		Sleep:     t.world.Clock().Sleep,
		Now:       t.world.Clock().Now,
		Observe: func(s failover.Step) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.steps = append(t.steps, s)
		},
	}
}

// stack opens one side, creating it the first time.
func (t *theatre) stack(ctx context.Context, name string) (*deploy.Stack, error) {
	return deploy.Create(ctx, name, deploy.Options{
		Dir: t.dir, Program: stacks.In(t.env()), EngineRoot: t.options.EngineRoot,
		EnvVars: map[string]string{
			"PULUMI_BACKEND_URL":                          "file://" + filepath.ToSlash(filepath.Join(t.dir, "state")),
			"PULUMI_HOME":                                 filepath.Join(t.dir, "home"),
			"PULUMI_CONFIG_PASSPHRASE":                    "rehearsal",
			"PULUMI_DEBUG_PROVIDERS":                      "aws:" + strconv.Itoa(t.provider.Port()),
			"PULUMI_SKIP_UPDATE_CHECK":                    "true",
			"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		},
	})
}

// deploySite brings production and its pilot light to the steady state.
func (t *theatre) deploySite(ctx context.Context) error {
	for _, phase := range []struct{ stack, what string }{
		{prod, "deploying production"}, {dr, "lighting the pilot light"}, {prod, "replicating production's media"},
	} {
		t.options.Progress(phase.what + " …")
		stack, err := t.stack(ctx, phase.stack)
		if err != nil {
			return err
		}
		if _, err := stack.Up(ctx, deploy.Run{}); err != nil {
			return fmt.Errorf("%s: %w", phase.what, err)
		}
	}
	return nil
}

// disaster loses the production region and fails over.
func (t *theatre) disaster(ctx context.Context) (*Report, error) {
	production, recovery := sides(t.options)
	for _, fault := range t.options.Faults {
		if err := t.world.Inject(fault); err != nil {
			return nil, err
		}
	}
	t.world.Clock().Advance(settle)
	t.options.Progress(fmt.Sprintf("losing %s …", production.region))
	t.world.LoseRegion(production.region, t.options.Outage)
	lost, calls := t.world.Clock().Now(), t.world.CallsTo(production.region)
	t.world.Clock().Advance(decision)

	t.options.Progress(fmt.Sprintf("failing over to %s …", recovery.region))
	stack, err := t.stack(ctx, recovery.stack)
	if err != nil {
		return nil, err
	}
	if err := stack.SetRole(ctx, stacks.Active); err != nil {
		return nil, err
	}
	declared := t.world.Clock().Now()
	t.steps = nil
	_, failed := stack.Up(ctx, deploy.Run{})
	if ctx.Err() != nil {
		return nil, errors.Join(failed, ctx.Err())
	}
	report := t.report(lost, declared, failed)
	report.CallsToLost = t.world.CallsTo(production.region) - calls
	return report, nil
}

// settle is how long the steady state lasts before the disaster: long enough
// for a replica to have caught up and be measured.
const settle = time.Hour
