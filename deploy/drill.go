package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"gopkg.in/yaml.v3"

	"github.com/pilotlight-dr/pilotlight/drill"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/stacks"
)

// DrillOptions are how a drill is held.
type DrillOptions struct {
	// Keep leaves the copy for people to look at, until so long after the beginning of
	// the drill; 0 ends it as soon as it was seen healthy.
	Keep time.Duration
	// Visitors are the only addresses that reach the copy; the zero value is everybody.
	Visitors netip.Prefix
}

// Drill is what a drill did, as far as it got.
type Drill struct {
	Stack    string            `json:"stack"` // of the copy
	Of       string            `json:"of"`    // the stack that was drilled
	Region   string            `json:"region"`
	Snapshot failover.Snapshot `json:"snapshot"`
	// Report is that of the making of the copy; nil when that did not begin.
	Report *failover.Report `json:"report,omitempty"`
	// Pieces are what the parts took that take long.
	Pieces []drill.Piece `json:"pieces,omitempty"`
	// Balancer is the DNS name at which the copy answers, under the site's own name; empty once it has ended.
	Balancer string `json:"balancer,omitempty"`
	// Expires is until when the copy that is still there may be; zero once it has ended.
	Expires time.Time `json:"expires,omitzero"`
}

// DrillCopy is a copy that a drill has left, or is making.
type DrillCopy struct {
	Stack string `json:"stack"`
	drill.Copy
	// Balancer is the DNS name at which it answers; empty before it was seen healthy.
	Balancer string `json:"balancer,omitempty"`
}

// expired says whether the copy should be there no longer. One that was killed before
// it said until when, should not.
func (c DrillCopy) expired(now time.Time) bool { return !now.Before(c.Expires) }

// unattended is until when a copy may be there that was to be ended at once, and
// whose drill was stopped before that.
const unattended = 4 * time.Hour

// Drill makes a copy of the standby's application, in isolation and beside the pilot
// light, from a snapshot of its database; finds it healthy in depth; and ends it, or
// leaves it for a while. Nothing of the pilot light is touched. Stopped part-way, the
// same call carries on, and EndDrill ends what is there.
func (s *Site) Drill(ctx context.Context, o DrillOptions, run Run) (Drill, error) {
	sides, err := s.Sides(ctx)
	if err != nil {
		return Drill{}, err
	}
	standby, err := drillable(sides)
	if err != nil {
		return Drill{}, err
	}
	left, err := s.Drills(ctx)
	if err != nil {
		return Drill{}, err
	}
	of, err := carryOn(left, standby.Config.Stack)
	if err != nil {
		return Drill{}, err
	}
	of.Of, of.Visitors, of.Expires = standby.Config.Stack, o.Visitors, s.now().Add(unattended)
	if o.Keep > 0 {
		of.Expires = s.now().Add(o.Keep)
	}
	if of.Snapshot.ID == "" {
		if of.Snapshot, err = s.snapshot(ctx, standby); err != nil {
			return Drill{}, err
		}
	}
	d := Drill{Stack: drill.StackName(of.Of), Of: of.Of, Region: standby.Config.Region, Snapshot: of.Snapshot, Expires: of.Expires}
	stack, err := s.openDrill(ctx, standby.Config, of, auto.UpsertStackInlineSource)
	if err != nil {
		return Drill{}, err
	}
	result, err := stack.Up(ctx, run)
	if d.Report = result.Report; d.Report != nil {
		d.Pieces = drill.Pieces(*d.Report)
	}
	if err != nil {
		return d, err
	}
	state, err := stack.State(ctx)
	if err != nil {
		return d, err
	}
	if _, d.Balancer, err = drill.Recall(state); err != nil {
		return d, err
	}
	if o.Keep > 0 {
		d.tell(s, failover.Step{}, s.reach(d.Balancer), "end it: pilotlight drill --end")
		return d, nil
	}
	ending := failover.Step{Name: "end the copy", Begin: s.now()}
	if err := s.endDrill(ctx, stack, standby.Config, run); err != nil {
		return d, err
	}
	ending.End = s.now()
	d.Balancer, d.Expires = "", time.Time{}
	d.tell(s, ending, "nothing: the copy has ended, and all of it is gone")
	return d, nil
}

