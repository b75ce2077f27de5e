package awssim

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// A Row is what a workload wrote into a database.
type Row struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Write puts a row into the database at an address.
func (i Instance) Write(address, text string) error {
	w := i.world
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.at(databaseType, "address", address)
	switch {
	case o == nil || w.answers(o.Region) != nil:
		return errors.New("2002: Can't connect to MySQL server on '" + address + "'")
	case !w.writable(o, now):
		return errors.New("1290: The MySQL server is running with the --read-only option so it cannot execute this statement")
	}
	w.state.Rows[o.ID] = append(w.state.Rows[o.ID], Row{now, text})
	return nil
}

// Rows are what the database at an address holds.
func (i Instance) Rows(address string) ([]string, error) {
	w := i.world
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.at(databaseType, "address", address)
	if o == nil || w.answers(o.Region) != nil {
		return nil, errors.New("2002: Can't connect to MySQL server on '" + address + "'")
	}
	return w.rows(o), nil
}

// Rows are what a database holds, as somebody with a client sees it.
func (w *World) Rows(region, identifier string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if o := w.findBy(databaseType, region, "identifier", identifier); o != nil {
		return w.rows(o)
	}
	return nil
}

func (w *World) rows(o *Object) []string {
	w.pull(o)
	var texts []string
	for _, row := range w.state.Rows[o.ID] {
		texts = append(texts, row.Text)
	}
	return texts
}

// pull brings what replication has carried over since it was last asked: what is
// older than the lag, and nothing that a lost source or a broken applier kept
// back. It has to be called before a source goes, or a promotion begins.
func (w *World) pull(o *Object) {
	source := w.sourceOf(o)
	if source == nil || o.promoting(w.clock.Now()) {
		return
	}
	w.pull(source)
	until := w.clock.Now()
	if loss, gone := w.lost(source.Region); gone && loss.At.Before(until) {
		until = loss.At
	}
	if broken := w.fault("replication", is("broken")); broken != nil && broken.Since.Before(until) {
		until = broken.Since
	}
	if seconds, measured := w.lag(o, until); measured && seconds > 0 {
		until = until.Add(-time.Duration(seconds * float64(time.Second)))
	}
	held := w.state.Rows[o.ID]
	for _, row := range w.state.Rows[source.ID] {
		if !row.At.After(until) && !slices.Contains(held, row) {
			held = append(held, row)
		}
	}
	w.state.Rows[o.ID] = held
}

// writable tells whether a database takes writes: it answers, replicates
// nothing, and its parameters don't forbid it. read_only = 1 in the group of a
// replica outlives its promotion (RDS guide, USER_ReadRepl).
func (w *World) writable(o *Object, now time.Time) bool {
	status := o.status(now)
	return status != "creating" && status != "rebooting" && w.sourceName(o) == "" && !w.readOnly(o, now)
}

// readOnly tells what a database has heard of its parameter group.
func (w *World) readOnly(o *Object, now time.Time) bool {
	group := w.findBy(databaseParameters, o.Region, "name", o.text("parameterGroupName"))
	return group != nil && heard(group, readOnlyParameter(group), now) == "1"
}

// readOnlyParameter is what a group sets read_only to; empty leaves it to RDS.
func readOnlyParameter(group *Object) string {
	parameters, _ := group.Props["parameters"].([]any)
	for _, p := range parameters {
		if textAt(p, "name") == "read_only" {
			return strings.NewReplacer("ON", "1", "OFF", "0").Replace(textAt(p, "value"))
		}
	}
	return ""
}

// changedParameters: a dynamic parameter reaches the instances some seconds after
// the group was changed.
func changedParameters(w *World, _ Call, old, o *Object) error {
	o.Phases = []Phase{{readOnlyParameter(old), w.clock.Now().Add(w.Duration(o.Region, "rds:parameters applied", o.Name))}}
	return nil
}

// heard is a value as it was known at a time: an earlier one until its phase was over.
func heard(o *Object, value string, at time.Time) string {
	for _, earlier := range o.Phases {
		if at.Before(earlier.Until) {
			return earlier.Status
		}
	}
	return value
}
