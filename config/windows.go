package config

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Windows are when RDS backs the stack's database up and when it may maintain it, in UTC. Those of the
// two stacks differ by default, so that one side is left alone while the other is not. They are the stack's for
// good, whatever its role: a failover must not change them.
func (c Config) Windows() (backup, maintenance string) {
	backup, maintenance = "07:00-07:30", "wed:05:00-wed:05:30"
	if c.Peer != nil && c.Stack < c.Peer.Stack {
		backup, maintenance = "02:00-02:30", "sun:05:00-sun:05:30"
	}
	return cmp.Or(c.Database.BackupWindow, backup), cmp.Or(c.Database.MaintenanceWindow, maintenance)
}

const (
	day  = 24 * time.Hour
	week = 7 * day
)

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

var (
	dailyForm  = regexp.MustCompile(`^\d\d:\d\d-\d\d:\d\d$`)
	weeklyForm = regexp.MustCompile(`^[a-z]{3}:\d\d:\d\d-[a-z]{3}:\d\d:\d\d$`)
)

// window is a time that comes back: from its beginning in the day or the week, for so long.
type window struct{ begin, length time.Duration }

// parseWindow reads a window of RDS, which comes back after a day or a week.
func parseWindow(text string, form *regexp.Regexp, every time.Duration) (window, error) {
	if !form.MatchString(text) {
		return window{}, fmt.Errorf("%q is no window", text)
	}
	from, to, _ := strings.Cut(text, "-")
	begin, err := moment(from)
	if err != nil {
		return window{}, err
	}
	end, err := moment(to)
	return window{begin, (end - begin + every) % every}, err
}

// moment is a time of a day such as 05:00, or of a week such as sun:05:00.
func moment(text string) (time.Duration, error) {
	days := 0
	if name, clock, weekly := strings.Cut(text, ":"); weekly && len(name) == 3 {
		for days < len(weekdays) && weekdays[days] != name {
			days++
		}
		if days == len(weekdays) {
			return 0, fmt.Errorf("%q is no day", name)
		}
		text = clock
	}
	at, err := time.Parse("15:04", text)
	if err != nil {
		return 0, err
	}
	return time.Duration(days)*day + time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, nil
}

// overlap reports whether a daily and a weekly window are ever open at once.
func overlap(daily, weekly window) bool {
	for i := range 9 { // the last night of one week reaches into the next
		begin := time.Duration(i-1)*day + daily.begin
		for _, shift := range []time.Duration{0, week} {
			if begin < weekly.begin+weekly.length-shift && weekly.begin-shift < begin+daily.length {
				return true
			}
		}
	}
	return false
}

func (c Config) validateWindows(p *problems) {
	const least = 30 * time.Minute
	daily, weekly := c.Windows()
	backup, err := parseWindow(daily, dailyForm, day)
	p.add(err == nil && backup.length >= least, "database.backupWindow", daily, "set it to half an hour or more of each day in UTC, such as 02:00-02:30")
	maintenance, wrong := parseWindow(weekly, weeklyForm, week)
	p.add(wrong == nil && maintenance.length >= least && maintenance.length < day, "database.maintenanceWindow", weekly,
		"set it to half an hour or more of each week in UTC, such as sun:05:00-sun:05:30")
	if err == nil && wrong == nil {
		p.add(!overlap(backup, maintenance), "database.maintenanceWindow", weekly, "set it to another time than database.backupWindow (%s), as RDS wants it", daily)
	}
}
