package wire

import (
	"strconv"
)

func balancer(in input) string { return in.text("LoadBalancerArn") }

var elbOperations = map[string]operation{
	"DescribeLoadBalancers": {func(input) string { return "" }, describeBalancers},
	"DeleteLoadBalancer":    {balancer, deleteBalancer},
	"DescribeListeners":     {balancer, describeListeners},
	"DescribeTargetGroups":  {balancer, describeTargetGroups},
	"DescribeTargetHealth":  {func(in input) string { return in.text("TargetGroupArn") }, describeTargetHealth},
	"DeleteListener":        {func(in input) string { return in.text("ListenerArn") }, deleteListener},
}

type balancerXML struct {
	LoadBalancerArn  string
	LoadBalancerName string
	DNSName          string
	Type             string
}

func describeBalancers(r request) (any, error) {
	if err := r.in.only(); err != nil {
		return nil, err
	}
	var out struct {
		Balancers []balancerXML `xml:"LoadBalancers>member"`
	}
	for _, b := range r.world.Balancers(r.region) {
		out.Balancers = append(out.Balancers, balancerXML{LoadBalancerArn: b.ARN, LoadBalancerName: b.Name, DNSName: b.DNSName, Type: "application"})
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

func describeTargetGroups(r request) (any, error) {
	if err := r.in.only("LoadBalancerArn"); err != nil {
		return nil, err
	}
	arns, err := r.world.TargetGroups(r.region, r.in.text("LoadBalancerArn"))
	if err != nil {
		return nil, err
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
