package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops/checkpoint"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/when"
)

// Purpose is what a site is to be ready for.
type Purpose string

// The purposes.
const (
	ForFailover   Purpose = "failover"
	ForSwitchover Purpose = "switchover"
	ForReprotect  Purpose = "reprotect"
)

// Readiness is whether a site could do something now, from this machine.
type Readiness struct {
	For          Purpose       `json:"for"`
	Stack        string        `json:"stack"` // that would become active, or a standby again
	Requirements []Requirement `json:"requirements"`
	// Plan is what it would do; nil when that could not be found out.
	Plan *Plan `json:"plan,omitempty"`
	// Drift is what was changed outside of the program, when CheckDrift looked for it.
	Drift []Drift `json:"drift,omitempty"`
	// Orphans are what killed updates and drills left of the stack on AWS, and no state holds. They block nothing.
	Orphans []checks.Orphan `json:"orphans,omitempty"`
	// Published is what Publish kept of it; nil where it was not asked to.
	Published *PublishedCheck `json:"published,omitempty"`
	// Increases are the requests for higher quotas, when RequestIncreases made some.
	Increases []checks.Increase `json:"increases,omitempty"`
}

func (r *Readiness) add(all ...Requirement) { r.Requirements = append(r.Requirements, all...) }

// Err is a *RefusedError with code refusal.CodeNotReady when something is not as it should be,
// else nil.
func (r Readiness) Err() error {
	if refused := r.refusal(); refused != nil {
		return refused
	}
	return nil
}

func (r Readiness) refusal() *refusal.Error {
	e := refusal.New(refusal.CodeNotReady, "not ready for a %s: do what the blockers say", r.For).Of(r.Stack)
	for _, q := range r.Requirements {
		if !q.OK {
			e.Blockers = append(e.Blockers, q.blocker())
		}
	}
	if len(e.Blockers) == 0 {
		return nil
	}
	return e
}

// Check finds out whether everything is there that a purpose needs: on this
// machine, outside the region that may be lost, and on the side that would take
// over. It changes nothing but the note of it that Status reads. to is the stack that a switchover goes to.
func (s *Site) Check(ctx context.Context, purpose Purpose, to string, run Run) (_ Readiness, err error) {
	defer noteRead(ctx, &err)
	ready, err := s.check(ctx, purpose, to, run)
	if err == nil && purpose == ForFailover {
		s.KeepCheck(ready)
	}
	return ready, err
}

func (s *Site) check(ctx context.Context, purpose Purpose, to string, run Run) (Readiness, error) {
	sides, keyless, err := s.readable(ctx)
	if len(keyless) > 0 && sides == nil { // no more can be told without the engine
		return Readiness{For: purpose, Stack: to, Requirements: append(s.machine(ctx), keylessRequirements(keyless)...)}, nil
	}
	if damaged, ok := errors.AsType[*refusal.Error](err); ok && damaged.Code == refusal.CodeState {
		return Readiness{For: purpose, Stack: to, Requirements: append(s.machine(ctx), Requirement{Subject: "state", Code: refusal.CodeState, Reason: damaged.Error(), Remedy: "pilotlight state restore " + damaged.Stack})}, nil
	}
	if err != nil {
		return Readiness{}, err
	}
	return s.CheckWith(ctx, purpose, to, Evidence{Sides: sides, Keyless: keyless, Plan: func(ctx context.Context, change Change) (Plan, error) { return s.Plan(ctx, change, run) }})
}

// Evidence is what Check has the engine find out.
type Evidence struct {
	Sides []Side // by their files and their states
	// Keyless says of which states the secrets can't be read. The engine can plan nothing then.
	Keyless []*refusal.Error
	// Plan is what a change would do.
	Plan func(context.Context, Change) (Plan, error)
}

