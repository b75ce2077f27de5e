package backend

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"time"

	ps "github.com/mitchellh/go-ps"

	"github.com/pilotlight-dr/pilotlight/when"
)

// Lock is a lock that an engine holds on a stack, or that a dead one left.
type Lock struct {
	PID   int       `json:"pid"` // of the engine, on Host
	User  string    `json:"username"`
	Host  string    `json:"hostname"`
	Since time.Time `json:"timestamp"`

	key string
}

// Owner names the process that took the lock.
func (l Lock) Owner() string {
	if l.Host == "" { // half written
		return "an update that did not say who it is"
	}
	return fmt.Sprintf("%s@%s, process %d", l.User, l.Host, l.PID)
}

// String is the owner, and since when it holds the lock.
func (l Lock) String() string {
	return fmt.Sprintf("%s, since %s", l.Owner(), when.Date(l.Since))
}

// Holder is what is known of the process that holds a lock.
type Holder string

// The holders.
const (
	HolderLives   Holder = "alive"   // it runs on this machine
	HolderDied    Holder = "dead"    // it ran on this machine
	HolderUnknown Holder = "unknown" // it is on another machine, can't be looked for, or looks younger than the lock
)

// Holder looks for the process that holds the lock.
func (l Lock) Holder() Holder {
	if host, err := os.Hostname(); err != nil || host != l.Host {
		return HolderUnknown
	}
	process, err := ps.FindProcess(l.PID)
	switch {
	case err != nil:
		return HolderUnknown
	case process == nil, exited(l.PID):
		return HolderDied
	}
	if l.Younger() {
		return HolderUnknown
	}
	return HolderLives
}

// Younger reports whether the process with the holder's id, on this machine, looks younger than the lock. Either the id was given to
// another, as each run in a container of CI has the same ones, or the machine's clock was put forward while the holder
// ran, as when a paused machine goes on: when a process began is known by the clock of today alone.
func (l Lock) Younger() bool {
	if host, err := os.Hostname(); err != nil || host != l.Host || l.Since.IsZero() {
		return false
	}
	began, known := started(l.PID)
	return known && began.After(l.Since.Add(clockStep))
}

// exited reports whether a process has ended and only its parent does not know yet: a container
// whose first process takes no notice of orphans keeps such ones for good (proc(5), state Z).
// Where there is no /proc it reports false.
func exited(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	after := text[bytes.LastIndexByte(text, ')')+1:] // the name before it may hold anything
	return err == nil && bytes.HasPrefix(bytes.TrimSpace(after), []byte("Z"))
}

// clockStep is by how much a machine's clock may be put forward without a process looking younger than the lock that it holds.
const clockStep = time.Minute

// started is when a process was started, by the clock of today: btime, which is when the machine booted, moves with the clock (proc(5)).
func started(pid int) (at time.Time, known bool) {
	ticks, known := Ticks(pid)
	system, err := os.ReadFile("/proc/stat")
	if err != nil || !known {
		return at, false
	}
	_, boot, _ := bytes.Cut(system, []byte("\nbtime "))
	boot, _, _ = bytes.Cut(boot, []byte("\n"))
	booted, err := strconv.ParseInt(string(boot), 10, 64)
	return time.Unix(booted, 0).Add(time.Duration(ticks) * 10 * time.Millisecond), err == nil
}

// Ticks is when a process was started, from the boot on: field 22 of its stat, in hundredths of a second on every architecture that
// Go knows (proc(5)). It does not move with the clock. Where there is no /proc, and of a process that is gone, it is not known.
func Ticks(pid int) (ticks int64, known bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // from field 3 on
	if err != nil || len(fields) < 20 {
		return 0, false
	}
	ticks, err = strconv.ParseInt(string(fields[19]), 10, 64)
	return ticks, err == nil
}

// Locks lists the locks on a stack. It reads where Pulumi's self-managed backend keeps
// them (github.com/pulumi/pulumi, pkg/backend/diy/lock.go).
func (s *Store) Locks(ctx context.Context, project, stack string) ([]Lock, error) {
	held, err := s.files.list(ctx, path.Join(lockKeys, "organization", project, stack))
	if err != nil {
		return nil, fmt.Errorf("looking for locks of stack %s: %w", stack, err)
	}
	var locks []Lock
	for _, f := range held {
		text, err := s.files.read(ctx, f)
		if errors.Is(err, fs.ErrNotExist) { // released meanwhile
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading a lock of stack %s: %w", stack, err)
		}
		lock := Lock{key: f.Key}
		if err := json.Unmarshal(text, &lock); err != nil { // half written
			lock.Since = f.Modified
		}
		locks = append(locks, lock)
	}
	return locks, nil
}

// Release takes a lock away. Make sure that its holder is dead.
func (s *Store) Release(ctx context.Context, lock Lock) error {
	if err := s.files.remove(ctx, lock.key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("releasing the lock of %s: %w", lock, err)
	}
	return nil
}

// PutLock locks a stack as another process has, on another backend.
func (s *Store) PutLock(ctx context.Context, project, stack string, l Lock) error {
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("copying a lock of stack %s: %w", stack, err)
	}
	return s.files.write(ctx, path.Join(lockKeys, "organization", project, stack, fmt.Sprintf("%x.json", l.Since.UnixNano())), text)
}
