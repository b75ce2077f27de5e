package ops

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"sync"
	"time"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/state"
)

// Status is where a site stands.
type Status struct {
	Site   string `json:"site"`
	Domain string `json:"domain"`
	// Active is the stack that leads the site; empty when none does.
	Active string `json:"active"`
	Epoch  int    `json:"epoch"`
	// Home is the stack at which the site is at home; empty where none of its stacks is.
	Home  string       `json:"home"`
	Sides []SideStatus `json:"sides"`
	// Backend is where state lies, and Keys what encrypts its secrets; empty where no file says so and nothing was deployed.
	Backend string   `json:"backend"`
	Keys    []string `json:"keys"`
	// Protected reports that losing the active side's region now would lose next to nothing.
	Protected bool `json:"protected"`
	// Verdict is how protected the site is, a sentence.
	Verdict string `json:"verdict"`
	// Warnings are what should be mended on a quiet day.
	Warnings []string `json:"warnings,omitempty"`
	// Next is what to run now; empty for nothing.
	Next string `json:"next,omitempty"`
	// LastChange is when a change of role was last reported here; zero for never.
	LastChange time.Time `json:"lastChange,omitzero"`
	// LastCheck is the last check for a failover that was made here; nil for none.
	LastCheck *Checked `json:"lastCheck,omitempty"`
	// LastPublished is the last check for a failover that was published, from wherever; nil for none, and where
	// the backend did not tell.
	LastPublished *PublishedCheck `json:"lastPublished,omitempty"`
	// LastRehearsal is the last one that was held here; nil for none.
	LastRehearsal *Rehearsed `json:"lastRehearsal,omitempty"`
	// Drills are copies that drills have left, or are making.
	Drills []DrillCopy `json:"drills,omitempty"`
}

// SideStatus is where one side stands.
type SideStatus struct {
	Stack      string             `json:"stack"`
	Region     string             `json:"region"`
	Role       roles.Role         `json:"role"` // empty when it was never deployed
	Epoch      int                `json:"epoch"`
	Generation int                `json:"generation"`
	Former     []roles.Generation `json:"former,omitempty"`
	Reason     roles.Reason       `json:"reason,omitempty"` // why it was activated
	Progress   roles.Progress     `json:"progress"`         // of the activation; means nothing in a standby
	// Overtaken reports that the other side leads the site since: this one must not serve it.
	Overtaken bool `json:"overtaken,omitempty"`
	// Database and Image are as seen in the region now; nil when it could not be asked, or there is none.
	Database *checks.Replica `json:"database,omitempty"`
	Image    *checks.Image   `json:"image,omitempty"`
	// Backlog is what waits to be copied to its bucket from the other side's; nil when that
	// is not measured (by the rule of a production that no stack made), or not lately.
	Backlog *checks.Backlog `json:"mediaBacklog,omitempty"`
	// Rollout is the replacement of its instances that is under way, or failed; nil for none, and where it was not seen.
	Rollout *checks.Rollout `json:"rollout,omitempty"`
	// blockers are what the checks have against activating a standby as it is seen now, and source
	// is the database that a production has which no stack made; nil where that was not seen.
	blockers []refusal.Blocker
	source   *checks.Replica
	// Unread are what AWS did not tell of the side although it answered, and why, a sentence each.
	Unread []string `json:"unread,omitempty"`
	// databaseUnread is the one of them that is about the database; empty where that was read.
	databaseUnread string
	// Unreachable is why the region could not be asked.
	Unreachable string `json:"unreachable,omitempty"`
	// Diverged is why the state and AWS do not belong together, a sentence; empty when they do, and where AWS could not be asked.
	Diverged string `json:"diverged,omitempty"`
	remedy   string // for that
	// rolloutUnseen is why Rollout was not seen.
	rolloutUnseen error
	// Unfinished reports that the stack's last update stopped before everything was done, or still runs.
	Unfinished bool `json:"unfinished,omitempty"`
	// Orphans are what killed updates and drills left of the stack on AWS, and no state holds.
	Orphans []checks.Orphan `json:"orphans,omitempty"`
	// Snapshots are the last ones of databases of the stack that were deleted. They are kept on purpose.
	Snapshots []checks.Orphan `json:"finalSnapshots,omitempty"`
	// Locks are held on the stack by updates, or left by dead ones.
	Locks []LockStatus `json:"locks,omitempty"`
}

// askFor bounds how long one region may take to answer at all for a status: a lost one must not block it. restFor bounds the rest of
// what is asked there once it has answered: it is slow then, and not lost.
const (
	askFor  = 5 * time.Second
	restFor = 25 * time.Second
)

// Status looks at both sides. A region that does not answer is reported, and delays
// nothing for more than some seconds. So is a key or a passphrase that is lost.
func (s *Site) Status(ctx context.Context) (_ Status, err error) {
	defer noteRead(ctx, &err)
	sides, keyless, err := s.readable(ctx)
	if err != nil {
		return Status{}, err
	}
	status := s.statusOf(ctx, sides)
	status.addKeyless(keyless)
	return status, nil
}

