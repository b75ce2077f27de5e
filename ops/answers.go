package ops

import (
	"context"
	"fmt"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/roles"
)

// answering holds, before a freeze, that the side to be frozen answers under the site's name: a freeze waits for its maintenance page. A site
// that is down while its database lives looks like a case for a switchover, and is none. Nothing is said of one that answers.
func (s *Site) answering(ctx context.Context, from *Side, plan Plan) []Requirement {
	if from == nil || from.State.Claim.Role != roles.Active || s.runtimeOf(*from).Answers(ctx) {
		return nil
	}
	var last *checks.Lag
	if plan.Verdict != nil {
		last = plan.Verdict.LastGood
	}
	return []Requirement{unanswered(from.Config.Domain, from.State.Claim.Epoch+1, last)}
}

// unanswered is the requirement for a site that does not answer. epoch is that of the next activation.
func unanswered(domain string, epoch int, last *checks.Lag) Requirement {
	loss := "how far the replica is behind is not known"
	if last != nil {
		loss = fmt.Sprintf("the replica was %s behind at %s", last.Value, last.At.UTC().Format("15:04:05 MST"))
	}
	return Requirement{
		Subject: "site", Code: checks.ProductionSilent,
		Reason: fmt.Sprintf("%s does not answer, so a freeze would wait in vain for its maintenance page", domain),
		Remedy: fmt.Sprintf("mend it, or, if its instances are lost while its database lives, pilotlight failover --ignore-production %d, which waits for no last writes (%s)", epoch, loss),
	}
}
