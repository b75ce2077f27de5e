package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// SecretsArgs holds the application's secrets, by the keys of package wordpress.
type SecretsArgs struct {
	Values pulumi.StringMapInput
	// Passing reports that the secret is gone at once when its stack ends, and can't be had back.
	Passing bool
}

// Secrets is the application's secrets in Secrets Manager of the stack's region,
// one JSON object, so that reading them needs no other region.
type Secrets struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput
	// Version tells these values from those before.
	Version pulumi.StringOutput
}

// NewSecrets puts the application's secrets into Secrets Manager.
func NewSecrets(ctx *pulumi.Context, name string, args SecretsArgs, opts ...pulumi.ResourceOption) (*Secrets, error) {
	s := &Secrets{}
	if err := ctx.RegisterComponentResource("pilotlight:components:Secrets", name, s, opts...); err != nil {
		return nil, err
	}
	secretArgs := &secretsmanager.SecretArgs{
		Description: pulumi.String("Database, cache and WordPress secrets of " + name),
		Tags:        named(name + "-application"),
	}
	if args.Passing {
		secretArgs.RecoveryWindowInDays = pulumi.Int(0)
	}
	secret, err := secretsmanager.NewSecret(ctx, name+"-application", secretArgs, pulumi.Parent(s))
	if err != nil {
		return nil, err
	}
	version, err := secretsmanager.NewSecretVersion(ctx, name+"-application", &secretsmanager.SecretVersionArgs{
		SecretId:     secret.ID(),
		SecretString: pulumi.ToSecret(pulumi.JSONMarshal(args.Values)).(pulumi.StringOutput).ToStringPtrOutput(),
	}, pulumi.Parent(s))
	if err != nil {
		return nil, err
	}
	s.ARN, s.Version = secret.Arn, version.VersionId
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"arn": s.ARN})
}
