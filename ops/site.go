package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops/engine"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// Site is a site's two stacks, and what an operator does with them. Where a
// production exists that this program did not make, it is one stack.
type Site struct {
	// Name and Domain are as in the configuration.
	Name, Domain string

	options Options
	configs []config.Config

	mu   sync.Mutex
	open map[string]*Stack
}

// OpenSite reads the files of a site's stacks below o.Dir. It asks neither the
// engine nor AWS yet. Of more than two stacks it takes the two that name each
// other as peers.
func OpenSite(o Options) (*Site, error) {
	files, err := filepath.Glob(filepath.Join(o.Dir, config.FileName("*")))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, refusal.New(refusal.CodeNoProject, "there is no %s in %s: go to the project's folder, or make one with pilotlight init", config.FileName("<stack>"), o.Dir)
	}
	if err := config.CheckProject(filepath.Join(o.Dir, "Pulumi.yaml")); err != nil {
		return nil, refuseConfig(err)
	}
	var all []config.Config
	var problems []error
	for _, file := range files {
		config, err := config.ReadFile(file)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		all = append(all, config)
	}
	configs, err := pair(all)
	if err != nil && len(problems) > 0 { // what is wrong with a file explains that it has no pair
		err = refuseConfig(errors.Join(problems...))
	}
	if err != nil {
		return nil, err
	}
	return &Site{Name: configs[0].Site, Domain: configs[0].Domain, options: o, configs: configs, open: map[string]*Stack{}}, nil
}

// pair chooses the stacks of the site: the two that name each other, or the one
// that protects a production which no stack made.
func pair(all []config.Config) ([]config.Config, error) {
	var pairs [][]config.Config
	for i, a := range all {
		if a.Production != nil {
			pairs = append(pairs, []config.Config{a})
		}
		for _, b := range all[i+1:] {
			if a.Peer != nil && b.Peer != nil && a.Peer.Stack == b.Stack && b.Peer.Stack == a.Stack {
				pairs = append(pairs, []config.Config{a, b})
			}
		}
	}
	switch {
	case len(pairs) == 1:
		return pairs[0], nil
	case len(pairs) > 1:
		return nil, refusal.New(refusal.CodeConfig, "the files here are of several sites: keep each site in a folder of its own")
	}
	return nil, refusal.New(refusal.CodeConfig, "no two stacks here name each other as peer: correct peer.stack in their files")
}

// Stacks are the names of the site's stacks.
func (s *Site) Stacks() []string {
	names := make([]string, len(s.configs))
	for i, c := range s.configs {
		names[i] = c.Stack
	}
	return names
}

// Stack opens one of the site's stacks, once. create makes one that the backend does not know.
func (s *Site) Stack(ctx context.Context, name string, create bool) (*Stack, error) {
	if !slices.Contains(s.Stacks(), name) {
		return nil, noStack(name, s.Stacks())
	}
	if err := s.findEngine(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	stack, o := s.open[name], s.options
	s.mu.Unlock()
	if stack != nil {
		return stack, nil
	}
	by := Open
	if create {
		by = Create
	}
	stack, err := by(ctx, name, o)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[name] = stack
	return stack, nil
}

// findEngine finds the engine once for all that is done.
func (s *Site) findEngine(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.options.EngineRoot != "" || s.options.Command != nil {
		return nil
	}
	root, err := engine.Find(ctx, s.options.progress())
	s.options.EngineRoot = root
	return err
}

// Sides reads what both stacks remember, and what their files say now. A stack that
// was never deployed remembers nothing. No region is asked, only the backend.
func (s *Site) Sides(ctx context.Context) ([]Side, error) {
	sides, problems := make([]Side, len(s.configs)), make([]error, len(s.configs))
	var group sync.WaitGroup
	for i, opened := range s.configs {
		group.Go(func() {
			config, err := config.ReadFile(filepath.Join(s.options.Dir, config.FileName(opened.Stack)))
			if err != nil {
				problems[i] = refuseConfig(err)
				return
			}
			memory, err := s.state(ctx, config.Stack)
			sides[i], problems[i] = Side{Config: config, State: memory}, err
		})
	}
	group.Wait()
	return sides, errors.Join(problems...)
}

func (s *Site) state(ctx context.Context, name string) (state.State, error) {
	stack, err := s.Stack(ctx, name, false)
	if errors.Is(err, ErrNoStack) {
		return state.State{}, nil
	}
	var memory state.State
	if err == nil {
		memory, err = stack.State(ctx)
	}
	if err != nil && ctx.Err() == nil {
		err = s.damaged(ctx, name, err)
	}
	return memory, err
}

// Outcome is what a procedure did.
type Outcome struct {
	// NothingToDo says why there was nothing to do; empty when something was done.
	NothingToDo string `json:"nothingToDo,omitempty"`
	// Done are the updates that ended well, in their order.
	Done []Change `json:"done"`
	// Remaining are those that did not, the first of them the one that stopped.
	Remaining []Change `json:"remaining,omitempty"`
	// Reports are those of the changes of role among them.
	Reports []report.Report `json:"reports,omitempty"`
	// Next is what to do now that all is done.
	Next []string `json:"next,omitempty"`
}

// Failover makes the standby active, without asking the other side: for a region
// that is lost. Production that lives refuses it. Run again it resumes, and once
// it is done it does nothing.
func (s *Site) Failover(ctx context.Context, accepted Accepted, run Run) (Outcome, error) {
	return s.runProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		changes, done, err := roles.FailoverChanges(rolesOf(sides), accepted)
		if _, _, unclear := leader(sides); err != nil || unclear != nil { // are the claims what they should be?
			err = cmp.Or(s.checkRecords(ctx, sides), err)
		}
		return changes, done, err
	})
}

