package failover

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// TestCredentialsAreFoundOnce holds that all looks in a region share the credentials of the default chain, which renew themselves, and
// that who brings a configuration is asked for it each time.
func TestCredentialsAreFoundOnce(t *testing.T) {
	t.Parallel()
	r := New(Env{}, Site{})
	first, err := r.awsIn(t.Context(), "us-east-2")
	require.NoError(t, err)
	assert.Equal(t, awsclient.Attempts, first.RetryMaxAttempts)
	again, err := r.awsIn(t.Context(), "us-east-2")
	require.NoError(t, err)
	assert.Same(t, first.Credentials, again.Credentials)
	assert.IsType(t, &aws.CredentialsCache{}, again.Credentials, "it asks again when they end")
	other, err := r.awsIn(t.Context(), "us-west-2")
	require.NoError(t, err)
	assert.Equal(t, "us-west-2", other.Region)
	assert.NotSame(t, first.Credentials, other.Credentials, "a role is taken on in the region that is called")

	asked := 0
	brought := New(Env{AWS: func(context.Context, string, string) (aws.Config, error) { asked++; return aws.Config{}, nil }}, Site{})
	for range 2 {
		_, err = brought.awsIn(t.Context(), "us-east-2")
		require.NoError(t, err)
	}
	assert.Equal(t, 2, asked)
}
