package ops

import (
	"fmt"

	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/state"
	"github.com/pilotlight-dr/pilotlight/when"
)

// MediaIncomplete is the code of a requirement: the standby's bucket lacks files that S3 does not copy by itself.
const MediaIncomplete = "media-incomplete"

// mediaComplete is the requirement that the standby's bucket has what was there before S3 copied what is new: of a third stack, or
// of one that was made again, it begins empty. It goes by what the last update found, since to list both
// takes a call for each thousand files. It is none without a standby, and while one of the buckets is not there.
func mediaComplete(sides []Side) []Requirement {
	from, to, kept := mediaCopied(sides)
	if from.name == "" || to.name == "" {
		return nil
	}
	q := Requirement{Subject: "media", Code: MediaIncomplete, Remedy: "pilotlight deploy, which compares them"}
	at := when.Date(kept.At)
	switch {
	case kept.Bucket != from.name || kept.Peer != to.name:
		q.Reason = fmt.Sprintf("the media of %s were never compared with those of %s, which may lack them all", from.stack, to.stack)
	case kept.Unseen != "":
		q.Reason = fmt.Sprintf("the media of %s could not be compared with those of %s at %s: %s", from.stack, to.stack, at, kept.Unseen)
		q.Remedy = "pilotlight deploy, which compares them again, with credentials that may list both buckets"
	case kept.Missing > 0:
		q.Reason = fmt.Sprintf("%s lacked %d of the %d media of %s at %s, and S3 copies none of these by itself", to.stack, kept.Missing, kept.Files, from.stack, at)
		q.Remedy = fmt.Sprintf("pilotlight media sync --from %s --to %s, then pilotlight deploy, which compares them again", from.stack, to.stack)
	default:
		q = met("media", fmt.Sprintf("%s had all media of %s at %s, but for those that S3 was copying", to.stack, from.stack, at))
	}
	return []Requirement{q}
}

// bucketOf is where a side has its media.
type bucketOf struct{ stack, name string }

// mediaCopied are the sides from which and to which media are copied, and what an update found in comparing them; zero without a standby.
func mediaCopied(sides []Side) (from, to bucketOf, kept state.Media) {
	of := func(s Side) bucketOf {
		return bucketOf{s.Config.Stack, stacks.BucketName(s.State.Published.Bucket)}
	}
	leads, other, err := leader(sides)
	switch {
	case err == nil && other != nil && other.State.Claim.Role == roles.Standby:
		return of(leads), of(*other), leads.State.Media
	case len(sides) == 1 && sides[0].State.Claim.Role == roles.Standby && sides[0].Config.Production != nil:
		return bucketOf{Production, stacks.BucketName(sides[0].Config.Production.Bucket)}, of(sides[0]), sides[0].State.Media
	}
	return bucketOf{}, bucketOf{}, state.Media{}
}