// CheckWith is Check for who has the engine's part already. It keeps no note.
func (s *Site) CheckWith(ctx context.Context, purpose Purpose, to string, e Evidence) (Readiness, error) {
	sides := e.Sides
	change, err := next(sides, purpose, to)
	if refused, ok := errors.AsType[*refusal.Error](err); ok {
		records, diverged := s.records(ctx, sides, "")
		if !diverged { // or the claims are not what they should be
			records = append(records, Requirement{Subject: "claims", Code: refusal.CodeClaims, Reason: refused.Error(), Remedy: toDo(sides)})
		}
		return Readiness{For: purpose, Stack: to, Requirements: slices.Concat(s.machine(ctx), keylessRequirements(e.Keyless), records)}, nil
	}
	if err != nil {
		return Readiness{}, err
	}
	side, other, err := find(sides, change.Stack)
	if err != nil {
		return Readiness{}, err
	}
	ready := Readiness{For: purpose, Stack: change.Stack}
	ready.add(s.machine(ctx)...)
	ready.add(s.writable(), s.credentials(ctx, side))
	ready.add(s.stateAndKeys(ctx, purpose, e, side.Config.PeerRegion(), side.Config.Region)...)
	ready.add(s.unlocked(ctx, side.Config.Stack), files(sides))
	ready.add(finished(side)...)
	if purpose == ForSwitchover && other != nil {
		ready.add(s.unlocked(ctx, other.Config.Stack))
	}
	silent, err := s.unreachable(ctx, side)
	if err != nil {
		return ready, err
	}
	if silent != "" {
		ready.add(Requirement{Subject: "region", Code: refusal.CodeSilent, Reason: fmt.Sprintf("AWS in %s does not answer: %s", side.Config.Region, silent), Remedy: "check again when it is back"})
		return ready, nil
	}
	records, diverged := s.records(ctx, sides, side.Config.Stack)
	ready.add(records...)
	if diverged {
		return ready, nil
	}
	if purpose == ForReprotect {
		if change.Rebuild, err = s.ended(ctx, side); err != nil {
			return ready, err
		}
	}
	plan, err := s.planned(ctx, e, change, &ready)
	if err != nil {
		return ready, err
	}
	early := plan.Refusal != "" && plan.Verdict == nil // the program refuses before it makes the checks
	if (plan.Refusal != "" || plan.Resources == nil) && plan.Verdict == nil && purpose != ForReprotect {
		plan.Verdict = s.verdict(ctx, side, other)
	}
	if purpose == ForFailover && change.Role == roles.Active {
		plan.addShortfalls(side)
	}
	if err := s.addQuotas(ctx, side, other, &plan); err != nil {
		return ready, err
	}
	ready.Plan = &plan
	if purpose == ForSwitchover && plan.Estimate != nil {
		planned := work(plan.Resources, true).Switchover()
		plan.Estimate = &planned
	}
	if purpose == ForSwitchover {
		ready.add(s.inStep(ctx, side))
		ready.add(s.answering(ctx, other, plan)...)
	}
	ready.add(judged(plan, purpose)...)
	if early && ready.Err() == nil { // nothing else says why: that production lives is no reason
		ready.add(refusedPlan(plan))
	}
	if purpose == ForFailover {
		ready.add(deployed(plan)...)
		ready.add(s.serviceRoles(ctx, side, plan)...)
	}
	if seen := checks.SeenOfQuotas(plan.Quotas, side.Config.Region); seen != "" {
		ready.add(met("quotas", seen))
	}
	ready.add(s.newDatabase(ctx, side, plan)...)
	if kept := upgradeKept(sides); kept != nil {
		ready.add(Requirement{Subject: "engine", Code: kept.Code, Reason: kept.Reason, Remedy: kept.Remedy})
	}
	if purpose != ForReprotect {
		ready.add(s.alike(ctx, side, other)...)
		ready.add(secretsAlike(sides)...)
		ready.add(mediaComplete(sides)...)
		left := s.orphansOf(ctx, side)
		ready.Orphans = left.orphans
		ready.add(left.requirements()...)
	}
	return ready, nil
}

