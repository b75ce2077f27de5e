package ops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

func TestKeyTrouble(t *testing.T) {
	t.Parallel()
	const address = "awskms://alias/blog-state?region=us-west-1"
	kms := func(code string) error {
		return fmt.Errorf("operation error KMS: %w", &smithy.GenericAPIError{Code: code, Message: "it says so"})
	}
	for name, tc := range map[string]struct {
		address, reason, remedy string
		err                     error
	}{
		"disabled":        {address, "the key is disabled: DisabledException: it says so", "aws kms enable-key --key-id KEY --region us-west-1", kms("DisabledException")},
		"to be deleted":   {address, "the key can't be used: KMSInvalidStateException", "aws kms cancel-key-deletion --key-id KEY --region us-west-1, then aws kms enable-key", kms("KMSInvalidStateException")},
		"deleted":         {address, "KMS has no key that decrypts them: NotFoundException", "make the states anew", kms("NotFoundException")},
		"another region":  {address, "KMS has no key that decrypts them: InvalidCiphertextException", "see that the address names the key's own region", kms("InvalidCiphertextException")},
		"denied":          {address, "KMS does not decrypt them: AccessDeniedException", "use credentials that may kms:Decrypt", kms("AccessDeniedException")},
		"silent":          {address, "KMS in us-west-1 does not answer: nothing within 5s", "pilotlight bootstrap --move", context.DeadlineExceeded},
		"refuses to talk": {"awskms://alias/blog-state", "KMS in the region of AWS_REGION does not answer: connection refused", "", errors.New("connection refused")},
	} {
		reason, remedy := keyTrouble(tc.address, tc.err)
		assert.Contains(t, reason, tc.reason, name)
		assert.Contains(t, reason, tc.address+" encrypts the secrets of its state, and ", name)
		assert.Contains(t, remedy, tc.remedy, name)
	}
}

// salt is one that pulumi wrote for the passphrase "one".
const salt = "v1:xpzcgmLBssI=:v1:r+bz98dXn5ng8RCn:wnrubEp2VE8bKHUWw4KNloKBSd1/eA=="

func TestPassphraseTrouble(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		phrase, salt string
		set          bool
		reason       string
	}{
		"right":           {"one", salt, true, ""},
		"another":         {"two", salt, true, "the passphrase that is set here is not the one"},
		"none":            {"", salt, false, "and none is set here"},
		"of another form": {"two", "v2:", true, ""},
	} {
		reason, remedy := passphraseTrouble(func() (string, bool) { return tc.phrase, tc.set }, tc.salt)
		assert.Contains(t, reason, tc.reason, name)
		assert.Equal(t, tc.reason == "", reason == "", name)
		assert.Equal(t, tc.reason == "", remedy == "", name)
	}
}

func TestPassphrase(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "phrase")
	require.NoError(t, os.WriteFile(file, []byte("from a file\n"), 0o600))
	for phrase, env := range map[string]map[string]string{
		"given":       {"PULUMI_CONFIG_PASSPHRASE": "given", "PULUMI_CONFIG_PASSPHRASE_FILE": file},
		"from a file": {"PULUMI_CONFIG_PASSPHRASE_FILE": file},
	} {
		got, found := (&Site{options: Options{EnvVars: env}}).passphrase()
		assert.True(t, found)
		assert.Equal(t, phrase, got)
	}
	_, found := (&Site{options: Options{EnvVars: map[string]string{"PULUMI_CONFIG_PASSPHRASE_FILE": file + ".gone"}}}).passphrase()
	assert.False(t, found)
}

func TestLostKeys(t *testing.T) {
	t.Parallel()
	lost, damaged := &refusal.Error{Code: refusal.CodeKeys, Stack: "dr"}, &refusal.Error{Code: refusal.CodeState, Stack: "prod"}
	assert.Len(t, lostKeys(errors.Join(lost, lost)), 2)
	assert.Len(t, lostKeys(errors.Join(damaged, lost)), 1)
	assert.Len(t, lostKeys(fmt.Errorf("reading: %w", lost)), 1)
	assert.Empty(t, lostKeys(damaged))
	assert.Empty(t, lostKeys(nil))
}
