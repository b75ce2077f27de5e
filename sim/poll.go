package sim

import (
	"iter"
	"time"
)

// A poll is how the provider looks whether AWS is done: the fields of a
// StateChangeConf of terraform-plugin-sdk (helper/retry/state.go).
type poll struct {
	delay time.Duration // before the first look
	least time.Duration // between looks, which move apart up to patient
	every time.Duration // between looks, in place of that
	times int           // how many looks in a row must see the end; 0 is 1
}

// Looks begin close to each other, and move apart up to this.
const (
	eager   = 100 * time.Millisecond
	patient = 10 * time.Second
)

// looks are the moments at which a poll looks, without end. ended, which the
// consumer sets, says that the last look saw the end: from then on looks move no
// further apart.
func (p poll) looks(ended *bool) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		at, between := p.delay, time.Duration(0)
		for yield(at) {
			between = max(between, eager)
			if !*ended {
				between *= 2
			}
			between = min(max(between, p.least), max(p.least, patient))
			if p.every > 0 {
				between = p.every
			}
			at += between
		}
	}
}

// sees is when a poll has seen what happens after a while.
func (p poll) sees(after time.Duration) time.Duration {
	ended, seen := false, 0
	for at := range p.looks(&ended) {
		if ended = at >= after; !ended {
			continue
		}
		if seen++; seen >= p.times {
			return at
		}
	}
	return 0 // looks have no end
}
