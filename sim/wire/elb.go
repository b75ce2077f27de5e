package wire

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

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
}

type balancerXML struct {
	LoadBalancerArn  string
	LoadBalancerName string
	DNSName          string
	Type             string
	SecurityGroups   []string `xml:"SecurityGroups>member"`
}

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
			out.Balancers = append(out.Balancers, balancerXML{LoadBalancerArn: b.ARN, LoadBalancerName: b.Name, DNSName: b.DNSName, Type: "application", SecurityGroups: b.SecurityGroups})
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

func describeTags(r request) (any, error) {
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
	TargetGroupArn string
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
	arns := r.world.AllTargetGroups(r.region)
	if names := r.in.members("Names"); len(names) > 0 {
		for _, name := range names {
			if !slices.ContainsFunc(arns, func(arn string) bool { return strings.Contains(arn, ":targetgroup/"+name+"/") }) {
				return nil, &sim.Error{Status: http.StatusBadRequest, Code: "TargetGroupNotFound", Message: "One or more target groups not found"}
			}
		}
		arns = slices.DeleteFunc(arns, func(arn string) bool { return !slices.Contains(names, strings.Split(arn, "/")[1]) })
	} else if err := r.in.only("LoadBalancerArn"); err != nil {
		return nil, err
	}
	if of := r.in.text("LoadBalancerArn"); of != "" {
		var err error
		if arns, err = r.world.TargetGroups(r.region, of); err != nil {
			return nil, err
		}
	}
	var out struct {
		Groups []targetGroupXML `xml:"TargetGroups>member"`
	}
	for _, arn := range arns {
		out.Groups = append(out.Groups, targetGroupXML{TargetGroupArn: arn})
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
