package checks

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// VolumeKeyUnusable is the code of a key by which no instance could be launched.
const VolumeKeyUnusable = "volume-key"

// VolumeKey is the customer's key of KMS that encrypts the volumes of new instances. AWS's own key is for all to use.
type VolumeKey struct {
	ARN string
	// State is as KMS words it, such as Enabled; empty when there is no such key.
	State string
	// Role is the ARN of the role by which EC2 Auto Scaling launches, and Usable reports that the key's policy or a grant names it.
	Role   string
	Usable bool
	// Unseen is why nothing else is known; empty when it is.
	Unseen string
}

// grantOperations are what EC2 Auto Scaling needs of a key.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
const grantOperations = "Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext DescribeKey CreateGrant"

// volumeKey finds out whether instances can be launched with volumes under the key.
func volumeKey(s Snapshot, p Policy) []refusal.Blocker {
	k := s.VolumeKey
	if k == nil || k.Unseen != "" {
		return nil
	}
	b := refusal.Blocker{Code: VolumeKeyUnusable}
	switch {
	case k.State == "":
		b.Reason = fmt.Sprintf("the volumes of instances in %s are encrypted with key %s, and KMS has no such key", p.Region, k.ARN)
		b.Remedy = fmt.Sprintf("bring an image that is encrypted with another key; if it is the region's default key of volumes, go back to AWS's own (aws ec2 reset-ebs-default-kms-key-id --region %s)", p.Region)
	case k.State != "Enabled":
		b.Reason = fmt.Sprintf("the volumes of instances in %s are encrypted with key %s, which is %s", p.Region, k.ARN, k.State)
		b.Remedy = enableKey(k.ARN, p.Region)
		if k.State == "PendingDeletion" {
			b.Remedy = recoverKey(k.ARN, p.Region)
		}
	case !k.Usable:
		b.Reason = fmt.Sprintf("the volumes of instances in %s are encrypted with key %s, and neither its policy nor a grant lets EC2 Auto Scaling use it", p.Region, k.ARN)
		b.Remedy = fmt.Sprintf("aws kms create-grant --region %s --key-id %s --grantee-principal %s --operations %s", p.Region, k.ARN, k.Role, grantOperations)
	default:
		return nil
	}
	b.Remedy = orAcceptStandby(b.Remedy, p)
	return []refusal.Blocker{b}
}

// enableKey is the command that enables a disabled key, and recoverKey those for one that waits to be deleted: it is disabled
// once its deletion is cancelled.
func enableKey(key, region string) string {
	return fmt.Sprintf("aws kms enable-key --region %s --key-id %s", region, key)
}

func recoverKey(key, region string) string {
	return fmt.Sprintf("aws kms cancel-key-deletion --region %s --key-id %s && %s", region, key, enableKey(key, region))
}

func seenOfVolumeKey(s Snapshot, _ Policy) string {
	switch k := s.VolumeKey; {
	case k == nil:
		return ""
	case k.Unseen != "":
		return "whether EC2 Auto Scaling may use the key of their volumes is not known: " + k.Unseen
	default:
		return fmt.Sprintf("key %s encrypts them, and EC2 Auto Scaling may use it", k.ARN)
	}
}

// AllowsRole reports whether a key's policy allows a role anything by its name, or everybody. That it allows the account, as each
// policy does that KMS makes, hands the decision to IAM's policies: a service-linked role has none about keys, and takes none
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
func AllowsRole(policy, role string) (bool, error) {
	var document struct {
		Statement []struct {
			Effect    string
			Principal any
		}
	}
	if err := json.Unmarshal([]byte(policy), &document); err != nil {
		return false, fmt.Errorf("reading the key's policy: %w", err)
	}
	for _, s := range document.Statement {
		if by := principals(s.Principal); s.Effect == "Allow" && (slices.Contains(by, role) || slices.Contains(by, "*")) {
			return true, nil
		}
	}
	return false, nil
}

// principals are those of a statement: "*", or by their kinds one or a list.
func principals(given any) (all []string) {
	switch p := given.(type) {
	case string:
		return []string{p}
	case []any:
		for _, one := range p {
			all = append(all, principals(one)...)
		}
	case map[string]any:
		return principals(p["AWS"])
	}
	return all
}

// LaunchRole is the ARN of the role by which EC2 Auto Scaling launches instances in an account.
func LaunchRole(partition, account string) string {
	return strings.Join([]string{"arn", partition, "iam", "", account, "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"}, ":")
}
