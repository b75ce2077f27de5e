package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

// EncryptVolumes has a region encrypt volumes with a customer's key by default, as ModifyEbsDefaultKmsKeyId does; empty is AWS's own.
func (w *World) EncryptVolumes(region, key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.VolumeKeys[region] = key
}

// VolumeKey is the ARN of the customer's key that encrypts a region's volumes by default; empty for AWS's own.
func (w *World) VolumeKey(region string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.VolumeKeys[region]
}

// Grant lets a principal use a key, by its ARN.
func (w *World) Grant(key, principal string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Grants[key] = append(w.state.Grants[key], principal)
}

// Grantees are the principals that grants of a key name.
func (w *World) Grantees(key string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.state.Grants[key])
}

// keyPolicy is the policy of a key: the account's to hand on, where it was given none
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
func keyPolicy(o *Object) string {
	root := fmt.Sprintf("arn:%s:iam::%s:root", awsregion.Partition(o.Region), o.Account)
	return cmp.Or(o.text("policy"), fmt.Sprintf(
		`{"Version":"2012-10-17","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":%q},"Action":"kms:*","Resource":"*"}]}`, root))
}

// volumeKeyProblem is why no volume of an image can be had, for the key that encrypts it; empty when it can. A customer's key has to
// name the role of EC2 Auto Scaling, in its policy or a grant
// (https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html; "Troubleshoot issues" there has the words).
func (w *World) volumeKeyProblem(region string, image Image) string {
	arn := cmp.Or(image.Key, w.state.VolumeKeys[region])
	if arn == "" {
		return ""
	}
	key := w.keyNamed(region, arn)
	if key == nil || !key.flag("isEnabled") {
		return "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
	}
	const role = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	named := func(principal string) bool { return strings.HasSuffix(principal, role) }
	if !slices.ContainsFunc(w.state.Grants[arn], named) && !strings.Contains(keyPolicy(key), role) {
		return "Client.InternalError: Client error on launch"
	}
	return ""
}
