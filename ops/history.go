package ops

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/fileio"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/stacks/drill"
)

// Reports are those of the changes of role that were run in a project's folder,
// the oldest first. Runs in other folders are not among them.
func Reports(dir string) ([]report.Report, error) {
	all, err := report.ReadReports(dir)
	return slices.DeleteFunc(all, func(r report.Report) bool { return r.Action == drill.Asked }), err // which changes no role
}

// Rehearsed is the last rehearsal that was held in a project's folder.
type Rehearsed struct {
	At        time.Time `json:"at"`
	Recovered bool      `json:"recovered"`
	Faults    []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"faults,omitempty"` // that were let loose in it
	Run struct {
		TimeToRecover float64 `json:"timeToRecoverSeconds"`
	} `json:"run"`
}

// LastRehearsal is the last one that was held in a project's folder; nil when there is
// none, or it can't be read any more.
func LastRehearsal(dir string) *Rehearsed {
	text, err := fileio.Read(filepath.Join(dir, filepath.FromSlash(report.Rehearsal)+".json"))
	var last Rehearsed
	if err != nil || json.Unmarshal(text, &last) != nil || last.At.IsZero() { // none, or of another version
		return nil
	}
	return &last
}

// Checked is the last check for a failover that was made in a project's folder.
type Checked struct {
	At    time.Time `json:"at"`
	Stack string    `json:"stack"` // that would have become active
	// Missing is what was not ready; empty when all was.
	Missing []string `json:"missing,omitempty"`
}

// checkFile keeps the last check, below the project's folder.
const checkFile = ".pilotlight/check.json"

// KeepCheck stores a check for Status, as Check does, with the requirements that the caller added. It may fail: then Status knows of none, or of an earlier one.
func (s *Site) KeepCheck(ready Readiness) {
	text, err := json.Marshal(s.checkedBy(ready))
	path := filepath.Join(s.options.Dir, filepath.FromSlash(checkFile))
	if err == nil && os.MkdirAll(filepath.Dir(path), 0o700) == nil {
		_ = fileio.Replace(path, text, 0o600)
	}
}

// checkedBy is what is kept of a check.
func (s *Site) checkedBy(ready Readiness) Checked {
	checked := Checked{At: s.now(), Stack: ready.Stack}
	for _, q := range ready.Requirements {
		if !q.OK && !slices.Contains(checked.Missing, q.Subject) {
			checked.Missing = append(checked.Missing, q.Subject)
		}
	}
	return checked
}

// lastCheck is what KeepCheck kept; nil for nothing.
func lastCheck(dir string) *Checked {
	text, err := fileio.Read(filepath.Join(dir, filepath.FromSlash(checkFile)))
	var last Checked
	if err != nil || json.Unmarshal(text, &last) != nil || last.At.IsZero() {
		return nil
	}
	return &last
}

// askedByStatus is what Status asks again each time, and judges as Check does.
var askedByStatus = append([]string{
	"state", "keys", "lock", "files", "record", "region", "claims", "source", "storage", "mysql", "parameters", "secrets", "media",
}, failover.LookedAt...)

// missing is what was not ready for a failover to the standby of these sides, and is not asked again
// by Status.
func (c *Checked) missing(sides []Side) (all []string) {
	target, err := failoverTarget(sides)
	if c == nil || err != nil || target == nil || target.Config.Stack != c.Stack {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(c.Missing), func(what string) bool { return slices.Contains(askedByStatus, what) })
}

// Update is an update of a stack, as the backend keeps it.
type Update struct {
	Stack   string         `json:"stack"`
	Version int            `json:"version"`
	Kind    string         `json:"kind"`   // update, refresh, destroy …
	Result  string         `json:"result"` // succeeded, failed or in-progress
	Began   time.Time      `json:"began"`
	Changes map[string]int `json:"changes,omitempty"` // resources, by what was done to them
}

// History are the updates of the site's stacks, at most the last so many of each,
// the newest first.
func (s *Site) History(ctx context.Context, last int) (_ []Update, err error) {
	defer noteRead(ctx, &err)
	type record struct {
		Update
		ended time.Time // now, for one that is under way
	}
	var all []record
	for _, name := range s.Stacks() {
		stack, err := s.Stack(ctx, name, false)
		if errors.Is(err, ErrNoStack) {
			continue
		}
		if err != nil {
			return nil, err
		}
		kept, err := stack.stack.History(ctx, last, 1)
		if err != nil {
			return nil, fmt.Errorf("reading the history of stack %s: %w", name, cause(ctx, err))
		}
		for _, u := range kept {
			update := record{Update: Update{Stack: name, Version: u.Version, Kind: u.Kind, Result: u.Result}}
			// The engine gives it as text, to the millisecond or the second.
			if update.Began, err = time.Parse(time.RFC3339, u.StartTime); err != nil {
				return nil, fmt.Errorf("reading the history of stack %s: %w", name, err)
			}
			update.ended = time.Now() // the engine has the same clock
			if u.EndTime != nil {
				if update.ended, err = time.Parse(time.RFC3339, *u.EndTime); err != nil {
					return nil, fmt.Errorf("reading the history of stack %s: %w", name, err)
				}
			}
			if u.ResourceChanges != nil {
				update.Changes = *u.ResourceChanges
			}
			all = append(all, update)
		}
	}
	// Two may begin in one second, if the first changed nothing.
	slices.SortStableFunc(all, func(a, b record) int { return cmp.Or(b.Began.Compare(a.Began), b.ended.Compare(a.ended)) })
	updates := make([]Update, len(all))
	for i, r := range all {
		updates[i] = r.Update
	}
	return updates, nil
}
