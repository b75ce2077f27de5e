package sim

import (
	"encoding/base64"
	"fmt"
	"slices"
)

const (
	scalingType = "aws:autoscaling/group:Group"
	policyType  = "aws:autoscaling/policy:Policy"
)

func scalingKinds() map[string]*kind {
	return map[string]*kind{
		scalingType: {
			service: "autoscaling", sdk: "Auto Scaling", noun: "Auto Scaling Group",
			create: "CreateAutoScalingGroup", update: "UpdateAutoScalingGroup", delete: "DeleteAutoScalingGroup", id: named("name"),
			refs: []ref{
				{path: "vpcZoneIdentifiers", to: subnetType, by: "id", missing: func(id string) error {
					return refuse("ValidationError", "The subnet ID '%s' does not exist", id)
				}},
				{path: "targetGroupArns", to: targetsType, by: "arn", missing: func(string) error {
					return refuse("ValidationError", "Provided Target Groups may not be valid. Please ensure they exist and try again.")
				}},
				{path: mixedTemplate, to: templateType, by: "id", missing: func(string) error {
					return refuse("ValidationError", "You must use a valid fully-formed launch template. The specified launch template does not exist.")
				}},
				{path: "launchTemplate.id", to: templateType, by: "id", missing: func(string) error {
					return refuse("ValidationError", "You must use a valid fully-formed launch template. The specified launch template does not exist.")
				}},
			},
			unique: &unique{prop: "name", taken: func(o *Object) error {
				return refuse("AlreadyExists", "AutoScalingGroup by this name already exists - A group with the name %s already exists", o.text("name"))
			}},
			check: validScaling, made: madeScaling,
			defaults: map[string]any{
				"waitForCapacityTimeout": "10m", "healthCheckGracePeriod": 300.0, "healthCheckType": "EC2", "defaultCooldown": 300.0, "protectFromScaleIn": false,
			},
		},
		policyType: {
			service: "autoscaling", sdk: "Auto Scaling", noun: "Auto Scaling Policy",
			create: "PutScalingPolicy", update: "PutScalingPolicy", delete: "DeletePolicy", id: named("name"),
			refs: []ref{{path: "autoscalingGroupName", to: scalingType, by: "name", goes: true, missing: func(name string) error {
				return refuse("ValidationError", "AutoScalingGroup name not found - AutoScalingGroup %s not found", name)
			}}},
			made: func(w *World, o *Object) {
				o.fill(map[string]any{"arn": arn("autoscaling", o, fmt.Sprintf("scalingPolicy:%s:autoScalingGroupName/%s:policyName/%s",
					w.requestID(o.Region, o.ID), o.text("autoscalingGroupName"), o.ID))})
			},
		},
	}
}

func validScaling(w *World, o *Object) error {
	if o.number("minSize") > o.number("maxSize") {
		return refuse("ValidationError", "Max bound, %d, must be greater than or equal to min bound, %d", o.number("maxSize"), o.number("minSize"))
	}
	template := w.templateOf(o)
	if template == nil {
		return fmt.Errorf("an Auto Scaling group without a launch template by id is %w", ErrNotModelled)
	}
	if data, err := base64.StdEncoding.DecodeString(template.text("userData")); err != nil {
		return refuse("ValidationError", "You must use a valid fully-formed launch template. Invalid BASE64 encoding of user data.")
	} else if len(data) > 16384 {
		return refuse("ValidationError", "You must use a valid fully-formed launch template. User data is limited to 16384 bytes")
	}
	if len(o.texts("vpcZoneIdentifiers")) == 0 {
		return refuse("ValidationError", "At least one Availability Zone or VPC Subnet is required.")
	}
	return validRefresh(o)
}

func madeScaling(w *World, o *Object) {
	o.fill(map[string]any{
		"arn": arn("autoscaling", o, fmt.Sprintf("autoScalingGroup:%s:autoScalingGroupName/%s", w.requestID(o.Region, o.ID), o.ID)),
	})
	now := w.clock.Now()
	w.launch(o, now) // what is due by now, before anything is wanted anew
	w.resize(o)
	w.launch(o, now)
}

// resize brings a group to the capacity that is wanted of it. New sizes bound the
// capacity that it has, which scaling policies move in between.
func (w *World) resize(o *Object) {
	least, most := o.number("minSize"), o.number("maxSize")
	if least > 0 && w.findBy(policyType, o.Region, "autoscalingGroupName", o.ID) != nil && w.fault("load", is("high")) != nil {
		least = most
	}
	desired := min(max(o.number("desiredCapacity"), least), most)
	o.Props["desiredCapacity"] = float64(desired)
	for len(o.Machines) < desired {
		o.Machines = append(o.Machines, Machine{Next: w.clock.Now()})
	}
	o.Machines = o.Machines[:desired]
	o.Successors = slices.DeleteFunc(o.Successors, func(s Successor) bool { return s.Of >= desired })
}
