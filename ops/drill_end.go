package ops

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops/checkpoint"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/stacks/drill"
	"github.com/pilotlight-dr/pilotlight/state"
	"github.com/pilotlight-dr/pilotlight/when"
)

// DrillCopy is a copy that a drill has left, or is making.
type DrillCopy struct {
	Stack string `json:"stack"`
	drill.Copy
	// Balancer is the DNS name at which it answers; empty before it was seen healthy.
	Balancer string `json:"balancer,omitempty"`
}

// expired reports whether the copy should be there no longer. One that was killed before
// it said until when, should not.
func (c DrillCopy) expired(now time.Time) bool { return !now.Before(c.Expires) }

// leaves reports whether only expired copies are to end, and this is none, or one that a drill may be about to write down: it has
// not said yet until when it may be there.
func (c DrillCopy) leaves(expired bool, now time.Time) bool {
	return expired && (c.Expires.IsZero() || !c.expired(now))
}

// addDrills puts copies that are still there on the status, with what to do about them.
func (s *Status) addDrills(left []DrillCopy, err error, now time.Time) {
	s.Drills = left
	if err != nil {
		s.Warnings = append(s.Warnings, err.Error())
	}
	for _, c := range left {
		when := "may be there until " + when.Date(c.Expires)
		if c.expired(now) {
			when = "should have ended, and costs"
		}
		s.Warnings = append(s.Warnings, fmt.Sprintf("the copy of a drill (stack %s) is there, and %s: when it is no longer needed, pilotlight drill --end", c.Stack, when))
	}
}

// Drills are the copies that drills of the site's stacks have left, or are making. It
// asks the backend alone.
func (s *Site) Drills(ctx context.Context) (_ []DrillCopy, err error) {
	defer noteRead(ctx, &err)
	var workspace auto.Workspace
	for _, name := range s.Stacks() {
		stack, err := s.Stack(ctx, name, false)
		if errors.Is(err, ErrNoStack) {
			continue
		}
		if err != nil {
			return nil, err
		}
		workspace = stack.stack.Workspace()
	}
	if workspace == nil {
		return nil, nil // nothing was deployed, so nothing was drilled
	}
	all, err := workspace.ListStacks(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for drills: %w", err)
	}
	var left []DrillCopy
	for _, name := range s.Stacks() {
		name = drill.StackName(name)
		there := slices.ContainsFunc(all, func(found auto.StackSummary) bool { return found.Name[strings.LastIndex(found.Name, "/")+1:] == name })
		if !there {
			continue
		}
		exported, err := workspace.ExportStack(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("reading the state of stack %s: %w", name, err)
		}
		held, err := state.Decode(exported.Deployment)
		if err != nil {
			return nil, err
		}
		c := DrillCopy{Stack: name}
		if c.Copy, c.Balancer, err = drill.CopyIn(held); err != nil {
			return nil, err
		}
		left = append(left, c)
	}
	return left, nil
}

// EndDrill ends the copies that drills have left, or only those whose time is over,
// and names their stacks. It looks at nothing else. It ends what a killed run left too.
func (s *Site) EndDrill(ctx context.Context, expired bool, run Run) (ended []string, err error) {
	defer noteEnd(ctx, &err)
	ended = []string{}
	left, err := s.Drills(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range left {
		if c.leaves(expired, s.now()) {
			continue
		}
		of, err := s.drilled(c.Stack)
		if err != nil {
			return ended, err
		}
		stack, err := s.openDrill(ctx, drill.Args{Config: of}, auto.SelectStackInlineSource)
		if err != nil {
			return ended, err
		}
		if err := s.endDrill(ctx, stack, of, run); err != nil {
			return ended, err
		}
		ended = append(ended, c.Stack)
	}
	return ended, nil
}

// endDrill ends a copy, and takes its stack out of the backend.
func (s *Site) endDrill(ctx context.Context, stack *Stack, of config.Config, run Run) error {
	run.say("ending the copy of stack " + of.Stack)
	if err := stack.requireFree(ctx, run); err != nil { // a drill that runs is making what is swept away here
		return err
	}
	if err := s.sweep(ctx, stack, of, run); err != nil {
		return err
	}
	if err := stack.Destroy(ctx, run); err != nil {
		return err
	}
	if err := stack.stack.Workspace().RemoveStack(ctx, stack.Name()); err != nil {
		return fmt.Errorf("removing stack %s, which is empty now: %w", stack.Name(), err)
	}
	return nil
}

// ofDrills are what a drill takes over from a killed one: also what it may have to wait for, since a drill is not urgent.
var ofDrills = func() map[string]string {
	all := maps.Clone(takeoverIDs)
	all["aws:elasticache/replicationGroup:ReplicationGroup"] = "replicationGroupId"
	all["aws:autoscaling/group:Group"] = "name"
	return all
}()

// drillSite is where the copy of a stack is, and what tells its parts from others.
func drillSite(of config.Config) failover.Site {
	site := stacks.RuntimeSite(of, roles.Claim{}, state.State{})
	site.Tags = drill.Tags(of)
	return site
}

// sweep takes what a killed run left into the state, so that it is destroyed with the
// rest, or away where that can't be. What it can do neither with, it names. Where it can't be seen that no drill runs, it takes
// nothing away.
func (s *Site) sweep(ctx context.Context, stack *Stack, of config.Config, run Run) error {
	saved, err := stack.saved(ctx)
	if err != nil {
		return err
	}
	rt := failover.New(s.options.Env, drillSite(of))
	rt.Say = run.say
	if err := rt.WaitModifiable(ctx, of.Region, of.DrillName()); err != nil { // RDS deletes none that it is still making
		return err
	}
	deletes := stack.seesLocks(ctx)
	for _, p := range checkpoint.PendingCreations(saved) {
		if !deletes {
			break
		}
		switch text := func(key string) string { value, _ := p.Inputs[key].(string); return value }; string(p.Type) {
		case "aws:ec2/natGateway:NatGateway":
			err = rt.DeleteOrphanGateway(ctx, text("allocationId"))
		case "aws:lb/loadBalancer:LoadBalancer":
			err = rt.DeleteOrphanBalancers(ctx, p.URN.Name(), texts(p.Inputs["securityGroups"]))
		}
		if err != nil {
			return err
		}
	}
	left, err := stack.takeOver(ctx, run, nil)
	for _, p := range left.pending {
		told := !slices.Contains(withOthers, string(p.Type)) && !(deletes && slices.Contains(deletedBefore, string(p.Type)))
		if told && checkpoint.OnAWS(p) && !strings.HasPrefix(string(p.Type), "aws:s3/bucket") {
			run.say(fmt.Sprintf("a killed run may have left a %s named or tagged %s, which is not in the state: look for it in %s, by its tag drill=%s",
				checkpoint.KindOf(p), p.URN.Name(), of.Region, of.Stack))
		}
	}
	return err
}

// texts are those of a list of strings.
func texts(list any) (all []string) {
	given, _ := list.([]any)
	for _, item := range given {
		if text, ok := item.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// deletedBefore are the types of what is deleted before the stack is destroyed.
var deletedBefore = []string{"aws:ec2/natGateway:NatGateway", "aws:lb/loadBalancer:LoadBalancer"}

// withOthers are the types that go with what they are of, as all of a bucket do.
var withOthers = []string{
	"aws:lb/listener:Listener",
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "aws:autoscaling/policy:Policy",
	"aws:secretsmanager/secretVersion:SecretVersion",
}
