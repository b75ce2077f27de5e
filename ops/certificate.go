package ops

import (
	"context"
	"fmt"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/when"
)

// staleCertificate is the certificate that an update has to replace; none where there is none such. ACM renews
// no certificate that no balancer shows, which is that of most standbys. So a deployment requests another before
// the end. Where ACM does not tell, the checks do.
func (s *Site) staleCertificate(ctx context.Context, stack *Stack, run Run) seen {
	if c, err := s.configOf(stack.Name()); err != nil || !c.App.RequestsCertificate() {
		return nil
	}
	side, saved, err := s.saved(ctx, stack)
	if err != nil || side.State.Certificate == "" {
		return nil
	}
	found, err := s.runtimeOf(side).RequestedCertificate(ctx)
	if err != nil || !checks.NeedsAnother(found, s.now()) {
		return nil
	}
	switch {
	case found == nil:
		run.say(fmt.Sprintf("ACM no longer has certificate %s: another is requested", side.State.Certificate))
	case found.Status != checks.Issued:
		run.say(fmt.Sprintf("certificate %s is %s: another is requested", side.State.Certificate, found.Status))
	default:
		run.say(fmt.Sprintf("certificate %s ends at %s, and ACM renews none that no balancer shows: another is requested",
			side.State.Certificate, when.Date(found.Until)))
	}
	return seenIn(saved, affected(saved, []checks.Part{{ARN: side.State.Certificate}})[:1])
}