// Switchover moves the site to a stack without losing a write: the other side is
// frozen, then this one activated, then the other stands by. Run again it resumes.
// Before it freezes, it finds out whether the stack can take over.
func (s *Site) Switchover(ctx context.Context, to string, accepted Accepted, run Run) (Outcome, error) {
	return s.switchover(ctx, run, func(sides []Side) ([]Change, string, error) {
		return roles.SwitchoverChanges(rolesOf(sides), to, accepted)
	})
}

func (s *Site) switchover(ctx context.Context, run Run, decide func([]Side) ([]Change, string, error)) (Outcome, error) {
	return s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		changes, done, err := decide(sides)
		if err == nil && changes[0].Role == roles.Frozen {
			err = s.checkTakeOver(ctx, sides, changes[1])
		}
		return changes, done, err
	})
}

// Failback is the switchover to the home side: the one that the configuration names, or else
// the one that was active first. Run again it resumes. It is refused until that side has been
// reprotected.
func (s *Site) Failback(ctx context.Context, accepted Accepted, run Run) (Outcome, error) {
	return s.switchover(ctx, run, func(sides []Side) ([]Change, string, error) { return roles.FailbackChanges(rolesOf(sides), accepted) })
}

// checkTakeOver refuses a switchover whose freeze would be in vain.
func (s *Site) checkTakeOver(ctx context.Context, sides []Side, activate Change) error {
	to := activate.Stack
	_, from, err := find(sides, to)
	if err != nil || from.State.Claim.Role != roles.Active {
		return err
	}
	if err := s.requireAnswer(ctx, *from, "if it is lost, pilotlight failover moves the site without it"); err != nil {
		return err
	}
	for _, side := range sides { // or visitors would see the maintenance page until the lock is removed
		if q := s.unlocked(ctx, side.Config.Stack); !q.OK {
			return &refusal.Error{Code: refusal.CodeLocked, Reason: q.Seen, Remedy: q.Remedy} // which names the stack
		}
	}
	plan, err := s.Plan(ctx, activate, Run{})
	if err != nil {
		return err
	}
	ready := Readiness{For: ForSwitchover, Stack: to, Requirements: judged(plan, ForSwitchover)}
	if refused := ready.refusal(); refused != nil {
		refused.Code = refusal.CodeChecks
		return refused
	}
	return nil
}

// Thaw takes the first part of a switchover back, until the other side has claimed.
func (s *Site) Thaw(ctx context.Context, run Run) (Outcome, error) {
	out, err := s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) { return roles.ThawChanges(rolesOf(sides)) })
	if err == nil && out.NothingToDo == "" {
		out.Next = append(out.Next, "visitors see the site again within a minute or two: each instance looks every minute")
	}
	return out, err
}

// Reprotect makes the side that was lost a standby of the active one: the way back,
// up to the switchover that goes home.
func (s *Site) Reprotect(ctx context.Context, run Run) (Outcome, error) {
	next := ""
	out, err := s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		changes, done, err := roles.ReprotectChanges(rolesOf(sides))
		if err != nil {
			return nil, "", err
		}
		side, _, err := find(sides, changes[0].Stack)
		if err != nil {
			return nil, "", err
		}
		next = "pilotlight failback"
		if side.Config.Stack != roles.Home(rolesOf(sides)) {
			next = "pilotlight switchover " + side.Config.Stack
		}
		next = fmt.Sprintf("%s is a standby again; to move the site there, at a quiet moment, once status says protected: %s", side.Config.Stack, next)
		return changes, done, s.requireAnswer(ctx, side, "wait until it is back, and run this again")
	})
	if err == nil && slices.ContainsFunc(out.Reports, func(r report.Report) bool { return r.Action == string(roles.StandBy) }) {
		out.Next = append(out.Next, next)
	}
	return out, err
}

