package components

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// policyDocument is an IAM policy of the given statements, as JSON.
func policyDocument(statements ...pulumi.Input) pulumi.StringOutput {
	return pulumi.JSONMarshal(pulumi.Map{
		"Version":   pulumi.String("2012-10-17"),
		"Statement": pulumi.Array(statements),
	})
}

// allow is a statement that lets the policy's owner do actions on resources.
func allow(resources pulumi.StringArray, actions ...string) pulumi.Map {
	return pulumi.Map{
		"Effect":   pulumi.String("Allow"),
		"Action":   pulumi.ToStringArray(actions),
		"Resource": resources,
	}
}

// trust is the policy of a role that a service may take on.
func trust(principal string) pulumi.StringOutput {
	return policyDocument(pulumi.Map{
		"Effect":    pulumi.String("Allow"),
		"Action":    pulumi.String("sts:AssumeRole"),
		"Principal": pulumi.Map{"Service": pulumi.String(principal)},
	})
}
