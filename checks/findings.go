package checks

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/when"
)

// Finding is what one rule made of what was seen.
type Finding struct {
	Subject string `json:"subject"` // that of the rule
	Reason  string `json:"reason"`  // what was seen, in words
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

// Findings is what each rule found, also of those that block nothing. A rule that had nothing
// to look at found nothing.
func (r Rules) Findings(s Snapshot, p Policy) []Finding {
	all := []Finding{}
	for _, rule := range r {
		blockers, seen := rule.blockers(s, p), rule.seen(s, p)
		stand, overruled := Overrule(blockers, p.Accepted)
		f := Finding{Subject: rule.subject, Reason: seen, Ruling: Passed}
		switch {
		case len(stand) > 0:
			f.Ruling = Blocks
		case len(overruled) > 0:
			f.Ruling = Overruled
		case seen == "":
			continue
		}
		if len(blockers) > 0 {
			reasons := make([]string, len(blockers))
			for i, b := range blockers {
				reasons[i] = b.Reason
			}
			f.Reason = strings.Join(reasons, "; ")
		}
		all = append(all, f)
	}
	return all
}

// nothingSeen is of subjects that are spoken of only where something is wrong.
func nothingSeen(Snapshot, Policy) string { return "" }

func seenOfStep(s Snapshot, p Policy) string {
	switch r := s.Replica; {
	case p.Source == "" || r == nil:
	case r.Source == "":
		return fmt.Sprintf("database %s is promoted and %s", r.ID, r.Status)
	case r.LastGood != nil:
		return fmt.Sprintf("database %s is %s and replicates, %s behind at %s", r.ID, r.Status, r.LastGood.Value, when.Clock(r.LastGood.At))
	}
	return ""
}

func seenOfHolder(s Snapshot, _ Policy) string {
	return fmt.Sprintf("production answers under the site's name (epoch %d)", s.Site.Epoch)
}

func seenOfProduction(s Snapshot, p Policy) string {
	if p.Switchover {
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
	return fmt.Sprintf("database %s is %s, a replica of %s, with MySQL %s", r.ID, r.Status, named(r.Source), cmp.Or(r.Engine, unsaid))
}

// unsaid is in place of a version that RDS does not say.
const unsaid = "of a version that is not known"

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
	return fmt.Sprintf("database %s was %s behind at %s, and %s are allowed", s.Replica.ID, s.Replica.LastGood.Value, when.Clock(s.Replica.LastGood.At), p.MaxLag)
}

func seenOfImage(s Snapshot, p Policy) string {
	i := s.Image
	if i == nil {
		return ""
	}
	seen := fmt.Sprintf("image %s is %s, made at %s", i.ID, cmp.Or(i.State, "there"), when.Date(i.Made))
	switch behind := p.PeerImage.Sub(i.Made).Round(time.Minute); {
	case i.Made.IsZero():
		return fmt.Sprintf("image %s is %s", i.ID, cmp.Or(i.State, "there"))
	case p.PeerImage.IsZero():
		return seen + "; how old production's is was not known"
	case behind > 0:
		return seen + fmt.Sprintf(", %s before production's", age(behind))
	}
	return seen + ", no earlier than production's"
}
