package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/estimate"
)

// A DatabaseParameter is what a user set in a parameter group.
type DatabaseParameter struct {
	Name, Value, ApplyMethod string
}

// DatabaseParameters are what users set in a parameter group; a group of RDS's
// own ("default.mysql8.0") has nothing of the kind.
func (w *World) DatabaseParameters(region, group string) ([]DatabaseParameter, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.find(databaseParameters, region, group)
	switch {
	case o != nil:
		return parametersOf(o), nil
	case strings.HasPrefix(group, "default."):
		return nil, nil
	}
	return nil, &Error{Status: 404, Code: "DBParameterGroupNotFound", Message: "DBParameterGroup not found: " + group}
}

// ResetDatabaseParameter gives a parameter of a group its default, immediately.
func (w *World) ResetDatabaseParameter(region, group, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.find(databaseParameters, region, group)
	if o == nil {
		return &Error{Status: 404, Code: "DBParameterGroupNotFound", Message: "DBParameterGroup not found: " + group}
	}
	list, _ := o.Props["parameters"].([]any)
	kept := slices.DeleteFunc(slices.Clone(list), func(p any) bool { return textAt(p, "name") == name })
	if len(kept) == len(list) {
		return nil
	}
	o.Former = append(o.Former, Former{readOnlyIn(o), w.clock.Now()})
	o.Props["parameters"] = kept
	return nil
}

func parametersOf(group *Object) []DatabaseParameter {
	var all []DatabaseParameter
	list, _ := group.Props["parameters"].([]any)
	for _, p := range list {
		method := textAt(p, "applyMethod")
		if method == "" {
			method = "immediate"
		}
		all = append(all, DatabaseParameter{Name: textAt(p, "name"), Value: textAt(p, "value"), ApplyMethod: method})
	}
	return all
}

// readOnlyIn is what a group says of read_only; empty is RDS's default,
// {TrueIfReplica}.
func readOnlyIn(group *Object) string {
	for _, p := range parametersOf(group) {
		if p.Name == "read_only" {
			return p.Value
		}
	}
	return ""
}

func forbidsWrites(readOnly string) bool { return readOnly == "1" || strings.EqualFold(readOnly, "ON") }

func validGroup(_ *World, o *Object) error {
	for _, p := range parametersOf(o) {
		if p.Name == "read_only" && p.ApplyMethod != "immediate" {
			return fmt.Errorf("read_only with the apply method %s is %w", p.ApplyMethod, ErrNotModelled)
		}
	}
	return nil
}

// staticOf are the parameters of a group that wait for a reboot.
func staticOf(group *Object) (all []DatabaseParameter) {
	for _, p := range parametersOf(group) {
		if p.ApplyMethod != "immediate" {
			all = append(all, p)
		}
	}
	return all
}

// changedGroup remembers what read_only was until the call has returned, and when a static parameter was changed.
func changedGroup(_ *World, _ Call, old, o *Object) error {
	if !slices.Equal(staticOf(old), staticOf(o)) {
		o.setTime("static", o.Ready)
	}
	if fmt.Sprint(old.Props["parameters"]) != fmt.Sprint(o.Props["parameters"]) {
		o.Former = append(o.Former, Former{readOnlyIn(old), o.Ready})
	}
	return nil
}

// groupOf names a database's parameter group.
func groupOf(o *Object) string {
	if name := o.text("parameterGroupName"); name != "" {
		return name
	}
	series := strings.SplitN(o.text("engineVersionActual"), ".", 3)
	return "default." + o.text("engine") + strings.Join(series[:min(2, len(series))], ".")
}

// readOnlySince tells since when a database has taken no writes because its
// parameter group says so, which a promotion does not change. read_only is
// dynamic: a change reaches a database within seconds, and one that boots reads
// what the group says then. What a group said when it was given to a database waits
// for a reboot (RDS guide, USER_WorkingWithParamGroups.Associating).
func (w *World) readOnlySince(o *Object, at time.Time) (since time.Time, is bool) {
	if o == nil {
		return time.Time{}, false
	}
	group := w.find(databaseParameters, o.Region, o.text("parameterGroupName"))
	if group == nil {
		return time.Time{}, false
	}
	boot, delay := o.booted(at), w.Duration(o.Region, estimate.Parameter, o.text("identifier"))
	heard := later(boot, at.Add(-delay))
	since = boot
	var begin time.Time
	for _, f := range append(group.Former[:len(group.Former):len(group.Former)], Former{Value: readOnlyIn(group)}) {
		if begin.After(heard) {
			break
		}
		if w.groupIsNew(o, at) && !begin.After(o.Times["associated"]) {
			begin = f.Until
			continue
		}
		if forbidsWrites(f.Value) != is {
			is, since = !is, boot
			if begin.After(boot) {
				since = begin.Add(delay)
			}
		}
		begin = f.Until
	}
	return since, is
}

// groupIsNew reports whether a database was given its parameter group after it last booted: what that says is not in force,
// also after an upgrade to another series (RDS guide, USER_UpgradeDBInstance.MySQL.Major).
func (w *World) groupIsNew(o *Object, now time.Time) bool {
	given, ok := o.Times["associated"]
	return ok && !given.Before(o.booted(now))
}

// applying is the state of a database's parameter group as RDS words it.
func (w *World) applying(o *Object, now time.Time) string {
	group := w.find(databaseParameters, o.Region, o.text("parameterGroupName"))
	switch {
	case group == nil:
		return "in-sync"
	case w.groupIsNew(o, now) || group.Times["static"].After(o.booted(now)):
		return "pending-reboot"
	case len(group.Former) == 0:
		return "in-sync"
	}
	changed := group.Former[len(group.Former)-1].Until
	if changed.After(o.booted(now)) && now.Before(changed.Add(w.Duration(o.Region, estimate.Parameter, o.text("identifier")))) {
		return "applying"
	}
	return "in-sync"
}

// booted is when a database last read all its parameters: a promotion ends with
// a reboot.
func (o *Object) booted(at time.Time) time.Time {
	boot := o.Times["available"]
	for _, moment := range []string{"promoted", "rebooted"} {
		if o.past(moment, at) {
			boot = later(boot, o.Times[moment])
		}
	}
	return boot
}

// Reboot is RebootDBInstance. The database has all its parameters after it.
func (w *World) Reboot(region, identifier string) (Database, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.findBy(databaseType, region, "identifier", identifier)
	if o == nil {
		return Database{}, noDatabase(identifier)
	}
	now := w.clock.Now()
	if status := w.databaseStatus(o, now); status != "available" {
		return Database{}, refuse("InvalidDBInstanceState", "Database instance is not in available state. It is %s.", status)
	}
	over := now.Add(w.Duration(region, "rds:RebootDBInstance", identifier))
	o.Phases = []Phase{{"rebooting", over}}
	o.setTime("rebooted", over)
	return w.describe(o), nil
}
