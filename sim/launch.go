package sim

const templateType = "aws:ec2/launchTemplate:LaunchTemplate"

func launchKinds() map[string]*kind {
	return map[string]*kind{
		templateType: {
			service: "ec2", sdk: "EC2", noun: "EC2 Launch Template",
			create: "CreateLaunchTemplate", update: "CreateLaunchTemplateVersion", delete: "DeleteLaunchTemplate",
			id: prefixed("lt-"),
			refs: []ref{
				withGroups("vpcSecurityGroupIds"), withGroups("networkInterfaces.securityGroups"),
			},
			unique: &unique{prop: "name", taken: func(*Object) error {
				return refuse("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
			}},
			made: func(_ *World, o *Object) {
				o.fill(map[string]any{"arn": arn("ec2", o, "launch-template/"+o.ID), "latestVersion": 1.0, "defaultVersion": 1.0})
			},
			changed: newTemplateVersion,
		},
	}
}

// newTemplateVersion: a changed template is a new version beside the old one.
func newTemplateVersion(_ *World, _ Call, old, o *Object) error {
	latest := float64(old.number("latestVersion") + 1)
	o.Props["latestVersion"] = latest
	if o.flag("updateDefaultVersion") {
		o.Props["defaultVersion"] = latest
	}
	return nil
}
