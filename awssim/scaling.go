package awssim

import (
	"encoding/base64"
	"fmt"
	"strings"
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
				{path: "launchTemplate.id", to: templateType, by: "id", missing: func(string) error {
					return refuse("ValidationError", "You must use a valid fully-formed launch template. The specified launch template does not exist.")
				}},
			},
			unique: &unique{prop: "name", taken: func(o *Object) error {
				return refuse("AlreadyExists", "AutoScalingGroup by this name already exists - A group with the name %s already exists", o.text("name"))
			}},
			takes: scalingTakes, check: validScaling, made: madeScaling,
			changed: func(_ *World, _ Call, old, o *Object) error {
				if wantedInstances(old) == 0 {
					delete(o.Times, "in service") // its first instances are only coming
				}
				return nil
			},
			defaults: map[string]any{
				"healthCheckGracePeriod": 300.0, "healthCheckType": "EC2", "defaultCooldown": 300.0, "protectFromScaleIn": false,
			},
		},
		policyType: {
			service: "autoscaling", sdk: "Auto Scaling", noun: "Auto Scaling Policy",
			create: "PutScalingPolicy", update: "PutScalingPolicy", delete: "DeletePolicy", id: named("name"),
			refs: []ref{{path: "autoscalingGroupName", to: scalingType, by: "name", loose: true, missing: func(name string) error {
				return refuse("ValidationError", "AutoScalingGroup name not found - AutoScalingGroup %s not found", name)
			}}},
			made: func(w *World, o *Object) {
				o.fill(map[string]any{"arn": arn("autoscaling", o, fmt.Sprintf("scalingPolicy:%s:autoScalingGroupName/%s:policyName/%s",
					w.requestID(o.Region, o.ID), o.text("autoscalingGroupName"), o.ID))})
			},
		},
	}
}

// scalingTakes: a group with more instances than before waits for them.
func scalingTakes(old, o *Object) string {
	operation := "CreateAutoScalingGroup"
	before := 0
	if old != nil {
		operation, before = "UpdateAutoScalingGroup", wantedInstances(old)
	}
	if wantedInstances(o) > before {
		return strings.TrimPrefix(capacity, "autoscaling:")
	}
	return operation
}

func wantedInstances(o *Object) int { return max(o.number("minSize"), o.number("desiredCapacity")) }

func validScaling(w *World, o *Object) error {
	if o.number("minSize") > o.number("maxSize") {
		return refuse("ValidationError", "Max bound, %d, must be greater than or equal to min bound, %d", o.number("maxSize"), o.number("minSize"))
	}
	template := w.find(templateType, o.Region, textAt(o.Props, "launchTemplate.id"))
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
	return nil
}

func madeScaling(w *World, o *Object) {
	o.fill(map[string]any{
		"arn": arn("autoscaling", o, fmt.Sprintf("autoScalingGroup:%s:autoScalingGroupName/%s", w.requestID(o.Region, o.ID), o.ID)),
	})
	if _, asked := o.Props["desiredCapacity"]; !asked || wantedInstances(o) > o.number("desiredCapacity") {
		o.Props["desiredCapacity"] = o.Props["minSize"]
	}
	if o.number("desiredCapacity") > o.number("maxSize") {
		o.Props["desiredCapacity"] = o.Props["maxSize"]
	}
	// Instances that are there stay in service; others are when the wait is over.
	if _, running := o.Times["in service"]; !running || o.number("desiredCapacity") == 0 {
		o.setTime("in service", o.Ready)
	}
}

// failedCapacity is what the provider says when instances don't come: their
// image is not there, so each launch fails until the wait times out.
func (w *World) failedCapacity(o *Object) error {
	if o.Type != scalingType || wantedInstances(o) == 0 {
		return nil
	}
	template := w.find(templateType, o.Region, textAt(o.Props, "launchTemplate.id"))
	image, why := w.launchImage(o.Region, template)
	if why == "" {
		return nil
	}
	return fmt.Errorf("waiting for Auto Scaling Group (%s) capacity satisfied: scaling activity: Failed: Launching a new EC2 instance.  Status Reason: %s (image %s). Launching EC2 instance failed",
		o.ID, why, image)
}
