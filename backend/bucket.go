package backend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

// bucketThere reports whether the bucket exists, and refuses one that can't be used.
func (b *bootstrap) bucketThere(ctx context.Context) (bool, error) {
	_, err := b.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.Bucket, ExpectedBucketOwner: &b.result.Account})
	if err == nil {
		return true, nil
	}
	answer, ok := errors.AsType[*awshttp.ResponseError](err) // HEAD tells no code, only a status
	if !ok {
		return false, fmt.Errorf("looking for bucket %s: %w", b.Bucket, err)
	}
	switch home := answer.Response.Header.Get("X-Amz-Bucket-Region"); answer.HTTPStatusCode() {
	case http.StatusNotFound:
		return false, nil
	case http.StatusForbidden:
		return false, refuse("bucket %s belongs to another account than %s, or these credentials may not see it (s3:ListBucket): name another bucket, or use other credentials",
			b.Bucket, b.result.Account)
	case http.StatusMovedPermanently, http.StatusBadRequest:
		if home != "" && home != b.Region {
			return false, refuse("bucket %s is in %s, not in %s, and can't be moved: name that region, or another bucket", b.Bucket, home, b.Region)
		}
	}
	return false, fmt.Errorf("looking for bucket %s: %w", b.Bucket, err)
}

// bucket makes the bucket and its settings.
func (b *bootstrap) bucket(ctx context.Context, there bool) error {
	if there {
		b.note(Found, "bucket %s in %s", b.Bucket, b.Region)
	} else {
		if err := b.makeBucket(ctx); err != nil {
			return err
		}
		b.note(Made, "bucket %s in %s", b.Bucket, b.Region)
	}
	for _, setting := range []struct {
		name string
		put  func(context.Context) (Did, error)
	}{ // the policy after the block of public access: S3 takes one change of access at a time
		{"its versioning", b.versioning}, {"its encryption with the key", b.encryption},
		{"its block of public access", b.publicAccess}, {"its policy of TLS only", b.policy},
	} {
		did, err := setting.put(ctx)
		if err != nil {
			return fmt.Errorf("bucket %s, %s, run this again to resume: %w", b.Bucket, setting.name, err)
		}
		b.note(did, "%s", setting.name)
	}
	return nil
}

func (b *bootstrap) makeBucket(ctx context.Context) error {
	in := &s3.CreateBucketInput{Bucket: &b.Bucket, ObjectOwnership: types.ObjectOwnershipBucketOwnerEnforced}
	if b.Region != "us-east-1" { // which S3 takes for granted, and refuses to be told
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(b.Region)}
	}
	_, err := b.s3.CreateBucket(ctx, in)
	if _, taken := errors.AsType[*types.BucketAlreadyExists](err); taken {
		return fmt.Errorf("the name of bucket %s has just been taken by another account: name another bucket", b.Bucket)
	}
	if err != nil {
		return fmt.Errorf("making bucket %s: %w", b.Bucket, err)
	}
	return nil
}

// versioning keeps what the state was before an update.
func (b *bootstrap) versioning(ctx context.Context) (Did, error) {
	now, err := b.s3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.Bucket, ExpectedBucketOwner: &b.result.Account})
	if err != nil || now.Status == types.BucketVersioningStatusEnabled {
		return Found, err
	}
	_, err = b.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &b.Bucket, ExpectedBucketOwner: &b.result.Account,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	return changed(now.Status != ""), err
}

// changed tells a setting that is put in the place of another from one that is new.
func changed(before bool) Did {
	if before {
		return Changed
	}
	return Made
}

func (b *bootstrap) encryption(ctx context.Context) (Did, error) {
	now, err := b.s3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b.Bucket, ExpectedBucketOwner: &b.result.Account})
	if err != nil && codeOf(err) != "ServerSideEncryptionConfigurationNotFoundError" {
		return Found, err
	}
	other := false
	if err == nil && now.ServerSideEncryptionConfiguration != nil {
		for _, rule := range now.ServerSideEncryptionConfiguration.Rules {
			by := rule.ApplyServerSideEncryptionByDefault
			if by != nil && by.SSEAlgorithm == types.ServerSideEncryptionAwsKms && aws.ToString(by.KMSMasterKeyID) == b.result.Key && aws.ToBool(rule.BucketKeyEnabled) {
				return Found, nil
			}
			other = by != nil && by.SSEAlgorithm != types.ServerSideEncryptionAes256 // which every bucket has by itself
		}
	}
	_, err = b.s3.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: &b.Bucket, ExpectedBucketOwner: &b.result.Account,
		ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
			BucketKeyEnabled:                   aws.Bool(true), // one call to KMS for many objects
			ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: &b.result.Key},
		}}}})
	return changed(other), err
}

func (b *bootstrap) publicAccess(ctx context.Context) (Did, error) {
	now, err := b.s3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &b.Bucket, ExpectedBucketOwner: &b.result.Account})
	none := codeOf(err) == "NoSuchPublicAccessBlockConfiguration"
	if err != nil && !none {
		return Found, err
	}
	closed := types.PublicAccessBlockConfiguration{
		BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
	}
	if !none && now.PublicAccessBlockConfiguration != nil && reflect.DeepEqual(*now.PublicAccessBlockConfiguration, closed) {
		return Found, nil
	}
	_, err = b.s3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &b.Bucket, ExpectedBucketOwner: &b.result.Account, PublicAccessBlockConfiguration: &closed})
	return changed(!none), err
}

// policy denies what comes without TLS. Statements that the bucket has besides stay.
func (b *bootstrap) policy(ctx context.Context) (Did, error) {
	now, err := b.s3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &b.Bucket, ExpectedBucketOwner: &b.result.Account})
	none := codeOf(err) == "NoSuchBucketPolicy"
	if err != nil && !none {
		return Found, err
	}
	text := ""
	if !none {
		text = aws.ToString(now.Policy)
	}
	wanted, err := withTLSOnly(text, fmt.Sprintf("arn:%s:s3:::%s", awsregion.Partition(b.Region), b.Bucket))
	if err != nil || wanted == text {
		return Found, err
	}
	_, err = b.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &b.Bucket, ExpectedBucketOwner: &b.result.Account, Policy: &wanted})
	return changed(!none), err
}

// withTLSOnly adds a statement to a policy; one that has it is returned as it is.
func withTLSOnly(policy, bucket string) (string, error) {
	document := map[string]any{"Version": "2012-10-17"}
	if policy != "" {
		if err := json.Unmarshal([]byte(policy), &document); err != nil {
			return "", fmt.Errorf("reading its policy: %w", err)
		}
	}
	statements, many := document["Statement"].([]any)
	if one, single := document["Statement"].(map[string]any); single && !many {
		statements = []any{one}
	}
	wanted := map[string]any{
		"Sid": "TLSOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": []any{bucket, bucket + "/*"},
		"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
	}
	kept := []any{}
	for _, statement := range statements {
		if reflect.DeepEqual(statement, wanted) {
			return policy, nil
		}
		if of, ok := statement.(map[string]any); !ok || of["Sid"] != wanted["Sid"] { // a Sid is unique in a policy
			kept = append(kept, statement)
		}
	}
	document["Statement"] = append(kept, wanted)
	text, err := json.Marshal(document)
	return string(text), err
}

// codeOf is AWS's code of an error, or empty.
func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}
