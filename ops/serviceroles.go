package ops

import (
	"context"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/checks"
)

// denies reports whether AWS answered, and not by saying that it is busy or ill: that passes, and no right is missing.
func denies(err error) bool { return awsclient.Answered(err) && !awsclient.Is(err, awsclient.Again) }

// serviceRoles are requirements: the account has the roles of AWS's own that a failover needs and could
// not have made. Where IAM does not answer, it may be lost with production: there is nothing to mend.
func (s *Site) serviceRoles(ctx context.Context, side Side, plan Plan) []Requirement {
	production := side.Config.PeerRegion()
	needed := checks.ServiceRoles(production, side.Config.Region, plan.Resources)
	if len(needed) == 0 {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	missing, err := s.runtimeOf(side).MissingServiceRoles(bounded, needed)
	if err != nil {
		q := met("service roles", "whether the account has AWS's own roles is not known: "+silence(err, askFor))
		if denies(err) {
			q.OK, q.Code = false, ServiceRolesUnseen
			q.Remedy = "use credentials that may read them (iam:GetRole)"
		}
		return []Requirement{q}
	}
	if len(missing) == 0 {
		return []Requirement{met("service roles", "the account has the roles of AWS's own that a failover needs")}
	}
	var all []Requirement
	for _, b := range checks.MissingServiceRoles(production, missing) {
		all = append(all, requirement(b))
	}
	return all
}
