package ops

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops/checkpoint"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/state"
)

// An adoption makes a state anew, or brings an old one up to date, from what AWS holds of a
// stack: the record of its claim, the inventory of its resources' ids, and its secrets. A
// preview of the program says which resources the stack should have and with what inputs;
// those with an id in the inventory are put into the state, and a refresh fills in what AWS
// says of them. AWS itself is only read.

// Adopted is what an adoption did.
type Adopted struct {
	Stack string `json:"stack"`
	// Resources are those of AWS that were put into the state.
	Resources []string `json:"resources"`
	// Remaining are what an update of the stack would do now.
	Remaining []Planned `json:"remaining"`
	// Next is what to do now.
	Next []string `json:"next"`
}

// fromAWS is what AWS holds of a stack.
type fromAWS struct {
	claim     roles.Claim
	inventory state.Inventory
	secrets   map[string]string // nil where they are not needed
}

// Adopt takes what AWS holds of a stack into the stack's state. Run again, it resumes.
func (s *Site) Adopt(ctx context.Context, name string, run Run) (_ Adopted, err error) {
	defer noteEnd(ctx, &err)
	config, err := s.configOf(name)
	if err != nil {
		return Adopted{}, err
	}
	var held fromAWS
	if held.claim, held.inventory, err = s.recorded(ctx, config); err != nil {
		return Adopted{}, err
	}
	if err := s.setDamagedAside(ctx, name); err != nil {
		return Adopted{}, err
	}
	sides, err := s.Sides(ctx)
	if err != nil {
		return Adopted{}, err
	}
	if err := s.mayAdopt(ctx, sides, name, held.claim); err != nil {
		return Adopted{}, err
	}
	if run.Confirm != nil {
		if err := run.Confirm(s.statusOf(ctx, sides), nil); err != nil {
			return Adopted{}, err
		}
	}
	stack, err := s.adopter(ctx, name)
	if err != nil {
		return Adopted{}, err
	}
	saved, err := stack.begin(ctx, run)
	if err != nil {
		return Adopted{}, err
	}
	if !saved.Holds(state.SecretsStash) {
		if held.secrets, err = s.keptSecrets(ctx, config, held.inventory); err != nil {
			return Adopted{}, err
		}
	}
	saved.Stash(name, held.claim, held.secrets, peerOf(sides, config, held.claim))
	done, err := stack.take(ctx, saved, held.inventory, change(config, held.claim), run)
	if err != nil {
		return done, err
	}
	if done.Next = s.nextSteps(ctx); len(done.Next) == 0 {
		done.Next = []string{"pilotlight status"}
	}
	return done, nil
}

// mayAdopt refuses to take a claim into a state that knows more than AWS, or that of another account.
func (s *Site) mayAdopt(ctx context.Context, sides []Side, name string, recorded roles.Claim) error {
	side, other, err := find(sides, name)
	if err != nil {
		return err
	}
	diverged := state.Compare(side.State, recorded)
	if diverged == "" {
		return refusal.New(refusal.CodeState, "the state of stack %s is as new as AWS: there is nothing to adopt", name)
	}
	if diverged == state.Newer {
		return state.Diverged(side.Config.Stack, side.Config.RecordName(), side.State, recorded).Of(name)
	}
	account, err := s.caller(ctx, side)
	if err != nil {
		return err
	}
	for _, of := range []*Side{&side, other} {
		if of != nil && of.State.Published.Account != "" && of.State.Published.Account != account {
			return stacks.OtherAccount(account, of.Config.Stack, of.State.Published.Account)
		}
	}
	return nil
}

// change is the update that leaves a stack as its claim has it.
func change(config config.Config, claim roles.Claim) Change {
	return Change{Stack: config.Stack, Role: claim.Role}
}

// recorded reads the record and the inventory of a stack.
func (s *Site) recorded(ctx context.Context, config config.Config) (claim roles.Claim, inventory state.Inventory, err error) {
	texts := map[string]string{}
	for _, name := range []string{config.RecordName(), config.InventoryName()} {
		text, found, err := failover.Parameter(ctx, s.options.Env, config.Region, config.Profile, name)
		if err != nil {
			return claim, nil, fmt.Errorf("asking AWS in %s for stack %s: %w", config.Region, config.Stack, err)
		}
		if !found {
			return claim, nil, refusal.New(refusal.CodeState, "AWS in %s holds nothing of stack %s to adopt (there is no parameter %s): pilotlight deploy makes it", config.Region, config.Stack, name)
		}
		texts[name] = text
	}
	if claim, err = roles.ParseClaim(texts[config.RecordName()]); err != nil {
		return claim, nil, fmt.Errorf("reading %s: %w", config.RecordName(), err)
	}
	inventory, err = stacks.ReadInventory(config, texts[config.InventoryName()])
	return claim, inventory, err
}

