package ops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/stacks/drill"
	"github.com/pilotlight-dr/pilotlight/when"
)

// LockStatus is a lock on a stack, as seen from this machine.
type LockStatus struct {
	Stack  string         `json:"stack"`
	By     string         `json:"by"` // user, host and process
	Since  time.Time      `json:"since"`
	Holder backend.Holder `json:"holder"`
	// Younger reports that the process with the holder's id looks younger than the lock: it is another, or the clock was put forward.
	Younger bool `json:"younger,omitempty"`
	// LeftHere reports that a dead run of this folder left it: the next one releases it.
	LeftHere bool `json:"leftHere,omitempty"`

	lock backend.Lock
}

// PID is the id of the holder's process, where it runs.
func (l LockStatus) PID() int { return l.lock.PID }

// String is the lock in words, with what to do about it.
func (l LockStatus) String() string { return refusal.Sentence(l.says()) }

// says is the lock in words, and what to do about it.
func (l LockStatus) says() (seen, remedy string) {
	by := fmt.Sprintf("%s, since %s", l.By, when.Date(l.Since))
	switch {
	case l.LeftHere:
		return fmt.Sprintf("stack %s is locked by a dead run of this folder (%s)", l.Stack, by), "the next run releases the lock"
	case l.Holder == backend.HolderLives:
		return fmt.Sprintf("stack %s is locked by an update that runs on this machine (%s)", l.Stack, by), "wait for it"
	case l.Holder == backend.HolderDied:
		return fmt.Sprintf("stack %s is locked by %s, and this machine has no such process", l.Stack, by), "if it ran here, pilotlight unlock " + l.Stack
	}
	return fmt.Sprintf("stack %s is locked by %s", l.Stack, by), "if that update is dead, pilotlight unlock " + l.Stack
}

// Locks lists the locks on a stack of the site, or on that of a drill. errors.Is finds
// backend.ErrOpaque in the error where the backend does not tell.
func (s *Site) Locks(ctx context.Context, stack string) (_ []LockStatus, err error) {
	defer noteRead(ctx, &err)
	dir, err := s.folderOf(stack)
	if err != nil {
		return nil, err
	}
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	found, err := store.Locks(ctx, config.Project, stack)
	if err != nil {
		return nil, err
	}
	locks := make([]LockStatus, len(found))
	for i, l := range found {
		locks[i] = LockStatus{Stack: stack, By: l.Owner(), Since: l.Since.UTC(), Holder: l.Holder(), Younger: l.Younger(), LeftHere: leftHere(dir, stack, l), lock: l}
	}
	return locks, nil
}

// folderOf is the folder of the project that a stack belongs to: the site's, or its drills'.
func (s *Site) folderOf(stack string) (string, error) {
	for _, of := range s.stacks {
		switch stack {
		case of:
			return s.options.Dir, nil
		case drill.StackName(of):
			return filepath.Join(s.options.Dir, filepath.FromSlash(drillFolder)), nil
		}
	}
	return "", noStack(stack, s.Stacks())
}

// Unlock releases locks that Locks listed, and no others. It refuses one whose process
// lives on this machine. Make sure that those of other machines are dead.
func (s *Site) Unlock(ctx context.Context, locks []LockStatus) error {
	for _, l := range locks {
		if l.lock.Holder() == backend.HolderLives {
			return refusal.New(refusal.CodeLocked, "stack %s is locked by an update that runs on this machine (%s): wait for it, or end it with Ctrl-C where it runs; "+
				"if process %d is another program, pulumi cancel -s %[1]s", l.Stack, l.By, l.lock.PID)
		}
	}
	store, err := s.store(ctx)
	if err != nil {
		return err
	}
	for _, l := range locks {
		if err := store.Release(ctx, l.lock); err != nil {
			return err
		}
	}
	return nil
}

// Cancel has the engine release whatever locks a stack of the site, or of a drill: for a
// backend that does not tell whose a lock is. Make sure that no update is running.
func (s *Site) Cancel(ctx context.Context, stack string) error {
	opened, err := s.stackOrDrill(ctx, stack)
	if err != nil {
		return err
	}
	return opened.Unlock(ctx)
}

// unlocked is a requirement: no lock is in the way of an update of a stack.
func (s *Site) unlocked(ctx context.Context, name string) Requirement {
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	locks, err := s.Locks(bounded, name)
	switch {
	case errors.Is(err, backend.ErrOpaque):
		return met("lock", fmt.Sprintf("whether stack %s is locked can't be seen in this backend", name))
	case err != nil:
		return Requirement{Subject: "lock", Code: LockUnseen, Reason: err.Error(), Remedy: "see that the state's files can be read"}
	}
	return unlockedBy(locks, name)
}

// unlockedBy judges the locks on a stack. One that the next run releases blocks nothing.
func unlockedBy(locks []LockStatus, name string) Requirement {
	q := met("lock", fmt.Sprintf("stack %s is not locked", name))
	for _, l := range locks {
		if q.OK {
			q.OK = l.LeftHere
			q.Reason, q.Remedy = l.says()
		}
		if !q.OK {
			q.Code = refusal.CodeLocked
		}
	}
	return q
}

// writable is a requirement: what an operation writes can be written. Without it an
// operation works, and leaves neither its report nor its role in the files.
func (s *Site) writable() Requirement {
	dir, err := filepath.Abs(s.options.Dir)
	for _, place := range []string{dir, filepath.Join(dir, ".pilotlight")} {
		if err == nil {
			err = tryWriting(place)
		}
	}
	if err != nil {
		return Requirement{Subject: "folder", Code: FolderUnwritable, Reason: "the project's folder can't be written: " + err.Error(), Remedy: "make it writable, and free space on its disk, or run from a copy of it"}
	}
	return met("folder", dir+" can be written")
}

// tryWriting writes a file into a folder, if that is there, and removes it.
func tryWriting(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	file, err := os.CreateTemp(dir, ".try-*")
	if err != nil {
		return err
	}
	_, err = file.WriteString("x")
	return errors.Join(err, file.Close(), os.Remove(file.Name()))
}

// Unlock removes the lock that a killed update left. Make sure that none is running.
func (s *Stack) Unlock(ctx context.Context) error {
	if err := s.stack.Cancel(ctx); err != nil {
		return fmt.Errorf("unlocking stack %s: %w", s.stack.Name(), cause(ctx, err))
	}
	return nil
}
