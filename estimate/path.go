package estimate

import "fmt"

// Estimate is how long a change of role takes until visitors are sent to the new side.
type Estimate struct {
	Takes Range `json:"takes"`
	// Path is what takes longest of all that is done side by side.
	Path string `json:"path"`
}

// String says how long, and of what.
func (e Estimate) String() string {
	return fmt.Sprintf("%s until visitors are sent there; most of it is the %s", e.Takes, e.Path)
}

// Work is what AWS has to do for a change of role. What need not be done is zero.
type Work struct {
	Promotion    Range // of the database
	Balancer     Range // with its listener
	Internet     Range // the way of the instances to the internet, which they wait for
	Instances    Range
	Verification Range // after all of these
	DNS          Range // after the verification

	// Of a switchover alone.
	Freeze     Range // before all
	LastWrites Range // before the promotion, which waits for what is made beside it then
}

// promotion is the name of its path.
const promotion = "promotion of the database"

// Failover is the longest of what is done side by side, then the verification and the change
// of DNS. The cache is on no path: a site serves without it.
func (w Work) Failover() Estimate {
	e := Estimate{Path: "instances", Takes: w.Internet.plus(w.Instances)}
	if w.Balancer.Most > e.Takes.Most {
		e = Estimate{Path: "balancer", Takes: w.Balancer}
	}
	if w.Promotion.Most > e.Takes.Most {
		e = Estimate{Path: promotion, Takes: w.Promotion}
	}
	e.Takes = e.Takes.plus(w.Verification).plus(w.DNS)
	return e
}

// Switchover has the freeze before, and the promotion after what is made side by side has
// shown that no write is missing.
func (w Work) Switchover() Estimate {
	made := w
	made.Promotion = Range{}
	e := made.Failover()
	e.Takes = e.Takes.plus(w.Freeze).plus(w.LastWrites).plus(w.Promotion)
	e.Path = promotion
	return e
}