// tell completes the report with what came after its own end, and keeps it.
func (d *Drill) tell(s *Site, step failover.Step, next ...string) {
	if d.Report == nil {
		return
	}
	if step.Name != "" {
		d.Report.Steps = append(d.Report.Steps, step)
	}
	d.Report.Next = next
	s.keepReports()(*d.Report)
}

// reach is how the copy is visited, to which no name leads.
func (s *Site) reach(balancer string) string {
	scheme, port := "http", 80
	if s.configs[0].App.Certificate != "" {
		scheme, port = "https", 443
	}
	return fmt.Sprintf("look at it: curl --connect-to %s:%d:%s:%d %s://%s/", s.Domain, port, balancer, port, scheme, s.Domain)
}

func (s *Site) now() time.Time {
	if s.options.Env.Now != nil {
		return s.options.Env.Now()
	}
	return time.Now()
}

// keepReports is where the reports of drills go.
func (s *Site) keepReports() func(failover.Report) {
	if s.options.Env.Report != nil {
		return s.options.Env.Report
	}
	return stacks.KeepReports(s.options.Dir, func(error) {}) // the report is in the result, too
}

// drillable is the standby that a drill copies. There is none while a change of role
// is under way: that has to be finished first, and would only be held up.
func drillable(sides []Side) (Side, error) {
	standby, err := standby(sides)
	if err != nil || standby == nil {
		return Side{}, &RefusedError{Stack: sides[0].Config.Stack, Err: errors.New("there is no standby to hold a drill of: pilotlight status says what to do")}
	}
	refuse := func(format string, args ...any) error {
		return &RefusedError{Stack: standby.Config.Stack, Err: fmt.Errorf("no drill is held now, nothing was touched: "+format, args...)}
	}
	claim := standby.Memory.Claim
	leads, _, err := leader(sides)
	switch {
	case claim.Role != stacks.Standby:
		return Side{}, refuse("the activation of %s is not finished: finish it with pilotlight failover", standby.name())
	case claim.GaveUp:
		return Side{}, refuse("%s gave an activation up, and the other side has not claimed the site again: finish that with pilotlight abort", standby.name())
	case err != nil && standby.Config.Production != nil:
		return *standby, nil
	case err != nil:
		return Side{}, refuse("%w", err)
	case leads.Memory.Claim.Role == stacks.Frozen:
		return Side{}, refuse("%s is frozen, a switchover is under way: go on with pilotlight switchover %s, or take it back with pilotlight thaw", leads.name(), standby.Config.Stack)
	case !leads.switched():
		return Side{}, refuse("the activation of %s is not finished: finish it with pilotlight failover", leads.name())
	}
	return *standby, nil
}

// carryOn is the copy of a stack that an earlier drill has begun; zero for none. One
// that was finished is not begun again: there would be nothing to measure.
func carryOn(left []DrillCopy, stack string) (drill.Copy, error) {
	at := slices.IndexFunc(left, func(c DrillCopy) bool { return c.Stack == drill.StackName(stack) })
	if at < 0 {
		return drill.Copy{}, nil
	}
	if c := left[at]; c.Balancer != "" {
		return drill.Copy{}, &RefusedError{Stack: c.Stack, Err: fmt.Errorf("the copy of an earlier drill is still there, until %s: end it first with pilotlight drill --end",
			c.Expires.UTC().Format(time.DateTime+" MST"))}
	}
	return left[at].Copy, nil
}

// snapshot is what the copy's database is made of.
func (s *Site) snapshot(ctx context.Context, of Side) (failover.Snapshot, error) {
	site := of.Config.SiteOf(of.Memory.Claim, of.Memory.Peer)
	snapshot, err := failover.New(s.options.Env, site).NewestSnapshot(ctx)
	if errors.Is(err, failover.ErrNotFound) {
		err = fmt.Errorf("database %s has no automated snapshot to make a copy of, nothing was touched: RDS takes the first soon after the database is there, "+
			"and then one every day; wait for it, and look whether database.backupDays was ever set to 0 outside", site.Database)
	}
	if err != nil {
		return failover.Snapshot{}, &RefusedError{Stack: of.Config.Stack, Err: err}
	}
	return snapshot, nil
}

