package ops

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// StateCopy is a stack's state, or what it was once, and what it says.
type StateCopy struct {
	ID       string         `json:"id"`
	Source   backend.Source `json:"source"`
	Modified time.Time      `json:"modified"`
	// Says is the claim in it, in words.
	Says string `json:"says,omitempty"`
	// Unreadable is why it can't be read; empty when it can.
	Unreadable string `json:"unreadable,omitempty"`
	// Diverged is how it and AWS do not belong together; empty when they do, or AWS could not be asked.
	Diverged state.Divergence `json:"diverged,omitempty"`

	state  state.State
	stored backend.StateCopy
}

// StateCopies lists the state of a stack and all that can be had of what it was, the newest
// first, and compares each with AWS. It changes nothing.
func (s *Site) StateCopies(ctx context.Context, stack string) ([]StateCopy, error) {
	cfg, err := s.configOf(stack)
	if err != nil {
		return nil, err
	}
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	stored, err := store.StateCopies(ctx, config.Project, stack)
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	record, found, _ := failover.Parameter(bounded, s.options.Env, cfg.Region, cfg.Profile, cfg.RecordName()) // AWS may not answer
	copies := make([]StateCopy, len(stored))
	for i, c := range stored {
		copies[i] = StateCopy{ID: c.ID, Source: c.Source, Modified: c.Modified, stored: c}
		copies[i].read(ctx, store)
		if recorded, err := roles.ParseClaim(record); err == nil && found && copies[i].Unreadable == "" {
			copies[i].Diverged = state.Compare(copies[i].state, recorded)
		}
	}
	return copies, nil
}

func (c *StateCopy) read(ctx context.Context, store *backend.Store) {
	text, err := store.ReadState(ctx, c.stored)
	if err == nil {
		c.state, err = state.Parse(text)
	}
	if err != nil {
		c.Unreadable = err.Error()
		return
	}
	c.Says = c.state.Claim.Summary()
}

// best is the copy to bring back: the latest change that can be read whole, and of its copies the newest.
func best(copies []StateCopy) (StateCopy, bool) {
	var found StateCopy
	for _, c := range copies {
		if c.Unreadable == "" && !c.state.Adopting && c.state.Claim.Serial > found.state.Claim.Serial {
			found = c
		}
	}
	return found, found.ID != ""
}

// RestoreState brings a copy of a stack's state back; an empty id takes the best. confirm, if
// set, is asked before anything is changed.
func (s *Site) RestoreState(ctx context.Context, stack, id string, confirm func(StateCopy) error) (StateCopy, error) {
	copies, err := s.StateCopies(ctx, stack)
	if err != nil {
		return StateCopy{}, err
	}
	chosen, ok := best(copies)
	if id != "" {
		at := slices.IndexFunc(copies, func(c StateCopy) bool { return c.ID == id })
		if ok = at >= 0; ok {
			chosen = copies[at]
		}
	}
	switch {
	case !ok && id == "":
		return StateCopy{}, refusal.New(refusal.CodeState, "no copy of the state of stack %s can be read: take what AWS holds into a new one with pilotlight adopt %[1]s", stack)
	case !ok:
		return StateCopy{}, refusal.New(refusal.CodeState, "stack %s has no copy %s of its state: pilotlight state list %[1]s shows those there are", stack, id)
	case chosen.Unreadable != "":
		return StateCopy{}, refusal.New(refusal.CodeState, "copy %s of the state of stack %s can't be read (%s): choose another, pilotlight state list %[2]s shows them", id, stack, chosen.Unreadable)
	case chosen.Source == backend.SourceCurrent:
		return StateCopy{}, refusal.New(refusal.CodeState, "the state of stack %s is the best copy that there is: nothing need be restored", stack)
	}
	store, err := s.store(ctx)
	if err != nil {
		return StateCopy{}, err
	}
	locks, err := store.Locks(ctx, config.Project, stack)
	if err != nil {
		return StateCopy{}, err
	}
	for _, lock := range locks {
		if lock.Holder() != backend.HolderDied {
			return StateCopy{}, refusal.New(refusal.CodeLocked, "stack %s is locked by %s: end that update first, or pilotlight unlock %[1]s if it is dead", stack, lock)
		}
	}
	if confirm != nil {
		if err := confirm(chosen); err != nil {
			return StateCopy{}, err
		}
	}
	s.mu.Lock()
	delete(s.open, stack)
	s.mu.Unlock()
	return chosen, store.RestoreState(ctx, config.Project, stack, chosen.stored)
}

// store opens the files of the backend, without any stack: one may be damaged.
func (s *Site) store(ctx context.Context) (*backend.Store, error) {
	address, err := s.backendURL(ctx)
	if err != nil {
		return nil, err
	}
	return backend.OpenStore(ctx, address, s.options.Dir, s.options.Env.AWS)
}

// configOf is a stack's file as it is now: somebody, or a change of role, may have written it since the site was opened.
func (s *Site) configOf(stack string) (config.Config, error) {
	if !slices.Contains(s.Stacks(), stack) {
		return config.Config{}, noStack(stack, s.Stacks())
	}
	c, err := config.ReadFile(filepath.Join(s.options.Dir, config.FileName(stack)))
	return c, refuseConfig(err)
}

// configs are the files of all stacks as they are now.
func (s *Site) configs() ([]config.Config, error) {
	all, wrong := make([]config.Config, len(s.stacks)), make([]error, len(s.stacks))
	for i, stack := range s.stacks {
		all[i], wrong[i] = s.configOf(stack)
	}
	return all, errors.Join(wrong...)
}

// damaged is a refusal with code refusal.CodeState when the state of a stack can't be read, and with refusal.CodeKeys when its secrets
// can't be decrypted; else it is err, which reading the state through the engine gave.
func (s *Site) damaged(ctx context.Context, stack string, err error) error {
	provider, unread := providerInFile(s.options.Dir, stack)
	if unread != nil {
		return err
	}
	current, found, _ := s.current(ctx, stack) // the engine's error says more
	if found && current.Unreadable != "" {
		damaged := refusal.New(refusal.CodeState, "the state can't be read (%s): pilotlight state list %s shows the copies there are, pilotlight state restore %[2]s brings the best one back", current.Unreadable, stack)
		return damaged.Of(stack)
	}
	if found {
		provider = current.state.SecretsProvider
	}
	if keyless := s.keyless(ctx, stack, provider); keyless != nil {
		keyless.Err = err
		return keyless
	}
	return err
}

// current is a stack's state as the files of the backend have it; not found where they have no such stack. Where they can't
// be read, such as Pulumi Cloud's, that is an error.
func (s *Site) current(ctx context.Context, stack string) (current StateCopy, found bool, err error) {
	store, err := s.store(ctx)
	if err != nil {
		return StateCopy{}, false, err
	}
	return currentIn(ctx, store, stack)
}

// currentIn is current of an open store.
func currentIn(ctx context.Context, store *backend.Store, stack string) (current StateCopy, found bool, err error) {
	stored, found, err := store.Current(ctx, config.Project, stack)
	if err != nil || !found {
		return StateCopy{}, false, err
	}
	current = StateCopy{stored: stored}
	current.read(ctx, store)
	return current, true, nil
}
