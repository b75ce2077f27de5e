package failover

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/pilotlight-dr/pilotlight/checks"
)

// endLimit is for Redis groups that are still being made when their deletion is asked for: each takes ten minutes or so.
const endLimit = time.Hour

// busy are the codes by which a service refuses to delete what it is still making, or what another orphan uses.
var busy = []string{"InvalidReplicationGroupState", "InvalidIPAddress.InUse", "ResourceInUse"}

// EndOrphans deletes what Orphans finds, for a stack that is to be destroyed: much of it would keep its network from
// being deleted. It deletes no database. It returns when AWS has none of the rest. Each time before it deletes something it
// asks held for what the state holds by then, as ARNs, whose error ends it: an update may have begun.
func (r *Runtime) EndOrphans(ctx context.Context, held func(context.Context) ([]string, error), prefix string, owners ...map[string]string) error {
	cfg, err := r.aws(ctx)
	if err != nil {
		return err
	}
	none := func(left Leftovers) bool { return len(endable(left)) == 0 && len(left.Untold) == 0 }
	if left, err := r.Orphans(ctx, prefix, owners...); err != nil || none(left) { // an AWS that does not answer is not waited for
		return err
	}
	asked := map[string]bool{}
	return r.wait(ctx, "the end of what killed updates left", endLimit, func(ctx context.Context) (bool, string, error) {
		left, err := r.Orphans(ctx, prefix, owners...)
		if err != nil || none(left) {
			return err == nil, "", err
		}
		if r.Site.ResourceIDs, err = held(ctx); err != nil {
			return false, "", err
		}
		orphans := slices.DeleteFunc(endable(left), r.holds)
		var names []string
		for _, id := range left.Untold {
			names = append(names, id+", which ElastiCache is making or deleting")
		}
		for _, o := range orphans {
			names = append(names, o.Kind+" "+o.ID)
			if asked[o.ID] || o.Ending {
				continue
			}
			switch err := orGone(endOrphan(ctx, cfg, o)); {
			case coded(err, busy...):
			case err != nil:
				return false, "", fmt.Errorf("deleting %s %s, which a killed update left: %w", o.Kind, o.ID, err)
			default:
				asked[o.ID] = true
				r.Say(fmt.Sprintf("deleting %s %s, which a killed update left", o.Kind, o.ID))
			}
		}
		return false, "still there: " + strings.Join(names, ", "), nil
	})
}

// endable are the orphans that hold no data.
func endable(left Leftovers) (orphans []checks.Found) {
	for _, o := range left.Orphans {
		if o.Kind != checks.DatabaseInstance {
			orphans = append(orphans, o)
		}
	}
	return orphans
}

func endOrphan(ctx context.Context, cfg aws.Config, o checks.Found) (err error) {
	switch o.Kind {
	case checks.CacheGroup:
		_, err = elasticache.NewFromConfig(cfg).DeleteReplicationGroup(ctx, &elasticache.DeleteReplicationGroupInput{ReplicationGroupId: &o.ID})
	case checks.Address:
		_, err = ec2.NewFromConfig(cfg).ReleaseAddress(ctx, &ec2.ReleaseAddressInput{AllocationId: &o.ID})
	case checks.NATGateway:
		_, err = ec2.NewFromConfig(cfg).DeleteNatGateway(ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &o.ID})
	case checks.LoadBalancer:
		_, err = elb.NewFromConfig(cfg).DeleteLoadBalancer(ctx, &elb.DeleteLoadBalancerInput{LoadBalancerArn: &o.ARN})
	case checks.TargetGroup:
		_, err = elb.NewFromConfig(cfg).DeleteTargetGroup(ctx, &elb.DeleteTargetGroupInput{TargetGroupArn: &o.ARN})
	}
	return err
}

// DeleteOrphanGroups deletes security groups that a killed update left, which nothing uses yet. One in use is an error.
// Credentials of a failover may not: then the group stays, and is told.
func (r *Runtime) DeleteOrphanGroups(ctx context.Context, ids []string) error {
	ctx, cancel := context.WithTimeout(ctx, madeLimit)
	defer cancel()
	cfg, err := r.aws(ctx)
	if err != nil {
		return err
	}
	client := ec2.NewFromConfig(cfg)
	for _, id := range ids {
		_, err := client.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &id})
		if err = orGone(err); err != nil {
			return fmt.Errorf("deleting security group %s, which a killed update left: %w", id, err)
		}
	}
	return nil
}