// planned is what the engine would do. Where something keeps it from planning, that is among the requirements, and the
// plan has no resources: the rest is told all the same.
func (s *Site) planned(ctx context.Context, e Evidence, change Change, ready *Readiness) (Plan, error) {
	if len(e.Keyless) > 0 {
		return Plan{Change: change}, nil
	}
	plan, err := e.Plan(ctx, change)
	if err == nil || ctx.Err() != nil {
		return plan, err
	}
	if provider, unread := providerInFile(s.options.Dir, change.Stack); unread == nil {
		if lost := s.keyless(ctx, change.Stack, provider); lost != nil { // by the file, which an update goes by, and not by the state
			ready.add(keylessRequirements([]*refusal.Error{lost})...)
		}
	}
	if ready.Err() != nil { // what is wrong already, such as credentials that ended, keeps the engine from it
		plan, err = Plan{Change: change, Refusal: "it can't be planned: " + err.Error()}, nil
	}
	return plan, err
}

// verdict is what the checks find where the program refuses before it makes them, so that one
// check tells all that is wrong; nil where they can't be made either.
func (s *Site) verdict(ctx context.Context, side Side, other *Side) *checks.Verdict {
	peer := roles.Claim{Role: roles.Active, Epoch: 1, Progress: roles.Switched} // that of a production without a stack
	if other != nil {
		peer = other.State.Claim
	}
	decided := roles.Decide(roles.Active, side.State.Claim, peer)
	if decided.Do != roles.Activate {
		return nil
	}
	verdict, err := s.runtimeFor(side, decided.Claim).Check(ctx)
	if err != nil {
		return nil
	}
	return &verdict
}

// files is a requirement: the two sides of the site agree.
func files(sides []Side) Requirement {
	wrong := mismatches(sides)
	if len(wrong) == 0 {
		return met("files", "the files of the stacks agree with each other and with what is deployed")
	}
	_, remedy := disagreement(wrong)
	return Requirement{Subject: "files", Code: refusal.CodeMismatch, Reason: stacks.RefuseMismatches(wrong).Error(), Remedy: remedy}
}

// records are requirements: each stack's state and AWS belong together. Only the region of the
// stack that is needed has to answer.
func (s *Site) records(ctx context.Context, sides []Side, needed string) (all []Requirement, diverged bool) {
	whys, errs := s.divergences(ctx, sides)
	for i, side := range sides {
		stack := side.Config.Stack
		switch {
		case errs[i] != nil && stack == needed:
			remedy := checks.Busy
			if denies(errs[i]) {
				remedy = "check again, with credentials that may read " + side.Config.RecordName()
			}
			all = append(all, Requirement{Subject: "record", Code: RecordUnseen, Reason: "the state can't be compared with AWS: " + silence(errs[i], askFor), Remedy: remedy})
		case errs[i] != nil: // can't contradict
		case whys[i] != nil:
			all, diverged = append(all, Requirement{Subject: "record", Code: refusal.CodeDiverged, Reason: fmt.Sprintf("stack %s: %s", stack, whys[i].Reason), Remedy: whys[i].Remedy}), true
		default:
			all = append(all, met("record", fmt.Sprintf("the state of stack %s is as new as AWS", stack)))
		}
	}
	return all, diverged
}

// toDo is what the claims of both stacks ask for; empty when that is nothing.
func toDo(sides []Side) string {
	_, next, steady := roles.Standing(rolesOf(sides))
	if steady {
		return ""
	}
	return next
}

// inStep holds that a switchover would not have to wait long for the last writes.
func (s *Site) inStep(ctx context.Context, target Side) Requirement {
	status := s.look(ctx, target)
	ok, seen, remedy := replicaInStep(status, time.Duration(target.Config.Failover.MaxLag), s.now())
	if ok {
		return met("replica", fmt.Sprintf("%s is in step, %s behind at %s", status.Database.ID, status.Database.LastGood.Value, when.Clock(status.Database.LastGood.At)))
	}
	return Requirement{Subject: "replica", Code: checks.ReplicaNotInStep, Reason: seen, Remedy: cmp.Or(remedy, "wait until status says that the site is protected")}
}

