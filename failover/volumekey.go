package failover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/checks"
)

// volumeKeyLimit bounds the look at the key of the volumes, which must block nothing where it can't be had.
const volumeKeyLimit = 5 * time.Second

// ownAlias is of the key that AWS keeps for the volumes of an account. There is no such key before its first use.
const ownAlias = "alias/aws/ebs"

// volumeKey is the customer's key that encrypts the volumes of instances of an image; nil when it is AWS's own.
func (r *Runtime) volumeKey(ctx context.Context, cfg aws.Config, image *checks.Image) *checks.VolumeKey {
	account := accountOf(r.Site.ResourceIDs)
	if image == nil || account == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, volumeKeyLimit)
	defer cancel()
	found := &checks.VolumeKey{Role: checks.LaunchRole(awsregion.Partition(r.Site.Region), account)}
	var err error
	if found.ARN, err = findVolumeKey(ctx, ec2.NewFromConfig(cfg), image.Snapshot, account); err != nil {
		found.Unseen = unread(err)
		return found
	}
	if strings.HasSuffix(found.ARN, ownAlias) {
		return nil
	}
	customers, err := inspectKey(ctx, kms.NewFromConfig(cfg), found)
	if err != nil {
		found.Unseen = unread(err)
	} else if !customers {
		return nil
	}
	return found
}

// accountOf is the account that ARNs name; empty where none does.
func accountOf(arns []string) string {
	for _, held := range arns {
		if named, err := arn.Parse(held); err == nil && named.AccountID != "" {
			return named.AccountID
		}
	}
	return ""
}

// findVolumeKey finds the key that EC2 takes where a launch names none: that of the snapshot, if it is encrypted and the account's
// own, and else the default of the account in the region.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AMIEncryption.html
func findVolumeKey(ctx context.Context, client *ec2.Client, snapshot, account string) (string, error) {
	if snapshot != "" {
		out, err := client.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{snapshot}})
		if err != nil {
			return "", fmt.Errorf("describing snapshot %s: %w", snapshot, err)
		}
		for _, s := range out.Snapshots { // one at most
			if key := aws.ToString(s.KmsKeyId); key != "" && aws.ToString(s.OwnerId) == account {
				return key, nil
			}
		}
	}
	out, err := client.GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
	if err != nil {
		return "", fmt.Errorf("asking for the default key of volumes: %w", err)
	}
	return aws.ToString(out.KmsKeyId), nil
}

// inspectKey finds out the state of a key, and whether its role may use it. It reports whether the key is a customer's.
func inspectKey(ctx context.Context, client *kms.Client, key *checks.VolumeKey) (customers bool, err error) {
	out, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &key.ARN})
	if _, gone := errors.AsType[*kmstypes.NotFoundException](err); gone {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("describing key %s: %w", key.ARN, err)
	}
	switch about := out.KeyMetadata; {
	case about == nil, about.KeyState == "":
		return false, fmt.Errorf("describing key %s: %w", key.ARN, ErrNothingTold)
	case about.KeyManager == kmstypes.KeyManagerTypeAws:
		return false, nil
	}
	key.ARN, key.State = cmp.Or(aws.ToString(out.KeyMetadata.Arn), key.ARN), string(out.KeyMetadata.KeyState)
	grants, err := client.ListGrants(ctx, &kms.ListGrantsInput{KeyId: &key.ARN, GranteePrincipal: &key.Role})
	if err != nil {
		return true, fmt.Errorf("listing the grants of key %s: %w", key.ARN, err)
	}
	if key.Usable = len(grants.Grants) > 0; key.Usable {
		return true, nil
	}
	policy, err := client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &key.ARN})
	if err != nil {
		return true, fmt.Errorf("reading the policy of key %s: %w", key.ARN, err)
	}
	key.Usable, err = checks.AllowsRole(aws.ToString(policy.Policy), key.Role)
	return true, err
}
