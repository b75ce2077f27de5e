package ops

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/state"
)

// reread has the state of a stack agree with AWS on what somebody deleted by hand, before an update: the engine
// believes the state, and would change what is not there. What is read again leaves the state, and the update
// makes it again. What holds data is left to a person: an empty bucket is none. An AWS that does not tell, and a
// refresh that fails, hold nothing up: the checks, or the update, say what is wrong.
func (s *Site) reread(ctx context.Context, stack *Stack, run Run) {
	side, saved, err := s.saved(ctx, stack)
	if err != nil {
		return
	}
	missing := slices.DeleteFunc(s.runtimeOf(side).MissingParts(ctx), func(p checks.Part) bool { return !p.Remakable() })
	if len(missing) == 0 {
		return
	}
	names := make([]string, len(missing))
	for i, p := range missing {
		names[i] = p.String()
	}
	run.say("AWS no longer has " + strings.Join(names, ", ") + ": made again")
	if err := stack.reread(ctx, run, affected(saved, missing)); err != nil {
		run.say(fmt.Sprintf("the state could not be brought to what AWS has: %v", err))
	}
}

// saved is a stack by its file and its state, with its checkpoint.
func (s *Site) saved(ctx context.Context, stack *Stack) (side Side, checkpoint []byte, err error) {
	if side.Config, err = s.configOf(stack.Name()); err != nil {
		return side, nil, err
	}
	if checkpoint, err = stack.Export(ctx); err != nil {
		return side, nil, err
	}
	side.State, err = state.Parse(checkpoint)
	return side, checkpoint, err
}

// reread is readAgain as an operation of its own.
func (s *Stack) reread(ctx context.Context, run Run, urns []string) error {
	s.one.Lock()
	defer s.one.Unlock()
	defer s.observer.end()
	s.releaseLeftLocks(ctx, run)
	return s.readAgain(ctx, run, urns, "reading again what AWS no longer has of")
}

// affected are the URNs of missing parts in a checkpoint, and of what depends on one: a policy goes with its role,
// and has no ARN to be missed by.
func affected(saved []byte, missing []checks.Part) (urns []string) {
	var checkpoint struct {
		Resources []struct {
			URN          string         `json:"urn"`
			Type         string         `json:"type"`
			Delete       bool           `json:"delete"`
			Dependencies []string       `json:"dependencies"`
			Outputs      map[string]any `json:"outputs"`
		} `json:"resources"`
	}
	if json.Unmarshal(saved, &checkpoint) != nil {
		return nil
	}
	for _, r := range checkpoint.Resources { // in the order in which they depend on each other
		if r.Delete || !strings.HasPrefix(r.Type, "aws:") {
			continue
		}
		gone := slices.ContainsFunc(missing, func(p checks.Part) bool { return r.Outputs["arn"] == p.ARN || r.Outputs["networkInterfaceId"] == p.ARN })
		if gone || slices.ContainsFunc(r.Dependencies, func(urn string) bool { return slices.Contains(urns, urn) }) {
			urns = append(urns, r.URN)
		}
	}
	return urns
}
