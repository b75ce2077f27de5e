package sim

import "encoding/json"

const (
	groupType        = "aws:ec2/securityGroup:SecurityGroup"
	defaultGroupType = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	ingressType      = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressType       = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
)

func noGroup(id string) error {
	return refuse("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
}

// withGroups is a list of security groups that must be there.
func withGroups(path string) ref {
	return ref{path: path, to: groupType, by: "id", missing: noGroup}
}

func securityKinds() map[string]*kind {
	rule := kind{
		service: "ec2", sdk: "EC2", update: "ModifySecurityGroupRules", id: prefixed("sgr-"),
		refs: []ref{
			{path: "securityGroupId", to: groupType, by: "id", missing: noGroup, goes: true},
			withGroups("referencedSecurityGroupId"),
		},
		check: newRule,
		made: func(_ *World, o *Object) {
			o.fill(map[string]any{"arn": arn("ec2", o, "security-group-rule/"+o.ID), "securityGroupRuleId": o.ID})
		},
	}
	ingress, egress := rule, rule
	ingress.noun, ingress.create, ingress.delete = "VPC Security Group Ingress Rule", "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"
	egress.noun, egress.create, egress.delete = "VPC Security Group Egress Rule", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress"
	return map[string]*kind{
		ingressType: &ingress,
		egressType:  &egress,
		groupType: {
			service: "ec2", sdk: "EC2", noun: "EC2 Security Group",
			create: "CreateSecurityGroup", update: "ModifySecurityGroup", delete: "DeleteSecurityGroup",
			id: prefixed("sg-"), refs: []ref{inVPC}, check: newGroup, made: ec2Made("security-group"),
			inUse: func(o, _ *Object) error {
				return refuse("DependencyViolation", "resource %s has a dependent object", o.ID)
			},
		},
		defaultGroupType: {
			service: "ec2", sdk: "EC2", noun: "EC2 Default Security Group",
			create: "DescribeSecurityGroups", update: "ModifySecurityGroup", delete: "DescribeSecurityGroups",
			id: func(w *World, o *Object) string {
				return w.find(vpcType, o.Region, o.text("vpcId")).text("defaultSecurityGroupId")
			},
			// It is the VPC's own and goes with it.
			refs:     []ref{{path: "vpcId", to: vpcType, by: "id", missing: noVPC, goes: true}},
			made:     ec2Made("security-group"),
			defaults: map[string]any{"name": "default", "description": "default VPC security group"},
		},
	}
}

func newGroup(w *World, o *Object) error {
	for _, other := range w.all(groupType, o.Region) {
		if other.ID != o.ID && other.text("vpcId") == o.text("vpcId") && other.text("name") == o.text("name") {
			return refuse("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", o.text("name"), o.text("vpcId"))
		}
	}
	return nil
}

func newRule(w *World, o *Object) error {
	peer := o.text("referencedSecurityGroupId")
	if peer != "" && w.find(groupType, o.Region, peer).text("vpcId") != w.find(groupType, o.Region, o.text("securityGroupId")).text("vpcId") {
		return refuse("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
	}
	beside := 0
	for _, other := range w.all(o.Type, o.Region) {
		if other.ID == o.ID {
			continue
		}
		if sameRule(other, o) {
			return refuse("InvalidPermission.Duplicate", "the specified rule already exists")
		}
		if other.text("securityGroupId") == o.text("securityGroupId") {
			beside++
		}
	}
	if beside >= groupRules {
		return refuse("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
	}
	return nil
}

// groupRules is how many rules a group takes in each direction (VPC User Guide, "Amazon VPC quotas"; the words are from
// hashicorp/terraform-provider-aws#30289).
const groupRules = 60

func sameRule(a, b *Object) bool {
	return permission(a) == permission(b)
}

func permission(o *Object) string {
	var parts []any
	for _, prop := range []string{"securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"} {
		parts = append(parts, o.Props[prop])
	}
	text, _ := json.Marshal(parts) // plain values: cannot fail
	return string(text)
}
