package failover

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"github.com/pilotlight-dr/pilotlight/checks"
)

// Rollout is the last replacement of this side's instances, whether it is over or not; zero when there was none.
func (r *Runtime) Rollout(ctx context.Context) (last checks.Rollout, err error) {
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
				AutoScalingGroupName: group.AutoScalingGroupName, MaxRecords: aws.Int32(1), // the newest comes first
			})
			if err != nil {
				return last, fmt.Errorf("reading how far the instances of %s are replaced: %w", aws.ToString(group.AutoScalingGroupName), err)
			}
			for _, found := range out.InstanceRefreshes {
				if began := aws.ToTime(found.StartTime); began.After(last.Began) {
					last = checks.Rollout{
						Region: r.Site.Region, Group: aws.ToString(group.AutoScalingGroupName), Status: string(found.Status), Reason: aws.ToString(found.StatusReason),
						Began: began, Percent: int(aws.ToInt32(found.PercentageComplete)),
					}
				}
			}
		}
	}
	return last, nil
}
