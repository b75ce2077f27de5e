package failover

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/report"
)

const (
	// recent is how old a failed launch may be to say why instances are missing now.
	recent = 15 * time.Minute
	// activities is how many of a group's activities are read: those of the last minutes.
	activities = 20
	// launchLookInterval is after how many looks at a site that does not answer its group is asked.
	launchLookInterval = 5
)

// instances is what is seen of the instances of a side.
type instances struct {
	running int // in service in the group
	// placed counts those of each type and zone, in words such as "m6i.large in us-east-2b".
	placed  map[string]int
	failure checks.LaunchFailure
}

// WaitInstances waits until enough instances are in service in the group. A launch that
// fails is reported and waited out: the group tries again, and in its other zones. That the
// group cannot be read blocks nothing, since the site is verified afterwards.
func (r *Runtime) WaitInstances(ctx context.Context) error {
	limit := r.Site.Limits.Healthy
	if r.Site.Source != "" {
		limit += r.Site.Limits.Promote // they are in time as long as that may last
	}
	step := report.Step{Kind: report.InstanceStep, Name: "wait for the instances", Awaits: "the instances"}
	return r.runStep(&step, func() error {
		var last checks.LaunchFailure
		var said logged
		err := r.wait(ctx, step.Awaits, limit, func(ctx context.Context) (bool, string, error) {
			found, err := r.instances(ctx)
			switch {
			case isRetryable(err) || ctx.Err() != nil:
				return false, "", err
			case err != nil:
				return true, "not counted: " + err.Error(), nil //nolint:nilerr // the pages will tell
			}
			if found.failure != (checks.LaunchFailure{}) {
				last = found.failure
			}
			if found.running >= r.Site.Instances {
				return true, found.seen(r.Site.Instances), nil
			}
			return false, found.seen(r.Site.Instances) + said.words(ctx, r), nil
		})
		return remedied(err, last)
	})
}

// WantedInstances is how many instances this side's groups want, which scaling has fitted to the visitors; 0 for none.
func (r *Runtime) WantedInstances(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Site.Limits.Check)
	defer cancel()
	cfg, err := r.aws(ctx)
	if err != nil {
		return 0, err
	}
	wanted := 0
	err = r.eachGroup(ctx, autoscaling.NewFromConfig(cfg), func(group types.AutoScalingGroup) error {
		wanted += int(aws.ToInt32(group.DesiredCapacity))
		return nil
	})
	return wanted, err
}

// seen is what was found, in words.
func (i instances) seen(wanted int) string {
	text := fmt.Sprintf("%d of %d instances in service", i.running, wanted)
	if i.running >= wanted && len(i.placed) > 0 {
		var parts []string
		for _, place := range slices.Sorted(maps.Keys(i.placed)) {
			parts = append(parts, fmt.Sprintf("%d %s", i.placed[place], place))
		}
		text += ": " + strings.Join(parts, ", ")
	}
	if i.running < wanted && i.failure != (checks.LaunchFailure{}) {
		text += ", launching fails: " + i.failure.String()
	}
	return text
}

// remedied says in the error of a wait that reached its limit what to do about the launches
// that failed meanwhile.
func remedied(err error, failure checks.LaunchFailure) error {
	if gaveUp, ok := errors.AsType[*TimeoutError](err); ok && failure != (checks.LaunchFailure{}) {
		gaveUp.Cause, gaveUp.Remedy = "launching instances failed: "+failure.String(), failure.Remedy
	}
	return err
}

// instances counts what runs in this side's groups, of which there are two for a while
// when one was killed as it was made, and finds why more don't.
func (r *Runtime) instances(ctx context.Context) (found instances, err error) {
	cfg, err := r.aws(ctx)
	if err != nil {
		return found, err
	}
	found.placed = map[string]int{}
	client := autoscaling.NewFromConfig(cfg)
	var launches []checks.Launch
	err = r.eachGroup(ctx, client, func(group types.AutoScalingGroup) error {
		running := found.count(group)
		if found.running += running; running >= int(aws.ToInt32(group.DesiredCapacity)) {
			return nil
		}
		attempts, err := attempted(ctx, client, aws.ToString(group.AutoScalingGroupName))
		launches = append(launches, attempts...)
		return err
	})
	if err != nil {
		return found, err
	}
	found.failure = checks.Launches(launches, r.env.Now().Add(-recent))
	return found, nil
}

// eachGroup reads this side's groups, until one fails.
func (r *Runtime) eachGroup(ctx context.Context, client *autoscaling.Client, do func(types.AutoScalingGroup) error) error {
	for groups := r.groups(client); groups.HasMorePages(); {
		page, err := groups.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("reading the Auto Scaling group: %w", err)
		}
		for _, group := range page.AutoScalingGroups {
			if err := do(group); err != nil {
				return err
			}
		}
	}
	return nil
}

// groups lists this side's groups.
func (r *Runtime) groups(client *autoscaling.Client) *autoscaling.DescribeAutoScalingGroupsPaginator {
	ours := &autoscaling.DescribeAutoScalingGroupsInput{}
	for _, key := range slices.Sorted(maps.Keys(r.Site.Tags)) {
		ours.Filters = append(ours.Filters, types.Filter{Name: aws.String("tag:" + key), Values: []string{r.Site.Tags[key]}})
	}
	return autoscaling.NewDescribeAutoScalingGroupsPaginator(client, ours)
}

// count counts what is in service in a group, and where.
func (i *instances) count(group types.AutoScalingGroup) (count int) {
	for _, m := range group.Instances {
		if m.LifecycleState == types.LifecycleStateInService && strings.EqualFold(aws.ToString(m.HealthStatus), "Healthy") {
			count++
			i.placed[aws.ToString(m.InstanceType)+" in "+aws.ToString(m.AvailabilityZone)]++
		}
	}
	return count
}

// attempted are a group's newest attempts to launch instances.
func attempted(ctx context.Context, client *autoscaling.Client, group string) (attempts []checks.Launch, err error) {
	out, err := client.DescribeScalingActivities(ctx, &autoscaling.DescribeScalingActivitiesInput{
		AutoScalingGroupName: &group, MaxRecords: aws.Int32(activities),
	})
	if err != nil {
		return nil, fmt.Errorf("reading what Auto Scaling group %s did: %w", group, err)
	}
	for _, a := range out.Activities {
		attempts = append(attempts, checks.Launch{
			At: aws.ToTime(a.StartTime), Message: aws.ToString(a.StatusMessage),
			Failed: a.StatusCode == types.ScalingActivityStatusCodeFailed || a.StatusCode == types.ScalingActivityStatusCodeCancelled,
		})
	}
	return attempts, nil
}
