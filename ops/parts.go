package ops

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops/checkpoint"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/state"
)

// reread has the state of a stack agree with AWS on what somebody deleted by hand, before an update: the engine
// believes the state, and would change what is not there. What is read again leaves the state, and the update
// makes it again. What holds data is left to a person: an empty bucket is none. A standby's replica is copied again, but not by
// an activation. An AWS that does not tell, and a refresh that fails, block nothing: the checks, or the update, say what is wrong.
// Credentials of another account, to which all is gone, are refused. It returns what AWS failed to make, which no
// reading mends.
func (s *Site) reread(ctx context.Context, stack *Stack, change Change, run Run) (failed seen, err error) {
	side, saved, err := s.saved(ctx, stack)
	if err != nil {
		return nil, nil //nolint:nilerr // the update says it
	}
	if err := s.requireAccount(ctx, side); err != nil {
		return nil, err
	}
	runtime := s.runtimeOf(side)
	failed = seenIn(saved, unmade(ctx, runtime, saved))
	missing := slices.DeleteFunc(runtime.MissingParts(ctx), func(p checks.Part) bool { return p.Unmade || !p.Remakable() })
	if change.Role != roles.Active {
		missing = append(missing, s.missingReplica(ctx, side, saved)...)
	}
	urns := slices.DeleteFunc(affected(saved, missing), func(urn string) bool { _, unmade := failed[urn]; return unmade })
	if len(missing) > 0 {
		names := make([]string, len(missing))
		for i, p := range missing {
			names[i] = p.String()
		}
		run.say("AWS no longer has " + strings.Join(names, ", ") + ": made again")
	}
	if moved := s.movedImage(ctx, side.Config, saved); moved != "" {
		urns = append(urns, moved)
	}
	if len(urns) == 0 {
		return failed, nil
	}
	if err := stack.reread(ctx, run, urns); err != nil {
		run.say(fmt.Sprintf("the state could not be brought to what AWS has: %v", err))
	}
	return failed, nil
}

// requireAccount refuses credentials of another account than the one that a stack is deployed in, before the state is made to
// agree with what is there.
func (s *Site) requireAccount(ctx context.Context, side Side) error {
	own := side.State.Published.Account
	if own == "" {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	account, err := s.caller(bounded, side)
	if err != nil || account == own {
		return nil
	}
	return stacks.OtherAccount(account, side.Config.Stack, own)
}

// missingReplica is a standby's current database, where AWS no longer has it.
func (s *Site) missingReplica(ctx context.Context, side Side, held apitype.DeploymentV3) []checks.Part {
	claim := side.State.Claim
	if claim.Role != roles.Standby {
		return nil
	}
	id := side.Config.DatabaseID(claim.Generation.Number)
	for _, r := range checkpoint.Current(held) {
		if r.Type != databaseType || !checkpoint.OnAWS(r) || r.Outputs["identifier"] != id {
			continue
		}
		if found, err := s.runtimeOf(side).DescribeDatabase(ctx, id); err == nil && found == nil {
			arn, _ := r.Outputs["arn"].(string)
			return []checks.Part{{Kind: "database", ID: id, ARN: arn}}
		}
	}
	return nil
}

// movedImage is the URN of the launch parameter, where it follows the newest image and was pointed to another one since the
// last update: what that wrote may be wanted again, as when the other one was taken back. An AWS that does not tell moves nothing.
func (s *Site) movedImage(ctx context.Context, c config.Config, held apitype.DeploymentV3) string {
	if c.App.Image != "" {
		return ""
	}
	name := config.ParameterPath(c.Site, c.Stack) + "/image"
	for _, r := range checkpoint.Current(held) {
		if r.Type != "aws:ssm/parameter:Parameter" || r.Outputs["name"] != name {
			continue
		}
		now, found, err := failover.Parameter(ctx, s.options.Env, c.Region, c.Profile, name)
		if err == nil && found && now != r.Outputs["value"] {
			return string(r.URN)
		}
	}
	return ""
}

// saved is a stack by its file and its state, with all that this holds.
func (s *Site) saved(ctx context.Context, stack *Stack) (side Side, held apitype.DeploymentV3, err error) {
	if side.Config, err = s.configOf(stack.Name()); err != nil {
		return side, held, err
	}
	if held, err = stack.saved(ctx); err != nil {
		return side, held, err
	}
	side.State, err = state.Of(held)
	return side, held, err
}

// reread is readAgain as an operation of its own.
func (s *Stack) reread(ctx context.Context, run Run, urns []string) error {
	end, err := s.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer end()
	s.releaseLeftLocks(ctx, run)
	return s.readAgain(ctx, run, urns, "reading again what AWS no longer has of")
}

// affected are the URNs of missing parts in a state, and of what depends on one: a policy goes with its role,
// and has no ARN to be missed by.
func affected(held apitype.DeploymentV3, missing []checks.Part) (urns []string) {
	for _, r := range checkpoint.Current(held) {
		if !checkpoint.OnAWS(r) {
			continue
		}
		gone := slices.ContainsFunc(missing, func(p checks.Part) bool {
			gateway := r.Type == "aws:ec2/natGateway:NatGateway" && (r.Outputs["networkInterfaceId"] == p.ARN || r.Outputs["allocationId"] == p.ARN)
			return gateway || r.Outputs["arn"] == p.ARN
		})
		if gone || slices.ContainsFunc(r.Dependencies, func(on urn.URN) bool { return slices.Contains(urns, string(on)) }) {
			urns = append(urns, string(r.URN))
		}
	}
	return urns
}
