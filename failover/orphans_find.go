package failover

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"

	"github.com/pilotlight-dr/pilotlight/checks"
)

// Orphans finds what killed updates left of the stack that nothing takes over or deletes before it is made again:
// Redis groups and addresses. Their names are made up, so the next update makes others beside them. name is the
// beginning of the names of the stack's Redis groups.
func (r *Runtime) Orphans(ctx context.Context, name string) ([]checks.Orphan, error) {
	cfg, err := r.aws(ctx)
	if err != nil {
		return nil, err
	}
	caches, err := findCaches(ctx, elasticache.NewFromConfig(cfg), name)
	if err != nil {
		return nil, err
	}
	addresses, err := findAddresses(ctx, ec2.NewFromConfig(cfg), r.Site.Tags)
	if err != nil {
		return nil, err
	}
	for i, a := range addresses { // EC2 does not tell their ARNs, by which the state holds them
		if at := slices.IndexFunc(r.Site.ResourceIDs, func(held string) bool { return strings.HasSuffix(held, "/"+a.ID) }); at >= 0 {
			addresses[i].ARN = r.Site.ResourceIDs[at]
		}
	}
	return checks.Orphans(append(caches, addresses...), r.ours(), r.Site.Region), nil
}

// findCaches finds the Redis groups whose names begin with name, with their tags.
func findCaches(ctx context.Context, client *elasticache.Client, name string) (found []checks.Found, err error) {
	pages := elasticache.NewDescribeReplicationGroupsPaginator(client, &elasticache.DescribeReplicationGroupsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("looking for Redis groups that a killed update left: %w", err)
		}
		for _, g := range page.ReplicationGroups {
			id := aws.ToString(g.ReplicationGroupId)
			if !strings.HasPrefix(id, name) {
				continue
			}
			tags, err := client.ListTagsForResource(ctx, &elasticache.ListTagsForResourceInput{ResourceName: g.ARN})
			if err != nil {
				return nil, fmt.Errorf("reading the tags of Redis group %s: %w", id, err)
			}
			f := checks.Found{
				Kind: checks.CacheGroup, ID: id, Ending: aws.ToString(g.Status) == "deleting", ARN: aws.ToString(g.ARN), Tags: map[string]string{},
				End: "aws elasticache delete-replication-group --replication-group-id " + id,
			}
			for _, tag := range tags.TagList {
				f.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
			}
			found = append(found, f)
		}
	}
	return found, nil
}

// findAddresses finds the elastic IP addresses of a site, with their tags.
func findAddresses(ctx context.Context, client *ec2.Client, tags map[string]string) (found []checks.Found, err error) {
	filter := types.Filter{Name: aws.String("tag:site"), Values: []string{tags["site"]}}
	out, err := client.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: []types.Filter{filter}})
	if err != nil {
		return nil, fmt.Errorf("looking for addresses that a killed update left: %w", err)
	}
	for _, a := range out.Addresses {
		id := aws.ToString(a.AllocationId)
		f := checks.Found{Kind: checks.Address, ID: id, Tags: map[string]string{}, End: "aws ec2 release-address --allocation-id " + id}
		for _, tag := range a.Tags {
			f.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		found = append(found, f)
	}
	return found, nil
}

// endLimit is for Redis groups that are still being made when their deletion is asked for: each takes ten minutes or so.
const endLimit = time.Hour

// busy are the codes by which a service refuses to delete what it is still making.
var busy = map[string]struct{}{"InvalidReplicationGroupState": {}}

// EndOrphans deletes what Orphans finds, for a stack that is to be destroyed: a Redis group would keep its network
// from being deleted. It returns when AWS has none of it.
func (r *Runtime) EndOrphans(ctx context.Context, name string) error {
	cfg, err := r.aws(ctx)
	if err != nil {
		return err
	}
	if left, err := r.Orphans(ctx, name); err != nil || len(left) == 0 { // an AWS that does not answer is not waited for
		return err
	}
	asked := map[string]bool{}
	return r.wait(ctx, "the end of what killed updates left", endLimit, func(ctx context.Context) (bool, string, error) {
		orphans, err := r.Orphans(ctx, name)
		if err != nil || len(orphans) == 0 {
			return err == nil, "", err
		}
		var left []string
		for _, o := range orphans {
			left = append(left, o.Kind+" "+o.ID)
			if asked[o.ID] || o.Ending {
				continue
			}
			switch err := endOrphan(ctx, cfg, o); {
			case coded(err, busy):
			case err != nil:
				return false, "", fmt.Errorf("deleting %s %s, which a killed update left: %w", o.Kind, o.ID, err)
			default:
				asked[o.ID] = true
			}
		}
		return false, "still there: " + strings.Join(left, ", "), nil
	})
}

func endOrphan(ctx context.Context, cfg aws.Config, o checks.Orphan) (err error) {
	if o.Kind == checks.CacheGroup {
		_, err = elasticache.NewFromConfig(cfg).DeleteReplicationGroup(ctx, &elasticache.DeleteReplicationGroupInput{ReplicationGroupId: &o.ID})
	} else {
		_, err = ec2.NewFromConfig(cfg).ReleaseAddress(ctx, &ec2.ReleaseAddressInput{AllocationId: &o.ID})
	}
	return err
}
