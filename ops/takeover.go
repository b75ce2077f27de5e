package ops

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops/checkpoint"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// takeoverIDs are what an update of a site takes over from one that was killed, or did not hear AWS's answer: AWS made
// them, and nothing wrote them down. The inputs that are the id, joined by colons, are given by type. What AWS itself gives
// an id is found by its tags, see failover.FindMade. A Redis group is not taken over: it is of no use for ten minutes, and
// another is made beside it.
var takeoverIDs = map[string]string{
	"aws:rds/instance:Instance": "identifier", "aws:ssm/parameter:Parameter": "name", "aws:cloudwatch/logGroup:LogGroup": "name",
	"aws:cloudwatch/metricAlarm:MetricAlarm":  "name",
	"aws:cloudwatch/dashboard:Dashboard":      "dashboardName",
	"aws:iam/role:Role":                       "name",
	"aws:iam/rolePolicy:RolePolicy":           "role:name",
	"aws:iam/instanceProfile:InstanceProfile": "name",
	"aws:kms/alias:Alias":                     "name",
	"aws:lambda/function:Function":            "name",
	"aws:lambda/permission:Permission":        "statementId",
	"aws:autoscaling/policy:Policy":           "name",
	"aws:s3/bucketV2:BucketV2":                "bucket",
	"aws:rds/parameterGroup:ParameterGroup":   "name",
	"aws:rds/subnetGroup:SubnetGroup":         "name",
	"aws:elasticache/subnetGroup:SubnetGroup": "name",
}

// takeOver makes the state agree with AWS after a killed update, in three ways:
//
//   - What the update had asked AWS to make is put into the state, if it is of a type in takesOver. It stays there only
//     if it has the stack's tags.
//   - What the update was changing or deleting is read again. AWS may have done that, and a program that now wants the
//     opposite would see no difference to the state.
//   - What the update failed to change is read again, too. The provider believes that it was changed, and would do
//     nothing (pulumi/pulumi#21458).
//
// refused are creations of this update that AWS refused, since it has something of that name. That happens when an
// answer is lost: AWS made the resource, and the provider asked a second time. They count as pending.
func (s *Stack) takeOver(ctx context.Context, run Run, refused []apitype.ResourceV3) (left remains, err error) {
	held, err := s.saved(ctx)
	if err != nil || len(held.PendingOperations) == 0 && len(checkpoint.LeftUndone(held)) == 0 && len(refused) == 0 {
		return remains{}, err
	}
	if err := s.requireUnlocked(ctx); err != nil { // a running update would make an older one of the state
		return remains{}, err
	}
	text, held, err := s.decoded(ctx) // which finds out whether it can be written again
	if err != nil {
		return remains{}, err
	}
	edited, err := checkpoint.Edit(text)
	if err != nil {
		return remains{}, fmt.Errorf("reading the state of stack %s: %w", s.Name(), err)
	}
	site, unread := s.where() // where its file can't be read, no update changes anything
	ids, ended := s.idsOf(ctx, site, unread, slices.Concat(checkpoint.PendingCreations(held), refused), held, run)
	left.pending = slices.DeleteFunc(checkpoint.PendingCreations(held), func(c apitype.ResourceV3) bool { return ids[c.URN] != "" || ended[c.URN] })
	doubted, found := edited.TakeOver(refused, ids), edited.Unproven()
	doing := "reading again what the last update did not finish, of"
	if len(found) > 0 {
		doing = "taking over " + found[0] + ", which AWS has and the state had not, of"
	}
	if left.imported = len(found) > 0 || doubted; left.imported {
		if err := s.importState(ctx, edited); err != nil {
			return remains{}, err
		}
		for _, line := range interruptedText(held.PendingOperations) { // the engine will list them no more
			run.say(line)
		}
	}
	var unseen []string
	if left.taken, unseen, err = s.dropOthers(ctx, run, site.Tags, edited.Unproven(), doing); err != nil {
		return left, err
	}
	for _, c := range checkpoint.PendingCreations(held) {
		if slices.Contains(unseen, string(c.URN)) {
			left.pending = append(left.pending, c)
		}
	}
	if left.imported {
		if held, err = s.saved(ctx); err != nil {
			return left, err
		}
	}
	if err := s.readAgain(ctx, run, left.taken, doing); err != nil {
		return left, err
	}
	targets := slices.DeleteFunc(checkpoint.LeftUndone(held), func(id string) bool {
		return slices.Contains(left.taken, id) || asksLost(site, urn.URN(id).Type())
	})
	if unread == nil && len(targets) > 0 {
		left.unmade = unmade(ctx, failover.New(s.options.Env, site), held, targets...)
	}
	var needed, other []string // without the others the site serves
	for _, target := range targets {
		switch {
		case slices.Contains(left.unmade, target):
		case dispensable(target):
			other = append(other, target)
		default:
			needed = append(needed, target)
		}
	}
	for _, some := range [][]string{needed, other} {
		if err := s.readAgain(ctx, run, some, doing); err != nil {
			passed, err := s.goOnWithout(ctx, run, some, err)
			if err != nil {
				return left, err
			}
			left.unread, left.imported = append(left.unread, passed...), true
		}
	}
	return left, nil
}

