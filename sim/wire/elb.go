package wire

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/sim"
)

func balancer(in input) string { return in.text("LoadBalancerArn") }

var elbOperations = map[string]operation{
	"DescribeLoadBalancers": {func(input) string { return "" }, describeBalancers},
	"DeleteLoadBalancer":    {balancer, deleteBalancer},
	"DescribeListeners":     {balancer, describeListeners},
	"DescribeTargetGroups":  {balancer, describeTargetGroups},
	"DescribeTargetHealth":  {func(in input) string { return in.text("TargetGroupArn") }, describeTargetHealth},
	"DescribeTags":          {func(in input) string { return strings.Join(in.members("ResourceArns"), ",") }, describeTags},
	"DeleteListener":        {func(in input) string { return in.text("ListenerArn") }, deleteListener},
	"DeleteTargetGroup": {func(in input) string { return in.text("TargetGroupArn") }, func(r request) (any, error) {
		return struct{}{}, r.world.DeleteTargetGroup(r.region, r.in.text("TargetGroupArn"))
	}},
}

type balancerXML struct {
	LoadBalancerArn  string
	LoadBalancerName string
	DNSName          string
	Type             string
	SecurityGroups   []string          `xml:"SecurityGroups>member"`
	Zones            []balancedZoneXML `xml:"AvailabilityZones>member"`
	CreatedTime      time.Time
	State            string `xml:"State>Code"`
}

type balancedZoneXML struct{ ZoneName string }

func describeBalancers(r request) (any, error) {
	wanted := r.in.members("LoadBalancerArns")
	if len(wanted) == 0 {
		if err := r.in.only(); err != nil {
			return nil, err
		}
	}
	var out struct {
		Balancers []balancerXML `xml:"LoadBalancers>member"`
	}
	for _, b := range r.world.Balancers(r.region) {
		if len(wanted) == 0 || slices.Contains(wanted, b.ARN) {
			x := balancerXML{LoadBalancerArn: b.ARN, LoadBalancerName: b.Name, DNSName: b.DNSName, Type: "application", SecurityGroups: b.SecurityGroups, CreatedTime: b.Created.UTC(), State: b.State}
			for _, zone := range b.Zones {
				x.Zones = append(x.Zones, balancedZoneXML{zone})
			}
			out.Balancers = append(out.Balancers, x)
		}
	}
	if len(out.Balancers) < len(wanted) {
		return nil, &sim.Error{Status: http.StatusBadRequest, Code: "LoadBalancerNotFound", Message: "One or more load balancers not found"}
	}
	return out, nil
}

type tagXML struct{ Key, Value string }

type taggedXML struct {
	ResourceArn string
	Tags        []tagXML `xml:"Tags>member"`
}

// describeTags takes as many ARNs as the service does, and finds all of them or tells of none.
func describeTags(r request) (any, error) {
	if len(r.in.members("ResourceArns")) > 20 {
		return nil, &sim.Error{Status: http.StatusBadRequest, Code: "ValidationError", Message: "1 validation error detected: Member must have length less than or equal to 20"}
	}
	var out struct {
		Tagged []taggedXML `xml:"TagDescriptions>member"`
	}
	for _, arn := range r.in.members("ResourceArns") {
		tags, err := r.world.BalancerTags(r.region, arn)
		if err != nil {
			return nil, err
		}
		one := taggedXML{ResourceArn: arn}
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			one.Tags = append(one.Tags, tagXML{key, tags[key]})
		}
		out.Tagged = append(out.Tagged, one)
	}
	return out, nil
}

func deleteBalancer(r request) (any, error) {
	if err := r.in.only("LoadBalancerArn"); err != nil {
		return nil, err
	}
	r.world.DeleteBalancer(r.region, r.in.text("LoadBalancerArn"))
	return struct{}{}, nil
}

type listenerXML struct {
	ListenerArn string
	Port        string
	Protocol    string
}

func describeListeners(r request) (any, error) {
	if wanted := r.in.members("ListenerArns"); len(wanted) > 0 {
		return struct{}{}, allThere(r, wanted, "aws:lb/listener:Listener", "ListenerNotFound")
	}
	if err := r.in.only("LoadBalancerArn"); err != nil {
		return nil, err
	}
	listeners, err := r.world.Listeners(r.region, r.in.text("LoadBalancerArn"))
	if err != nil {
		return nil, err
	}
	var out struct {
		Listeners []listenerXML `xml:"Listeners>member"`
	}
	for _, l := range listeners {
		out.Listeners = append(out.Listeners, listenerXML{ListenerArn: l.ARN, Port: strconv.Itoa(l.Port), Protocol: l.Protocol})
	}
	return out, nil
}

func deleteListener(r request) (any, error) {
	if err := r.in.only("ListenerArn"); err != nil {
		return nil, err
	}
	return struct{}{}, r.world.DeleteListener(r.region, r.in.text("ListenerArn"))
}

type targetGroupXML struct {
	TargetGroupArn, TargetGroupName string
	LoadBalancerArns                []string `xml:"LoadBalancerArns>member"`
}

// allThere refuses names when one of them is of nothing.
func allThere(r request, wanted []string, typ, code string) error {
	if len(r.world.Held(r.region, wanted, typ)) < len(wanted) {
		return &sim.Error{Status: http.StatusBadRequest, Code: code, Message: "One or more of them not found"}
	}
	return nil
}

func describeTargetGroups(r request) (any, error) {
	if wanted := r.in.members("TargetGroupArns"); len(wanted) > 0 {
		return struct{}{}, allThere(r, wanted, "aws:lb/targetGroup:TargetGroup", "TargetGroupNotFound")
	}
	groups := r.world.AllTargetGroups(r.region)
	if names := r.in.members("Names"); len(names) > 0 {
		groups = slices.DeleteFunc(groups, func(g sim.TargetGroup) bool { return !slices.Contains(names, g.Name) })
		if len(groups) < len(names) {
			return nil, &sim.Error{Status: http.StatusBadRequest, Code: "TargetGroupNotFound", Message: "One or more target groups not found"}
		}
	} else if err := r.in.only("LoadBalancerArn"); err != nil {
		return nil, err
	}
	of := r.in.text("LoadBalancerArn")
	if of != "" {
		if _, err := r.world.TargetGroups(r.region, of); err != nil {
			return nil, err
		}
	}
	var out struct {
		Groups []targetGroupXML `xml:"TargetGroups>member"`
	}
	for _, g := range groups {
		if of == "" || slices.Contains(g.Balancers, of) {
			out.Groups = append(out.Groups, targetGroupXML{TargetGroupArn: g.ARN, TargetGroupName: g.Name, LoadBalancerArns: g.Balancers})
		}
	}
	return out, nil
}

type targetXML struct {
	ID    string `xml:"Target>Id"`
	State string `xml:"TargetHealth>State"`
}

func describeTargetHealth(r request) (any, error) {
	if err := r.in.only("TargetGroupArn"); err != nil {
		return nil, err
	}
	targets, err := r.world.Targets(r.region, r.in.text("TargetGroupArn"))
	if err != nil {
		return nil, err
	}
	var out struct {
		Targets []targetXML `xml:"TargetHealthDescriptions>member"`
	}
	for _, t := range targets {
		state := "initial"
		if t.Healthy {
			state = "healthy"
		}
		out.Targets = append(out.Targets, targetXML{ID: t.ID, State: state})
	}
	return out, nil
}
