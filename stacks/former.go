package stacks

import (
	"fmt"
	"slices"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
)

// formers are what is the matter with former databases. All but gone and stuck are well, or could not be looked at.
type formers struct {
	gone  []int          // generations that AWS no longer has
	stuck map[int]string // states, as RDS words them, of generations that need a person: RDS would refuse to change them
	// promoted are generations that were replicas, and are none any more: somebody may have written to one, so its end
	// leaves a final snapshot.
	promoted map[int]bool
}

// lookAtFormer finds out what is the matter with the former databases of the plan, and plans again without those that AWS no longer
// has: the engine would believe the state, and change what is not there or make it anew. An activation does not look: it changes
// none of them, and needs no rights to end one.
func (s *site) lookAtFormer() {
	if s.adopting || s.activating || s.plan.Do == roles.Refuse {
		return
	}
	region := failover.New(s.env, failover.Site{Policy: checks.Policy{Region: s.cfg.Region}, Profile: s.cfg.Profile})
	s.formers.stuck, s.formers.promoted = map[int]string{}, map[int]bool{}
	var looked []int
	for _, former := range slices.Concat(s.own.Claim.Former, s.plan.Claim.Former) {
		number, id := former.Number, s.cfg.DatabaseID(former.Number)
		if slices.Contains(looked, number) {
			continue
		}
		looked = append(looked, number)
		switch found, err := region.DescribeDatabase(s.Context.Context(), id); {
		case err != nil: // it is taken to be well
		case found == nil:
			s.formers.gone = append(s.formers.gone, number)
			s.inform(fmt.Sprintf("AWS in %s no longer has former database %s, so it is kept no longer", s.cfg.Region, id))
		case checks.StandingOf(found.Status) == checks.Stuck:
			s.formers.stuck[number] = found.Status
			s.warn(fmt.Sprintf("former database %s is %s, so it is left as it is: %s", id, found.Status, checks.StateRemedy(*found, s.cfg.Region)))
		default:
			s.formers.promoted[number] = found.Source == ""
		}
	}
	s.plan = s.plannedBy(s.own.Claim, s.own.Unfinished, s.other.Claim)
}

// without leaves out the former databases that AWS no longer has.
func (f formers) without(plan roles.Plan) roles.Plan {
	plan.Claim.Former = slices.DeleteFunc(slices.Clone(plan.Claim.Former), func(g roles.Generation) bool { return slices.Contains(f.gone, g.Number) })
	if len(plan.Claim.Former) == 0 {
		plan.Claim.Former = nil
	}
	return plan
}

// checkTeardown refuses to ready a stack for its end while RDS would refuse to end a former database of it.
func (f formers) checkTeardown(claim roles.Claim, stack string) error {
	for _, former := range claim.Former {
		if status := f.stuck[former.Number]; checks.NoSnapshot(status) && !former.SkipFinalSnapshot {
			return refusal.New(refusal.CodeClaims, "former database %d of this stack is %s, and RDS takes no final snapshot of such a one: mend it, or end it first without one "+
				"(pilotlight retire %s %[1]d --accept-no-snapshot %[1]d)", former.Number, status, stack)
		}
	}
	return nil
}
