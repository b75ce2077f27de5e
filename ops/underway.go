package ops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/config"
)

// runsFolder holds, below the project's folder, a file for each engine that works for it.
// Such a file outlives its engine. It tells a lock that a dead engine of the folder left
// from another's: two machines may have the same name, and so share process ids.
const runsFolder = ".pilotlight/runs"

// LogsFolder is where the command keeps the logs of its operations, below the project's folder.
const LogsFolder = ".pilotlight/logs"

// runFile is the file of an engine.
func (s *Stack) runFile(pid int) string { return runFile(s.options.Dir, s.Name(), pid) }

func runFile(dir, stack string, pid int) string {
	return filepath.Join(dir, filepath.FromSlash(runsFolder), fmt.Sprintf("%s-%d", stack, pid))
}

// engines are the process ids of a stack's engines that have a file. The name of a stack may begin with another's.
func engines(dir, stack string) (pids []int) {
	files, _ := os.ReadDir(filepath.Join(dir, filepath.FromSlash(runsFolder)))
	for _, file := range files {
		id, _ := strings.CutPrefix(file.Name(), stack+"-")
		if pid, err := strconv.Atoi(id); err == nil && pid > 0 && filepath.Base(runFile(dir, stack, pid)) == file.Name() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// engineBegins writes down that an engine works on the stack, and when it was started, where that is known. A folder that can't be
// written blocks nothing: check reports it.
func (s *Stack) engineBegins(pid int) {
	text := thisMachine()
	if ticks, known := backend.Ticks(pid); known {
		text += began + strconv.FormatInt(ticks, 10)
	}
	if os.MkdirAll(filepath.Dir(s.runFile(pid)), 0o755) == nil {
		_ = os.WriteFile(s.runFile(pid), []byte(text), 0o600)
	}
}

// engineEnds writes down when an engine ended by itself. It may have left its lock: where the backend does not take
// the lock away (credentials that are over, a bucket that does not answer), the engine says so and ends
// (Pulumi's pkg/backend/diy/lock.go).
func (s *Stack) engineEnds(pid int) {
	if text, err := os.ReadFile(s.runFile(pid)); err == nil {
		_ = os.WriteFile(s.runFile(pid), append(text, ended+time.Now().UTC().Format(time.RFC3339Nano)...), 0o600)
	}
}

// What stands in the file of an engine after the machine: its ticks (see backend.Ticks), and the time at which it ended by itself.
const (
	began = "\nbegan "
	ended = "\nended "
)

// hostname is this machine's; empty where it has none.
func hostname() string {
	host, _ := os.Hostname()
	return host
}

// thisMachine tells machines apart, and the containers of one, which have process ids of their own.
func thisMachine() string {
	id, _ := os.ReadFile("/etc/machine-id") // there is none outside Linux
	processes, _ := os.Readlink("/proc/self/ns/pid")
	return strings.Join([]string{hostname(), strings.TrimSpace(string(id)), processes}, "\n")
}

// leftHere reports whether a lock was left by an engine of a folder that is dead. One that was taken after
// that engine had ended is of another machine's with the same name.
func leftHere(dir, stack string, lock backend.Lock) bool {
	text, err := os.ReadFile(runFile(dir, stack, lock.PID))
	begun, at, byItself := strings.Cut(string(text), ended)
	machine, ticks, _ := strings.Cut(begun, began)
	if err != nil || machine != thisMachine() || lock.Host != hostname() || lock.Holder() != backend.HolderDied && !another(lock.PID, ticks) {
		return false
	}
	end, err := time.Parse(time.RFC3339Nano, at)
	return !byItself || err == nil && !lock.Since.After(end)
}

// another reports whether the process that has an engine's id now was started at other ticks: the engine is dead, whatever the clock says.
func another(pid int, ticks string) bool {
	now, known := backend.Ticks(pid)
	return known && ticks != "" && ticks != strconv.FormatInt(now, 10)
}

// releaseLeftLocks takes away the locks that dead engines of this folder left. Locks of
// others stay. Where it can't look, it says so: the engine finds a lock itself.
func (s *Stack) releaseLeftLocks(ctx context.Context, run Run) {
	begun := engines(s.options.Dir, s.Name())
	if len(begun) == 0 {
		return
	}
	locks, err := s.Locks(ctx)
	if err != nil && !errors.Is(err, backend.ErrOpaque) { // of one that tells nothing, the files are of no use
		run.say(fmt.Sprintf("whether an earlier run of this folder left a lock on stack %s can't be seen: %v", s.Name(), err))
		return
	}
	for _, lock := range locks {
		if !leftHere(s.options.Dir, s.Name(), lock) {
			continue
		}
		if err := s.release(ctx, lock); err != nil {
			run.say(fmt.Sprintf("the lock of stack %s that a dead run of this folder left can't be released: %v", s.Name(), err))
			return
		}
		run.say(fmt.Sprintf("released the lock of stack %s that a dead run of this folder had left (%s)", s.Name(), lock))
	}
	for _, pid := range begun { // a file whose engine left no lock is of no use
		if leftHere(s.options.Dir, s.Name(), backend.Lock{Host: hostname(), PID: pid}) ||
			endedByItself(s.runFile(pid)) && !slices.ContainsFunc(locks, func(l backend.Lock) bool { return l.PID == pid }) { // on whatever machine
			_ = os.Remove(s.runFile(pid))
		}
	}
}

// endedByItself reports whether the file of an engine says so.
func endedByItself(file string) bool {
	text, err := os.ReadFile(file)
	return err == nil && strings.Contains(string(text), ended)
}

func (s *Stack) release(ctx context.Context, lock backend.Lock) error {
	store, err := s.store(ctx)
	if err != nil {
		return err
	}
	return store.Release(ctx, lock)
}

// releaseAfter releases the lock of an engine that was killed because ctx had ended.
func (s *Stack) releaseAfter(ctx context.Context) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), askFor)
	defer cancel()
	s.releaseLeftLocks(bounded, Run{Say: s.observer.say})
}

// Locks lists the locks on the stack. errors.Is finds backend.ErrOpaque in the error where
// the backend does not tell.
func (s *Stack) Locks(ctx context.Context) (_ []backend.Lock, err error) {
	defer noteRead(ctx, &err)
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	return store.Locks(ctx, config.Project, s.Name())
}
