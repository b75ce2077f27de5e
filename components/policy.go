package components

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

// arn names a resource of a service in a region; account is empty for what belongs to none.
func arn(service, region, account, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", awsregion.Partition(region), service, region, account, resource)
}

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
func trust(principal string) pulumi.StringOutput { return policyDocument(trusted(principal)) }

// trustFor is the same for a service that may act on behalf of one account alone, or
// else an account that learns the role's name could have the service use it.
//
// IfExists: AWS documents the key for services in general
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html), and not that
// S3 sends it for replication. Where it doesn't, a plain condition would stop
// replication, and all that one sees of that is objects that never arrive.
func trustFor(principal, account string) pulumi.StringOutput {
	return policyDocument(forAccount(trusted(principal), account))
}

// forAccount narrows a statement to what a service does on behalf of one account.
func forAccount(statement pulumi.Map, account string) pulumi.Map {
	statement["Condition"] = pulumi.Map{"StringEqualsIfExists": pulumi.Map{"aws:SourceAccount": pulumi.String(account)}}
	return statement
}

func trusted(principal string) pulumi.Map {
	return pulumi.Map{
		"Effect":    pulumi.String("Allow"),
		"Action":    pulumi.String("sts:AssumeRole"),
		"Principal": pulumi.Map{"Service": pulumi.String(principal)},
	}
}
