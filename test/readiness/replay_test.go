package readiness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/state"
)

// A replay is a failover without an engine. It asks the simulated AWS for what the engine asked for
// in the reference, in the order of the same graph, and runs what the program's hooks run: the
// procedures of package failover.
type replay struct {
	of    *reference
	world *world
	claim roles.Claim
	rt    *failover.Runtime

	mu       sync.Mutex
	waits    map[string]int      // how many of its nodes a node still waits for
	next     map[string][]string // which nodes wait for a node
	nodes    map[string]node
	failed   []error
	switched time.Time // when the site's name was moved; zero for never
	running  sync.WaitGroup
}

// runtime is what the program makes of a side that is to be activated (stacks, newRuntime).
func (w *world) runtime() (*failover.Runtime, roles.Claim, error) {
	own, peer := w.own(), w.peer()
	cfg := own.Config
	plan := roles.Decide(roles.Active, own.State.Claim, peer.State.Claim)
	if w.refusal != nil {
		return nil, roles.Claim{}, w.refusal
	}
	if plan.Do != roles.Activate {
		return nil, roles.Claim{}, errors.Join(errors.New("the claims do not allow it"), refusalOf(plan))
	}
	site := stacks.RuntimeSite(cfg, plan.Claim, own.State)
	site.Tags = map[string]string{"site": cfg.Site, "stack": cfg.Stack, "managed-by": "pilotlight"}
	site.SecondZoneAfter = time.Duration(cfg.Database.MultiAZDelay)
	site.DeepToken = w.token
	return failover.New(w.env(), site), plan.Claim, nil
}

func refusalOf(p roles.Plan) error {
	if p.Refusal == nil {
		return nil
	}
	return p.Refusal
}

// failOver is the whole failover.
func (w *world) failOver(ctx context.Context) (r *replay, err error) {
	r = &replay{of: w.reference, world: w, waits: map[string]int{}, next: map[string][]string{}, nodes: map[string]node{}}
	if err := w.begin(ctx, r); err != nil {
		return r, fmt.Errorf("refused: %w", err)
	}
	w.carryOut()
	known := map[string]bool{}
	for _, n := range r.of.nodes {
		known[n.urn] = true
	}
	for _, n := range r.of.nodes {
		r.nodes[n.urn] = n
		for _, before := range n.after {
			if known[before] {
				r.waits[n.urn]++
				r.next[before] = append(r.next[before], n.urn)
			}
		}
	}
	var ready []string
	for _, n := range r.of.nodes {
		if r.waits[n.urn] == 0 {
			ready = append(ready, n.urn)
		}
	}
	r.start(ctx, ready)
	r.running.Wait()
	return r, errors.Join(r.failed...)
}

// carryOut deletes what the engine would delete or replace besides, with all that it holds.
func (w *world) carryOut() {
	for _, p := range w.planned {
		if p.Op == "delete" {
			w.sim.ByHand(func(o *sim.Object) bool { return o.Type != p.Type || o.Region != w.own().Config.Region })
		}
	}
}

// begin is what comes before anything is registered (stacks, start): what it refuses changes nothing.
func (w *world) begin(ctx context.Context, r *replay) error {
	own, peer := w.own(), w.peer()
	if code := w.unread(ctx); code != "" {
		return fmt.Errorf("the engine: %s", code)
	}
	for _, side := range w.sides {
		if strings.HasSuffix(side.State.SecretsProvider.Address, "?region="+peer.Config.Region) { // which is lost
			return fmt.Errorf("the engine: KMS in %s does not answer", peer.Config.Region)
		}
	}
	locks, err := w.site.Locks(ctx, own.Config.Stack)
	if err != nil {
		return err
	}
	for _, l := range locks {
		if !l.LeftHere {
			return fmt.Errorf("the engine: the stack is locked: %s", l)
		}
	}
	record, found, err := failover.Parameter(ctx, w.env(), own.Config.Region, "", own.Config.RecordName())
	if err != nil {
		return err
	}
	if recorded, err := roles.ParseClaim(record); found && err != nil {
		return err
	} else if why := state.Diverged(own.Config.Stack, own.Config.RecordName(), own.State, recorded); found && why != nil {
		return why
	}
	if r.rt, r.claim, err = w.runtime(); err != nil {
		return err
	}
	theirs := stacks.ComparedSide{Stack: peer.Config.Stack, Published: peer.State.Published}
	if wrong := stacks.Mismatches(stacks.ComparedSide{Stack: own.Config.Stack, File: &own.Config, Published: own.State.Published}, theirs); len(wrong) > 0 {
		return stacks.RefuseMismatches(wrong)
	}
	verdict, err := r.rt.Check(ctx)
	if err == nil {
		verdict.Blockers = slices.DeleteFunc(verdict.Blockers, func(b refusal.Blocker) bool { return slices.Contains(w.without, b.Code) })
		err = verdict.Err()
	}
	if err != nil {
		return err
	}
	account, err := failover.Account(ctx, w.env(), own.Config.Region, "") // as the provider does
	if allowed := own.Config.Accounts; err == nil && len(allowed) > 0 && !slices.Contains(allowed, account) {
		return fmt.Errorf("the provider: account %s is not allowed", account)
	}
	return err
}

