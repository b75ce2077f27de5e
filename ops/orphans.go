package ops

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops/checkpoint"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/stacks/drill"
)

// sideOrphans are what AWS has of a side, and no state holds.
type sideOrphans struct {
	orphans []checks.Orphan
	kept    []checks.Orphan // final snapshots of deleted databases
	unseen  string          // why there may be more; empty when all was seen
}

// namePrefix begins the names of what a side and its drills make.
func namePrefix(side Side) string { return side.Config.Name() + "-" }

// orphansOf are what killed updates and drills left of a side. None of them may be in use: a person who follows the
// advice deletes it. An update that runs makes resources that are not in the state yet, and one that has just ended
// made some that were not in it when it was read. So AWS is asked first, then locks are looked for, and then the state is
// read again. There are none if the backend does not tell of locks, or AWS does not answer.
func (s *Site) orphansOf(ctx context.Context, side Side) (left sideOrphans) {
	if side.State.Claim.Role == "" || len(side.compared().Elsewhere()) > 0 {
		return sideOrphans{}
	}
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	runtime := s.runtimeOf(side)
	found, err := runtime.Orphans(bounded, namePrefix(side), drill.Tags(side.Config))
	if err != nil {
		return sideOrphans{}
	}
	if len(found.Unseen) > 0 {
		left.unseen = fmt.Sprintf("what killed updates left of stack %s is not fully known (%s): if these credentials may not ask, let them (docs/policies/check.json)",
			side.Config.Stack, strings.Join(found.Unseen, ", "))
	}
	left.kept = s.priced(found.Kept)
	orphans := s.ofNoUpdate(bounded, side, found.Orphans)
	left.orphans = s.priced(s.ofNoDrill(bounded, side, runtime, orphans))
	return left
}

// ofNoUpdate are those among some orphans of a side that no update is making, or has made meanwhile. A state that does
// not belong to what AWS has says nothing about orphans: to one that is older the site itself looks alike.
func (s *Site) ofNoUpdate(ctx context.Context, side Side, found []checks.Found) []checks.Found {
	if len(found) == 0 {
		return nil
	}
	locks, err := s.Locks(ctx, side.Config.Stack)
	runs := slices.ContainsFunc(locks, func(l LockStatus) bool { return !l.LeftHere })
	if err != nil || runs {
		return nil
	}
	if diverged, err := s.diverged(ctx, side); err != nil || diverged != nil {
		return nil
	}
	stack, err := s.Stack(ctx, side.Config.Stack, false)
	if err != nil {
		return nil
	}
	saved, err := stack.saved(ctx)
	if err != nil {
		return nil
	}
	held, pending := checkpoint.Held(saved), checkpoint.PendingCreations(saved)
	return slices.DeleteFunc(found, func(o checks.Found) bool {
		return held[o.ID] || held[o.ARN] || takenOver(o, pending)
	})
}

// ofNoDrill are those among some orphans that are of the side itself, and of its drills when there is none now. One that
// has ended meanwhile has taken its copy along, so AWS is asked again.
func (s *Site) ofNoDrill(ctx context.Context, side Side, runtime *failover.Runtime, found []checks.Found) []checks.Found {
	ofDrill := func(o checks.Found) bool { return o.OfDrill }
	if !slices.ContainsFunc(found, ofDrill) {
		return found
	}
	again, err := runtime.Orphans(ctx, namePrefix(side), s.drillTags(ctx, side)...)
	return slices.DeleteFunc(found, func(o checks.Found) bool {
		return ofDrill(o) && (err != nil || !slices.ContainsFunc(again.Orphans, func(still checks.Found) bool { return still.Kind == o.Kind && still.ID == o.ID }))
	})
}

// drillTags are the tags of a side's drills; none while there is a drill, whose state holds what has them.
func (s *Site) drillTags(ctx context.Context, side Side) []map[string]string {
	left, err := s.Drills(ctx)
	if err != nil || slices.ContainsFunc(left, func(c DrillCopy) bool { return c.Stack == drill.StackName(side.Config.Stack) }) {
		return nil
	}
	return []map[string]string{drill.Tags(side.Config)}
}