// requireAnswer refuses what needs a region that does not answer.
func (s *Site) requireAnswer(ctx context.Context, side Side, remedy string) error {
	silent, err := s.unreachable(ctx, side)
	if err == nil && silent != "" {
		err = refusal.New(refusal.CodeSilent, "AWS in %s does not answer (%s): %s", side.Config.Region, silent, remedy).Of(side.Config.Stack)
	}
	return err
}

// Abort aborts an activation that has not moved the site's name yet, and lets the
// other side reclaim the site. Where the region of the one that should give up does
// not answer, the other reclaims the site without it.
func (s *Site) Abort(ctx context.Context, run Run) (Outcome, error) {
	return s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		changes, done, err := roles.AbortChanges(rolesOf(sides))
		if err != nil || len(changes) == 0 || changes[0].Abort == 0 {
			return changes, done, err
		}
		side, _, err := find(sides, changes[0].Stack)
		if err != nil {
			return nil, "", err
		}
		silent, err := s.lost(ctx, side)
		if err != nil || silent == "" {
			return changes, done, err
		}
		if run.Say != nil {
			run.Say(fmt.Sprintf("AWS in %s does not answer (%s): the other side reclaims the site", side.Config.Region, silent))
		}
		changes, err = roles.ReclaimChanges(rolesOf(sides), changes)
		return changes, done, err
	})
}

// Retire ends a former database of a stack, which leaves a last snapshot.
func (s *Site) Retire(ctx context.Context, stack string, generation int, run Run) (Outcome, error) {
	return s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		return roles.RetireChanges(rolesOf(sides), stack, generation)
	})
}

// Deploy brings both stacks to the steady state, making them where they are not there.
func (s *Site) Deploy(ctx context.Context, run Run) (Outcome, error) {
	return s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) { return roles.DeployChanges(rolesOf(sides)), "", nil })
}

// Destroy ends both stacks, the standby first. run.Say reports what stays.
func (s *Site) Destroy(ctx context.Context, run Run) (Outcome, error) {
	return s.runCheckedProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		changes := roles.DestroyChanges(rolesOf(sides))
		if len(changes) == 0 {
			return nil, "nothing of the site is deployed", nil
		}
		return changes, "", nil
	})
}

// runCheckedProcedure is proceed for what involves both sides. It compares both states with AWS
// before it changes either.
func (s *Site) runCheckedProcedure(ctx context.Context, run Run, decide func([]Side) ([]Change, string, error)) (Outcome, error) {
	return s.runProcedure(ctx, run, func(sides []Side) ([]Change, string, error) {
		if err := s.checkRecords(ctx, sides); err != nil {
			return nil, "", err
		}
		return decide(sides)
	})
}

// checkRecords refuses the states that have diverged from AWS.
func (s *Site) checkRecords(ctx context.Context, sides []Side) error {
	whys, _ := s.divergences(ctx, sides) // a region that does not answer can't contradict
	var refusals []error
	for i, side := range sides {
		if whys[i] != nil {
			refusals = append(refusals, whys[i].Of(side.Config.Stack))
		}
	}
	return errors.Join(refusals...)
}

// runProcedure decides what is left of a procedure and does it, one update after the other.
func (s *Site) runProcedure(ctx context.Context, run Run, decide func([]Side) ([]Change, string, error)) (Outcome, error) {
	sides, err := s.Sides(ctx)
	if err != nil {
		return Outcome{}, err
	}
	changes, nothing, err := decide(sides)
	if err == nil {
		err = errors.Join(checkAgreement(sides, changes), roles.CheckRoles(rolesOf(sides), changes))
	}
	if err != nil || len(changes) == 0 {
		return Outcome{NothingToDo: nothing}, err
	}
	if run.Confirm != nil {
		if err := run.Confirm(s.statusOf(ctx, sides), changes); err != nil {
			return Outcome{}, err
		}
	}
	out, idle := Outcome{Remaining: changes}, true
	var notes []string
	for _, change := range changes {
		if run.Begin != nil {
			run.Begin(change)
		}
		result, err := s.Apply(ctx, change, run)
		if result.Report != nil {
			out.Reports = append(out.Reports, *result.Report)
		}
		notes = append(notes, result.Notes...)
		if err != nil {
			out, err = s.halted(ctx, out, err)
			out.Next = append(out.Next, notes...)
			return out, err
		}
		out.Done, out.Remaining = append(out.Done, change), out.Remaining[1:]
		idle = idle && result.idle() && !change.Destroy
	}
	if idle && nothing != "" {
		return Outcome{NothingToDo: nothing, Next: notes}, nil
	}
	out.Next = append(toCommit(changes), notes...)
	if changes[0].Destroy {
		out.Next = append(out.Next, "what stays, and may cost: media buckets, KMS keys, automated backups, last snapshots, and the site's DNS record; "+
			"to deploy again, delete that record or set dns.takeOver")
	} else {
		out.Next = append(out.Next, s.nextSteps(ctx)...)
	}
	return out, nil
}

