package ops

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/stacks/drill"
	"github.com/pilotlight-dr/pilotlight/when"
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
	Report *report.Report `json:"report,omitempty"`
	// Timings are what the parts took that take long.
	Timings []drill.Timing `json:"timings,omitempty"`
	// Balancer is the DNS name at which the copy answers, under the site's own name; empty once it has ended.
	Balancer string `json:"balancer,omitempty"`
	// Expires is until when the copy that is still there may be; zero once it has ended.
	Expires time.Time `json:"expires,omitzero"`
}

// unattended is until when a copy may be there that was to be ended at once, and
// whose drill was stopped before that.
const unattended = 4 * time.Hour

// Drill makes a copy of the standby's application, in isolation and beside the pilot
// light, from a snapshot of its database; finds it healthy in depth; and ends it, or
// leaves it for a while. Nothing of the pilot light is touched. Stopped part-way, the
// same call resumes, and EndDrill ends what is there.
func (s *Site) Drill(ctx context.Context, o DrillOptions, run Run) (_ Drill, err error) {
	defer noteEnd(ctx, &err)
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
	of, err := resumeDrill(left, standby.Config.Stack)
	if err != nil {
		return Drill{}, err
	}
	carriesOn := of.Of != ""
	of.Of, of.Visitors, of.Expires = standby.Config.Stack, o.Visitors, s.now().Add(unattended)
	if o.Keep > 0 {
		of.Expires = s.now().Add(o.Keep)
	}
	if of.Snapshot.ID == "" {
		if of.Snapshot, err = s.snapshot(ctx, standby); err != nil {
			return Drill{}, err
		}
	}
	if run.Confirm != nil {
		if err := run.Confirm(s.statusOf(ctx, sides), nil); err != nil {
			return Drill{}, untouched(err)
		}
	}
	d := Drill{Stack: drill.StackName(of.Of), Of: of.Of, Region: standby.Config.Region, Snapshot: of.Snapshot, Expires: of.Expires}
	stack, err := s.openDrill(ctx, drill.Args{Config: standby.Config, Copy: of, Resumes: carriesOn}, auto.UpsertStackInlineSource)
	if err != nil {
		return Drill{}, err
	}
	result, err := stack.Up(ctx, run)
	if d.Report = result.Report; d.Report != nil {
		d.Timings = drill.Timings(*d.Report)
	}
	if err != nil {
		return d, err
	}
	held, err := stack.saved(ctx)
	if err != nil {
		return d, err
	}
	if _, d.Balancer, err = drill.CopyIn(held); err != nil {
		return d, err
	}
	if o.Keep > 0 {
		d.tell(s, report.Step{}, reach(standby.Config, d.Balancer), "end it: pilotlight drill --end")
		return d, nil
	}
	ending := report.Step{Kind: report.CleanUpStep, Name: "end the copy", Begin: s.now()}
	if err := s.endDrill(ctx, stack, standby.Config, run); err != nil {
		return d, err
	}
	ending.End = s.now()
	d.Balancer, d.Expires = "", time.Time{}
	d.tell(s, ending, "nothing: the copy has ended, and all of it is gone")
	return d, nil
}

// tell completes the report with what came after its own end, and keeps it.
func (d *Drill) tell(s *Site, step report.Step, next ...string) {
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
func reach(of config.Config, balancer string) string {
	scheme, port := "http", 80
	if of.App.HTTPS() {
		scheme, port = "https", 443
	}
	return fmt.Sprintf("look at it: curl --connect-to %s:%d:%s:%d %s://%s/", of.Domain, port, balancer, port, scheme, of.Domain)
}

func (s *Site) now() time.Time {
	if s.options.Env.Now != nil {
		return s.options.Env.Now().UTC()
	}
	return time.Now().UTC()
}

// keepReports is where the reports of drills go.
func (s *Site) keepReports() func(report.Report) {
	if s.options.Env.Report != nil {
		return s.options.Env.Report
	}
	return report.KeepReports(s.options.Dir, func(error) {}) // the report is in the result, too
}

// drillable is the standby that a drill copies. There is none while a change of role
// is under way: that has to be finished first, and would only be held up.
func drillable(sides []Side) (Side, error) {
	standby, err := failoverTarget(sides)
	if err != nil || standby == nil {
		return Side{}, refusal.New(refusal.CodeDrill, "there is no standby to hold a drill of: pilotlight status says what to do").Of(sides[0].Config.Stack)
	}
	refuse := func(format string, args ...any) error {
		return refusal.New(refusal.CodeDrill, "no drill is held now, "+format, args...).Of(standby.Config.Stack)
	}
	claim := standby.State.Claim
	leads, _, err := leader(sides)
	switch {
	case claim.Role != roles.Standby:
		return Side{}, refuse("the activation of %s is not finished: finish it with pilotlight failover", standby.name())
	case stacks.CertificateARN(standby.Config, standby.State) == "" && standby.Config.App.HTTPS():
		return Side{}, refuse("%s has requested no certificate yet: deploy it first", standby.name())
	case claim.Aborted:
		return Side{}, refuse("%s aborted an activation, and the other side has not reclaimed the site: finish that with pilotlight abort", standby.name())
	case err != nil && standby.Config.Production != nil:
		return *standby, nil
	case err != nil:
		return Side{}, err
	case leads.State.Claim.Role == roles.Frozen:
		return Side{}, refuse("%s is frozen, a switchover is under way: resume it with pilotlight switchover %s, or undo it with pilotlight thaw", leads.name(), standby.Config.Stack)
	case !leads.role().Switched():
		return Side{}, refuse("the activation of %s is not finished: finish it with pilotlight failover", leads.name())
	}
	return *standby, nil
}

// resumeDrill is the copy of a stack that an earlier drill has begun; zero for none. One
// that was finished is not begun again: there would be nothing to measure.
func resumeDrill(left []DrillCopy, stack string) (drill.Copy, error) {
	at := slices.IndexFunc(left, func(c DrillCopy) bool { return c.Stack == drill.StackName(stack) })
	if at < 0 {
		return drill.Copy{}, nil
	}
	if c := left[at]; c.Balancer != "" {
		return drill.Copy{}, refusal.New(refusal.CodeDrill, "the copy of an earlier drill is still there, until %s: end it first with pilotlight drill --end",
			when.Date(c.Expires)).Of(c.Stack)
	}
	return left[at].Copy, nil
}

// snapshot is what the copy's database is made of.
func (s *Site) snapshot(ctx context.Context, of Side) (failover.Snapshot, error) {
	site := stacks.RuntimeSite(of.Config, of.State.Claim, of.State)
	snapshot, err := failover.New(s.options.Env, site).NewestSnapshot(ctx)
	if errors.Is(err, failover.ErrNotFound) {
		err = refusal.New(refusal.CodeDrill, "database %s has no automated snapshot to make a copy of: RDS takes the first soon after the database is there, "+
			"and then one every day; wait for it, and look whether database.backupDays was ever set to 0 outside", site.Database).Of(of.Config.Stack)
	}
	return snapshot, err
}
