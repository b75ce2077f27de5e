// Package when puts times and durations into words, everywhere the same: in UTC, and to the second.
package when

import (
	"fmt"
	"time"
)

// Date is a time with its day, such as 2026-11-30 04:07:45 UTC.
func Date(t time.Time) string { return t.UTC().Format(time.DateTime + " MST") }

// Clock is a time of the day that is spoken of, such as 04:07:45 UTC.
func Clock(t time.Time) string { return t.UTC().Format(time.TimeOnly + " MST") }

// Stamp is a time in the name of a file or an object, such as 20261130T040745Z: names sort as times do.
func Stamp(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// Minutes is a duration as m:ss.
func Minutes(d time.Duration) string {
	whole := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d", whole/60, whole%60)
}

// Seconds is the duration of a number of seconds.
func Seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