// halted is a procedure that did not come to its end. One that did something before it
// was refused did not leave things as they were.
func (s *Site) halted(ctx context.Context, out Outcome, err error) (Outcome, error) {
	stack := out.Remaining[0].Stack
	_, stopped := errors.AsType[*StoppedError](err)
	if len(out.Done) > 0 && !stopped && ctx.Err() == nil {
		err = &StoppedError{Stack: stack, Doing: fmt.Sprintf("after %d of %d updates, updating", len(out.Done), len(out.Done)+len(out.Remaining)), Err: err}
	}
	if ctx.Err() == nil && (len(out.Done) > 0 || refusal.CodeOf(err) == "") {
		out.Next = s.nextSteps(ctx)
	}
	return out, err
}

// toCommit is what to do with the files that changes wrote a role into.
func toCommit(changes []Change) (next []string) {
	said := map[string]roles.Role{}
	for _, c := range changes {
		if c.Role != "" {
			said[c.Stack] = c.Role
		}
	}
	for _, stack := range slices.Sorted(maps.Keys(said)) {
		next = append(next, fmt.Sprintf("commit %s, which now holds role: %s", config.FileName(stack), said[stack]))
	}
	return next
}

// nextSteps is what the claims of both stacks ask for now, and nothing when they can't be read.
func (s *Site) nextSteps(ctx context.Context) []string {
	sides, err := s.Sides(ctx)
	if err != nil {
		return nil
	}
	if _, next, steady := roles.Standing(rolesOf(sides)); !steady && next != "" {
		return []string{next}
	}
	return nil
}

// Apply makes one change: the stack is updated with a configuration of the operation's own,
// so that two operations do not write over each other's and one that is refused leaves the
// files as they are. A role is written into the stack's file once the stack's claim,
// read again, has it. An operation that ended well without that is a *StoppedError.
func (s *Site) Apply(ctx context.Context, change Change, run Run) (Result, error) {
	stack, err := s.Stack(ctx, change.Stack, true)
	if err != nil {
		return Result{}, err
	}
	if change.Destroy {
		was, err := stack.State(ctx)
		if err != nil {
			return Result{}, err
		}
		if was.Claim.Role != "" && !was.DestroyProtected { // another update would build up again what is half gone
			return Result{}, stack.Destroy(ctx, run)
		}
	}
	file, remove, err := config.Settings(change.Settings()).CopyWith(s.options.Dir, change.Stack)
	if err != nil {
		return Result{}, err
	}
	defer remove()
	run.ConfigFile = file
	result, err := stack.Up(ctx, run)
	if change.Destroy && err == nil {
		return result, stack.Destroy(ctx, run)
	}
	return s.confirmed(ctx, stack, change, result, err)
}

// confirmed reads the claim again after an update, and writes the role that it has into the
// stack's file. An old role in the file would be refused by the next plain update.
func (s *Site) confirmed(ctx context.Context, stack *Stack, change Change, result Result, failed error) (Result, error) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), askAgainFor) // also when ctx was what ended the update
	defer cancel()
	is, err := stack.State(bounded)
	switch {
	case err != nil && failed == nil:
		return result, &StoppedError{Stack: change.Stack, Doing: "reading again the claim of", Err: err, Report: result.Report}
	case err != nil || change.Role == "" && failed != nil:
		return result, failed // which says what to do
	case change.Role != "" && is.Claim.Role != change.Role && failed == nil:
		return result, &StoppedError{
			Stack: change.Stack, Doing: "updating", Report: result.Report,
			Err: fmt.Errorf("the update ended well, but the stack is %s, not %s: another update changed it meanwhile; pilotlight status says where the site stands", is.Claim.Role, change.Role),
		}
	case change.Role != "" && is.Claim.Role != change.Role:
		return result, failed
	}
	if err := config.Settings(Change{Stack: change.Stack, Role: change.Role}.Settings()).Save(s.options.Dir, change.Stack); err != nil {
		result.Notes = append(result.Notes, fmt.Sprintf("set role: %s in %s yourself, it could not be written: %v", change.Role, config.FileName(change.Stack), err))
	}
	return result, failed
}
