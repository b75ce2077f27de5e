package ops

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/state"
)

// takeoverIDs are what an update of a site takes over from a killed one: AWS made them, and nothing
// lived to write them down. The inputs that are the id, joined by colons, are given by type. What AWS itself gives an id
// is found by its tags, see failover.FindMade. A Redis group is not taken over: it is of no use for ten minutes, and
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

// takeOver makes the state agree with AWS after a killed update. It brings into the state what
// that had asked for, of the types that the stack takes over, and reads again what it was changing
// or deleting: AWS may have done that, and a program that wants the opposite would find no
// difference to what the state holds. What the last update failed to change is read again,
// too: the provider takes it for changed, and would do nothing (pulumi/pulumi#21458).
//
// It returns the other creations that are pending: what AWS may have made that the state does
// not know. Another is made beside it, see leftovers. imported reports that the state was
// written anew, in which the engine keeps no pending operation.
func (s *Stack) takeOver(ctx context.Context, run Run) (pending []apitype.ResourceV3, imported bool, err error) {
	held, err := s.saved(ctx)
	if err != nil || len(held.PendingOperations) == 0 && len(leftUndone(held)) == 0 {
		return nil, false, err
	}
	if err := s.requireUnlocked(ctx); err != nil { // a running update would make an older one of the state
		return nil, false, err
	}
	text, held, err := s.decoded(ctx) // which finds out whether it can be written again
	if err != nil {
		return nil, false, err
	}
	asked := pendingCreations(held)
	site, unread := s.where() // where its file can't be read, what has a name is taken over all the same
	ids, ended := s.idsOf(ctx, site, unread, asked, held, run)
	pending = slices.DeleteFunc(asked, func(c apitype.ResourceV3) bool { return ids[c.URN] != "" || ended[c.URN] })
	edited, found, doubted, err := withTakenOver(text, ids)
	if err != nil {
		return pending, false, err
	}
	after, err := state.Decode(edited)
	if err != nil {
		return pending, false, err
	}
	targets := slices.DeleteFunc(leftUndone(after), func(id string) bool { return asksLost(site, urn.URN(id).Type()) })
	doing := "reading again what the last update did not finish, of"
	if len(found) > 0 {
		doing = "taking over " + found[0] + ", which a killed update had asked for, of"
	}
	if imported = len(found) > 0 || doubted; imported {
		if err := s.put(ctx, edited); err != nil {
			return nil, false, s.failed(ctx, doing, err, nil)
		}
		for _, line := range interruptedText(held.PendingOperations) { // the engine will list them no more
			run.say(line)
		}
	}
	if len(targets) == 0 {
		return pending, imported, nil
	}
	return pending, imported, s.readAgain(ctx, run, targets, doing)
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
	asked = takeable(asked, held)
	var others []failover.Asked
	var urns []urn.URN
	for _, c := range asked {
		if asksLost(site, c.Type) {
			continue
		}
		if id := idByInputs(c, s.takesOver[string(c.Type)]); id != "" {
			ids[c.URN] = id
		} else if failover.FindsMade(string(c.Type)) {
			others, urns = append(others, failover.Asked{Type: string(c.Type), Inputs: c.Inputs}), append(urns, c.URN)
		}
	}
	if len(others) == 0 {
		return ids, ended
	}
	say := func(err error) {
		if err != nil {
			run.say("what the killed update made is not taken over, and another is made beside it: " + err.Error())
		}
	}
	if unread != nil {
		say(unread)
		return ids, ended
	}
	runtime := failover.New(s.options.Env, site)
	made, err := runtime.FindMade(ctx, others)
	say(err)
	for n, found := range made {
		found = unknown(found, held)
		if others[n].Type == securityGroup && len(found) > 0 {
			err := runtime.DeleteOrphanGroups(ctx, found)
			say(err)
			ended[urns[n]] = err == nil
		} else if len(found) == 1 { // of several nobody knows which is whose
			ids[urns[n]] = found[0]
		}
	}
	return ids, ended
}

// securityGroup is the type of what is not taken over although it is found: AWS makes one that lets everything out, and the
// provider takes that rule away a moment later, or was killed before.
const securityGroup = "aws:ec2/securityGroup:SecurityGroup"

// takeable are the pending creations of AWS's resources that may be taken over: of what the state does not hold, and
// that was asked for once. The engine accepts no two of a URN, but those that it replaced and is yet to delete.
func takeable(asked []apitype.ResourceV3, held apitype.DeploymentV3) (all []apitype.ResourceV3) {
	times := map[urn.URN]int{}
	for _, r := range current(held) {
		times[r.URN]++
	}
	for _, c := range asked {
		times[c.URN]++
	}
	for _, c := range asked {
		if times[c.URN] == 1 && onAWS(c) {
			all = append(all, c)
		}
	}
	return all
}

// unknown are those of some ids that a state does not hold.
func unknown(ids []string, held apitype.DeploymentV3) []string {
	known := heldIn(held)
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return known[id] })
}

