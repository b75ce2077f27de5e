package wire

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/sim"
)

var scalingOperations = map[string]operation{
	"DescribeAutoScalingGroups": {func(input) string { return "" }, describeGroups},
	"DescribeInstanceRefreshes": {func(in input) string { return in.text("AutoScalingGroupName") }, describeRefreshes},
	"DescribePolicies":          {func(in input) string { return strings.Join(in.members("PolicyNames"), ",") }, describePolicies},
	"DescribeScalingActivities": {func(in input) string { return in.text("AutoScalingGroupName") }, describeActivities},
}

type machineXML struct {
	InstanceId     string
	HealthStatus   string
	LifecycleState string

	AvailabilityZone string
	InstanceType     string `xml:",omitempty"`
}

type groupXML struct {
	AutoScalingGroupName string
	MinSize              int
	MaxSize              int
	DesiredCapacity      int
	Instances            []machineXML `xml:"Instances>member"`
}

// describePolicies lists those of some names.
func describePolicies(r request) (any, error) {
	var out struct {
		Policies []struct{ PolicyName string } `xml:"ScalingPolicies>member"`
	}
	for _, name := range r.world.Held(r.region, r.in.members("PolicyNames"), "aws:autoscaling/policy:Policy") {
		out.Policies = append(out.Policies, struct{ PolicyName string }{name})
	}
	return out, nil
}

// describeGroups lists the groups that have all the tags that are asked for.
func describeGroups(r request) (any, error) {
	if names := r.in.members("AutoScalingGroupNames"); len(names) > 0 {
		var out struct {
			Groups []groupXML `xml:"AutoScalingGroups>member"`
		}
		for _, name := range r.world.Held(r.region, names, "aws:autoscaling/group:Group") {
			out.Groups = append(out.Groups, groupXML{AutoScalingGroupName: name})
		}
		return out, nil
	}
	tags, known := map[string]string{}, []string{}
	for i := 1; r.in.text(fmt.Sprintf("Filters.member.%d.Name", i)) != ""; i++ {
		name, value := fmt.Sprintf("Filters.member.%d.Name", i), fmt.Sprintf("Filters.member.%d.Values.member.1", i)
		key, byTag := strings.CutPrefix(r.in.text(name), "tag:")
		if !byTag {
			return nil, unmodelled("groups by %s are not modelled by the simulator", r.in.text(name))
		}
		tags[key], known = r.in.text(value), append(known, name, value)
	}
	if err := r.in.only(known...); err != nil {
		return nil, err
	}
	var out struct {
		Groups []groupXML `xml:"AutoScalingGroups>member"`
	}
	for _, g := range r.world.ScalingGroups(r.region) {
		if !holds(g.Tags, tags) {
			continue
		}
		group := groupXML{AutoScalingGroupName: g.Name, MinSize: g.Least, MaxSize: g.Most, DesiredCapacity: g.Capacity}
		for _, m := range g.Machines {
			state := "Pending"
			if m.Healthy {
				state = "InService"
			}
			group.Instances = append(group.Instances, machineXML{InstanceId: m.ID, HealthStatus: "Healthy", LifecycleState: state, AvailabilityZone: m.Zone, InstanceType: m.Type})
		}
		out.Groups = append(out.Groups, group)
	}
	return out, nil
}

func holds(all, some map[string]string) bool {
	for key, value := range some {
		if all[key] != value {
			return false
		}
	}
	return true
}

type activityXML struct {
	ActivityId           string
	AutoScalingGroupName string
	Description          string
	Cause                string
	StartTime            string
	EndTime              string `xml:",omitempty"`
	StatusCode           string
	StatusMessage        string `xml:",omitempty"`
	Progress             int
	Details              string
}

// describeActivities lists the newest activities of a group, up to a number.
func describeActivities(r request) (any, error) {
	if err := r.in.only("AutoScalingGroupName", "MaxRecords"); err != nil {
		return nil, err
	}
	group := r.in.text("AutoScalingGroupName")
	activities, err := r.world.ScalingActivities(r.region, group)
	if err != nil {
		return nil, err
	}
	if most, err := strconv.Atoi(r.in.text("MaxRecords")); err == nil {
		activities = activities[:min(most, len(activities))]
	}
	var out struct {
		Activities []activityXML `xml:"Activities>member"`
	}
	for _, a := range activities {
		out.Activities = append(out.Activities, activityOf(group, a, r.world.Clock().Now()))
	}
	return out, nil
}

func activityOf(group string, a sim.ScalingActivity, now time.Time) activityXML {
	x := activityXML{
		ActivityId: a.ID, AutoScalingGroupName: group, StartTime: a.Began.Format(time.RFC3339Nano), Progress: 100,
		Cause:       "an instance was started in response to a difference between desired and actual capacity",
		Description: "Launching a new EC2 instance: " + a.Machine, StatusCode: "Successful", EndTime: a.Ends.Format(time.RFC3339Nano),
		Details: fmt.Sprintf(`{"Availability Zone":%q}`, a.Zone),
	}
	switch {
	case a.Problem != "":
		x.StatusCode, x.StatusMessage = "Failed", a.Problem
		x.Description = "Launching a new EC2 instance.  Status Reason: " + a.Problem
	case now.Before(a.Ends):
		x.StatusCode, x.EndTime, x.Progress = "InProgress", "", 30
	}
	return x
}

type refreshXML struct {
	InstanceRefreshId    string
	AutoScalingGroupName string
	Status               string
	StartTime            string
	EndTime              string `xml:",omitempty"`
	PercentageComplete   int
	InstancesToUpdate    int
}

// describeRefreshes lists the newest instance refreshes of a group, up to a number.
func describeRefreshes(r request) (any, error) {
	if err := r.in.only("AutoScalingGroupName", "MaxRecords"); err != nil {
		return nil, err
	}
	group := r.in.text("AutoScalingGroupName")
	refreshes, err := r.world.InstanceRefreshes(r.region, group)
	if err != nil {
		return nil, err
	}
	if most, err := strconv.Atoi(r.in.text("MaxRecords")); err == nil {
		refreshes = refreshes[:min(most, len(refreshes))]
	}
	var out struct {
		Refreshes []refreshXML `xml:"InstanceRefreshes>member"`
	}
	for _, f := range refreshes {
		x := refreshXML{
			InstanceRefreshId: f.ID, AutoScalingGroupName: group, Status: f.Status, StartTime: f.Began.Format(time.RFC3339Nano),
			PercentageComplete: f.Percent(), InstancesToUpdate: f.Left,
		}
		if !f.Ended.IsZero() {
			x.EndTime = f.Ended.Format(time.RFC3339Nano)
		}
		out.Refreshes = append(out.Refreshes, x)
	}
	return out, nil
}
