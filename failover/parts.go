package failover

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/smithy-go"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// partsLimit bounds the look at the stack's parts. Where AWS does not tell of them, it must block no failover.
const partsLimit = 15 * time.Second

// ofImages are the roles and the log of what brings images, and of what tells of them: no failover builds on those.
var ofImages = regexp.MustCompile(`:role/.*-(images|image-news)-[0-9a-f]{7}$|:log-group:/aws/lambda/`)

// parts finds the parts of the stack that its state holds and AWS does not have. Of a kind that is not among partKinds nothing is
// asked: it has a check of its own, or no failover builds on it. IAM is not asked where that
// is in the region that is lost. What could not be asked is no error: on the night it must not be in the way.
func (r *Runtime) parts(ctx context.Context, cfg aws.Config) (missing []checks.Part, unseen []refusal.Blocker) {
	ctx, cancel := context.WithTimeout(ctx, partsLimit)
	defer cancel()
	held := map[string][]checks.Part{}
	for _, id := range r.Site.ResourceIDs {
		if kind, part := partOf(id); part.Kind != "" && !ofImages.MatchString(id) {
			held[kind] = append(held[kind], part)
		}
	}
	kinds := slices.DeleteFunc(slices.Sorted(maps.Keys(held)), func(kind string) bool {
		return strings.HasPrefix(kind, "iam ") && r.Site.PeerRegion == awsregion.ControlPlane("iam", r.Site.Region)
	})
	// One after the other they would take longer than they may from the other side of the world.
	lacks, errs := make([][]checks.Part, len(kinds)), make([]error, len(kinds))
	var group sync.WaitGroup
	for i, kind := range kinds {
		group.Go(func() { lacks[i], errs[i] = lacking(ctx, cfg, kind, held[kind]) })
	}
	group.Wait()
	return slices.Concat(lacks...), r.partsUnseen(errs)
}

// partsUnseen says why AWS did not tell of some kinds of parts, by an error for each kind that was asked for.
func (r *Runtime) partsUnseen(errs []error) []refusal.Blocker {
	var why []string
	var refused error // one that does not pass, if there is one
	silent := 0
	for _, err := range errs {
		switch {
		case err == nil:
		case unanswered(err):
			silent++
		default:
			why = append(why, unread(err))
			if refused == nil || isRetryable(refused) {
				refused = err
			}
		}
	}
	remedy := toRead(refused, "ask (docs/policies/check.json)")
	if len(why) == 0 {
		remedy = fmt.Sprintf("check again, and from nearer to %s where that does not help", r.Site.Region)
	}
	if silent > 0 {
		why = append(why, fmt.Sprintf("AWS did not tell of %d of %d kinds of parts within %v", silent, len(errs), partsLimit))
	}
	if len(why) == 0 {
		return nil
	}
	return []refusal.Blocker{{
		Code: checks.PartsUnseen, Subject: "parts", Reason: "whether AWS still has all that the state holds is not known: " + strings.Join(why, ", "), Remedy: remedy,
	}}
}

// unanswered reports whether an error is of a call that AWS did not answer.
func unanswered(err error) bool {
	_, ofCall := errors.AsType[*smithy.OperationError](err)
	return ofCall && !awsclient.Answered(err)
}

// MissingParts are the parts of the stack that its state holds and AWS does not have, as far as AWS tells.
func (r *Runtime) MissingParts(ctx context.Context) []checks.Part {
	cfg, err := r.aws(ctx)
	if err != nil {
		return nil
	}
	missing, _ := r.parts(ctx, cfg)
	return missing
}

// lacking are those of some parts of a kind that AWS does not have.
func lacking(ctx context.Context, cfg aws.Config, kind string, held []checks.Part) (missing []checks.Part, err error) {
	ids := make([]string, len(held))
	for i, part := range held {
		ids[i] = part.ID
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	there, err := partKinds[kind].there(ctx, cfg, ids)
	if err != nil {
		return nil, err
	}
	for _, part := range held {
		already := slices.ContainsFunc(missing, func(p checks.Part) bool { return p.ID == part.ID }) // a version has the ARN of its secret
		if !already && !slices.Contains(there, part.ID) {
			missing = append(missing, part)
		}
	}
	if find := unmade[kind]; find != nil && len(missing) > 0 {
		found, err := find(ctx, cfg, ids)
		if err != nil {
			return nil, err
		}
		for i := range missing {
			missing[i].Unmade = slices.Contains(found, missing[i].ID)
		}
	}
	return missing, nil
}

// partOf reads the kind of a part, and what AWS calls it, from what the state holds of it. A part of a kind that is not among
// partKinds has no name for it.
func partOf(held string) (kind string, part checks.Part) {
	named, err := arn.Parse(held)
	switch {
	case strings.HasPrefix(held, "eni-"):
		return "ec2 network-interface", checks.Part{Kind: partKinds["ec2 network-interface"].name, ID: held, ARN: held}
	case strings.HasPrefix(held, "eipalloc-"):
		return "ec2 network-interface", checks.Part{Kind: "NAT gateway with address", ID: held, ARN: held}
	case err != nil: // an update did not finish it, which is a finding of its own
		return "", checks.Part{}
	}
	word, id := "bucket", named.Resource
	if at := strings.IndexAny(named.Resource, ":/"); named.Service != "s3" && at > 0 {
		word, id = named.Resource[:at], named.Resource[at+1:]
	}
	switch named.Service {
	case "elasticloadbalancing", "secretsmanager":
		id = held
	case "autoscaling": // uuid:autoScalingGroupName/name, and :policyName/name behind it
		id = id[strings.LastIndex(id, "/")+1:]
	case "ssm":
		id = "/" + id
	case "kms":
		if word == "alias" {
			id = named.Resource
		}
	}
	kind = named.Service + " " + word
	return kind, checks.Part{Kind: partKinds[kind].name, ID: id, ARN: held}
}
