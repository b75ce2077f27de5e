package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

// KeyArgs says whose key it is.
type KeyArgs struct {
	Region    string
	AccountID string
}

// Key is the KMS key that a region's databases and their snapshots are encrypted
// with, and the topic of its alarms. It outlives its stack, as what it encrypts may.
type Key struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput
}

// NewKey makes a key that turns every year, and an alias to find it by.
func NewKey(ctx *pulumi.Context, name string, args KeyArgs, opts ...pulumi.ResourceOption) (*Key, error) {
	k := &Key{}
	if err := ctx.RegisterComponentResource("pilotlight:components:Key", name, k, opts...); err != nil {
		return nil, err
	}
	root := fmt.Sprintf("arn:%s:iam::%s:root", awsregion.Partition(args.Region), args.AccountID)
	key, err := kms.NewKey(ctx, name+"-database", &kms.KeyArgs{
		Description:       pulumi.String("Database of " + name),
		EnableKeyRotation: pulumi.Bool(true),
		// The account decides by its IAM policies who may use the key; RDS gets grants
		// from the caller that makes a database with it. CloudWatch needs it for the topic of
		// the alarms, and AWS's own key lets no other service in
		// (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html).
		Policy: policyDocument(pulumi.Map{
			"Effect":    pulumi.String("Allow"),
			"Principal": pulumi.Map{"AWS": pulumi.String(root)},
			"Action":    pulumi.String("kms:*"),
			"Resource":  pulumi.String("*"),
		}, forAccount(pulumi.Map{
			"Effect":    pulumi.String("Allow"),
			"Principal": pulumi.Map{"Service": pulumi.String(alarmPrincipal)},
			"Action":    pulumi.ToStringArray([]string{"kms:Decrypt", "kms:GenerateDataKey*"}),
			"Resource":  pulumi.String("*"), // this key
		}, args.AccountID)),
		Tags: named(name + "-database"),
	}, pulumi.Parent(k), pulumi.RetainOnDelete(true))
	if err != nil {
		return nil, err
	}
	// The alias goes with the stack: the key that stays is found by its description,
	// and another stack of this name can have the alias.
	if _, err := kms.NewAlias(ctx, name+"-database", &kms.AliasArgs{
		Name: pulumi.String("alias/" + name + "-database"), TargetKeyId: key.KeyId,
	}, pulumi.Parent(k)); err != nil {
		return nil, err
	}
	k.ARN = key.Arn
	return k, ctx.RegisterResourceOutputs(k, pulumi.Map{"arn": k.ARN})
}
