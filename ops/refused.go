package ops

import (
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"github.com/pilotlight-dr/pilotlight/ops/checkpoint"
)

// refusedNames notes the creations of an update that AWS refused because it has a thing of that name. That is what a
// provider hears that asks again, because the answer to its first request was lost.
type refusedNames struct {
	failed []apitype.ResourceV3 // all creations that failed
	taken  map[urn.URN]bool     // those whose name was taken
}

// see notes what an event tells. That a creation failed is one event, and why is another.
func (n *refusedNames) see(e events.EngineEvent) {
	if d := e.DiagnosticEvent; d != nil && d.URN != "" && existsAlready.MatchString(d.Message) {
		if n.taken == nil {
			n.taken = map[urn.URN]bool{}
		}
		n.taken[urn.URN(d.URN)] = true
	}
	failed := e.ResOpFailedEvent
	if failed == nil || failed.Metadata.Op != apitype.OpCreate || failed.Metadata.New == nil {
		return
	}
	asked := failed.Metadata.New
	n.failed = append(n.failed, apitype.ResourceV3{
		URN: urn.URN(asked.URN), Type: tokens.Type(asked.Type), Custom: true, Parent: urn.URN(asked.Parent), Provider: asked.Provider,
		Inputs: checkpoint.Known(asked.Inputs), Protect: asked.Protect, RetainOnDelete: asked.RetainOnDelete,
	})
}

// untried are those that are not among what was tried before, and are now.
func (n *refusedNames) untried(before map[urn.URN]bool) (all []apitype.ResourceV3) {
	for _, r := range n.failed {
		if n.taken[r.URN] && !before[r.URN] {
			before[r.URN] = true
			all = append(all, r)
		}
	}
	return all
}