// statusOf is Status of sides whose state was read.
func (s *Site) statusOf(ctx context.Context, sides []Side) Status {
	status := Status{Site: s.Name, Domain: sides[0].Config.Domain, Home: roles.Home(rolesOf(sides)), Sides: make([]SideStatus, len(sides))}
	var group sync.WaitGroup
	var left []DrillCopy
	var unseen error
	group.Go(func() { left, unseen = s.Drills(ctx) })
	group.Go(func() { status.LastPublished = s.lastPublished(ctx) })
	found := make([]sideOrphans, len(sides))
	locks, unlocked := make([][]LockStatus, len(sides)), make([]error, len(sides))
	for i, side := range sides {
		group.Go(func() { status.Sides[i] = s.look(ctx, side) })
		group.Go(func() { found[i] = s.orphansOf(ctx, side) })
		group.Go(func() {
			bounded, cancel := context.WithTimeout(ctx, askFor)
			defer cancel()
			locks[i], unlocked[i] = s.Locks(bounded, side.Config.Stack)
		})
	}
	group.Wait()
	for i := range status.Sides {
		status.Sides[i].Orphans, status.Sides[i].Snapshots = found[i].orphans, found[i].kept
		for _, o := range found[i].orphans {
			status.Warnings = append(status.Warnings, fmt.Sprintf("stack %s: %s", status.Sides[i].Stack, o))
		}
		if found[i].unseen != "" {
			status.Warnings = append(status.Warnings, found[i].unseen)
		}
		for _, why := range status.Sides[i].Unread {
			status.Warnings = append(status.Warnings, fmt.Sprintf("stack %s: %s", status.Sides[i].Stack, why))
		}
		status.Warnings = append(status.Warnings, status.Sides[i].rolloutProblem(s.now())...)
		status.Sides[i].Locks = locks[i]
		if err := unlocked[i]; err != nil && !errors.Is(err, backend.ErrOpaque) {
			status.Warnings = append(status.Warnings, err.Error())
		}
	}
	status.Backend, status.Keys, status.LastRehearsal = s.backend(ctx), s.keys(sides), LastRehearsal(s.options.Dir)
	status.LastCheck = lastCheck(s.options.Dir)
	status.judge(sides, s.now())
	status.addDrills(left, unseen, s.now())
	if reports, err := Reports(s.options.Dir); err == nil && len(reports) > 0 {
		status.LastChange = reports[len(reports)-1].StartedAt
	}
	return status
}

// look asks one side's region.
func (s *Site) look(ctx context.Context, side Side) SideStatus {
	claim := side.State.Claim
	status := SideStatus{
		Stack: side.Config.Stack, Region: side.Config.Region, Role: claim.Role, Epoch: claim.Epoch,
		Generation: claim.Generation.Number, Former: claim.Former, Reason: claim.Reason, Progress: claim.Progress,
		Unfinished: side.State.Unfinished,
	}
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	diverged, err := s.diverged(bounded, side)
	if diverged != nil {
		status.Diverged, status.remedy = diverged.Reason, diverged.Remedy
	}
	switch {
	case claim.Role == "":
		return status // whether its region answers does not matter
	case awsclient.Answered(err), errors.Is(err, failover.ErrNothingTold):
		status.Unread = append(status.Unread, "whether the state is of what AWS holds could not be read: "+silence(err, askFor))
	case err != nil:
		status.Unreachable = silence(err, askFor)
		return status
	}
	bounded, cancel = context.WithTimeout(ctx, restFor)
	defer cancel()
	runtime := s.runtimeOf(side)
	runtime.Site.Epoch++ // of the activation that it is judged for
	seen, err := runtime.Look(bounded)
	status.Database, status.Image, status.Backlog = seen.Replica, seen.Image, seen.Backlog
	status.unread(seen)
	if err != nil {
		status.Unreachable = silence(err, restFor)
		if errors.Is(err, context.DeadlineExceeded) {
			status.Unreachable += ", although SSM answered: slow, or lost in part"
		}
		return status
	}
	if claim.Role == roles.Standby {
		status.blockers = runtime.Judge(seen).Blockers
	}
	if claim.Leads() {
		var last checks.Rollout
		if last, status.rolloutUnseen = runtime.Rollout(bounded, claim.ClaimedAt); !last.Over() {
			status.Rollout = &last
		}
	}
	if side.Config.Production != nil { // a silent one may be lost: the verdict says what the standby shows of it
		status.source, _ = s.source(bounded, side, nil)
	}
	return status
}

