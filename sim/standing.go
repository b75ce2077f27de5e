package sim

import "time"

// Standing is a resource that stands in AWS already, by the state of the program that made it.
type Standing struct {
	Type, Region, ID, Name string
	Props                  map[string]any // its inputs and outputs
	// Promoted reports that it is a database that replicates nothing any more, whatever its inputs say.
	Promoted bool
	// Passing is a state that a database is in, and leaves by itself; empty is none.
	Passing string
}

// How long what stands has been there: longer than anything looks back. And how long a passing state
// of a database lasts.
const (
	standsFor = 30 * 24 * time.Hour
	passesIn  = 10 * time.Minute
)

// Begin begins an empty world at a time, in an account.
func (w *World) Begin(at time.Time, account string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock.setNow(at)
	w.state.Account = account
}

// Stand puts into the world what stands in AWS. Nothing of it is judged: AWS has taken it.
func (w *World) Stand(all []Standing) error {
	now := w.clock.Now()
	since := now.Add(-standsFor)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range all {
		if _, err := w.open(s.Type); err != nil {
			return err
		}
		o := &Object{Type: s.Type, Region: s.Region, ID: s.ID, Name: s.Name, Account: w.state.Account, Props: plain(s.Props), Ready: since}
		switch s.Type {
		case databaseType:
			o.setTime("created", since)
			o.setTime("available", since)
			if s.Promoted {
				o.setTime("promoted", since)
			}
			if s.Passing != "" {
				o.Phases = []Phase{{s.Passing, now.Add(passesIn)}}
			}
		case scalingType:
			for range o.number("desiredCapacity") {
				o.Machines = append(o.Machines, Machine{Next: since})
			}
		case certificateType:
			o.setTime("asked", since)
			o.setTime("issued", since)
		case recordType:
			o.ID = recordID(w, o) // however the state was made to know of it
		}
		w.state.Made[key(o.Type, o.Region, o.Name)]++
		w.put(o)
	}
	w.launchAll()
	return nil
}
