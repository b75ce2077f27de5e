package ops

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/estimate"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/state"
)

// Planned is what a change would do to one resource of AWS.
type Planned = checks.Planned

// Plan is what a change would do, as things are now.
type Plan struct {
	Change Change `json:"change"`
	// Refusal is why it would be refused; empty when it would not be.
	Refusal string `json:"refusal,omitempty"`
	// Verdict is what the checks found; nil when none have to be made, or the claims refuse.
	Verdict *checks.Verdict `json:"verdict,omitempty"`
	// Shortfalls are what would or may stop it halfway, or keep some visitors away. They are found in what it
	// touches, so they are no reason to refuse it on the night: it goes as far as it can.
	Shortfalls []refusal.Blocker `json:"shortfalls,omitempty"`
	// Quotas are those of the account that it takes some of; none where they were not asked for.
	Quotas []checks.Quota `json:"quotas,omitempty"`
	// Resources of AWS that would be touched; nil when that could not be found out.
	Resources []Planned `json:"resources,omitzero"`
	Warnings  []string  `json:"warnings,omitempty"`
	// ReplacesInstances reports that all instances which run would be replaced, one by one.
	ReplacesInstances bool `json:"replacesInstances,omitempty"`
	// Estimate is how long it would take until visitors are sent to the stack; nil when
	// the site's name would not be moved.
	Estimate *estimate.Estimate `json:"estimate,omitempty"`
}

// Risky are the resources whose loss or replacement a plan must not hold unless
// it was asked for: what holds data.
func (p Plan) Risky() (risky []Planned) {
	for _, r := range p.Resources {
		holds := slices.Contains([]string{databaseType, "aws:s3/bucketV2:BucketV2", "aws:kms/key:Key"}, r.Type)
		loses := r.Op == "delete" || r.Op == "create-replacement" // whose old one is deleted last, or not any more once the program is refused
		if loses && holds && p.Change.Retire == 0 && !p.Change.Destroy {
			risky = append(risky, r)
		}
	}
	return risky
}

// recordType is the type of the record of the site's name.
const recordType = "aws:route53/record:Record"

// movesName reports whether the change sends visitors to the stack: it makes the record
// of the site's name, or changes it. A side that becomes a standby deletes its own.
func (p Plan) movesName() bool {
	return slices.ContainsFunc(p.Resources, func(r Planned) bool {
		return r.Type == recordType && state.Switches(r.Name) && (r.Makes() || r.Op == "update")
	})
}

// Plan tells what a change would do. It changes nothing, on AWS or in any file, and
// takes no lock. What would refuse the change is in the plan, and no error.
func (s *Site) Plan(ctx context.Context, change Change, run Run) (_ Plan, err error) {
	defer noteRead(ctx, &err)
	stack, err := s.Stack(ctx, change.Stack, false)
	if err != nil {
		return Plan{}, err
	}
	file, remove, err := config.Settings(change.Settings()).CopyWith(s.options.Dir, change.Stack)
	if err != nil {
		return Plan{}, err
	}
	defer remove()
	plan := Plan{Change: change, Resources: []Planned{}}
	run.ConfigFile = file
	result, err := stack.Preview(ctx, run.With(Run{Event: plan.add}))
	plan.Resources = s.withoutGone(ctx, change.Stack, plan.Resources)
	slices.SortFunc(plan.Resources, Planned.Compare)
	if plan.ReplacesInstances { // of a standby none run
		is, err := stack.State(ctx)
		plan.ReplacesInstances = err != nil || is.Claim.Leads()
	}
	plan.Verdict = result.Verdict
	if refused, ok := errors.AsType[*refusal.Error](err); ok {
		plan.Refusal = refused.Of("").Error()
		return plan, nil
	}
	if err != nil {
		return plan, err
	}
	if plan.Verdict != nil {
		if refused := plan.Verdict.Err(); refused != nil {
			plan.Refusal = refused.Error()
			plan.Warnings = slices.DeleteFunc(plan.Warnings, func(text string) bool { return text == stacks.PreviewWarning(refused) })
		}
	}
	if plan.movesName() {
		expect := work(plan.Resources, change.Role == roles.Active).Failover()
		plan.Estimate = &expect
	}
	return plan, nil
}

// databaseType is the type of a database.
const databaseType = "aws:rds/instance:Instance"