// unread adds what AWS did not tell of what was looked at.
func (s *SideStatus) unread(seen checks.Snapshot) {
	if why := seen.Unread.Image; why != "" {
		s.Unread = append(s.Unread, "the image could not be read: "+why)
	}
	if why := seen.Unread.Replica; why != "" {
		s.databaseUnread = "the database could not be read: " + why
		s.Unread = append(s.Unread, s.databaseUnread)
	}
	if r := seen.Replica; r != nil && r.ParametersUnread != "" {
		s.Unread = append(s.Unread, fmt.Sprintf("the parameters of database %s could not be read: %s", r.ID, r.ParametersUnread))
	}
	for _, b := range seen.Shortfalls {
		s.Unread = append(s.Unread, b.Reason)
	}
}

// divergences says of each side why its state and AWS do not belong together; nil when they do.
func (s *Site) divergences(ctx context.Context, sides []Side) (whys []*refusal.Error, errs []error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	whys, errs = make([]*refusal.Error, len(sides)), make([]error, len(sides))
	var group sync.WaitGroup
	for i, side := range sides {
		group.Go(func() { whys[i], errs[i] = s.diverged(ctx, side) })
	}
	group.Wait()
	return whys, errs
}

// diverged says why a stack's state and AWS do not belong together; nil when they do.
func (s *Site) diverged(ctx context.Context, side Side) (*refusal.Error, error) {
	recorded, found, err := stacks.ReadRecord(ctx, s.options.Env, side.Config)
	if err != nil || !found {
		return nil, err
	}
	return state.Diverged(side.Config.Stack, side.Config.RecordName(), side.State, recorded), nil
}

// askAgainFor bounds what a region is asked that a procedure can't do without.
const askAgainFor = 30 * time.Second

// unreachable is why AWS in a side's region does not answer; empty when it does, be it with
// a refusal. The error is that of ctx.
func (s *Site) unreachable(ctx context.Context, side Side) (why string, err error) {
	bounded, cancel := context.WithTimeout(ctx, askAgainFor)
	defer cancel()
	_, err = s.caller(bounded, side)
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err == nil || awsclient.Answered(err):
		return "", nil
	}
	return silence(err, askAgainFor), nil
}

// lost is why a side can't abort its activation, where AWS in its region does not answer, or is too busy to: it is asked for the
// record of the claim, which an abort reads first. Half a region may answer, and STS alone says nothing. Missing credentials are an
// error, and no lost region: they are found by the region of the other side, since those of a role come from STS of
// the region that is called. other is nil where no stack made it.
func (s *Site) lost(ctx context.Context, side Side, other *Side) (why string, err error) {
	env, region := s.options.Env, side.Config.Region
	if other != nil {
		region = other.Config.Region
	}
	by, err := env.AWS.For(ctx, region, side.Config.Profile)
	if err == nil {
		by.Credentials, err = awsclient.Retrieved(ctx, by.Credentials, askFor)
	}
	if err != nil {
		return "", fmt.Errorf("finding credentials to ask AWS in %s: %w", side.Config.Region, err)
	}
	env.AWS = env.AWS.With(by.Credentials)
	bounded, cancel := context.WithTimeout(ctx, askAgainFor)
	defer cancel()
	_, _, err = failover.Parameter(bounded, env, side.Config.Region, side.Config.Profile, side.Config.RecordName())
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err == nil, denies(err), errors.Is(err, failover.ErrNothingTold):
		return "", nil
	}
	return silence(err, askAgainFor), nil
}

// silence is why a region could not be asked, without the layers of the SDK.
func silence(err error, limit time.Duration) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("nothing within %s", limit)
	}
	if words := awsclient.Words(err); words != "" {
		return words
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// backend is where state lies, for people; empty when the engine can't tell.
func (s *Site) backend(ctx context.Context) string {
	address, err := s.backendURL(ctx)
	if err != nil {
		address = os.Getenv("PULUMI_BACKEND_URL")
	}
	return redacted(address)
}

// backendURL is the URL of where state lies.
func (s *Site) backendURL(ctx context.Context) (string, error) {
	if set, _ := s.options.lookup("PULUMI_BACKEND_URL"); set != "" {
		return set, nil
	}
	o, err := s.found(ctx)
	if err != nil {
		return "", err
	}
	return backendURL(ctx, o)
}

// redacted is an address without a password, which a database's may hold.
func redacted(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "an address that is none"
	}
	if _, secret := parsed.User.Password(); secret {
		return parsed.Redacted()
	}
	return address
}

// kmsARN is the beginning of the ARN of a key or of an alias, up to its region.
var kmsARN = regexp.MustCompile(`^/arn:[^:]+:kms:([^:]+):`)

// regionOf is the region that a URL of a backend or of a key names; empty for none.
func regionOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if region := parsed.Query().Get("region"); region != "" {
		return region
	}
	if arn := kmsARN.FindStringSubmatch(parsed.Path); arn != nil {
		return arn[1]
	}
	return ""
}
