package checks

import (
	"fmt"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// Finding is what one rule made of what was seen.
type Finding struct {
	Subject string `json:"subject"` // production, replica, lag, image or certificate
	Fact    string `json:"fact"`    // what was seen, in words
	Ruling  Ruling `json:"ruling"`
}

// Ruling is what a finding does to what was asked for.
type Ruling string

// The rulings.
const (
	Passed    Ruling = "passed"
	Overruled Ruling = "overruled" // it would block, but the risk was accepted
	Blocks    Ruling = "blocks"
)

// Findings says of each rule of an activation what it found, those too that
// block nothing. A rule without anything to look at found nothing.
func Findings(s Snapshot, p Policy) []Finding {
	return found(p,
		look{"production", seenOfProduction(s, p), production(s, p)},
		look{"replica", seenOfReplica(s, p), replica(s, p)},
		look{"lag", seenOfLag(s, p), lag(s, p)},
		look{"image", seenOfImage(s, p), image(s, p)},
		look{"certificate", seenOfCertificate(s, p), certificate(s, p)},
	)
}

// RetireFindings is Findings of the rule that lets the end of earlier databases pass, see RetireBlockers.
func RetireFindings(s Snapshot, p Policy) []Finding {
	seen := ""
	switch r := s.Replica; {
	case p.Source == "" || r == nil:
	case r.Source == "":
		seen = fmt.Sprintf("database %s is promoted and %s", r.ID, r.Status)
	case r.LastGood != nil:
		seen = fmt.Sprintf("database %s is %s and replicates, %s behind at %s", r.ID, r.Status, r.LastGood.Value, clock(r.LastGood.At))
	}
	return found(p, look{"replica", seen, RetireBlockers(s, p)})
}

// AbortFindings is Findings of the rule that lets an activation be given up, see AbortBlockers.
func AbortFindings(s Snapshot, p Policy) []Finding {
	seen := fmt.Sprintf("production answers under the site's name (epoch %d)", s.Site.Epoch)
	return found(p, look{"production", seen, AbortBlockers(s, p)})
}

// look is one rule's: what it saw, empty if there was nothing to see, and why
// that blocks.
type look struct {
	subject, seen string
	blockers      []refusal.Blocker
}

func found(p Policy, looks ...look) (all []Finding) {
	for _, l := range looks {
		stand, overruled := Overrule(l.blockers, p.Accepted)
		f := Finding{Subject: l.subject, Fact: l.seen, Ruling: Passed}
		switch {
		case len(stand) > 0:
			f.Ruling = Blocks
		case len(overruled) > 0:
			f.Ruling = Overruled
		case l.seen == "":
			continue
		}
		if len(l.blockers) > 0 {
			reasons := make([]string, len(l.blockers))
			for i, b := range l.blockers {
				reasons[i] = b.Reason
			}
			f.Fact = strings.Join(reasons, "; ")
		}
		all = append(all, f)
	}
	return all
}

func seenOfProduction(s Snapshot, p Policy) string {
	if p.Planned {
		return "the other side shows the maintenance page, and its database is read-only"
	}
	seen := "production was not asked under the site's name"
	switch {
	case p.Epoch <= 1:
		return "" // there was no production yet
	case s.Site.Epoch >= p.Epoch:
		seen = fmt.Sprintf("under the site's name this side answers already (epoch %d)", s.Site.Epoch)
	case s.Site.Epoch > 0 && s.Site.Epoch == p.ReclaimedEpoch:
		seen = fmt.Sprintf("under the site's name this side answers, as it did before (epoch %d)", s.Site.Epoch)
	case s.Site.Epoch > 0:
		seen = fmt.Sprintf("production answers under the site's name (epoch %d), and says that not all is well", s.Site.Epoch)
	case p.ProbeProduction || p.ReclaimedEpoch != 0:
		seen = "production does not answer under the site's name"
	}
	if r := s.Replica; lags(s, p) && r.Replication != "" {
		seen += fmt.Sprintf(", and database %s receives nothing from it", r.ID)
	}
	return seen
}

func seenOfReplica(s Snapshot, p Policy) string {
	r := s.Replica
	switch {
	case p.Source == "" || r == nil:
		return ""
	case r.Source == "":
		return fmt.Sprintf("database %s is promoted already, and %s", r.ID, r.Status)
	}
	return fmt.Sprintf("database %s is %s, a replica of %s, with MySQL %s", r.ID, r.Status, named(r.Source), r.Engine)
}

// named is a database by its name and region, in place of its ARN.
func named(arn string) string {
	// arn:partition:rds:region:account:db:name
	if parts := strings.Split(arn, ":"); len(parts) == 7 {
		return parts[6] + " in " + parts[3]
	}
	return arn
}

func seenOfLag(s Snapshot, p Policy) string {
	if !lags(s, p) || s.Replica.LastGood == nil {
		return ""
	}
	return fmt.Sprintf("database %s was %s behind at %s, and %s are allowed", s.Replica.ID, s.Replica.LastGood.Value, clock(s.Replica.LastGood.At), p.MaxLag)
}

func seenOfImage(s Snapshot, p Policy) string {
	i := s.Image
	if i == nil {
		return ""
	}
	seen := fmt.Sprintf("image %s is %s, made at %s", i.ID, i.State, date(i.Made))
	switch behind := p.PeerImage.Sub(i.Made).Round(time.Minute); {
	case p.PeerImage.IsZero():
		return seen + "; how old production's is was not known"
	case behind > 0:
		return seen + fmt.Sprintf(", %s before production's", age(behind))
	}
	return seen + ", no earlier than production's"
}

func seenOfCertificate(s Snapshot, p Policy) string {
	c := s.Certificate
	if p.Certificate == "" || c == nil {
		return ""
	}
	return fmt.Sprintf("certificate %s is issued, covers %s and ends at %s", p.Certificate, p.Domain, date(c.Until))
}

func date(t time.Time) string { return t.UTC().Format(time.DateTime + " MST") }