// withoutGone leaves out the deletions of databases that AWS no longer has: they lose nothing.
func (s *Site) withoutGone(ctx context.Context, stack string, planned []Planned) []Planned {
	return slices.DeleteFunc(planned, func(r Planned) bool {
		if !r.Ends() || r.Type != databaseType {
			return false
		}
		c, err := s.configOf(stack)
		if err != nil {
			return false
		}
		found, err := s.runtimeOf(Side{Config: c}).DescribeDatabase(ctx, strings.TrimSuffix(r.Name, "-instance"))
		return err == nil && found == nil
	})
}

// begun is the step at AWS that an event of the engine begins. Of a replacement the engine also tells of the whole (replace),
// beside the making of the new resource and the deletion of the old one; that is no step of its own.
func begun(e events.EngineEvent) (_ Planned, ok bool) {
	pre := e.ResourcePreEvent
	if pre == nil || pre.Metadata.Op == apitype.OpSame || pre.Metadata.Op == apitype.OpReplace || !strings.HasPrefix(pre.Metadata.Type, "aws:") {
		return Planned{}, false
	}
	return Planned{Op: string(pre.Metadata.Op), Type: pre.Metadata.Type, Name: urn.URN(pre.Metadata.URN).Name()}, true
}

// add notes what an event of the engine adds to the plan.
func (p *Plan) add(e events.EngineEvent) {
	if step, ok := begun(e); ok {
		p.Resources = append(p.Resources, step)
	}
	p.ReplacesInstances = p.ReplacesInstances || replacesInstances(e)
	if d := e.DiagnosticEvent; d != nil && d.Severity == "warning" {
		p.Warnings = append(p.Warnings, Plain(d.Message))
	}
}

// deployed is what to do before a failover that would do more than start what was deployed. To change the launch
// template blocks nothing, and is only told: a role with docs/policies/failover.json alone may not do that. To build a
// part of the network does block it: all that serves would wait for that, and such a role may not do it either.
func deployed(plan Plan) []Requirement {
	const template = "aws:ec2/launchTemplate:LaunchTemplate"
	var unbuilt []string
	for _, r := range plan.Resources {
		if (r.Makes() || r.Ends()) && slices.Contains(ofNetwork, r.Type) {
			unbuilt = append(unbuilt, r.String())
		}
	}
	if len(unbuilt) > 0 {
		return []Requirement{{
			Subject: "deployment", Code: NetworkUndeployed, Remedy: "pilotlight deploy",
			Reason: "a failover would change the network of the standby first, as the configuration changed since the last deployment: " + strings.Join(unbuilt, ", "),
		}}
	}
	if !slices.ContainsFunc(plan.Resources, func(r Planned) bool { return r.Type == template && r.Op == "update" }) {
		return nil
	}
	return []Requirement{{
		Subject: "deployment", OK: true, Remedy: "pilotlight deploy",
		Reason: "a failover would change how instances start, as pilotlight or the configuration changed since the last deployment, and a role that may fail over alone may not do that",
	}}
}

// ofNetwork are the types of which no failover makes, replaces or deletes any. Routes are not among them: those to NAT gateways
// come with these.
var ofNetwork = []string{
	"aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/internetGateway:InternetGateway", "aws:ec2/routeTable:RouteTable",
	"aws:ec2/routeTableAssociation:RouteTableAssociation", "aws:rds/subnetGroup:SubnetGroup", "aws:elasticache/subnetGroup:SubnetGroup",
}

// PlanFailover is the plan of the failover that would come next.
func (s *Site) PlanFailover(ctx context.Context, accepted Accepted, run Run) (_ Plan, err error) {
	defer noteRead(ctx, &err)
	sides, err := s.Sides(ctx)
	if err != nil {
		return Plan{}, err
	}
	changes, nothing, err := roles.FailoverChanges(rolesOf(sides), accepted)
	if err != nil {
		return Plan{}, err
	}
	if len(changes) == 0 {
		return Plan{}, refusal.New(refusal.CodeClaims, "%s", nothing)
	}
	side, other, err := find(sides, changes[0].Stack)
	if err != nil {
		return Plan{}, err
	}
	plan, err := s.Plan(ctx, changes[0], run)
	if err != nil || changes[0].Role != roles.Active {
		return plan, err
	}
	plan.addShortfalls(side)
	err = s.addQuotas(ctx, side, other, &plan)
	return plan, err
}

// addShortfalls adds those of an activation of a side.
func (p *Plan) addShortfalls(side Side) {
	p.Shortfalls = checks.ControlPlane(side.Config.PeerRegion(), side.Config.Region, p.Resources)
	if p.Verdict != nil {
		p.Shortfalls = append(p.Shortfalls, p.Verdict.Shortfalls...)
	}
}
