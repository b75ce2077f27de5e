package checks

import (
	"fmt"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// FactUnknown is the code of facts that AWS leaves out of its answer.
const FactUnknown = "fact-unknown"

// Untold are the facts that AWS has left out of what it told, as what stands for it in a test may: nothing is held against
// such a one, and no failover is refused for it.
func Untold(s Snapshot, p Policy) (all []refusal.Blocker) {
	add := func(subject, of, look string, facts ...string) {
		if len(facts) > 0 {
			all = append(all, refusal.Blocker{
				Code: FactUnknown, Subject: subject, Reason: fmt.Sprintf("AWS does not say of %s %s", of, join(facts, "and")),
				Remedy: fmt.Sprintf("look at it yourself (%s --region %s)", look, p.Region),
			})
		}
	}
	if r := s.Replica; lags(s, p) {
		add("replica", "database "+r.ID, "aws rds describe-db-instances --db-instance-identifier "+r.ID, absent(r.Engine == "", "which version of MySQL it runs")...)
	}
	if i := s.Image; i != nil {
		add("image", "image "+i.ID, "aws ec2 describe-images --image-ids "+i.ID, append(absent(i.State == "", "in which state it is"),
			absent(i.Made.IsZero() && !p.PeerImage.IsZero(), "when it was made")...)...)
	}
	if c := s.Certificate; c != nil && !c.Unseen && p.Certificate != "" {
		facts := append(absent(c.Status == "", "in which state it is"), absent(len(c.Names) == 0, "for which names it is")...)
		facts = append(facts, absent(c.Status == Issued && c.Until.IsZero(), "when it ends")...)
		add("certificate", "certificate "+p.Certificate, "aws acm describe-certificate --certificate-arn "+p.Certificate, facts...)
	}
	return all
}

// absent is a fact, in words, if it is one that is not there.
func absent(not bool, fact string) []string {
	if not {
		return []string{fact}
	}
	return nil
}
