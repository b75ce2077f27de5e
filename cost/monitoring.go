package cost

import (
	"strings"

	"github.com/pilotlight-dr/pilotlight/price"
	"github.com/pilotlight-dr/pilotlight/roles"
)

// Alarms and logs of a stack, and how much of them there is.
const (
	Alarms Part = "alarms"
	Logs   Part = "logs"

	// standardLogs is how many GiB an instance is taken to log in a month. It logs errors and what its jobs say, but no requests.
	standardLogs = 0.5
	// errorMetrics are those that the alarm about failed requests reckons with. CloudWatch charges for each.
	errorMetrics = 3
	// readinessMetrics are those that pilotlight check --publish writes.
	readinessMetrics = 4
	// S3 measures its copies by pendingMetrics where they go, and by failedMetrics where the originals are.
	pendingMetrics, failedMetrics = 3, 1
	daysOfMonth                   = 30
)

// monitoring is what CloudWatch watches and keeps. What an account has free of charge is not taken off: it is unknown here
// what else the account has.
func (s stack) monitoring() []quantity {
	list := []quantity{s.of(Alarms, price.Alarm, float64(s.alarms()))}
	if own := s.metrics(); own > 0 {
		list = append(list, s.of(Alarms, price.Metric, own))
	}
	if s.Alarms.Dashboard {
		list = append(list, s.of(Dashboard, price.Dashboard, 1))
	}
	if logged := s.logGiB(); logged > 0 { // they are kept uncompressed here, which is a little too much
		list = append(list, s.of(Logs, price.LogIngestion, logged), s.of(Logs, price.LogStorage, logged*float64(s.LogDays)/daysOfMonth))
	}
	return list
}

// alarms counts the metrics that the stack's alarms watch in its role, without those of former databases.
func (s stack) alarms() (count int) {
	add := func(there bool, metrics int) {
		if there {
			count += metrics
		}
	}
	add(true, 2) // storage, and a drill that was left
	add(s.App.RequestsCertificate() || strings.Contains(s.App.Certificate, ":acm:"), 1)
	if s.leads() {
		add(true, 1)                                // instances
		add(s.Role == roles.Active, errorMetrics+1) // and how long visitors wait
		add(s.Connections() > 0, 1)
		add(s.copies(), 1) // that failed
		return count
	}
	add(true, 2)       // the replica's lag, and that it has stopped
	add(s.copies(), 1) // that are late
	add(s.Images.Sync, 2)
	add(s.Alarms.CheckHours > 0, 1)
	return count
}

// copies reports that media are copied from one side to the other.
func (s stack) copies() bool { return s.peer != nil || s.Production != nil }

// metrics counts those that CloudWatch charges for as one's own, by the hour in which they have a value: S3's of copies, taken to
// have one always, and pilotlight's own, which a standby has.
func (s stack) metrics() (count float64) {
	if s.leads() {
		if s.copies() {
			count += failedMetrics
		}
		return count
	}
	if s.copies() {
		count += pendingMetrics
	}
	if s.Images.Sync {
		count++
	}
	if s.Alarms.CheckHours > 0 {
		count += readinessMetrics / float64(s.Alarms.CheckHours)
	}
	return count
}

// logGiB is what a side that serves logs in a month.
func (s stack) logGiB() float64 {
	switch {
	case !s.leads():
		return 0
	case s.usage.LogGiBMonth > 0:
		return s.usage.LogGiBMonth
	}
	return standardLogs * float64(s.App.Min)
}
