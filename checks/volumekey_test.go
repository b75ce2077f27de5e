package checks

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAllowsRole holds that a policy lets EC2 Auto Scaling use a key where it names its role, and not where it names the account.
func TestAllowsRole(t *testing.T) {
	t.Parallel()
	role := LaunchRole("aws-cn", "123456789012")
	assert.Equal(t, "arn:aws-cn:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", role)
	statement := func(effect, principal string) string {
		return `{"Effect": "` + effect + `", "Principal": ` + principal + `, "Action": "kms:*", "Resource": "*"}`
	}
	root := statement("Allow", `{"AWS": "arn:aws-cn:iam::123456789012:root"}`)
	for name, tc := range map[string]struct {
		statements string
		want       bool
	}{
		"the account alone": {root, false},
		"the role":          {root + "," + statement("Allow", `{"AWS": "`+role+`"}`), true},
		"among others":      {root + "," + statement("Allow", `{"AWS": ["arn:aws-cn:iam::123456789012:role/a", "`+role+`"]}`), true},
		"denied":            {statement("Deny", `{"AWS": "`+role+`"}`), false},
		"a service":         {statement("Allow", `{"Service": "autoscaling.amazonaws.com"}`), false},
		"everybody":         {statement("Allow", `"*"`), true}, // by a condition, as AWS's own keys allow it
		"everybody of AWS":  {statement("Allow", `{"AWS": "*"}`), true},
		"nobody":            {"", false},
	} {
		got, err := AllowsRole(`{"Version": "2012-10-17", "Statement": [`+tc.statements+`]}`, role)
		require.NoError(t, err, name)
		assert.Equal(t, tc.want, got, name)
	}
	_, err := AllowsRole("{", role)
	assert.ErrorContains(t, err, "reading the key's policy")
}

// TestVolumeKeyCommands holds that what is printed can be given: KMS enables no key that waits to be deleted, and cancels no
// deletion of one that does not.
func TestVolumeKeyCommands(t *testing.T) {
	t.Parallel()
	for state, says := range map[string]string{
		"Disabled":        "aws kms enable-key --region us-east-2 --key-id arn:key; or ",
		"PendingDeletion": "aws kms cancel-key-deletion --region us-east-2 --key-id arn:key && aws kms enable-key --region us-east-2 --key-id arn:key; or ",
		"":                "(aws ec2 reset-ebs-default-kms-key-id --region us-east-2); or ",
	} {
		all := volumeKey(Snapshot{VolumeKey: &VolumeKey{ARN: "arn:key", State: state}}, policy)
		require.Len(t, all, 1, state)
		assert.Contains(t, all[0].Remedy, says, state)
		if state != "" {
			assert.True(t, strings.HasPrefix(all[0].Remedy, says), all[0].Remedy)
		}
	}
}

func TestSeenOfVolumeKey(t *testing.T) {
	t.Parallel()
	assert.Empty(t, seenOfVolumeKey(Snapshot{}, policy))
	assert.Contains(t, seenOfVolumeKey(Snapshot{VolumeKey: &VolumeKey{ARN: "arn:key"}}, policy), "key arn:key encrypts them")
	assert.Equal(t, "whether EC2 Auto Scaling may use the key of their volumes is not known: KMS ListGrants: AccessDenied",
		seenOfVolumeKey(Snapshot{VolumeKey: &VolumeKey{ARN: "arn:key", Unseen: "KMS ListGrants: AccessDenied"}}, policy))
}
