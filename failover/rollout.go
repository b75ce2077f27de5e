package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/checks"
)

// ImageOf is an image of this region.
func (r *Runtime) ImageOf(ctx context.Context, id string) (*checks.Image, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Site.Limits.Check)
	defer cancel()
	cfg, err := r.aws(ctx)
	if err != nil {
		return nil, err
	}
	return findImage(ctx, ec2.NewFromConfig(cfg), id)
}

// CheckImage finds out whether instances start from an image. It asks EC2 about the image and the types, and nothing else.
// Types that it may not ask about do not count. It fails when it could not ask.
func (r *Runtime) CheckImage(ctx context.Context, id string) (verdict checks.Verdict, err error) {
	ctx, leave := r.enter(ctx, "check the image")
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, r.Site.Limits.Check)
	defer cancel()
	cfg, err := r.aws(ctx)
	if err != nil {
		return verdict, err
	}
	client, seen := ec2.NewFromConfig(cfg), checks.Snapshot{At: r.env.Now()}
	seen.Image, err = findImage(ctx, client, id)
	if err := orAbsent(err); err != nil {
		return verdict, err
	}
	seen.Types, err = findTypes(ctx, client, r.Site.InstanceTypes, r.Site.Zones)
	if err != nil && !awsclient.Answered(err) && !errors.Is(err, errNothingOffered) {
		return verdict, err
	}
	seen.VolumeKey = r.volumeKey(ctx, cfg, seen.Image)
	policy := r.Site.Policy
	policy.Image, policy.Epoch = id, 0 // it is no activation, for which a risk might be accepted
	verdict.Blockers = checks.NewImage.Blockers(seen, policy)
	return verdict, nil
}

// Rollout is the last replacement of this side's instances that began since a time, whether it is over or not; zero when
// there was none.
func (r *Runtime) Rollout(ctx context.Context, since time.Time) (last checks.Rollout, err error) {
	cfg, err := r.aws(ctx)
	if err != nil {
		return last, err
	}
	client := autoscaling.NewFromConfig(cfg)
	groups := r.groups(client)
	for groups.HasMorePages() {
		page, err := groups.NextPage(ctx)
		if err != nil {
			return last, fmt.Errorf("reading the Auto Scaling group: %w", err)
		}
		for _, group := range page.AutoScalingGroups {
			out, err := client.DescribeInstanceRefreshes(ctx, &autoscaling.DescribeInstanceRefreshesInput{
				AutoScalingGroupName: group.AutoScalingGroupName, MaxRecords: aws.Int32(recentRefreshes),
			})
			if err != nil {
				return last, fmt.Errorf("reading how far the instances of %s are replaced: %w", aws.ToString(group.AutoScalingGroupName), err)
			}
			if found := lastRefresh(out.InstanceRefreshes, since, r.env.Now()); found.Began.After(last.Began) {
				last = found
				last.Region, last.Group = r.Site.Region, aws.ToString(group.AutoScalingGroupName)
			}
		}
	}
	return last, nil
}

// recentRefreshes is how many refreshes of a group are looked at: two may have begun close to each other.
const recentRefreshes = 5

// lastRefresh is the refresh that began last, and not before a time; zero for none. One that is pending has no time yet.
func lastRefresh(all []types.InstanceRefresh, since, now time.Time) (last checks.Rollout) {
	for _, found := range all {
		began := now
		if found.StartTime != nil {
			began = *found.StartTime
		}
		if !began.Before(since) && began.After(last.Began) {
			last = checks.Rollout{
				Status: string(found.Status), Reason: aws.ToString(found.StatusReason), Began: began, Percent: int(aws.ToInt32(found.PercentageComplete)),
			}
		}
	}
	return last
}
