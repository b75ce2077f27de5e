package failover

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/checks"
)

// Leftovers are what AWS has of a stack, and its state does not hold.
type Leftovers struct {
	Orphans []checks.Found
	// Kept are the final snapshots of deleted databases, which were left on purpose.
	Kept []checks.Found
	// Unseen are the calls that AWS refused, and with which code: what they would have found is not known.
	Unseen []string
	// Untold are Redis groups whose tags ElastiCache does not return while it makes or deletes them.
	Untold []string
}

// Orphans finds what killed updates left of the stack. prefix begins the names of the stack's Redis groups, balancers
// and target groups, which are asked for their tags one by one. Beside the stack's own tags, those of owners count. An
// error is that AWS does not answer, or does not list the databases for another reason than that these credentials may not ask.
func (r *Runtime) Orphans(ctx context.Context, prefix string, owners ...map[string]string) (left Leftovers, err error) {
	cfg, err := r.aws(ctx)
	if err != nil {
		return Leftovers{}, err
	}
	f := finder{cfg: cfg, prefix: prefix, site: r.Site.Tags["site"], held: r.holds, balancers: map[string]elbtypes.LoadBalancer{}}
	finds := []func(context.Context) ([]checks.Found, error){f.databases, f.caches, f.addresses, f.gateways, f.behindNames, f.snapshots}
	found, errs := make([][]checks.Found, len(finds)), make([]error, len(finds))
	var group sync.WaitGroup
	for i, find := range finds {
		group.Go(func() { found[i], errs[i] = find(ctx) })
	}
	group.Wait()
	for i, err := range errs {
		refused := answeredNo(err)
		if i == 0 { // databases, which hold data
			refused = coded(err, denied...)
		}
		if left.Unseen, err = unseenCall(left.Unseen, err, refused); err != nil {
			return Leftovers{}, fmt.Errorf("looking for what killed updates left: %w", err)
		}
	}
	all := slices.Concat(found...)
	for _, one := range all {
		if one.Tags == nil {
			left.Untold = append(left.Untold, one.ID)
		}
	}
	left.Kept = checks.Kept(all, r.Site.Tags)
	for _, o := range checks.Orphans(all, r.holds, append(owners, r.Site.Tags)...) {
		used, err := r.used(ctx, cfg, f, o)
		if left.Unseen, err = unseenCall(left.Unseen, err, answeredNo(err)); err != nil {
			return Leftovers{}, fmt.Errorf("finding out whether %s %s is in use: %w", o.Kind, o.ID, err)
		}
		if !used {
			left.Orphans = append(left.Orphans, o)
		}
	}
	return left, nil
}

// denied are the codes by which AWS refuses a call to some credentials.
var denied = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}

// answeredNo reports whether an error is an answer that stays the same however often AWS is asked: it refuses the call, or a region or
// what stands for AWS does not know it (501, or a code such as UnknownOperationException). To be throttled, and other errors of AWS's own, pass.
func answeredNo(err error) bool {
	res, answered := errors.AsType[*smithyhttp.ResponseError](err)
	if !answered || retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary {
		return false
	}
	status := res.HTTPStatusCode() // 200 of an answer that breaks off
	return status >= http.StatusBadRequest && status < http.StatusInternalServerError || status == http.StatusNotImplemented
}

// unseenCall adds a call that AWS refused to those that it refused before. Any other error is left.
func unseenCall(before []string, err error, refused bool) (calls []string, left error) {
	if !refused {
		return before, err
	}
	if call := unread(err); !slices.Contains(before, call) {
		before = append(before, call)
	}
	return before, nil
}

// holds reports whether the state held a resource. EC2 does not tell the ARNs of addresses, by which it holds them.
func (r *Runtime) holds(f checks.Found) bool {
	return slices.ContainsFunc(r.Site.ResourceIDs, func(id string) bool { return id == f.ARN || id == f.ID || strings.HasSuffix(id, "/"+f.ID) })
}

