package deploy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/stacks"
)

// runsFolder holds, below the project's folder, a file for each engine that works for it.
// Such a file outlives an engine that is killed. It tells a lock that such an engine left
// from somebody else's: two machines may have the same name, and so share process ids.
const runsFolder = ".pilotlight/runs"

// logsBelow is where the command keeps the logs of its operations, below the project's folder.
const logsBelow = ".pilotlight/logs"

// runFile is the file of an engine.
func (s *Stack) runFile(pid int) string { return runFile(s.options.Dir, s.Name(), pid) }

func runFile(dir, stack string, pid int) string {
	return filepath.Join(dir, filepath.FromSlash(runsFolder), fmt.Sprintf("%s-%d", stack, pid))
}

// engineBegins writes down that an engine works on the stack. A folder that can't be
// written holds up nothing: check tells of it.
func (s *Stack) engineBegins(pid int) {
	host, err := os.Hostname()
	if err == nil && os.MkdirAll(filepath.Dir(s.runFile(pid)), 0o755) == nil {
		_ = os.WriteFile(s.runFile(pid), []byte(host), 0o600)
	}
}

// engineEnds forgets an engine that ended by itself.
func (s *Stack) engineEnds(pid int) { _ = os.Remove(s.runFile(pid)) }

// leftHere reports whether a lock was left by an engine of a folder that is dead.
func leftHere(dir, stack string, lock backend.Lock) bool {
	host, err := os.ReadFile(runFile(dir, stack, lock.PID))
	return err == nil && string(host) == lock.Host && lock.Holder() == backend.HolderDied
}

// releaseLeftLocks takes away the locks that killed engines of this folder left. Locks of
// others stay.
func (s *Stack) releaseLeftLocks(ctx context.Context, run Run) error {
	runs, err := filepath.Glob(strings.TrimSuffix(s.runFile(0), "0") + "*")
	if err != nil || len(runs) == 0 {
		return err
	}
	locks, err := s.Locks(ctx)
	if errors.Is(err, backend.ErrOpaque) {
		return nil
	}
	if err != nil {
		return err
	}
	store, err := s.store(ctx)
	if err != nil {
		return err
	}
	for _, lock := range locks {
		if !leftHere(s.options.Dir, s.Name(), lock) {
			continue
		}
		if err := store.Release(ctx, lock); err != nil {
			return err
		}
		if run.Say != nil {
			run.Say(fmt.Sprintf("released the lock of stack %s that a killed run of this folder had left (%s)", s.Name(), lock))
		}
		if err := os.Remove(s.runFile(lock.PID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing what a killed run left: %w", err)
		}
	}
	return nil
}

// releaseAfter releases the lock of an engine that was killed because ctx had ended.
func (s *Stack) releaseAfter(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), askFor)
	defer cancel()
	return s.releaseLeftLocks(bounded, Run{Say: s.witness.say})
}

// Locks lists the locks on the stack. errors.Is finds backend.ErrOpaque in the error where
// the backend does not tell.
func (s *Stack) Locks(ctx context.Context) ([]backend.Lock, error) {
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	return store.Locks(ctx, stacks.Project, s.Name())
}
