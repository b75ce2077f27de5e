package awsclient_test

import (
	"testing"

	"github.com/aws/smithy-go/logging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// TestSDKIsQuiet holds that what the SDK thinks worth a line is not among what the operator reads.
func TestSDKIsQuiet(t *testing.T) {
	t.Parallel()
	cfg, err := awsclient.Config(nil).For(t.Context(), "us-east-2", "")
	require.NoError(t, err)
	assert.Equal(t, logging.Nop{}, cfg.Logger)
}