// used reports whether something serves that no state holds. An update that knew it has made what it serves by. What
// could not be asked counts as used.
func (r *Runtime) used(ctx context.Context, cfg aws.Config, f finder, o checks.Found) (bool, error) {
	switch o.Kind {
	case checks.NATGateway:
		g, err := routed(ctx, ec2.NewFromConfig(cfg), checks.Gateway{ID: o.ID, Interface: o.ARN, Tags: o.Tags})
		orphan, _ := checks.OrphanGateway(g, checks.Owner{Tags: o.Tags, ResourceIDs: func(string) bool { return false }})
		return err != nil || !orphan, err
	case checks.LoadBalancer:
		b, err := r.describeBalancer(ctx, elb.NewFromConfig(cfg), f.balancers[o.ARN])
		orphan, _ := checks.OrphanBalancer(b, checks.Owner{Tags: o.Tags, Groups: b.Groups, ResourceIDs: func(string) bool { return false }})
		return err != nil || !orphan, err
	}
	return false, nil
}

// finder looks for what a killed update may have left, of all stacks of a site in a region.
type finder struct {
	cfg          aws.Config
	prefix, site string
	held         func(checks.Found) bool
	balancers    map[string]elbtypes.LoadBalancer // that were found, by ARN
}

func (f finder) bySite() []types.Filter {
	return []types.Filter{{Name: aws.String("tag:site"), Values: []string{f.site}}}
}

// found is a resource and the command that ends it, in the finder's region.
func (f finder) found(kind, id, arn, end string) checks.Found {
	return checks.Found{Orphan: checks.Orphan{Kind: kind, ID: id, Region: f.cfg.Region, End: end + " --region " + f.cfg.Region}, ARN: arn, Tags: map[string]string{}}
}

