// Package mysqlversion compares versions of MySQL as RDS and configurations name them: a series
// such as 8.4, or a patch of it such as 8.4.5. A patch of extended support has a date: 8.0.46-rds.20260908
// (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support-versions.html).
package mysqlversion

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// Compare compares as far as both versions go: 8.4 is as old as 8.4.5, and 8.0.46 is older than
// 8.0.46-rds.20260908. It is negative where a is the older one.
func Compare(a, b string) int {
	x, y := strings.SplitN(a, ".", 3), strings.SplitN(b, ".", 3)
	for i := range min(len(x), len(y)) {
		m, date := number(x[i])
		n, other := number(y[i])
		if order := cmp.Or(cmp.Compare(m, n), cmp.Compare(date, other)); order != 0 {
			return order
		}
	}
	return 0
}

// number splits a part of a version into its number and what follows it, such as -rds.20260908.
func number(part string) (n int, rest string) {
	rest = strings.TrimLeft(part, "0123456789")
	n, _ = strconv.Atoi(strings.TrimSuffix(part, rest)) // no digits count as 0
	return n, rest
}

// Series is a version without its patch: its parameters and its support depend on that.
func Series(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// standardSupport is until when RDS supports a series of MySQL without extra charge
// (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/MySQL.Concepts.VersionMgmt.html, release
// calendar; looked up in 2026-11).
var standardSupport = map[string]time.Time{
	"8.0": time.Date(2026, time.July, 31, 0, 0, 0, 0, time.UTC),
	"8.4": time.Date(2029, time.July, 31, 0, 0, 0, 0, time.UTC),
}

// StandardSupport is the last day on which RDS supports a series of MySQL without extra charge. It
// is billed by the vCPU-hour from the day after, as extended support.
func StandardSupport(series string) (end time.Time, known bool) {
	end, known = standardSupport[series]
	return end, known
}

// DearerSupport is the day from which extended support of a series costs more: that on which its
// third year begins, by the same calendar.
func DearerSupport(series string) (begin time.Time, known bool) {
	end, known := StandardSupport(series)
	return end.AddDate(2, 0, 1), known
}
