package failover

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestPartOf reads ARNs of both partitions as AWS writes them.
func TestPartOf(t *testing.T) {
	t.Parallel()
	for held, want := range map[string][2]string{
		"arn:aws:ec2:us-east-2:123456789012:subnet/subnet-1":                                                                         {"subnet", "subnet-1"},
		"arn:aws:s3:::blog-dr-media-0f765d1":                                                                                         {"bucket", "blog-dr-media-0f765d1"},
		"arn:aws:ssm:us-east-2:123456789012:parameter/blog/dr/epoch":                                                                 {"parameter", "/blog/dr/epoch"},
		"arn:aws-cn:logs:cn-north-1:123456789012:log-group:/pilotlight/blog/dr":                                                      {"log group", "/pilotlight/blog/dr"},
		"arn:aws:iam::123456789012:instance-profile/blog-dr-instances":                                                               {"instance profile", "blog-dr-instances"},
		"arn:aws:rds:us-east-2:123456789012:subgrp:blog-dr-database":                                                                 {"subnet group of the database", "blog-dr-database"},
		"arn:aws:kms:us-east-2:123456789012:alias/blog-dr-database":                                                                  {"alias of a key", "alias/blog-dr-database"},
		"arn:aws:autoscaling:us-east-2:123456789012:autoScalingGroup:61ed612a:autoScalingGroupName/blog-dr-instances":                {"group of instances", "blog-dr-instances"},
		"arn:aws:autoscaling:us-east-2:123456789012:scalingPolicy:0565aded:autoScalingGroupName/blog-dr-instances:policyName/cpu-65": {"scaling policy", "cpu-65"},
		"eni-03b77e38ae2f3bc45": {"NAT gateway with interface", "eni-03b77e38ae2f3bc45"},
	} {
		_, part := partOf(held)
		assert.Equal(t, want, [2]string{part.Kind, part.ID}, held)
	}
	secret := "arn:aws:secretsmanager:us-east-2:123456789012:secret:blog-dr-application-572da5c-2f3b6d"
	_, part := partOf(secret)
	assert.Equal(t, secret, part.ID)
	assert.Equal(t, "secret blog-dr-application-572da5c-2f3b6d", part.String())
}
