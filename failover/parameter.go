package failover

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Parameter reads a plain parameter of SSM in a region. found reports whether it is there.
func Parameter(ctx context.Context, env Env, region, profile, name string) (value string, found bool, err error) {
	cfg, err := env.config(ctx, region, profile)
	if err != nil {
		return "", false, err
	}
	out, err := ssm.NewFromConfig(cfg).GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	if _, gone := errors.AsType[*types.ParameterNotFound](err); gone {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("reading parameter %s: %w", name, err)
	}
	if out.Parameter == nil {
		return "", false, fmt.Errorf("reading parameter %s: %w", name, ErrNothingTold)
	}
	return aws.ToString(out.Parameter.Value), true, nil
}

// Secret reads the current value of a secret in Secrets Manager, by its ARN.
func Secret(ctx context.Context, env Env, region, profile, arn string) (string, error) {
	cfg, err := env.config(ctx, region, profile)
	if err != nil {
		return "", err
	}
	out, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return "", fmt.Errorf("reading secret %s: %w", arn, err)
	}
	if out.SecretString == nil {
		return "", fmt.Errorf("reading secret %s: Secrets Manager answered without a text", arn)
	}
	return *out.SecretString, nil
}

// Account is the id of the account whose credentials these are, as AWS in a region says.
func Account(ctx context.Context, env Env, region, profile string) (string, error) {
	cfg, err := env.config(ctx, region, profile)
	if err != nil {
		return "", err
	}
	return account(ctx, cfg)
}

func account(ctx context.Context, cfg aws.Config) (string, error) {
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	if aws.ToString(who.Account) == "" {
		return "", fmt.Errorf("AWS in %s does not say of which account the credentials are", cfg.Region)
	}
	return *who.Account, nil
}