// takenOver reports whether the next update takes over an orphan, as what one of some pending creations had asked for:
// see Stack.takeOver.
func takenOver(o checks.Found, pending []apitype.ResourceV3) bool {
	return slices.ContainsFunc(pending, func(c apitype.ResourceV3) bool {
		switch {
		case o.Kind == checks.DatabaseInstance && c.Type == "aws:rds/instance:Instance":
			return checkpoint.IDByInputs(c, takeoverIDs[string(c.Type)]) == o.ID
		case o.Kind == checks.TargetGroup && c.Type == "aws:lb/targetGroup:TargetGroup":
			return checkpoint.IDByInputs(c, "name") == o.ID
		case o.Kind == checks.Address && c.Type == "aws:ec2/eip:Eip":
			tags, _ := c.Inputs["tags"].(map[string]any)
			return tags["Name"] == o.Tags["Name"]
		}
		return false
	})
}

// requirements are what killed updates left of a side, with the commands that end it. They block nothing: all are OK.
func (l sideOrphans) requirements() (all []Requirement) {
	for _, o := range l.orphans {
		all = append(all, met("orphan", o.String()))
	}
	if l.unseen != "" {
		all = append(all, met("orphan", l.unseen))
	}
	return all
}

// endOrphans deletes what killed updates left of a stack that is to be destroyed, once it is known that no database is
// among it.
func (s *Site) endOrphans(ctx context.Context, stack *Stack, run Run) error {
	if err := stack.requireFree(ctx, run); err != nil {
		return err
	}
	side, runtime, err := s.toDestroy(ctx, stack, run)
	if err == nil {
		err = s.requireNoDatabase(ctx, stack, runtime, side, false)
	}
	if err != nil {
		return err
	}
	held := func(ctx context.Context) ([]string, error) {
		if err := stack.requireUnlocked(ctx); err != nil {
			return nil, err
		}
		now, err := stack.State(ctx)
		return now.ResourceIDs, err
	}
	if err := runtime.EndOrphans(ctx, held, namePrefix(side), s.drillTags(ctx, side)...); err != nil {
		return &StoppedError{Stack: stack.Name(), Doing: "ending what killed updates left of", Err: err}
	}
	return nil
}

// toDestroy is a stack that is to be destroyed, and what asks AWS about it. A file with other names, or another region, is refused: what
// AWS has by these is another site's.
func (s *Site) toDestroy(ctx context.Context, stack *Stack, run Run) (side Side, runtime *failover.Runtime, err error) {
	if side.Config, err = s.configOf(stack.Name()); err != nil {
		return Side{}, nil, err
	}
	if side.State, err = stack.State(ctx); err != nil {
		return Side{}, nil, err
	}
	if elsewhere := side.compared().Elsewhere(); len(elsewhere) > 0 {
		return Side{}, nil, stacks.RefuseMismatches(elsewhere)
	}
	runtime = s.runtimeOf(side)
	runtime.Say = run.say
	return side, runtime, nil
}

// requireNoDatabase refuses to destroy a stack if AWS has a database of it that is not in the state. Such a database
// keeps the network from being deleted, and may hold the only copy of its data. takesOver reports that an update comes
// first, which takes over databases that a killed update had asked for. A call that AWS refuses is reported, and
// blocks nothing.
func (s *Site) requireNoDatabase(ctx context.Context, stack *Stack, runtime *failover.Runtime, side Side, takesOver bool) error {
	left, err := runtime.Orphans(ctx, namePrefix(side))
	if err != nil {
		return &StoppedError{Stack: stack.Name(), Doing: "looking for what killed updates left of", Err: err}
	}
	if len(left.Unseen) > 0 {
		runtime.Say(fmt.Sprintf("AWS refuses to tell of all that killed updates left (%s): look whether something stays", strings.Join(left.Unseen, ", ")))
	}
	saved, err := stack.saved(ctx)
	if err != nil {
		return err
	}
	held := checkpoint.Held(saved)
	var pending []apitype.ResourceV3
	if takesOver {
		pending = checkpoint.PendingCreations(saved)
	}
	for _, o := range left.Orphans {
		if o.Kind != checks.DatabaseInstance || o.Ending || held[o.ARN] || takenOver(o, pending) {
			continue
		}
		return refusal.New(refusal.CodeNotReady, "database %s has the tags of this stack, and its state does not hold it, so destroy neither deletes it nor its network: "+
			"if its data are not needed, delete it (%s) and destroy again when it is gone; if the state is an old one, take it in (pilotlight adopt %s)", o.ID, o.End, stack.Name()).Of(stack.Name())
	}
	return nil
}
