// Package failover does what a change of role needs at run time: it observes
// the stack's region, promotes the database, and asks the site whether it is
// healthy. It judges with package checks, knows nothing of Pulumi, and calls
// no region but the one it is given: to copy a database, that of its source.
package failover

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/report"
)

// Env is the world outside. Its zero value is the real one; a rehearsal puts a
// simulated one in its place.
type Env struct {
	// Context ends when the run is cancelled: every wait ends then, and nothing new begins. Pulumi's hooks have no context that does; nil never ends.
	Context context.Context //nolint:containedctx // see above
	// AWS makes the configuration of the clients for a region and a profile; nil takes the default chain of credentials.
	AWS awsclient.Config
	// Transport carries the requests to the site; nil is http.DefaultTransport, or one like it where the program wrapped that.
	Transport *http.Transport
	// Sleep waits, or returns the error of a context that ended before; nil sleeps on the wall clock.
	Sleep func(ctx context.Context, d time.Duration) error
	// PauseClock makes the time of Sleep and Now stand still until release, or while the context
	// that it returns sleeps; nil does not. The wall clock does not stand still.
	PauseClock func(ctx context.Context, name string) (held context.Context, release func())
	// LookupNS finds the name servers of a zone; nil asks the machine's resolvers, unless Route 53 is called at an endpoint that
	// is set: the internet knows nothing of the zones of what stands for AWS.
	LookupNS func(ctx context.Context, zone string) ([]string, error)
	// Lookup resolves a host to addresses; nil asks the machine's resolvers.
	Lookup func(ctx context.Context, host string) ([]string, error)
	// Project is the project's folder; empty asks Pulumi, which knows it where the program is not part of another one.
	Project string
	// Now is the time; nil is time.Now.
	Now func() time.Time
	// Observe, if set, is called at the start and end of each step.
	Observe func(report.Step)
	// Progress, if set, is called with what is waited for and what was last seen of it, whenever
	// that changes; nil has Runtime.Say called with both in a line.
	Progress func(awaits, seen string)
	// Report is given the report of a change of role at every step of it; nil
	// keeps it as files, see report.KeepReports.
	Report func(report.Report)
	// FindHalted finds the report of the activation of a stack at an epoch that came to a halt;
	// nil looks among the files. Neither may know of it: it may have been run elsewhere.
	FindHalted func(stack string, epoch int) (report.Report, bool)
}

// Observing is e with also called for each step, after Observe.
func (e Env) Observing(also func(report.Step)) Env {
	observe := e.Observe
	e.Observe = func(step report.Step) {
		if observe != nil {
			observe(step)
		}
		also(step)
	}
	return e
}

// Site is what a role change is about, on one side.
type Site struct {
	// Policy is what the side is judged by, and with it where it is, its database, its image and its names.
	checks.Policy

	Name    string // of the site, which its images are tagged with
	Profile string // AWS profile; empty is the default chain

	// Promoted reports that the stack's state has seen the database promoted.
	Promoted bool

	Media     string // name of the bucket; empty while it is not known
	PeerMedia string // that of the other side

	// InstanceTypes are those that instances may be launched as, in order of preference.
	InstanceTypes []string

	// ZoneID is of the Route 53 zone that the stack writes the names' records into; empty when it
	// writes none.
	ZoneID string
	// PeerRegion is the other side's, which a failover must not ask.
	PeerRegion string
	DeepPath   string // of the page that reports on the application's parts
	// DeepToken is the secret that the page answers to.
	DeepToken string

	// Instances is how many must be in service, in the group and behind the balancer; 0 does not count them.
	Instances int
	// SecondZoneAfter is how long the database serves before its second zone is made; 0 does not wait.
	SecondZoneAfter time.Duration
	// LogGroup is where the instances log; empty is not read.
	LogGroup string
	// RequireCache reports that the site is not healthy without its cache.
	RequireCache bool
	// ManualDNS reports that a person moves the site's name.
	ManualDNS bool

	// Tags are those that all resources of the stack have.
	Tags map[string]string
	// ResourceIDs are ARNs of the resources that the stack's state holds, and ids of the network
	// interfaces of its NAT gateways.
	ResourceIDs []string

	Limits Limits
}

// domain is the first of the site's names; empty where it was given none.
func (s Site) domain() string {
	if len(s.Names) == 0 {
		return ""
	}
	return s.Names[0]
}

// https reports whether visitors are served by HTTPS.
func (s Site) https() bool { return s.Certificate != "" || s.RequestsCertificate }

// Limits bound how long is waited. What is accepted is bounded in checks.Policy.
type Limits struct {
	Check       time.Duration // all checks together
	Certificate time.Duration // from the request of a certificate to its issuance
	Promote     time.Duration // from the start of the promotion to its end
	DNS         time.Duration // from a healthy site to visitors who arrive
	Healthy     time.Duration // from the end of the promotion to a healthy site
}

// Runtime works for one site in one environment. It has a method for each thing that is observed,
// done or awaited: all of them need the site, its limits, the clients and the clock. What
// follows from an observation is decided in package checks.
type Runtime struct {
	Site Site
	// Say reports progress in a line; nil is silent.
	Say func(line string)

	env Env

	mu       sync.Mutex
	distrust sync.Once // see tellDistrust

	asked time.Time // when RDS last accepted the promotion that this process asked for

	loading sync.Mutex
	loaded  map[string]aws.Config // by region, see awsIn
}

