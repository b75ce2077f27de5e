package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// uploadDays is how long the parts of an upload that was never finished are kept.
const uploadDays = 7

// MediaArgs describes a bucket for media.
type MediaArgs struct {
	// KeepVersionsDays is how long a file can be had back after it was replaced or deleted.
	KeepVersionsDays int
	// Passing reports that the bucket ends with its stack, and with all that is in it.
	Passing bool
}

// Media is the bucket of what users upload: private, encrypted, versioned, reached
// over TLS only. It outlives its stack, unless it is a passing one.
type Media struct {
	pulumi.ResourceState

	passing bool

	Bucket pulumi.StringOutput
	ARN    pulumi.StringOutput
	// Versioning is what replication from or to the bucket must wait for.
	Versioning pulumi.Resource
}

// NewMedia makes a bucket.
func NewMedia(ctx *pulumi.Context, name string, args MediaArgs, opts ...pulumi.ResourceOption) (*Media, error) {
	m := &Media{passing: args.Passing}
	if err := ctx.RegisterComponentResource("pilotlight:components:Media", name, m, opts...); err != nil {
		return nil, err
	}
	part := name + "-media"
	bucket, err := s3.NewBucketV2(ctx, part, &s3.BucketV2Args{ForceDestroy: pulumi.Bool(args.Passing), Tags: named(part)}, m.stays())
	if err != nil {
		return nil, err
	}
	m.Bucket, m.ARN = bucket.Bucket, bucket.Arn

	versioning, err := s3.NewBucketVersioningV2(ctx, part, &s3.BucketVersioningV2Args{
		Bucket: m.Bucket,
		VersioningConfiguration: s3.BucketVersioningV2VersioningConfigurationArgs{
			Status: pulumi.String("Enabled"),
		},
	}, m.stays())
	if err != nil {
		return nil, err
	}
	m.Versioning = versioning

	if err := m.private(ctx, part); err != nil {
		return nil, err
	}
	if _, err := s3.NewBucketLifecycleConfigurationV2(ctx, part, &s3.BucketLifecycleConfigurationV2Args{
		Bucket: m.Bucket,
		Rules: s3.BucketLifecycleConfigurationV2RuleArray{
			lifecycleRule("old-versions", func(r *s3.BucketLifecycleConfigurationV2RuleArgs) {
				r.NoncurrentVersionExpiration = s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
					NoncurrentDays: pulumi.Int(args.KeepVersionsDays),
				}
				r.Expiration = s3.BucketLifecycleConfigurationV2RuleExpirationArgs{
					ExpiredObjectDeleteMarker: pulumi.Bool(true),
				}
			}),
			lifecycleRule("failed-uploads", func(r *s3.BucketLifecycleConfigurationV2RuleArgs) {
				r.AbortIncompleteMultipartUpload = s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
					DaysAfterInitiation: pulumi.Int(uploadDays),
				}
			}),
		},
	}, m.stays(), pulumi.DependsOn([]pulumi.Resource{versioning})); err != nil {
		return nil, err
	}
	return m, ctx.RegisterResourceOutputs(m, pulumi.Map{"bucket": m.Bucket, "arn": m.ARN})
}

// stays is the option of all children: a bucket that outlives its stack, but loses
// its policy, is no help.
func (m *Media) stays() pulumi.ResourceOption {
	return pulumi.Composite(pulumi.Parent(m), pulumi.RetainOnDelete(!m.passing))
}

// private encrypts the bucket and closes it to everybody outside the account, and
// to everybody without TLS.
func (m *Media) private(ctx *pulumi.Context, part string) error {
	if _, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, part, &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: m.Bucket,
		Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
			ApplyServerSideEncryptionByDefault: s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
				SseAlgorithm: pulumi.String("AES256"),
			},
		}},
	}, m.stays()); err != nil {
		return err
	}
	if _, err := s3.NewBucketOwnershipControls(ctx, part, &s3.BucketOwnershipControlsArgs{
		Bucket: m.Bucket,
		Rule:   s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, m.stays()); err != nil {
		return err
	}
	block, err := s3.NewBucketPublicAccessBlock(ctx, part, &s3.BucketPublicAccessBlockArgs{
		Bucket:                m.Bucket,
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, m.stays())
	if err != nil {
		return err
	}
	// After the block: S3 takes one change of a bucket's access at a time.
	_, err = s3.NewBucketPolicy(ctx, part, &s3.BucketPolicyArgs{
		Bucket: m.Bucket,
		Policy: policyDocument(pulumi.Map{
			"Sid":       pulumi.String("TLSOnly"),
			"Effect":    pulumi.String("Deny"),
			"Principal": pulumi.String("*"),
			"Action":    pulumi.String("s3:*"),
			"Resource":  pulumi.StringArray{m.ARN, pulumi.Sprintf("%s/*", m.ARN)},
			"Condition": pulumi.Map{"Bool": pulumi.Map{"aws:SecureTransport": pulumi.String("false")}},
		}),
	}, m.stays(), pulumi.DependsOn([]pulumi.Resource{block}))
	return err
}

// lifecycleRule is an enabled rule for the whole bucket.
func lifecycleRule(id string, fill func(*s3.BucketLifecycleConfigurationV2RuleArgs)) s3.BucketLifecycleConfigurationV2RuleInput {
	rule := &s3.BucketLifecycleConfigurationV2RuleArgs{
		Id:     pulumi.String(id),
		Status: pulumi.String("Enabled"),
		Filter: s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")},
	}
	fill(rule)
	return rule
}
