package scenario

import (
	"fmt"
	"math"

	"github.com/pilotlight-dr/pilotlight/when"
)

// A Difference is what a rehearsal shows otherwise than another one.
type Difference struct {
	What string `json:"what"`
	Base string `json:"base"`
	Now  string `json:"now"`
}

// Compare is what changed since another rehearsal, such as that of the branch that a pull request is
// for: whether the site recovers, in what time, with what loss, and what is refused.
func Compare(base, now *Report) []Difference {
	changed := []Difference{}
	for _, v := range []Difference{
		{"ending", base.ending(), now.ending()},
		{"time to recover", base.recovery(), now.recovery()},
		{"writes lost", base.loss(), now.loss()},
		{"refusal", base.Refusal, now.Refusal},
	} {
		if v.Base != v.Now {
			changed = append(changed, v)
		}
	}
	return changed
}

func (r *Report) ending() string {
	if r.Recovered {
		return "recovers"
	}
	return "does not recover"
}

// recovery is the time to recover; empty for none.
func (r *Report) recovery() string {
	if !r.Recovered {
		return ""
	}
	return when.Minutes(when.Seconds(r.Run.TimeToRecover))
}

// loss is in whole seconds; empty where nothing was promoted, and so nothing was lost.
func (r *Report) loss() string {
	if !r.Recovered {
		return ""
	}
	return fmt.Sprintf("%.0f s", math.Round(r.DataLoss))
}