// forbidden are AWS's codes for credentials that may not do something.
var forbidden = regexp.MustCompile(`\b(AccessDenied(Exception)?|Forbidden|AuthorizationError|UnauthorizedOperation)\b`)

// goOnWithout decides what becomes of an update that could not read again what an earlier one left undone. It goes on
// if its credentials may not read that, such as those of a failover, or if the site serves without it. Otherwise
// AWS did not answer, nothing is known, and the update ends with failed. What was not read loses its mark in the
// state, or the engine would change it in each update and fail. It is returned, to be marked again for a later update.
func (s *Stack) goOnWithout(ctx context.Context, run Run, targets []string, failed error) (unread []string, err error) {
	needed := slices.ContainsFunc(targets, func(id string) bool { return !dispensable(id) })
	if ctx.Err() != nil || needed && !forbidden.MatchString(failed.Error()) {
		return nil, failed
	}
	if err := s.edit(ctx, func(d checkpoint.Draft) { unread = d.ForgetUndone(targets) }); err != nil {
		return nil, err
	}
	run.say(fmt.Sprintf("AWS may have other settings than the state says of what the last update did not finish: %v. The update goes on; `pilotlight deploy` reads them again", failed))
	return unread, nil
}

// markUndone marks again what could not be read before an update. It leaves a state alone in which that left something pending,
// which the engine would forget, and returns what to do in place of it.
func (s *Stack) markUndone(ctx context.Context, unread []string) (notes []string, err error) {
	if len(unread) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askAgainFor) // also when ctx was what ended the update
	defer cancel()
	if held, err := s.saved(ctx); err == nil && len(held.PendingOperations) > 0 {
		return []string{fmt.Sprintf("AWS may have other settings than the state says: pulumi refresh -s %s --target %s", s.Name(), strings.Join(unread, " --target "))}, nil
	}
	return nil, s.edit(ctx, func(d checkpoint.Draft) {
		d.MarkUndone(unread, "an update did not finish it, and it could not be read since")
	})
}

// edit changes the state as the engine exports it.
func (s *Stack) edit(ctx context.Context, change func(checkpoint.Draft)) error {
	d, err := s.draft(ctx)
	if err != nil {
		return err
	}
	change(d)
	return s.importState(ctx, d)
}

// draft is the state, to be edited.
func (s *Stack) draft(ctx context.Context) (checkpoint.Draft, error) {
	text, err := s.text(ctx)
	if err != nil {
		return nil, err
	}
	d, err := checkpoint.Edit(text)
	if err != nil {
		return nil, fmt.Errorf("reading the state of stack %s: %w", s.Name(), err)
	}
	return d, nil
}

