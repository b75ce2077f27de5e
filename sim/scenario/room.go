package scenario

import (
	"fmt"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/sim"
)

// leaveRoom has the account's quotas leave as much room in the standby's region as AWS said. What others use of them there is
// not in the world, so its limits are lower by that.
func (s *Stage) leaveRoom() error {
	region, limits := s.site.recovery.Region, map[string]int{} // by the name that a fault knows
	var names []string
	for _, seen := range s.site.live.Quotas {
		if seen.Unseen != "" {
			continue
		}
		code := seen.Code
		if seen.Alternative { // the world counts the vCPUs of all families as one
			code = checks.StandardFamily
		}
		name, used, err := s.World.QuotaUsed(region, seen.Service, code, seen.Zone)
		if err != nil {
			return fmt.Errorf("quota %s (%s of %s) has no place in a rehearsal: %w", seen.Name, seen.Code, seen.Service, err)
		}
		limit := max(0, used+seen.Limit-seen.Used)
		before, known := limits[name]
		switch {
		case !known:
			names = append(names, name)
		case seen.Alternative: // one family with room is enough
			limit = max(limit, before)
		default: // no zone has more than it has
			limit = min(limit, before)
		}
		limits[name] = limit
	}
	for _, name := range names {
		s.site.seen = append(s.site.seen, sim.Fault{Name: "quota", Value: fmt.Sprintf("%s:%s:%d", region, name, limits[name])})
	}
	return nil
}