// New makes a runtime. Missing parts of env are the real ones.
func New(env Env, site Site) *Runtime {
	if env.Context == nil {
		env.Context = context.Background()
	}
	if env.Transport == nil {
		env.Transport = transport(http.DefaultTransport)
	}
	if env.Sleep == nil {
		env.Sleep = sleep
	}
	if env.PauseClock == nil {
		env.PauseClock = func(ctx context.Context, _ string) (context.Context, func()) { return ctx, func() {} }
	}
	if env.Lookup == nil {
		env.Lookup = net.DefaultResolver.LookupHost
	}
	if env.Now == nil {
		env.Now = time.Now
	}
	if env.Observe == nil {
		env.Observe = func(report.Step) {}
	}
	return &Runtime{Site: site, Say: func(string) {}, env: env}
}

// transport is the program's default one. Where the program has wrapped that, as tracing does, it is one like it:
// a wrapper can't be told which certificate to ask for.
func transport(byDefault http.RoundTripper) *http.Transport {
	if plain, ok := byDefault.(*http.Transport); ok {
		return plain
	}
	return &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true} // the client bounds a request as a whole
}

func (r *Runtime) aws(ctx context.Context) (aws.Config, error) { return r.awsIn(ctx, r.Site.Region) }

// awsIn is the configuration for a region, made once: its credentials are cached in it until they end, and a profile with a role would
// ask STS at each look. Who brings an Env.AWS is asked each time.
func (r *Runtime) awsIn(ctx context.Context, region string) (aws.Config, error) {
	r.loading.Lock()
	defer r.loading.Unlock()
	if cfg, loaded := r.loaded[region]; loaded {
		return cfg, nil
	}
	cfg, err := r.env.config(ctx, region, r.Site.Profile)
	if err == nil && r.env.AWS == nil {
		if r.loaded == nil {
			r.loaded = map[string]aws.Config{}
		}
		r.loaded[region] = cfg
	}
	return cfg, err
}

// config configures the clients of a change of role, which are throttled when others change theirs.
func (e Env) config(ctx context.Context, region, profile string) (aws.Config, error) {
	cfg, err := e.AWS.For(ctx, region, profile)
	cfg.RetryMaxAttempts = awsclient.Attempts
	if cfg.Retryer == nil {
		cfg.Retryer = func() aws.Retryer {
			return inTime{retry.NewStandard(func(o *retry.StandardOptions) { o.Backoff = retry.BackoffDelayerFunc(delay) })}
		}
		cfg.RetryMaxAttempts = attempts
	}
	return cfg, err
}

// longestDelay is the most that is waited between two attempts, and attempts is how many there are: a call is throttled for more than a
// minute before it is given up. The SDK's own delays, of up to 20 s each, are longer than what status, check and a wait have for a call.
const (
	longestDelay = 3 * time.Second
	attempts     = 30
)

// delay is how long is waited after an attempt, the first of which is 1. Calls that were throttled together do not come back together.
func delay(attempt int, _ error) (time.Duration, error) {
	most := min(longestDelay, time.Second<<min(attempt, 2))
	return most/2 + rand.N(most/2), nil
}

// inTime gives up a call that AWS has answered, rather than let the time for it end in a delay: the SDK forgets the answer then, and a
// region that is only throttled looks silent.
type inTime struct{ *retry.Standard }

// GetRetryToken is for aws.RetryerV2. The SDK joins its error to that of the attempt.
func (r inTime) GetRetryToken(ctx context.Context, attempt error) (release func(error) error, err error) {
	const answer = time.Second // for another attempt
	if end, bounded := ctx.Deadline(); bounded && awsclient.Answered(attempt) && time.Until(end) < longestDelay+answer {
		return nil, errors.New("there is no time for another attempt")
	}
	return r.Standard.GetRetryToken(ctx, attempt)
}

// ErrInterrupted is the error of a run that was cancelled.
var ErrInterrupted = errors.New("interrupted")

// enter begins a piece of work, which ends when the run is cancelled. Its clock, where
// that can, stands still while it works.
func (r *Runtime) enter(ctx context.Context, what string) (entered context.Context, leave func()) {
	held, release := r.env.PauseClock(ctx, r.Site.Region+" "+what)
	entered, cancel := context.WithCancelCause(held)
	stop := context.AfterFunc(r.env.Context, func() { cancel(ErrInterrupted) })
	return entered, func() {
		stop()
		cancel(nil)
		release()
	}
}

// runStep runs a step and reports its start and end. do may add to the step what it found.
func (r *Runtime) runStep(step *report.Step, do func() error) error {
	step.Begin = r.env.Now()
	r.env.Observe(*step)
	err := do()
	if err != nil {
		step.Err = err.Error()
	}
	step.End = r.env.Now()
	r.env.Observe(*step)
	return err
}

// progress reports what was last seen of something that is waited for.
func (r *Runtime) progress(awaits, seen string) {
	if r.env.Progress != nil {
		r.env.Progress(awaits, seen)
		return
	}
	r.Say(awaits + ": " + seen)
}

func lookupNS(ctx context.Context, zone string) (servers []string, err error) {
	found, err := net.DefaultResolver.LookupNS(ctx, zone)
	for _, server := range found {
		servers = append(servers, server.Host)
	}
	return servers, err
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