// remains are what came of looking for what earlier updates left.
type remains struct {
	// pending are creations that stay so: what AWS may have made that the state does not know. Another is made beside
	// it, see orphanNotes.
	pending  []apitype.ResourceV3
	imported bool     // the state was written anew, in which the engine keeps no pending operation
	taken    []string // the URNs of what was taken over
	unread   []string // the URNs of what was left undone and could not be read again
	unmade   []string // the URNs of what was left undone because AWS failed to make it
}

// dropOthers looks at what was found and put into the state to be taken over, and takes out again what AWS does not have, or has
// with others' tags. It returns the URNs of what stays, and of what the credentials may not see, which goes, too. The
// state marks what was not looked at yet, so that it is also looked at after a kill.
func (s *Stack) dropOthers(ctx context.Context, run Run, tags map[string]string, found []string, doing string) (taken, unseen []string, err error) {
	if len(found) == 0 {
		return nil, nil, nil
	}
	own := map[string]bool{}
	look := Run{Event: func(e events.EngineEvent) {
		if out := e.ResOutputsEvent; out != nil {
			own[out.Metadata.URN] = out.Metadata.New != nil && isOwn(*out.Metadata.New, tags)
		}
	}}
	bounded, cancel := boundedRead(ctx)
	defer cancel()
	stream, complaints := s.follow(bounded, run.With(look))
	_, err = s.stack.PreviewRefresh(bounded, optrefresh.Target(found), optrefresh.Parallel(parallel), optrefresh.EventStreams(stream))
	complained := complaints()
	var others []string
	for _, urn := range found {
		switch its, seen := own[urn]; {
		case its:
			taken = append(taken, urn)
		case seen:
			others = append(others, urn)
		default:
			unseen = append(unseen, urn)
		}
	}
	if bounded.Err() != nil || len(unseen) > 0 && !forbidden.MatchString(strings.Join(complained, "\n")) {
		return nil, nil, s.failed(bounded, doing, cmp.Or(err, errUnseen), complained)
	}
	if len(taken) == len(found) {
		return taken, nil, nil
	}
	if err := s.requireUnlocked(ctx); err != nil {
		return nil, nil, err
	}
	return taken, unseen, s.edit(ctx, func(d checkpoint.Draft) {
		for _, urn := range slices.Concat(others, unseen) {
			d.Drop(urn)
		}
	})
}

// errUnseen is a look at AWS that says nothing of something.
var errUnseen = errors.New("AWS did not say whether it has what an earlier update had asked for")

// isOwn reports whether a resource that was read from AWS is one of a stack with some tags. What can have none is the
// stack's as what it belongs to is; an alias must be that of the stack's key.
func isOwn(read apitype.StepEventStateMetadata, tags map[string]string) bool {
	if read.Type == "aws:kms/alias:Alias" {
		key, _ := read.Inputs["targetKeyId"].(string)
		now, _ := read.Outputs["targetKeyId"].(string)
		return key != "" && (key == now || strings.HasSuffix(key, "/"+now))
	}
	there, tagged := read.Outputs["tagsAll"].(map[string]any)
	if !tagged || len(there) == 0 && read.Type == "aws:s3/bucketV2:BucketV2" { // it is tagged once it is made
		return true
	}
	for key, value := range tags {
		if there[key] != value {
			return false
		}
	}
	return true
}

// asksLost reports whether reading a resource would ask the region of the peer, which may be lost: IAM's control plane is
// in one region of a partition.
func asksLost(site failover.Site, typ tokens.Type) bool {
	return strings.HasPrefix(string(typ), "aws:iam/") && site.PeerRegion == awsregion.ControlPlane("iam", site.Region)
}