// next is the update that a purpose comes down to first, on the side that it is about.
func next(sides []Side, purpose Purpose, to string) (Change, error) {
	var changes []Change
	var nothing string
	var err error
	switch purpose {
	case ForFailover:
		if changes, nothing, err = roles.FailoverChanges(rolesOf(sides), Accepted{}); nothing != "" {
			changes = nil
		}
	case ForSwitchover: // that the stack could take over is what matters, and is known before the freeze
		changes, nothing, err = roles.SwitchoverChanges(rolesOf(sides), to, Accepted{})
		switch target, _, _ := find(sides, to); {
		case target.role().Switched():
			changes = nil
		case err == nil:
			changes = []Change{{Stack: to, Role: roles.Active}}
		}
	case ForReprotect:
		changes, nothing, err = roles.ReprotectChanges(rolesOf(sides))
	default:
		return Change{}, fmt.Errorf("%q is nothing to be ready for: use %s, %s or %s", purpose, ForFailover, ForSwitchover, ForReprotect)
	}
	if err != nil {
		return Change{}, err
	}
	if len(changes) == 0 {
		return Change{}, refusal.New(refusal.CodeClaims, "%s", nothing)
	}
	return changes[0], nil
}

// Undone is the code of a requirement: an update began with something and did not finish it. A failover reads it again
// first, for which its credentials may have no right.
const Undone = "undone"

// finished is the requirement that the last update of a side ended with everything that it began.
func finished(side Side) []Requirement {
	var all []string
	for _, id := range side.State.Undone {
		all = append(all, checkpoint.Described(apitype.ResourceV3{URN: id, Type: id.Type()}))
	}
	if len(all) == 0 {
		return nil
	}
	return []Requirement{{
		Subject: "last update", Code: Undone, Reason: fmt.Sprintf("an update of stack %s did not finish %s: AWS may have the old settings or the new ones", side.Config.Stack, few(all)),
		Remedy: "pilotlight deploy: it reads again what AWS has, and goes on",
	}}
}

// few names some things, at most three of them.
func few(names []string) string {
	const shown = 3
	if more := len(names) - shown; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), more)
	}
	return strings.Join(names, ", ")
}

// judged are the requirements that the plan of an activation speaks of. That
// production lives is as it should be, as long as the other side is not needed.
func judged(plan Plan, purpose Purpose) []Requirement {
	var all []Requirement
	for _, risky := range plan.Risky() {
		all = append(all, Requirement{Subject: "plan", Code: PlanRisky, Reason: fmt.Sprintf("it would %s", risky), Remedy: "find out why before it is run (pulumi preview --diff)"})
	}
	if plan.Refusal != "" && (plan.Verdict == nil || len(plan.Verdict.Blockers) == 0) {
		return append(all, refusedPlan(plan))
	}
	all = append(all, met("claims", "the claims of both stacks allow it"))
	if plan.Verdict == nil {
		return all
	}
	for _, b := range plan.Verdict.Blockers {
		q := requirement(b)
		if productionLives(b) {
			q = met(b.Subject, b.Reason)
		}
		all = append(all, q)
	}
	for _, b := range plan.Shortfalls {
		all = append(all, requirement(b))
	}
	loss := plan.Verdict.Loss
	if purpose == ForSwitchover {
		loss = "no write is lost: the promotion waits until the replica has them all"
	}
	return append(all, met("loss", loss))
}

// refusedPlan is the requirement that the program does not refuse a plan.
func refusedPlan(plan Plan) Requirement {
	return Requirement{Subject: "checks", Code: PlanRefused, Reason: plan.Refusal, Remedy: "do what it says, and check again"}
}

// productionLives reports whether a blocker says no more than that the other side is well.
func productionLives(b refusal.Blocker) bool {
	return b.Code == checks.ProductionServes || b.Code == checks.ReplicaReceives
}
