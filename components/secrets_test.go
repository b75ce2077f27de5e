package components

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/wordpress"
)

func TestGeneratedSecretsFitWhereTheyGo(t *testing.T) {
	secrets, others := wordpress.GenerateSecrets(), wordpress.GenerateSecrets()
	assert.Len(t, secrets, len(wordpress.SecretKeys())+2, "and RDS's master user, of a database that this program makes")
	for _, key := range wordpress.SecretKeys() {
		assert.NotEmpty(t, secrets[key], key)
		if key != wordpress.DatabaseUser && key != wordpress.DatabaseName {
			assert.NotEqual(t, others[key], secrets[key], "%s must differ from site to site", key)
			assert.Regexp(t, "^[A-Z0-9]{26,52}$", secrets[key], key)
		}
	}
	assert.LessOrEqual(t, len(secrets[wordpress.DatabasePassword]), 41, "RDS for MySQL takes no more")
	assert.LessOrEqual(t, len(secrets[wordpress.MasterPassword]), 41, "RDS for MySQL takes no more")
	assert.LessOrEqual(t, len(secrets[wordpress.DatabaseUser]), 16, "RDS for MySQL takes no more")
}

func TestSecretsStaySecret(t *testing.T) {
	values := wordpress.GenerateSecrets()
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		_, err := NewSecrets(ctx, "blog-dr", SecretsArgs{Values: pulumi.ToStringMap(values)})
		return err
	})
	assert.NotContains(t, c.one(t, "secretsmanager/secret:Secret").Inputs, "recoveryWindowInDays", "what was deleted by mistake can be had back")
	version := c.one(t, "secretsmanager/secretVersion:SecretVersion")
	assert.Equal(t, []string{"secretString"}, version.Secret)
	var stored map[string]string
	require.NoError(t, json.Unmarshal([]byte(version.Inputs["secretString"].(string)), &stored))
	assert.Equal(t, values, stored)
}

func TestPassingSecretsAreGoneAtOnce(t *testing.T) {
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		_, err := NewSecrets(ctx, "blog-dr-drill", SecretsArgs{Values: pulumi.ToStringMap(wordpress.GenerateSecrets()), Passing: true})
		return err
	})
	assert.Zero(t, c.one(t, "secretsmanager/secret:Secret").Inputs["recoveryWindowInDays"], "or the next of this name is refused for 30 days")
}

func TestParametersArePlain(t *testing.T) {
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		if _, err := NewParameter(ctx, "blog-dr", ParameterArgs{Path: "/blog/dr", Key: "site", Value: pulumi.String("https://www.example.com")}); err != nil {
			return err
		}
		_, err := NewImage(ctx, "blog-dr", ImageArgs{ParameterName: "/blog/dr/image", ImageID: "ami-1"})
		return err
	})
	byName := map[any]map[string]any{}
	for _, p := range c.of("ssm/parameter:Parameter") {
		assert.Empty(t, p.Secret)
		byName[p.Inputs["name"]] = p.Inputs
	}
	assert.Equal(t, "https://www.example.com", byName["/blog/dr/site"]["insecureValue"])
	assert.Equal(t, "ami-1", byName["/blog/dr/image"]["insecureValue"])
	assert.Equal(t, "aws:ec2:image", byName["/blog/dr/image"]["dataType"])
}
