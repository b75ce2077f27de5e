package ops

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
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
	broken *state.BrokenError // why Pulumi does not use it; nil where it does, or can't read it at all
	stored backend.StateCopy
}

// StateCopies lists the state of a stack and what can be had of what it was, the newest first, at most the last so many, or all
// for 0, and compares each with AWS. It changes nothing.
func (s *Site) StateCopies(ctx context.Context, stack string, last int) (_ []StateCopy, err error) {
	defer noteRead(ctx, &err)
	kept, err := s.copiesOf(ctx, stack)
	if err != nil {
		return nil, err
	}
	if last > 0 && last < len(kept.stored) {
		kept.stored = kept.stored[:last]
	}
	return kept.read(ctx, kept.stored), nil
}

// copies are those of a stack's state, the newest first. A bucket keeps thousands, of a megabyte each: they are read when
// they are looked at.
type copies struct {
	dir    string // of the project
	store  *backend.Store
	stored []backend.StateCopy
	record *roles.Claim // what AWS has noted; nil where it did not answer
}

func (s *Site) copiesOf(ctx context.Context, stack string) (c copies, err error) {
	c.dir = s.options.Dir
	cfg, err := s.configOf(stack)
	if err != nil {
		return c, err
	}
	if c.store, err = s.store(ctx); err != nil {
		return c, err
	}
	if c.stored, err = c.store.StateCopies(ctx, config.Project, stack); err != nil {
		return c, err
	}
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	if claim, found, err := stacks.ReadRecord(bounded, s.options.Env, cfg); err == nil && found { // AWS may not answer
		c.record = &claim
	}
	return c, nil
}

// copiesAtOnce is how many copies are read at once.
const copiesAtOnce = 8

func (c copies) read(ctx context.Context, stored []backend.StateCopy) []StateCopy {
	all := make([]StateCopy, 0, len(stored))
	for some := range slices.Chunk(stored, copiesAtOnce) {
		read := make([]StateCopy, len(some))
		var group sync.WaitGroup
		for i, one := range some {
			group.Go(func() {
				read[i] = StateCopy{ID: one.ID, Source: one.Source, Modified: one.Modified, stored: one}
				read[i].read(ctx, c.store)
				if c.record != nil && read[i].Unreadable == "" {
					read[i].Diverged = state.Compare(read[i].state, *c.record)
				}
			})
		}
		group.Wait()
		all = append(all, read...)
	}
	return all
}

// find is the copy with an id.
func (c copies) find(ctx context.Context, id string) (StateCopy, bool) {
	at := slices.IndexFunc(c.stored, func(one backend.StateCopy) bool { return one.ID == id })
	if at < 0 {
		return StateCopy{}, false
	}
	return c.read(ctx, c.stored[at:at+1])[0], true
}

// best is the copy to bring back: the latest change that can be read whole, and of its copies the newest. None is newer than
// one that is as new as AWS.
func (c copies) best(ctx context.Context) (StateCopy, bool) {
	var found StateCopy
	for some := range slices.Chunk(c.stored, copiesAtOnce) {
		found = better(found, c.read(ctx, some))
		if c.record != nil && found.state.Claim.Serial >= c.record.Serial {
			break
		}
	}
	return found, found.ID != ""
}

func (c *StateCopy) read(ctx context.Context, store *backend.Store) {
	text, err := store.ReadState(ctx, c.stored)
	if err == nil {
		c.state, err = state.Parse(text)
	}
	if err != nil {
		c.Unreadable = err.Error()
		c.broken, _ = errors.AsType[*state.BrokenError](err)
		return
	}
	c.Says = c.state.Claim.Summary()
}

// better is the copy to bring back of one and some older ones.
func better(found StateCopy, older []StateCopy) StateCopy {
	for _, c := range older {
		if c.Unreadable == "" && !c.state.Adopting && c.state.Claim.Serial > found.state.Claim.Serial {
			found = c
		}
	}
	return found
}

// RestoreState brings a copy of a stack's state back; an empty id takes the best. confirm, if
// set, is asked before anything is changed.
func (s *Site) RestoreState(ctx context.Context, stack, id string, confirm func(StateCopy) error) (_ StateCopy, err error) {
	defer noteEnd(ctx, &err)
	kept, err := s.copiesOf(ctx, stack)
	if err != nil {
		return StateCopy{}, err
	}
	var chosen StateCopy
	var ok bool
	if id != "" {
		chosen, ok = kept.find(ctx, id)
	} else {
		chosen, ok = kept.best(ctx)
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
	if err := kept.requireUnlocked(ctx, stack); err != nil {
		return StateCopy{}, err
	}
	if confirm != nil {
		if err := confirm(chosen); err != nil {
			return StateCopy{}, untouched(err)
		}
	}
	if err := errors.Join(kept.requireUnlocked(ctx, stack), kept.requireUnchanged(ctx, stack)); err != nil { // a person takes his time
		return StateCopy{}, untouched(err)
	}
	s.mu.Lock()
	delete(s.open, stack)
	s.mu.Unlock()
	return chosen, kept.store.RestoreState(ctx, config.Project, stack, chosen.stored)
}

// requireUnlocked refuses to write a state that an update may be writing.
func (c copies) requireUnlocked(ctx context.Context, stack string) error {
	locks, err := c.store.Locks(ctx, config.Project, stack)
	if err != nil {
		return err
	}
	for _, lock := range locks {
		if lock.Holder() != backend.HolderDied && !leftHere(c.dir, stack, lock) {
			return refusal.New(refusal.CodeLocked, "stack %s is locked by %s: end that update first, or pilotlight unlock %[1]s if it is dead", stack, lock)
		}
	}
	return nil
}

// requireUnchanged refuses to write over a state that has changed since its copies were listed: the copy may not be the best any
// more.
func (c copies) requireUnchanged(ctx context.Context, stack string) error {
	now, _, err := c.store.Current(ctx, config.Project, stack)
	if err != nil {
		return err
	}
	var was backend.StateCopy
	if at := slices.IndexFunc(c.stored, func(one backend.StateCopy) bool { return one.Source == backend.SourceCurrent }); at >= 0 {
		was = c.stored[at]
	}
	if now != was {
		return refusal.New(refusal.CodeState, "the state of stack %s has changed meanwhile: pilotlight state list %[1]s shows what there is now", stack)
	}
	return nil
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
	current, found, _ := s.current(ctx, stack)           // the engine's error says more
	broken, is := errors.AsType[*state.BrokenError](err) // in what the engine exported, where there are no files
	if found {
		broken, is = current.broken, current.broken != nil
	}
	if is {
		return broken.Refusal(stack).Of(stack)
	}
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