// Drills are the copies that drills of the site's stacks have left, or are making. It
// asks the backend alone.
func (s *Site) Drills(ctx context.Context) ([]DrillCopy, error) {
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
		state, err := workspace.ExportStack(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("reading the state of stack %s: %w", name, err)
		}
		c := DrillCopy{Stack: name}
		if c.Copy, c.Balancer, err = drill.Recall(state.Deployment); err != nil {
			return nil, err
		}
		left = append(left, c)
	}
	return left, nil
}

// EndDrill ends the copies that drills have left, or only those whose time is over,
// and names their stacks. It looks at nothing else. It ends what a killed run left too.
func (s *Site) EndDrill(ctx context.Context, expired bool, run Run) (ended []string, err error) {
	left, err := s.Drills(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range left {
		if expired && !c.expired(s.now()) {
			continue
		}
		at := slices.IndexFunc(s.configs, func(of stacks.Config) bool { return drill.StackName(of.Stack) == c.Stack })
		stack, err := s.openDrill(ctx, s.configs[at], c.Copy, auto.SelectStackInlineSource)
		if err != nil {
			return ended, err
		}
		if err := s.endDrill(ctx, stack, s.configs[at], run); err != nil {
			return ended, err
		}
		ended = append(ended, c.Stack)
	}
	return ended, nil
}

// endDrill ends a copy, and takes its stack out of the backend.
func (s *Site) endDrill(ctx context.Context, stack *Stack, of stacks.Config, run Run) error {
	if run.Say != nil {
		run.Say("ending the copy of stack " + of.Stack)
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

// Of a killed run's copy there may be parts that AWS went on making, and that no state
// knows of. These have names that follow from what they were asked for with.
var ofDrills = map[string]string{
	"aws:rds/instance:Instance":                         "identifier",
	"aws:rds/parameterGroup:ParameterGroup":             "name",
	"aws:rds/subnetGroup:SubnetGroup":                   "name",
	"aws:elasticache/replicationGroup:ReplicationGroup": "replicationGroupId",
	"aws:elasticache/subnetGroup:SubnetGroup":           "name",
	"aws:autoscaling/group:Group":                       "name",
	"aws:iam/role:Role":                                 "name",
	"aws:iam/instanceProfile:InstanceProfile":           "name",
	"aws:s3/bucketV2:BucketV2":                          "bucket",
	"aws:ssm/parameter:Parameter":                       "name",
}

// sweep takes what a killed run left into the state, so that it is destroyed with the
// rest, or away where that can't be. What it can do neither with, it names.
func (s *Site) sweep(ctx context.Context, stack *Stack, of stacks.Config, run Run) error {
	state, err := stack.State(ctx)
	if err != nil {
		return err
	}
	pending, err := pendingCreations(state)
	if err != nil || len(pending) == 0 {
		return err
	}
	rt := failover.New(s.options.Env, of.SiteOf(stacks.Claim{}, stacks.Facts{}))
	say := run.Say
	if say == nil {
		say = func(string) {}
	}
	rt.Say = say
	for _, p := range pending {
		switch text := func(key string) string { value, _ := p.Inputs[key].(string); return value }; p.Type {
		case "aws:ec2/natGateway:NatGateway":
			err = rt.FreeAddress(ctx, text("allocationId"))
		case "aws:lb/loadBalancer:LoadBalancer":
			err = rt.DropBalancers(ctx, p.name())
		case "aws:rds/instance:Instance": // RDS deletes none that it is still making
			err = rt.WaitSettled(ctx, of.Region, text("identifier"))
		case "aws:ec2/route:Route", "aws:lb/listener:Listener": // they go with what they are of
		default:
			if _, adopted := ofDrills[p.Type]; !adopted && strings.HasPrefix(p.Type, "aws:") {
				say(fmt.Sprintf("a killed run may have left a %s named or tagged %s, which is not in the state: look for it in %s, by its tag drill=%s",
					p.Type[strings.LastIndex(p.Type, ":")+1:], p.name(), of.Region, of.Stack))
			}
		}
		if err != nil {
			return err
		}
	}
	return stack.adopt(ctx, run)
}

// creation is a resource that a killed update had asked for.
type creation struct {
	URN    string         `json:"urn"`
	Type   string         `json:"type"`
	Inputs map[string]any `json:"inputs"`
}

// name is the logical name.
func (c creation) name() string { return c.URN[strings.LastIndex(c.URN, "::")+2:] }

func pendingCreations(state []byte) (pending []creation, err error) {
	var checkpoint struct {
		Pending []struct {
			Type     string   `json:"type"`
			Resource creation `json:"resource"`
		} `json:"pending_operations"`
	}
	if len(state) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(state, &checkpoint); err != nil {
		return nil, fmt.Errorf("reading what a killed update left: %w", err)
	}
	for _, p := range checkpoint.Pending {
		if p.Type == "creating" {
			pending = append(pending, p.Resource)
		}
	}
	return pending, nil
}

// openDrill opens the stack of a stack's drill. Its project lies in a folder of its
// own, so that nothing of it is ever among the files of the site.
func (s *Site) openDrill(ctx context.Context, of stacks.Config, c drill.Copy, by opener) (*Stack, error) {
	if err := s.findEngine(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	o := s.options
	s.mu.Unlock()
	dir, provider, err := drillProject(o.Dir, of.Stack)
	if err != nil {
		return nil, err
	}
	o.Dir, o.Env.Report = dir, s.keepReports()
	var with []auto.LocalWorkspaceOption
	if provider != "" {
		with = append(with, auto.SecretsProvider(provider))
	}
	stack, err := open(ctx, drill.StackName(of.Stack), o, by, func(env failover.Env) pulumi.RunFunc {
		return drill.Program(env, drill.Args{Config: of, Copy: c})
	}, with...)
	if err != nil {
		return nil, err
	}
	stack.adopts = ofDrills
	return stack, nil
}

// drillProject writes the project of a stack's drill: the site's own, and in the
// stack's file nothing but what encrypts its secrets, which is as in the drilled stack's.
func drillProject(dir, of string) (project, secretsProvider string, err error) {
	wrap := func(err error) error { return fmt.Errorf("preparing the drill of stack %s: %w", of, err) }
	var file struct {
		Provider string `yaml:"secretsprovider,omitempty"`
		Key      string `yaml:"encryptedkey,omitempty"`
		Salt     string `yaml:"encryptionsalt,omitempty"`
	}
	text, err := os.ReadFile(filepath.Join(dir, stacks.FileName(of)))
	if err == nil {
		err = yaml.Unmarshal(text, &file)
	}
	if err != nil {
		return "", "", wrap(err)
	}
	settings, err := yaml.Marshal(file)
	if err != nil {
		return "", "", wrap(err)
	}
	definition, err := os.ReadFile(filepath.Join(dir, "Pulumi.yaml"))
	if err != nil {
		return "", "", wrap(err)
	}
	project = filepath.Join(dir, filepath.FromSlash(drillFolder))
	err = os.MkdirAll(project, 0o700)
	for name, text := range map[string][]byte{"Pulumi.yaml": definition, stacks.FileName(drill.StackName(of)): settings} {
		path := filepath.Join(project, name)
		if held, _ := os.ReadFile(path); err == nil && !bytes.Equal(held, text) {
			err = os.WriteFile(path, text, 0o600)
		}
	}
	if err != nil {
		return "", "", wrap(err)
	}
	return project, file.Provider, nil
}

// drillFolder holds the projects of drills, below the site's, where reports are too.
const drillFolder = ".pilotlight/drill"

// stackOrDrill is a stack of the site, or that of its drill.
func (s *Site) stackOrDrill(ctx context.Context, name string) (*Stack, error) {
	for _, of := range s.configs {
		if name == drill.StackName(of.Stack) {
			return s.openDrill(ctx, of, drill.Copy{}, auto.SelectStackInlineSource)
		}
	}
	return s.Stack(ctx, name, false)
}

// addDrills puts copies that are still there on the status, with what to do about them.
func (s *Status) addDrills(left []DrillCopy, err error, now time.Time) {
	s.Drills = left
	if err != nil {
		s.Warnings = append(s.Warnings, err.Error())
	}
	for _, c := range left {
		when := "may be there until " + c.Expires.UTC().Format(time.DateTime+" MST")
		if c.expired(now) {
			when = "should have ended, and costs"
		}
		s.Warnings = append(s.Warnings, fmt.Sprintf("the copy of a drill (stack %s) is there, and %s: when nobody needs it, pilotlight drill --end", c.Stack, when))
	}
}
