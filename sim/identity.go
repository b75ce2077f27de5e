package sim

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

const (
	roleType       = "aws:iam/role:Role"
	rolePolicyType = "aws:iam/rolePolicy:RolePolicy"
	attachmentType = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	profileType    = "aws:iam/instanceProfile:InstanceProfile"
)

func identityKinds() map[string]*kind {
	inRole := ref{path: "role", to: roleType, by: "name", missing: func(name string) error {
		return &Error{Status: 404, Code: "NoSuchEntity", Message: "The role with name " + name + " cannot be found."}
	}}
	return map[string]*kind{
		roleType: {
			service: "iam", sdk: "IAM", noun: "IAM Role", create: "CreateRole", update: "UpdateAssumeRolePolicy", delete: "DeleteRole",
			id: named("name"), check: validRole, made: madeIdentity("role", "AROA"),
			unique: &unique{prop: "name", taken: func(o *Object) error {
				return &Error{Status: 409, Code: "EntityAlreadyExists", Message: "Role with name " + o.text("name") + " already exists."}
			}},
			inUse: func(_, user *Object) error {
				what := "must detach all policies first."
				if user.Type == profileType {
					what = "must remove roles from instance profile first."
				}
				return &Error{Status: 409, Code: "DeleteConflict", Message: "Cannot delete entity, " + what}
			},
			defaults: map[string]any{"path": "/", "maxSessionDuration": 3600.0},
		},
		rolePolicyType: {
			service: "iam", sdk: "IAM", noun: "IAM Role Policy", create: "PutRolePolicy", update: "PutRolePolicy", delete: "DeleteRolePolicy",
			id:   func(_ *World, o *Object) string { return o.text("role") + ":" + o.text("name") },
			refs: []ref{inRole}, check: func(_ *World, o *Object) error { return validPolicy(o.Region, o.text("policy")) },
		},
		attachmentType: {
			service: "iam", sdk: "IAM", noun: "IAM Role Policy Attachment",
			create: "AttachRolePolicy", update: "AttachRolePolicy", delete: "DetachRolePolicy",
			id:   func(w *World, o *Object) string { return o.text("role") + "-" + w.madeID(o, 26) },
			refs: []ref{inRole}, check: attachable,
		},
		profileType: {
			service: "iam", sdk: "IAM", noun: "IAM Instance Profile",
			create: "CreateInstanceProfile", update: "AddRoleToInstanceProfile", delete: "DeleteInstanceProfile",
			id: named("name"), refs: []ref{inRole}, made: madeIdentity("instance-profile", "AIPA"),
			unique: &unique{prop: "name", taken: func(o *Object) error {
				return &Error{Status: 409, Code: "EntityAlreadyExists", Message: "Instance Profile " + o.text("name") + " already exists."}
			}},
			defaults: map[string]any{"path": "/"},
		},
	}
}

func madeIdentity(resource, prefix string) func(*World, *Object) {
	return func(w *World, o *Object) {
		o.fill(map[string]any{
			"arn": arn("iam", o, resource+o.text("path")+o.text("name")), "createDate": w.clock.Now().Format(time.RFC3339),
			"uniqueId": prefix + strings.ToUpper(w.requestID(o.ID)[:8]+w.requestID(o.ID)[24:33]),
		})
	}
}

// validRole: the trust policy names services, and China's differ.
func validRole(_ *World, o *Object) error {
	trust := o.text("assumeRolePolicy")
	if !json.Valid([]byte(trust)) {
		return refuse("MalformedPolicyDocument", "This policy contains invalid Json")
	}
	principal := "ec2.amazonaws.com.cn"
	if awsregion.Partition(o.Region) == "aws-cn" {
		principal = "ec2.amazonaws.com"
	}
	if strings.Contains(trust, `"`+principal+`"`) {
		return refuse("MalformedPolicyDocument", "Invalid principal in policy: \"SERVICE\":\"%s\"", principal)
	}
	return nil
}

// validPolicy: a policy is JSON, and its ARNs are of the partition.
func validPolicy(region, policy string) error {
	if !json.Valid([]byte(policy)) {
		return refuse("MalformedPolicyDocument", "Syntax errors in policy.")
	}
	for _, found := range strings.Split(policy, `"arn:`)[1:] {
		partition, _, _ := strings.Cut(found, ":")
		resource, _, _ := strings.Cut(found, `"`)
		if partition != awsregion.Partition(region) && partition != "*" {
			return refuse("MalformedPolicyDocument", "Partition \"%s\" is not valid for resource \"arn:%s\".", partition, resource)
		}
	}
	return nil
}

// attachable: AWS's own policies exist under the partition's name.
func attachable(_ *World, o *Object) error {
	policy := o.text("policyArn")
	if !strings.HasPrefix(policy, "arn:"+awsregion.Partition(o.Region)+":iam::aws:policy/") {
		return &Error{Status: 404, Code: "NoSuchEntity", Message: "Policy " + policy + " does not exist or is not attachable."}
	}
	return nil
}
