package awsclient_test

import (
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// TestAnAnswerIsAwaitedForAWhile holds that a call which AWS takes and never answers ends.
func TestAnAnswerIsAwaitedForAWhile(t *testing.T) {
	t.Parallel()
	cfg, err := awsclient.Config(nil).For(t.Context(), "us-east-2", "")
	require.NoError(t, err)
	client, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	require.True(t, ok, "AWS_CA_BUNDLE is given to such a one alone")
	assert.Equal(t, 30*time.Second, client.GetTransport().ResponseHeaderTimeout)
	copies, ok := awsclient.S3(cfg).Options().HTTPClient.(*awshttp.BuildableClient)
	require.True(t, ok)
	assert.Equal(t, 10*time.Minute, copies.GetTransport().ResponseHeaderTimeout, "of 5 GiB in one call")
}
