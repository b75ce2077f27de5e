package sim

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

const (
	balancerType = "aws:lb/loadBalancer:LoadBalancer"
	targetsType  = "aws:lb/targetGroup:TargetGroup"
	listenerType = "aws:lb/listener:Listener"
)

func balancerKinds() map[string]*kind {
	elb := func(k kind) *kind {
		k.service, k.sdk = "elasticloadbalancing", "Elastic Load Balancing v2"
		return &k
	}
	return map[string]*kind{
		balancerType: elb(kind{
			noun: "ELBv2 application Load Balancer", globally: true, role: "AWSServiceRoleForElasticLoadBalancing",
			create: "CreateLoadBalancer", update: "ModifyLoadBalancerAttributes", delete: "DeleteLoadBalancer",
			id: func(w *World, o *Object) string { return arn("elasticloadbalancing", o, balancerPath(w, o)) },
			refs: []ref{
				{path: "subnets", to: subnetType, by: "id", missing: func(id string) error {
					return refuse("SubnetNotFound", "The subnet ID '%s' does not exist", id)
				}},
				{path: "securityGroups", to: groupType, by: "id", missing: func(id string) error {
					return refuse("InvalidConfigurationRequest", "One or more security groups are invalid: %s", id)
				}},
			},
			unique: &unique{prop: "name", taken: func(o *Object) error {
				return refuse("DuplicateLoadBalancerName", "A load balancer with the same name '%s' exists, but with different settings", o.text("name"))
			}},
			check: validBalancer, made: madeBalancer, removed: removedBalancer,
			defaults: map[string]any{"loadBalancerType": "application", "internal": false, "ipAddressType": "ipv4", "enableDeletionProtection": false},
		}),
		targetsType: elb(kind{
			noun: "ELBv2 Target Group", create: "CreateTargetGroup", update: "ModifyTargetGroup", delete: "DeleteTargetGroup",
			id: func(w *World, o *Object) string {
				return arn("elasticloadbalancing", o, "targetgroup/"+o.text("name")+"/"+w.madeID(o, 16))
			},
			refs: []ref{{path: "vpcId", to: vpcType, by: "id", missing: func(id string) error {
				return refuse("ValidationError", "The VPC ID '%s' is not found", id)
			}, loose: true}},
			unique: &unique{prop: "name", taken: func(o *Object) error {
				return refuse("DuplicateTargetGroupName", "A target group with the same name '%s' exists, but with different settings", o.text("name"))
			}},
			check: validTargets,
			made: func(_ *World, o *Object) {
				_, path, _ := strings.Cut(o.ID, "targetgroup/")
				o.fill(map[string]any{"arn": o.ID, "arnSuffix": "targetgroup/" + path})
				if check, ok := o.Props["healthCheck"].(map[string]any); ok && check["protocol"] == nil {
					check["protocol"] = "HTTP"
				}
			},
			inUse: func(o, _ *Object) error {
				return refuse("ResourceInUse", "Target group '%s' is currently in use by a listener or a rule", o.ID)
			},
			defaults: map[string]any{"targetType": "instance", "deregistrationDelay": 300.0, "slowStart": 0.0, "protocolVersion": "HTTP1"},
		}),
		listenerType: elb(kind{
			noun: "ELBv2 Listener", create: "CreateListener", update: "ModifyListener", delete: "DeleteListener",
			id: func(w *World, o *Object) string {
				return strings.Replace(o.text("loadBalancerArn"), ":loadbalancer/", ":listener/", 1) + "/" + w.madeID(o, 16)
			},
			refs: []ref{
				{path: "loadBalancerArn", to: balancerType, by: "arn", goes: true, missing: func(arn string) error {
					return refuse("LoadBalancerNotFound", "One or more load balancers not found: %s", arn)
				}},
				{path: "defaultActions.targetGroupArn", to: targetsType, by: "arn", missing: noTargets},
			},
			check: validListener, same: sameListener, made: func(_ *World, o *Object) { o.fill(map[string]any{"arn": o.ID}) },
			defaults: map[string]any{"protocol": "HTTP"},
		}),
	}
}

func noTargets(arn string) error {
	return refuse("TargetGroupNotFound", "Target groups '%s' not found", arn)
}

func balancerPath(w *World, o *Object) string {
	return "loadbalancer/app/" + o.text("name") + "/" + w.madeID(o, 16)
}