// start runs nodes beside each other. Each holds the clock before who started it lets go.
func (r *replay) start(ctx context.Context, ready []string) {
	for _, urn := range ready {
		held, release := r.world.sim.Clock().Hold(ctx, "node "+urn)
		r.running.Go(func() {
			defer release()
			n := r.nodes[urn]
			if err := r.run(held, n); err != nil {
				r.mu.Lock()
				r.failed = append(r.failed, fmt.Errorf("%s %s: %w", n.typ, n.name, err))
				r.mu.Unlock()
				return // and what waits for it is not begun
			}
			r.mu.Lock()
			var next []string
			for _, after := range r.next[urn] {
				if r.waits[after]--; r.waits[after] == 0 {
					next = append(next, after)
				}
			}
			r.mu.Unlock()
			r.start(ctx, next)
		})
	}
}

// run is one node: its hook, then its calls.
func (r *replay) run(ctx context.Context, n node) error {
	if err := r.hook(ctx, n); err != nil {
		return err
	}
	for i, call := range n.calls {
		if err := r.ask(ctx, n.operations[i], r.world.asked(call)); err != nil {
			return err
		}
	}
	if strings.HasSuffix(n.name, state.SwitchSuffix(r.claim.Epoch)) && (len(n.calls) > 0 || n.typ == "pulumi:index:Stash") {
		r.mu.Lock()
		r.switched = r.world.sim.Clock().Now()
		r.mu.Unlock()
	}
	return nil
}

func (r *replay) ask(ctx context.Context, operation string, call sim.Call) (err error) {
	switch operation {
	case "create":
		_, err = r.world.sim.Create(ctx, call)
	case "update":
		_, err = r.world.sim.Update(ctx, call)
	case "delete":
		err = r.world.sim.Delete(ctx, call)
	}
	return err
}

// hook is what the program binds to a node (stacks, serve.go).
func (r *replay) hook(ctx context.Context, n node) error {
	stash := n.typ == "pulumi:index:Stash"
	switch {
	case n.typ == "pilotlight:stacks:Activation":
		return r.rt.StartPromotion(ctx)
	case stash && strings.HasSuffix(n.name, "-started"):
		return r.rt.WaitInstances(ctx)
	case stash && strings.HasSuffix(n.name, state.PromotedSuffix(r.claim.Epoch)):
		return r.rt.WaitPromoted(ctx)
	case strings.HasSuffix(n.name, state.SwitchSuffix(r.claim.Epoch)) && (stash || len(n.calls) > 0):
		if err := r.rt.WaitHealthy(ctx, r.balancer()); err != nil || !r.rt.Site.ManualDNS {
			return err
		}
		return r.rt.WaitVisitors(ctx, r.balancer())
	case stash && strings.HasSuffix(n.name, fmt.Sprintf("-moved-%d", r.claim.Epoch)):
		_ = r.rt.WaitVisitors(ctx, r.balancer()) // warns
	case stash && strings.HasSuffix(n.name, fmt.Sprintf("-second-zone-%d", r.claim.Epoch)):
		return r.rt.WaitSecondZone(ctx)
	case n.typ == databaseType && len(n.calls) > 0:
		return r.rt.WaitModifiable(ctx, r.rt.Site.Region, r.rt.Site.Database)
	}
	return nil
}

func (r *replay) balancer() string {
	for _, b := range r.world.sim.Balancers(r.rt.Site.Region) {
		return b.DNSName
	}
	return ""
}

// plan is the engine's part of a check: the plan of the reference, with what the checks say now.
func (w *world) plan(ctx context.Context, change ops.Change) (ops.Plan, error) {
	plan := ops.Plan{Change: change, Resources: slices.Concat(w.reference.plan.Resources, w.planned), Estimate: w.reference.plan.Estimate}
	cfg, err := w.aws(ctx, w.own().Config.Region, "")
	if err == nil {
		_, err = sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}) // the program does before all
	}
	if err != nil {
		return plan, err
	}
	rt, _, err := w.runtime()
	if err != nil {
		plan.Refusal = err.Error()
		return plan, nil //nolint:nilerr // it is what the plan says
	}
	verdict, err := rt.Check(ctx)
	if err != nil {
		plan.Refusal = err.Error()
		return plan, nil //nolint:nilerr // it is what the plan says
	}
	plan.Verdict = &verdict
	if refused := verdict.Err(); refused != nil {
		plan.Refusal = refused.Error()
	}
	return plan, nil
}

// env is the world as the product sees it.
func (w *world) env() failover.Env {
	env := failover.Env{
		AWS: w.aws, Transport: w.transport, Sleep: w.sleep, Now: w.sim.Clock().Now, PauseClock: w.sim.Clock().Hold,
		Lookup: w.sim.Lookup, LookupNS: w.sim.LookupNS,
	}
	if w.own().Config.DNS.Mode == "manual" {
		env.Observe = w.person
	}
	return env
}

// sleep is what a wait asks for, or longer, so that the wait looks no more often than the world wants. Half the time of
// thousands of worlds is that of looking again.
func (w *world) sleep(ctx context.Context, d time.Duration) error {
	if w.often > 0 {
		now := w.sim.Clock().Now()
		d = now.Add(d + w.often - 1).Truncate(w.often).Sub(now)
	}
	return w.sim.Clock().Sleep(ctx, d)
}

// person moves the name two minutes after being asked to.
func (w *world) person(step report.Step) {
	if step.Kind != report.VisitorStep || !step.End.IsZero() {
		return
	}
	held, release := w.sim.Clock().Hold(context.Background(), "person")
	go func() {
		defer release()
		if w.sim.Clock().Sleep(held, 2*time.Minute) != nil {
			return
		}
		for _, b := range w.sim.Balancers(w.own().Config.Region) {
			w.sim.SetRecord(w.own().Config.Region, "", w.own().Config.Domain, b.DNSName)
		}
	}()
}
