package checks

import (
	"fmt"
	"slices"

	"github.com/pilotlight-dr/pilotlight/mysqlversion"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// Codes of a database class that could not be had.
const (
	ClassNotOffered = "class-not-offered"
	ClassMultiAZ    = "class-multi-az"
)

// DatabaseClass is what RDS offers of an instance class in a region.
type DatabaseClass struct {
	Name    string
	Options []ClassOption
}

// ClassOption is a version of MySQL that the class can be had with.
type ClassOption struct {
	Version string   // such as 8.4.5
	Zones   []string // in which it can be had
	MultiAZ bool     // with a second zone
}

// zones are those of the stack in which the class can be had with a series of MySQL.
func (c DatabaseClass) zones(p Policy, multiAZ bool) (zones []string) {
	for _, o := range c.Options {
		if mysqlversion.Series(o.Version) != mysqlversion.Series(p.EngineVersion) || multiAZ && !o.MultiAZ {
			continue
		}
		for _, zone := range o.Zones {
			if slices.Contains(p.Zones, zone) && !slices.Contains(zones, zone) {
				zones = append(zones, zone)
			}
		}
	}
	slices.Sort(zones)
	return zones
}

// class finds out whether RDS has what the database is to become: a database of another class, a new one, or
// one in two zones. What it is already, it stays.
func class(s Snapshot, p Policy) []refusal.Blocker {
	c := s.Class
	if c == nil {
		return nil
	}
	with := fmt.Sprintf("%s with MySQL %s", c.Name, mysqlversion.Series(p.EngineVersion))
	switch {
	case len(c.zones(p, false)) == 0 && (s.Replica == nil || s.Replica.Class != c.Name):
		return []refusal.Blocker{block(ClassNotOffered, "set database.class to one that RDS has there, or add a zone that has it at the end of network.zones",
			"RDS does not offer %s in %s", with, join(p.Zones, "or"))}
	case p.MultiAZ && len(c.zones(p, true)) < 2:
		return []refusal.Blocker{block(ClassMultiAZ, "set database.class to one that RDS has in both, or database.multiAz to false",
			"RDS does not offer %s in two of %s, and database.multiAz wants a second zone", with, join(p.Zones, "and"))}
	}
	return nil
}

func seenOfClass(s Snapshot, p Policy) string {
	if s.Class == nil {
		return ""
	}
	zones := s.Class.zones(p, false)
	switch {
	case len(zones) == 0 && (s.Replica == nil || s.Replica.Class != s.Class.Name):
		return "" // the blocker says it
	case len(zones) == 0:
		return fmt.Sprintf("database %s is of class %s already, which RDS offers no more for new ones", s.Replica.ID, s.Class.Name)
	}
	return fmt.Sprintf("RDS offers %s with MySQL %s in %s", s.Class.Name, mysqlversion.Series(p.EngineVersion), join(zones, "and"))
}