func validBalancer(w *World, o *Object) error {
	if t := o.text("loadBalancerType"); t != "application" {
		return fmt.Errorf("a load balancer of type %s is %w: use application", t, ErrNotModelled)
	}
	zones, vpc := map[string]bool{}, ""
	for _, id := range o.texts("subnets") {
		subnet := w.find(subnetType, o.Region, id)
		if vpc != "" && subnet.text("vpcId") != vpc {
			return refuse("InvalidConfigurationRequest", "All subnets must belong to the same VPC: '%s'", vpc)
		}
		vpc = subnet.text("vpcId")
		if zones[subnet.text("availabilityZone")] {
			return refuse("InvalidConfigurationRequest", "A load balancer cannot be attached to multiple subnets in the same Availability Zone")
		}
		zones[subnet.text("availabilityZone")] = true
	}
	if len(zones) < 2 {
		return refuse("ValidationError", "At least two subnets in two different Availability Zones must be specified")
	}
	if _, other, found := w.differentNetworks(o.Region, vpc, o.texts("securityGroups")); found {
		return refuse("InvalidConfigurationRequest", "One or more security groups are invalid: they are in %s, the subnets in %s", other, vpc)
	}
	if o.flag("internal") {
		return nil
	}
	for _, gateway := range w.all(gatewayType, o.Region) {
		if gateway.text("vpcId") == vpc {
			return nil
		}
	}
	return refuse("InvalidSubnet", "VPC %s has no internet gateway", vpc)
}

func madeBalancer(w *World, o *Object) {
	o.stamp(w.clock.Now())
	_, suffix, _ := strings.Cut(o.ID, "loadbalancer/")
	name := fmt.Sprintf("%s-%d.%s.elb.%s", o.text("name"), 1_000_000_000+w.hash(o.ID)%1_000_000_000, o.Region, awsregion.DNSSuffix(o.Region))
	o.fill(map[string]any{
		"arn": o.ID, "arnSuffix": suffix, "dnsName": name, "zoneId": fmt.Sprintf("Z%013X", w.hash("elb", o.Region)>>12),
	})
	o.Props["vpcId"] = w.find(subnetType, o.Region, o.texts("subnets")[0]).text("vpcId")
}

func removedBalancer(w *World, o *Object) error {
	if o.flag("enableDeletionProtection") {
		return refuse("OperationNotPermitted", "Load balancer '%s' cannot be deleted because deletion protection is enabled", o.ID)
	}
	for _, listener := range w.all(listenerType, o.Region) {
		if listener.text("loadBalancerArn") == o.ID {
			w.drop(listener)
		}
	}
	return nil
}

func validTargets(_ *World, o *Object) error {
	if slow := o.number("slowStart"); slow != 0 && (slow < 30 || slow > 900) {
		return refuse("ValidationError", "Slow start duration must be 0 or between 30 and 900 seconds")
	}
	if t := o.text("targetType"); t != "instance" {
		return fmt.Errorf("a target group of type %s is %w: use instance", t, ErrNotModelled)
	}
	if o.text("vpcId") == "" {
		return errors.New(`"vpc_id": required field is not set`)
	}
	return nil
}

// sameListener: "If you attempt to create multiple listeners with the same settings, each call
// succeeds" (Elastic Load Balancing API Reference, CreateListener).
func sameListener(w *World, o *Object) *Object {
	asked := plain(o.Props)
	for _, there := range w.all(listenerType, o.Region) {
		settings := maps.Clone(there.Props)
		delete(settings, "arn")
		if reflect.DeepEqual(settings, asked) {
			return there
		}
	}
	return nil
}

func validListener(w *World, o *Object) error {
	balancer := w.findBy(balancerType, o.Region, "arn", o.text("loadBalancerArn"))
	for _, other := range w.all(listenerType, o.Region) {
		if other.ID != o.ID && other.text("loadBalancerArn") == balancer.ID && other.number("port") == o.number("port") {
			return refuse("DuplicateListener", "A listener already exists on this port for this load balancer '%s'", balancer.ID)
		}
	}
	for _, targets := range textsAt(o.Props, "defaultActions.targetGroupArn") {
		if w.findBy(targetsType, o.Region, "arn", targets).text("vpcId") != balancer.text("vpcId") {
			return refuse("InvalidConfigurationRequest", "The following target group is not in the load balancer's VPC: %s", targets)
		}
	}
	certificate := o.text("certificateArn")
	shown, certified := w.certified(o.Region, certificate)
	switch secure := o.text("protocol") == "HTTPS"; {
	case secure && certificate == "":
		return refuse("CertificateNotFound", "A certificate must be specified for HTTPS listeners")
	case !secure && certificate != "":
		return refuse("InvalidConfigurationRequest", "A certificate cannot be specified for HTTP listeners")
	case secure && arnService(certificate) == "acm" && arnRegion(certificate) != o.Region:
		return refuse("ValidationError", "Certificate ARN '%s' is not valid", certificate)
	case secure && !certified:
		return refuse("CertificateNotFound", "Certificate '%s' not found", certificate)
	case secure && shown.Status != Issued && arnService(certificate) == "acm":
		// API reference, CreateListener; hashicorp/terraform-provider-aws#7559
		return refuse("UnsupportedCertificate", "The certificate '%s' must have a fully-qualified domain name, a supported signature, and a supported key size.", certificate)
	}
	return nil
}