// idsOf are the ids, by URN, of what AWS made of some pending creations and the stack takes over. What it can't take over,
// but would keep a network from being deleted, it ends. The rest stays pending: another is made beside what may be left.
func (s *Stack) idsOf(ctx context.Context, site failover.Site, unread error, asked []apitype.ResourceV3, held apitype.DeploymentV3, run Run) (ids map[urn.URN]string, ended map[urn.URN]bool) {
	ids, ended = map[urn.URN]string{}, map[urn.URN]bool{}
	asked = checkpoint.Takeable(asked, held)
	say := func(err error) {
		if err != nil {
			run.say("what the killed update made is not taken over, and another is made beside it: " + err.Error())
		}
	}
	if len(asked) > 0 && unread != nil {
		say(unread)
		return ids, ended
	}
	var others []failover.Asked
	var urns []urn.URN
	for _, c := range asked {
		if asksLost(site, c.Type) {
			continue
		}
		if id := checkpoint.IDByInputs(c, s.takesOver[string(c.Type)]); id != "" {
			ids[c.URN] = id
		} else if failover.FindsMade(string(c.Type)) {
			others, urns = append(others, failover.Asked{Type: string(c.Type), Inputs: c.Inputs}), append(urns, c.URN)
		}
	}
	if len(others) == 0 {
		return ids, ended
	}
	runtime := failover.New(s.options.Env, site)
	made, err := runtime.FindMade(ctx, others)
	say(err)
	known := checkpoint.Held(held)
	for n, found := range made {
		found = slices.DeleteFunc(found, func(id string) bool { return known[id] })
		if others[n].Type == securityGroup && len(found) > 0 {
			if !s.seesLocks(ctx) { // an update that runs may have made it
				continue
			}
			err := runtime.DeleteOrphanGroups(ctx, found)
			say(err)
			ended[urns[n]] = err == nil
		} else if len(found) == 1 { // of several it is unknown which is whose
			ids[urns[n]] = found[0]
		}
	}
	return ids, ended
}

// securityGroup is the type of what is not taken over although it is found: AWS makes one that lets everything out, and the
// provider takes that rule away a moment later, or was killed before.
const securityGroup = "aws:ec2/securityGroup:SecurityGroup"

// requireUnlocked refuses what writes the state while an update may be writing it.
func (s *Stack) requireUnlocked(ctx context.Context) error {
	locks, err := s.Locks(ctx)
	if err != nil || len(locks) == 0 {
		return nil //nolint:nilerr // where the backend does not tell, the engine finds a lock itself
	}
	l := locks[0]
	return refusal.Locked(s.Name(), fmt.Sprintf("created by %s@%s (pid %d) at %s", l.User, l.Host, l.PID, l.Since.UTC().Format(time.RFC3339)))
}

// seesLocks reports whether the backend tells of locks: where it does not, requireUnlocked allows all.
func (s *Stack) seesLocks(ctx context.Context) bool {
	_, err := s.Locks(ctx)
	return err == nil
}

// requireFree is requireUnlocked, once the locks that dead updates of this machine left are released.
func (s *Stack) requireFree(ctx context.Context, run Run) error {
	end, err := s.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer end()
	s.releaseLeftLocks(ctx, run)
	return s.requireUnlocked(ctx)
}

// readAgainFor bounds the refresh of a few resources. Each takes a call or two.
const readAgainFor = 10 * time.Minute

// readAgain fills in what AWS holds of some resources, or takes them out of the state when AWS
// knows nothing of them.
func (s *Stack) readAgain(ctx context.Context, run Run, urns []string, doing string) error {
	if len(urns) == 0 {
		return nil
	}
	bounded, cancel := boundedRead(ctx)
	defer cancel()
	return s.refresh(bounded, run, doing, optrefresh.Target(urns))
}

func boundedRead(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, readAgainFor, fmt.Errorf("AWS did not answer within %v", readAgainFor))
}

func (s *Stack) refresh(ctx context.Context, run Run, doing string, opts ...optrefresh.Option) error {
	return s.operate(ctx, run, doing, func(stream chan<- events.EngineEvent) error {
		_, err := s.stack.Refresh(ctx, append(opts, optrefresh.Parallel(parallel), optrefresh.EventStreams(stream))...)
		return err
	})
}

// put writes a state. The engine drops all pending operations from it.
func (s *Stack) put(ctx context.Context, state json.RawMessage) error {
	return s.stack.Import(ctx, apitype.UntypedDeployment{Version: checkpointVersion, Deployment: state})
}

// checkpointVersion is the version of the form in which a deployment is exported.
const checkpointVersion = 3
