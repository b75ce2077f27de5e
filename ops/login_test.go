package ops

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// TestNotLoggedIn holds that whoever is not logged in gets the line that bootstrap printed, where the file tells it.
func TestNotLoggedIn(t *testing.T) {
	t.Parallel()
	shipped, err := os.ReadFile("../Pulumi.dr.yaml")
	require.NoError(t, err)
	for name, tc := range map[string]struct{ lines, says string }{
		"a key":           {"secretsprovider: awskms://alias/blog-state?region=us-west-1\n", `pulumi login "s3://blog-state-$(aws sts get-caller-identity --query Account --output text)-us-west-1?region=us-west-1", unless`},
		"the account too": {"  aws:allowedAccountIds: [\"123456789012\"]\nsecretsprovider: awskms://alias/blog-state?region=us-west-1\n", `pulumi login "s3://blog-state-123456789012-us-west-1?region=us-west-1"`},
		"a passphrase":    {"encryptionsalt: v1:x\n", "pulumi login 's3://…', as bootstrap printed it"},
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.dr.yaml"), append(slices.Clone(shipped), tc.lines...), 0o600))
		err := notLoggedIn(dir, "dr")
		require.ErrorIs(t, err, ErrNoBackend, name)
		assert.Equal(t, refusal.CodeNoBackend, refusal.CodeOf(err), name)
		assert.ErrorContains(t, err, tc.says, name)
	}
	assert.Equal(t, ErrNoBackend, notLoggedIn(t.TempDir(), "dr"))
}