// requireUnlocked refuses what writes the state while an update may be writing it.
func (s *Stack) requireUnlocked(ctx context.Context) error {
	locks, err := s.Locks(ctx)
	if err != nil || len(locks) == 0 {
		return nil //nolint:nilerr // where the backend does not tell, the engine finds a lock itself
	}
	l := locks[0]
	return refusal.Locked(s.Name(), fmt.Sprintf("created by %s@%s (pid %d) at %s", l.User, l.Host, l.PID, l.Since.UTC().Format(time.RFC3339)))
}

// requireFree is requireUnlocked, once the locks that dead updates of this machine left are released.
func (s *Stack) requireFree(ctx context.Context, run Run) error {
	s.one.Lock()
	defer s.one.Unlock()
	s.releaseLeftLocks(ctx, run)
	return s.requireUnlocked(ctx)
}

// readAgainFor bounds the refresh of a few resources. Each takes a call or two.
const readAgainFor = 10 * time.Minute

// readAgain fills in what AWS holds of some resources, or takes them out of the state when AWS
// knows nothing of them.
func (s *Stack) readAgain(ctx context.Context, run Run, urns []string, doing string) error {
	bounded, cancel := context.WithTimeoutCause(ctx, readAgainFor, fmt.Errorf("AWS did not answer within %v", readAgainFor))
	defer cancel()
	return s.refresh(bounded, run, doing, optrefresh.Target(urns))
}

func (s *Stack) refresh(ctx context.Context, run Run, doing string, opts ...optrefresh.Option) error {
	stream, complaints := s.follow(ctx, run)
	_, err := s.stack.Refresh(ctx, append(opts, optrefresh.Parallel(parallel), optrefresh.EventStreams(stream))...)
	complained := complaints()
	if err != nil {
		return s.failed(ctx, doing, err, complained)
	}
	return nil
}

// put writes a state. The engine drops all pending operations from it.
func (s *Stack) put(ctx context.Context, state json.RawMessage) error {
	return s.stack.Import(ctx, apitype.UntypedDeployment{Version: checkpointVersion, Deployment: state})
}

// leftUndone are the URNs of the resources in a state whose creation or change
// failed after AWS was asked.
func leftUndone(held apitype.DeploymentV3) (urns []string) {
	for _, r := range current(held) {
		if r.Custom && len(r.InitErrors) > 0 {
			urns = append(urns, string(r.URN))
		}
	}
	return urns
}

// checkpointVersion is the version of the form in which a deployment is exported.
const checkpointVersion = 3

// withTakenOver moves pending creations in a checkpoint to its resources, under the ids that are given by URN. It returns the
// URNs of those. They are marked as left undone, as are those of the pending updates and deletions: the mark stays until
// AWS has told what it holds of them, also when the takeover is itself killed.
func withTakenOver(state []byte, ids map[urn.URN]string) (edited json.RawMessage, found []string, doubted bool, err error) {
	var checkpoint map[string]any
	decoder := json.NewDecoder(bytes.NewReader(state))
	decoder.UseNumber()
	if len(state) == 0 {
		return nil, nil, false, nil
	}
	if err := decoder.Decode(&checkpoint); err != nil {
		return nil, nil, false, fmt.Errorf("reading what a killed update left: %w", err)
	}
	resources, _ := checkpoint["resources"].([]any)
	operations, _ := checkpoint["pending_operations"].([]any)
	for _, entry := range operations {
		operation, _ := entry.(map[string]any)
		held, _ := operation["resource"].(map[string]any)
		id := urn.URN(fmt.Sprint(held["urn"]))
		switch fmt.Sprint(operation["type"]) {
		case string(apitype.OperationTypeUpdating), string(apitype.OperationTypeDeleting):
			doubted = doubt(resources, held["urn"]) || doubted
			continue
		case string(apitype.OperationTypeCreating):
		default:
			continue
		}
		if ids[id] == "" {
			continue
		}
		// Without outputs the provider would take it for an import, and make an input of
		// everything that AWS tells, the name of a copied database included: the program,
		// which leaves that out for a replica, would then replace it.
		held["id"], held["outputs"] = ids[id], held["inputs"]
		held["initErrors"] = []any{"an update was killed that made it"}
		resources = append(resources, held)
		found = append(found, string(id))
	}
	checkpoint["resources"], checkpoint["pending_operations"] = resources, []any{}
	edited, err = json.Marshal(checkpoint)
	return edited, found, doubted, err
}

// doubt marks a resource of AWS as one that an update left undone, and reports whether the
// checkpoint holds it.
func doubt(resources []any, urn any) (held bool) {
	for _, each := range resources {
		resource, _ := each.(map[string]any)
		kind, _ := resource["type"].(string)
		if resource["urn"] == urn && resource["delete"] != true && strings.HasPrefix(kind, "aws:") {
			resource["initErrors"], held = []any{"an update was killed that changed it"}, true
		}
	}
	return held
}
