package components

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The keys of the application's secrets that others than the application need.
const (
	DatabaseUser     = "database_user"
	DatabasePassword = "database_password"
	DatabaseName     = "database_name"
	CacheToken       = "cache_token"
)

// saltKeys are WordPress's own: with other values in another region, visitors who
// are logged in would be no longer.
var saltKeys = []string{
	"auth_key", "secure_auth_key", "logged_in_key", "nonce_key",
	"auth_salt", "secure_auth_salt", "logged_in_salt", "nonce_salt",
}

// SecretKeys lists the keys of the application's secrets, in a fixed order.
func SecretKeys() []string {
	return append([]string{DatabaseUser, DatabasePassword, DatabaseName, CacheToken}, saltKeys...)
}

// GenerateSecrets makes up the application's secrets for a new site. They are of
// capital letters and digits, which RDS, ElastiCache and every file they are
// written to take as they are, and carry 130 bits or more.
func GenerateSecrets() map[string]string {
	secrets := map[string]string{
		DatabaseUser:     "wordpress",
		DatabasePassword: rand.Text(), // RDS takes up to 41 characters
		DatabaseName:     "wordpress",
		CacheToken:       rand.Text() + rand.Text(), // ElastiCache takes from 16 to 128
	}
	for _, key := range saltKeys {
		secrets[key] = rand.Text() + rand.Text()
	}
	return secrets
}

// DeepToken is what a request for the deep page has to bring along. It follows
// from the database's password, so that both sides of a site know it, and tells
// nothing about it.
func DeepToken(secrets map[string]string) string {
	mac := hmac.New(sha256.New, []byte(secrets[DatabasePassword]))
	mac.Write([]byte("pilotlight deep page"))
	return hex.EncodeToString(mac.Sum(nil))
}

// SecretsArgs holds the application's secrets, by the keys that SecretKeys lists.
type SecretsArgs struct {
	Values pulumi.StringMapInput
	// Passing says that the secret is gone at once when its stack ends, and can't be had back.
	Passing bool
}

// Secrets is the application's secrets in Secrets Manager of the stack's region,
// one JSON object, so that reading them needs no other region.
type Secrets struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput
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
	if _, err := secretsmanager.NewSecretVersion(ctx, name+"-application", &secretsmanager.SecretVersionArgs{
		SecretId:     secret.ID(),
		SecretString: pulumi.ToSecret(pulumi.JSONMarshal(args.Values)).(pulumi.StringOutput).ToStringPtrOutput(),
	}, pulumi.Parent(s)); err != nil {
		return nil, err
	}
	s.ARN = secret.Arn
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"arn": s.ARN})
}
