package sim

import (
	"fmt"
	"slices"
	"time"
)

// A Row is something that a workload wrote into a database.
type Row struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
	// Bytes is how large the row is, where that matters: it asks more of a replica than others do.
	Bytes int `json:"bytes,omitempty"`
	// Account is the user whose password the row is about; empty for a row of a table.
	Account string `json:"account,omitempty"`
}

const readOnlyMessage = "The MySQL server is running with the --read-only option so it cannot execute this statement"

// Write appends a row to the database at an address. The errors are MySQL's.
func (i Instance) Write(address, row string) error {
	now := i.world.clock.Now()
	i.world.mu.Lock()
	defer i.world.mu.Unlock()
	o, err := i.world.connect(address, now)
	if err != nil {
		return err
	}
	if state, _ := i.world.databaseAt(address, now); !state.Writable {
		return &MySQLError{1290, readOnlyMessage}
	}
	o.Rows = append(o.Rows, Row{At: now, Text: row})
	return nil
}

// Rows is what the database at an address holds now, in the order of writing.
func (i Instance) Rows(address string) ([]string, error) {
	now := i.world.clock.Now()
	i.world.mu.Lock()
	defer i.world.mu.Unlock()
	o, err := i.world.connect(address, now)
	if err != nil {
		return nil, err
	}
	return texts(i.world.held(o, now)), nil
}

// WriteLarge writes a row of a size into a database of a region, past all that could refuse it.
func (w *World) WriteLarge(region, identifier, row string, bytes int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if o := w.findBy(databaseType, region, "identifier", identifier); o != nil {
		o.Rows = append(o.Rows, Row{At: w.clock.Now(), Text: row, Bytes: bytes})
	}
}

// Rows is what a database holds now, whether or not it can be read; nil
// when there is none of that name.
func (w *World) Rows(region, identifier string) []string {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.findBy(databaseType, region, "identifier", identifier)
	if o == nil {
		return nil
	}
	return texts(w.held(o, now))
}

// A MySQLError is what a database answers, or its client says for it.
type MySQLError struct {
	Code    int
	Message string
}

// Error words the error as MySQL's driver for Go does.
func (e *MySQLError) Error() string { return fmt.Sprintf("Error %d (HY000): %s", e.Code, e.Message) }

// connect finds the database that answers at an address.
func (w *World) connect(address string, now time.Time) (*Object, error) {
	state, o := w.databaseAt(address, now)
	if o == nil || slices.Contains([]string{"creating", "rebooting", "upgrading"}, state.Status) {
		return nil, &MySQLError{2003, fmt.Sprintf("Can't connect to MySQL server on '%s'", address)}
	}
	return o, nil
}

// held is what a database holds at this moment. A replica holds what its source
// held, in the same order, as far as replication got: at least what keep wrote
// down, and nothing more while it is promoted.
func (w *World) held(o *Object, now time.Time) []Row {
	source := w.sourceOf(o)
	if source == nil || o.promoting(now) {
		return o.Rows
	}
	fed := w.fedUntil(o, source, now)
	if fed.Before(o.Times["available"]) {
		return o.Rows // the copy that it began with
	}
	all, arrived := w.held(source, now), w.arrived(o, fed)
	n := min(len(o.Rows), len(all))
	for n < len(all) && all[n].At.Before(arrived) {
		n++
	}
	return all[:n]
}

// keep writes down what a database holds, before anything changes how far
// replication gets: what has arrived stays.
func (w *World) keep(o *Object) { o.Rows = slices.Clone(w.held(o, w.clock.Now())) }

// freezeReplicaRows does that for every database.
func (w *World) freezeReplicaRows() {
	for _, o := range w.where(func(o *Object) bool { return o.Type == databaseType }) {
		w.keep(o)
	}
}

// fedUntil is the last moment, up to now, at which a replica heard of its source.
func (w *World) fedUntil(o, source *Object, now time.Time) time.Time {
	until := now
	for _, region := range []string{o.Region, source.Region} {
		if loss, gone := w.lost(region); gone {
			until = earlier(until, loss.At)
		}
	}
	for _, stops := range []Fault{{"replication", "broken"}, {"replication", "purged"}, {"database", "storage-full"}} {
		if f := w.fault(stops.Name, is(stops.Value)); f != nil {
			until = earlier(until, f.Since)
		}
	}
	if full, since := w.full(o); full {
		until = earlier(until, since)
	}
	if since, message := w.unreadable(o); message != "" {
		until = earlier(until, since.Add(-time.Nanosecond))
	}
	return until
}

// arrived is the time before which everything that was written has reached a
// replica at a moment. The lag changes from second to second, but what was there
// a second ago is there now.
func (w *World) arrived(o *Object, at time.Time) time.Time {
	latest := at.Add(-w.behind(o, at))
	for i := range usualLag {
		end := at.Truncate(time.Second).Add(-time.Duration(i)*time.Second - time.Nanosecond)
		latest = later(latest, end.Add(-w.behind(o, end)))
	}
	return latest
}

func texts(rows []Row) []string {
	all := make([]string, 0, len(rows))
	for _, row := range rows {
		if row.Account == "" {
			all = append(all, row.Text)
		}
	}
	return all
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