// keptSecrets reads the application's secrets where the stack's instances do.
func (s *Site) keptSecrets(ctx context.Context, config config.Config, inventory state.Inventory) (map[string]string, error) {
	for _, id := range inventory["aws:secretsmanager/secret:Secret"] {
		text, err := failover.Secret(ctx, s.options.Env, config.Region, config.Profile, id)
		if err != nil {
			return nil, fmt.Errorf("reading the application's secrets of stack %s: %w", config.Stack, err)
		}
		var secrets map[string]string
		if err := json.Unmarshal([]byte(text), &secrets); err != nil {
			return nil, fmt.Errorf("reading the application's secrets of stack %s: they are not of the form that this program writes", config.Stack)
		}
		return secrets, nil
	}
	return nil, refusal.New(refusal.CodeState, "the inventory of stack %s names no secret, so its database's password is unknown: restore a copy of its state first (pilotlight state list %[1]s)", config.Stack)
}

// peerOf is what the stack should know of its peer. A peer that is not there is known by
// where the stack's database was copied from.
func peerOf(sides []Side, config config.Config, claim roles.Claim) state.PeerInfo {
	for _, side := range sides {
		if side.Config.Stack != config.Stack && side.State.Published.Database != "" {
			return side.State.Published
		}
	}
	if p := config.Production; p != nil {
		return state.PeerInfo{Region: p.Region, Database: p.Database, Bucket: p.Bucket}
	}
	return state.PeerInfo{Region: config.Peer.Region, Database: claim.Generation.Source}
}

// setDamagedAside makes way for a new state where the one that is there can't be read.
func (s *Site) setDamagedAside(ctx context.Context, name string) error {
	_, err := s.state(ctx, name)
	if refusal.CodeOf(err) != refusal.CodeState {
		return err
	}
	kept, err := s.copiesOf(ctx, name)
	if err != nil {
		return err
	}
	if c, ok := kept.best(ctx); ok {
		return refusal.New(refusal.CodeState, "the state of stack %s can't be read, and there is a copy of it (%s): pilotlight state restore %[1]s first, then adopt what it lacks", name, c.Says)
	}
	return kept.store.SetAside(ctx, config.Project, name)
}

// adopter opens a stack, made if the backend does not know it, with the program that adopts.
func (s *Site) adopter(ctx context.Context, name string) (*Stack, error) {
	if _, err := s.Stack(ctx, name, true); err != nil {
		return nil, err
	}
	o, err := s.found(ctx)
	if err != nil {
		return nil, err
	}
	return open(ctx, name, o, auto.SelectStackInlineSource, stacks.Adopting)
}

// begin reads the stack's state to be edited.
func (s *Stack) begin(ctx context.Context, run Run) (checkpoint.Draft, error) {
	s.releaseLeftLocks(ctx, run)
	return s.draft(ctx)
}

// take puts the resources of the inventory into the state that the program wants and the
// state does not hold.
func (s *Stack) take(ctx context.Context, draft checkpoint.Draft, inventory state.Inventory, keep Change, run Run) (Adopted, error) {
	end, err := s.takeTurn(ctx)
	if err != nil {
		return Adopted{}, err
	}
	defer end()
	done := Adopted{Stack: s.Name(), Resources: []string{}, Remaining: []Planned{}}
	if err := s.importState(ctx, draft); err != nil {
		return done, err
	}
	tried := map[string]int{}
	for {
		wanted, plan, err := s.wants(ctx, keep, run)
		if err != nil {
			return done, err
		}
		added := draft.Add(wanted, inventory, tried)
		if len(added) == 0 {
			done.Remaining = plan.Resources
			draft.Settle(s.Name())
			return done, s.importState(ctx, draft)
		}
		for _, id := range added {
			name := Planned{Op: "adopt", Type: string(id.Type()), Name: id.Name()}.String()
			if !slices.Contains(done.Resources, name) {
				done.Resources = append(done.Resources, name)
			}
		}
		run.say(fmt.Sprintf("%d resources found in AWS; reading them", len(added)))
		if err := s.importState(ctx, draft); err != nil {
			return done, err
		}
		if err := s.refresh(ctx, run, "reading what AWS holds of"); err != nil {
			return done, err
		}
		if draft, err = s.begin(ctx, run); err != nil {
			return done, err
		}
	}
}

func (s *Stack) importState(ctx context.Context, draft checkpoint.Draft) error {
	text, err := json.Marshal(draft)
	if err != nil {
		return fmt.Errorf("writing the state of stack %s: %w", s.Name(), err)
	}
	if err := s.put(ctx, text); err != nil {
		return s.failed(ctx, "writing the state of", err, nil)
	}
	return nil
}

// wants previews the program and returns the resources that it would make, in the order in
// which it registers them.
func (s *Stack) wants(ctx context.Context, keep Change, run Run) (wanted []apitype.StepEventStateMetadata, plan Plan, err error) {
	file, remove, err := config.Settings(keep.Settings()).CopyWith(s.options.Dir, s.Name())
	if err != nil {
		return nil, plan, err
	}
	defer remove()
	run.ConfigFile, run.Say = file, nil
	_, err = s.preview(ctx, run.With(Run{Event: func(e events.EngineEvent) {
		plan.add(e)
		if pre := e.ResourcePreEvent; pre != nil && pre.Metadata.Op == apitype.OpCreate && pre.Metadata.New != nil {
			wanted = append(wanted, *pre.Metadata.New)
		}
	}}))
	slices.SortFunc(plan.Resources, Planned.Compare)
	return wanted, plan, err
}
