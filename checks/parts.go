package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// Codes of parts of the standby that AWS no longer has.
const (
	PartsMissing = "parts-missing"
	PartsUnseen  = "parts-unseen"
	KeyMissing   = "key-missing"
)

// Part is a resource of AWS that the stack's state holds.
type Part struct {
	Kind string // such as "launch template"
	ID   string // as AWS calls it
	ARN  string // as the state has it
	// Unmade reports that AWS has it, and has failed to make it.
	Unmade bool
}

// String is its kind and its name, without the path and the account that an ARN has.
func (p Part) String() string {
	name := p.ID
	if fields := strings.SplitN(name, ":", 6); len(fields) == 6 && fields[0] == "arn" {
		name = fields[5][strings.IndexAny(fields[5], ":/")+1:]
	}
	return p.Kind + " " + name
}

// The kinds of parts that hold what no update makes again, and the name that goes with a key.
const (
	Bucket   = "bucket"
	Key      = "key"
	KeyAlias = "alias of a key"
)

// Remakable reports whether an update makes the part again as it was.
func (p Part) Remakable() bool { return p.Kind != Bucket && p.Kind != Key }

// mostNamed is how many missing parts a reason names: who deletes a network deletes thirty.
const mostNamed = 6

// parts finds out whether AWS still has what the state holds. An update takes the state's word for it: it
// would change, or build on, what is not there, and stop halfway.
func parts(s Snapshot, p Policy) []refusal.Blocker {
	if len(s.Missing) == 0 {
		return nil
	}
	var all []refusal.Blocker
	var names, unmade, remedies []string
	keyGone := slices.ContainsFunc(s.Missing, func(part Part) bool { return part.Kind == Key })
	for _, part := range s.Missing {
		if part.Kind == KeyAlias && keyGone {
			continue // which is no finding of its own
		}
		if part.Kind == Key { // no judgement helps: what it encrypts can't be read
			all = append(all, block(KeyMissing, remedyOf(part, p),
				"AWS in %s no longer has %s, or is about to delete it, which the state of this stack holds: an activation would stop halfway", p.Region, part))
			continue
		}
		if part.Unmade {
			unmade = append(unmade, part.String())
			continue
		}
		names = append(names, part.String())
		if !part.Remakable() {
			remedies = append(remedies, remedyOf(part, p))
		}
	}
	again := fmt.Sprintf("make them again with pilotlight deploy %s; a failover by that command does so too, with rights to make them", p.Stack)
	if len(unmade) > 0 {
		slices.Sort(unmade)
		all = append(all, block(PartsMissing, orAcceptStandby(again, p),
			"AWS in %s had accepted %s, and failed to make that: an activation would stop halfway", p.Region, join(unmade, "and")))
	}
	if len(names) == 0 {
		return all
	}
	slices.Sort(names)
	if more := len(names) - mostNamed; more > 0 {
		names = append(names[:mostNamed], fmt.Sprintf("%d more", more))
	}
	if slices.ContainsFunc(s.Missing, func(part Part) bool { return part.Remakable() && !part.Unmade }) {
		remedies = append(remedies, again)
	}
	return append(all, block(PartsMissing, orAcceptStandby(strings.Join(remedies, "; "), p),
		"AWS in %s no longer has %s, which the state of this stack holds: an activation would stop halfway", p.Region, join(names, "and")))
}

// remedyOf is what to do about a part that holds what can't be made again.
func remedyOf(part Part, p Policy) string {
	if part.Kind == Key {
		return fmt.Sprintf("take the deletion of key %s back: %s: without it the database can't be read", part.ID, recoverKey(part.ID, p.Region))
	}
	return fmt.Sprintf("run pulumi refresh -s %s and then the same again, which makes an empty bucket in place of %s (while the other side's region "+
		"is lost, all but its replication, and ends with that error although the site serves: run it again later); its files come by "+
		"pilotlight media sync --from %s --to %[1]s, once the other side answers", p.Stack, part.ID, p.Peer)
}
