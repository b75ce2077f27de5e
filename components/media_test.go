package components

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

func TestMediaIsPrivateAndStays(t *testing.T) {
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		_, err := NewMedia(ctx, "blog-dr", MediaArgs{KeepVersionsDays: 90})
		return err
	})
	assert.Equal(t, "Enabled", at(t, c.one(t, "s3/bucketVersioningV2:BucketVersioningV2").Inputs, "versioningConfiguration", "status"))
	for key, on := range c.one(t, "s3/bucketPublicAccessBlock:BucketPublicAccessBlock").Inputs {
		if key != "bucket" {
			assert.Equal(t, true, on, key)
		}
	}
	deny := statements(t, c.one(t, "s3/bucketPolicy:BucketPolicy").Inputs["policy"])[0]
	assert.Equal(t, "Deny", deny["Effect"])
	assert.Equal(t, "false", at(t, deny, "Condition", "Bool", "aws:SecureTransport"))
	rules := c.one(t, "s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2").Inputs
	assert.Equal(t, 90.0, at(t, rules, "rules", 0, "noncurrentVersionExpiration", "noncurrentDays"))
	assert.Equal(t, 7.0, at(t, rules, "rules", 1, "abortIncompleteMultipartUpload", "daysAfterInitiation"))
	assert.Equal(t, false, c.one(t, "s3/bucketV2:BucketV2").Inputs["forceDestroy"])
	for _, r := range c.registered {
		assert.True(t, r.Retained, "%s %s would go with the stack", r.Type, r.Name)
	}
}

func TestPassingMediaGoWithTheirStack(t *testing.T) {
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		_, err := NewMedia(ctx, "blog-dr-drill", MediaArgs{KeepVersionsDays: 1, Passing: true})
		return err
	})
	assert.Equal(t, true, c.one(t, "s3/bucketV2:BucketV2").Inputs["forceDestroy"])
	for _, r := range c.registered {
		assert.False(t, r.Retained, "%s %s would stay", r.Type, r.Name)
	}
}

func TestReplication(t *testing.T) {
	for region, partition := range map[string]string{"us-west-2": "aws", "cn-northwest-1": "aws-cn"} {
		for _, timeControl := range []bool{false, true} {
			c := deploy(t, region, func(ctx *pulumi.Context) error {
				m, err := NewMedia(ctx, "blog-dr", MediaArgs{KeepVersionsDays: 90})
				if err != nil {
					return err
				}
				_, err = NewReplication(ctx, "blog-dr", ReplicationArgs{
					Bucket: m.Bucket, BucketARN: m.ARN, Versioning: m.Versioning,
					AccountID: account, PeerBucketARN: "arn:" + partition + ":s3:::theirs", Rule: "media", StorageClass: "STANDARD_IA", TimeControl: timeControl,
				})
				return err
			})
			config := c.one(t, "s3/bucketReplicationConfig:BucketReplicationConfig")
			assert.True(t, config.needs("s3/bucketVersioningV2:BucketVersioningV2", "blog-dr-media"))
			rule := at(t, config.Inputs, "rules", 0)
			assert.Contains(t, rule, "filter", "without one it is a rule of the first version")
			assert.Contains(t, rule, "priority")
			assert.Equal(t, "Enabled", at(t, rule, "deleteMarkerReplication", "status"))
			assert.Equal(t, "Enabled", at(t, rule, "sourceSelectionCriteria", "replicaModifications", "status"))
			to := at(t, rule, "destination").(map[string]any)
			assert.Equal(t, "STANDARD_IA", to["storageClass"])
			assert.Equal(t, timeControl, to["replicationTime"] != nil)
			assert.Equal(t, "Enabled", at(t, to, "metrics", "status"))
			assert.Equal(t, timeControl, at(t, to, "metrics", "eventThreshold") != nil, "S3 takes it with time control alone")

			role := statements(t, c.one(t, "iam/role:Role").Inputs["assumeRolePolicy"])
			assert.Equal(t, "s3.amazonaws.com", at(t, role[0], "Principal", "Service"))
			for _, s := range statements(t, c.one(t, "iam/rolePolicy:RolePolicy").Inputs["policy"]) {
				for _, action := range s["Action"].([]any) {
					theirs := strings.HasPrefix(action.(string), "s3:Replicate")
					assert.Equal(t, theirs, at(t, s, "Resource", 0) == "arn:"+partition+":s3:::theirs/*", "%s", action)
				}
			}
		}
	}
}