// caches finds Redis groups by their names: ElastiCache tells of tags one by one. Those that the state holds are not
// asked for.
func (f finder) caches(ctx context.Context) (all []checks.Found, err error) {
	client := elasticache.NewFromConfig(f.cfg)
	for page, err := range awsclient.Pages(ctx, elasticache.NewDescribeReplicationGroupsPaginator(client, &elasticache.DescribeReplicationGroupsInput{})) {
		if err != nil {
			return nil, err
		}
		for _, g := range page.ReplicationGroups {
			id := aws.ToString(g.ReplicationGroupId)
			one := f.found(checks.CacheGroup, id, aws.ToString(g.ARN), "aws elasticache delete-replication-group --replication-group-id "+id)
			if !strings.HasPrefix(id, f.prefix) || f.held(one) {
				continue
			}
			tags, err := client.ListTagsForResource(ctx, &elasticache.ListTagsForResourceInput{ResourceName: g.ARN})
			if coded(err, busy...) { // ElastiCache tells the tags of what is available (API reference, ListTagsForResource)
				one.Tags = nil
				err = nil
			}
			if err := orGone(err); err != nil {
				return nil, err
			}
			one.Ending, one.Since = aws.ToString(g.Status) == "deleting", aws.ToTime(g.ReplicationGroupCreateTime)
			one.Size = checks.Size{Class: aws.ToString(g.CacheNodeType), Nodes: len(g.MemberClusters)}
			if tags != nil {
				one.Tags = tagMap(tags.TagList, func(t cachetypes.Tag) (key, value *string) { return t.Key, t.Value })
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// addresses finds elastic IP addresses that nothing uses. EC2 does not say since when it has them.
func (f finder) addresses(ctx context.Context) (all []checks.Found, err error) {
	out, err := ec2.NewFromConfig(f.cfg).DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: f.bySite()})
	if err != nil {
		return nil, err
	}
	for _, a := range out.Addresses {
		if a.AssociationId != nil {
			continue
		}
		id := aws.ToString(a.AllocationId)
		one := f.found(checks.Address, id, "", "aws ec2 release-address --allocation-id "+id)
		one.Tags = tagMap(a.Tags, ec2Tag)
		all = append(all, one)
	}
	return all, nil
}

// gateways finds NAT gateways. EC2 shows those that are gone for an hour or so. The state holds one by the id of its
// network interface, which it gets while it is made.
func (f finder) gateways(ctx context.Context) (all []checks.Found, err error) {
	for page, err := range awsclient.Pages(ctx, ec2.NewDescribeNatGatewaysPaginator(ec2.NewFromConfig(f.cfg), &ec2.DescribeNatGatewaysInput{Filter: f.bySite()})) {
		if err != nil {
			return nil, err
		}
		for _, g := range page.NatGateways {
			if g.State == types.NatGatewayStateDeleted || g.State == types.NatGatewayStateFailed {
				continue
			}
			id := aws.ToString(g.NatGatewayId)
			one := f.found(checks.NATGateway, id, "", "aws ec2 delete-nat-gateway --nat-gateway-id "+id)
			one.Ending, one.Since, one.Size.Nodes = g.State == types.NatGatewayStateDeleting, aws.ToTime(g.CreateTime), 1
			for _, address := range g.NatGatewayAddresses {
				one.ARN = aws.ToString(address.NetworkInterfaceId)
			}
			one.Tags = tagMap(g.Tags, ec2Tag)
			all = append(all, one)
		}
	}
	return all, nil
}

// atOnce is of how many resources Elastic Load Balancing tells the tags in a call (API reference, DescribeTags).
const atOnce = 20

// behindNames finds balancers, and target groups that no balancer uses, by their names: Elastic Load Balancing knows no
// filter by tags. Those that the state holds are not asked for.
func (f finder) behindNames(ctx context.Context) (all []checks.Found, err error) {
	client := elb.NewFromConfig(f.cfg)
	for page, err := range awsclient.Pages(ctx, elb.NewDescribeLoadBalancersPaginator(client, &elb.DescribeLoadBalancersInput{})) {
		if err != nil {
			return nil, err
		}
		for _, b := range page.LoadBalancers {
			arn := aws.ToString(b.LoadBalancerArn)
			one := f.found(checks.LoadBalancer, aws.ToString(b.LoadBalancerName), arn, "aws elbv2 delete-load-balancer --load-balancer-arn "+arn)
			one.Since, one.Size = aws.ToTime(b.CreatedTime), checks.Size{Nodes: 1, Zones: len(b.AvailabilityZones)}
			f.balancers[arn] = b
			all = append(all, one)
		}
	}
	for page, err := range awsclient.Pages(ctx, elb.NewDescribeTargetGroupsPaginator(client, &elb.DescribeTargetGroupsInput{})) {
		if err != nil {
			return nil, err
		}
		for _, g := range page.TargetGroups {
			if arn := aws.ToString(g.TargetGroupArn); len(g.LoadBalancerArns) == 0 {
				all = append(all, f.found(checks.TargetGroup, aws.ToString(g.TargetGroupName), arn, "aws elbv2 delete-target-group --target-group-arn "+arn))
			}
		}
	}
	all = slices.DeleteFunc(all, func(one checks.Found) bool { return !strings.HasPrefix(one.ID, f.prefix) || f.held(one) })
	for some := range slices.Chunk(all, atOnce) {
		if err := tell(ctx, client, some); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// tell adds their tags to some balancers and target groups. Where one of them is gone, Elastic Load Balancing tells of
// none, and they are asked for one by one.
func tell(ctx context.Context, client *elb.Client, some []checks.Found) error {
	in := &elb.DescribeTagsInput{}
	for _, one := range some {
		in.ResourceArns = append(in.ResourceArns, one.ARN)
	}
	out, err := client.DescribeTags(ctx, in)
	switch {
	case awsclient.Is(err, awsclient.Gone) && len(some) > 1:
		for n := range some {
			if err := tell(ctx, client, some[n:n+1]); err != nil {
				return err
			}
		}
		return nil
	case awsclient.Is(err, awsclient.Gone):
		return nil
	case err != nil:
		return err
	}
	for _, of := range out.TagDescriptions {
		at := slices.IndexFunc(some, func(one checks.Found) bool { return one.ARN == aws.ToString(of.ResourceArn) })
		if at >= 0 {
			some[at].Tags = tagMap(of.Tags, balancerTag)
		}
	}
	return nil
}

// databases finds the databases of a site. A replica holds nothing of its own; any other leaves a snapshot.
func (f finder) databases(ctx context.Context) (all []checks.Found, err error) {
	for page, err := range awsclient.Pages(ctx, rds.NewDescribeDBInstancesPaginator(rds.NewFromConfig(f.cfg), &rds.DescribeDBInstancesInput{})) {
		if err != nil {
			return nil, err
		}
		for _, d := range page.DBInstances {
			id := aws.ToString(d.DBInstanceIdentifier)
			tags, snapshot := tagMap(d.TagList, databaseTag), " --final-db-snapshot-identifier "+id+"-last"
			if d.ReadReplicaSourceDBInstanceIdentifier != nil || tags["drill"] != "" {
				snapshot = " --skip-final-snapshot"
			}
			one := f.found(checks.DatabaseInstance, id, aws.ToString(d.DBInstanceArn), "aws rds delete-db-instance --db-instance-identifier "+id+snapshot)
			one.Tags = tags
			if aws.ToBool(d.DeletionProtection) {
				one.End = fmt.Sprintf("aws rds modify-db-instance --db-instance-identifier %s --no-deletion-protection --apply-immediately --region %s && %s", id, f.cfg.Region, one.End)
			}
			one.Ending, one.Since = aws.ToString(d.DBInstanceStatus) == "deleting", aws.ToTime(d.InstanceCreateTime)
			one.Size = checks.Size{Class: aws.ToString(d.DBInstanceClass), Nodes: 1, StorageGiB: int(aws.ToInt32(d.AllocatedStorage))}
			if aws.ToBool(d.MultiAZ) {
				one.Size.Nodes = 2
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// last ends the name of the snapshot that this program has RDS take of a database that it deletes. AWS Backup's and
// those that RDS takes by itself are of other types than manual.
var last = regexp.MustCompile(`^-final-[0-9a-f]{8}$`)

func (f finder) snapshots(ctx context.Context) (all []checks.Found, err error) {
	pages := rds.NewDescribeDBSnapshotsPaginator(rds.NewFromConfig(f.cfg), &rds.DescribeDBSnapshotsInput{SnapshotType: aws.String("manual")})
	for page, err := range awsclient.Pages(ctx, pages) {
		if err != nil {
			return nil, err
		}
		for _, s := range page.DBSnapshots {
			id := aws.ToString(s.DBSnapshotIdentifier)
			suffix, ofDatabase := strings.CutPrefix(id, aws.ToString(s.DBInstanceIdentifier))
			if !ofDatabase || !last.MatchString(suffix) {
				continue
			}
			one := f.found(checks.FinalSnapshot, id, aws.ToString(s.DBSnapshotArn), "aws rds delete-db-snapshot --db-snapshot-identifier "+id)
			one.Tags, one.Since = tagMap(s.TagList, databaseTag), aws.ToTime(s.SnapshotCreateTime)
			one.Size, one.Kept = checks.Size{StorageGiB: int(aws.ToInt32(s.AllocatedStorage))}, true
			all = append(all, one)
		}
	}
	return all, nil
}

// tagMap are the tags of a resource by key. Each service of AWS has a type of its own for a tag.
func tagMap[T any](list []T, pair func(T) (key, value *string)) map[string]string {
	tags := map[string]string{}
	for _, tag := range list {
		key, value := pair(tag)
		tags[aws.ToString(key)] = aws.ToString(value)
	}
	return tags
}

func ec2Tag(t types.Tag) (key, value *string)         { return t.Key, t.Value }
func balancerTag(t elbtypes.Tag) (key, value *string) { return t.Key, t.Value }
func databaseTag(t rdstypes.Tag) (key, value *string) { return t.Key, t.Value }
