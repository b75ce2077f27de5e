package failover

import (
	"slices"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// TestByIDs holds that a part is gone where EC2 says so, and only there.
func TestByIDs(t *testing.T) {
	t.Parallel()
	without := func(there ...string) func([]string) ([]string, error) {
		return func(ids []string) ([]string, error) {
			if slices.ContainsFunc(ids, func(id string) bool { return !slices.Contains(there, id) }) {
				return nil, &smithy.GenericAPIError{Code: "InvalidSubnetID.NotFound", Message: "The subnet ID 'b' does not exist"}
			}
			return ids, nil
		}
	}
	for name, tc := range map[string]struct {
		ask   func(ids []string) ([]string, error)
		there []string
		fails string
	}{
		"all are there":           {without("a", "b", "c"), []string{"a", "b", "c"}, ""},
		"one is gone":             {without("a", "c"), []string{"a", "c"}, ""},
		"all are gone":            {without(), nil, ""},
		"it may not be asked":     {func([]string) ([]string, error) { return nil, &smithy.GenericAPIError{Code: "UnauthorizedOperation"} }, nil, "UnauthorizedOperation"},
		"it knows no ids":         {func([]string) ([]string, error) { return []string{"c", "b", "a", "d"}, nil }, []string{"a", "b", "c"}, ""},
		"it answers with nothing": {func([]string) ([]string, error) { return nil, nil }, nil, "EC2 does not say whether there is a"},
		"it answers with some":    {func(ids []string) ([]string, error) { return ids[:1], nil }, []string{"a", "b", "c"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			there, err := byIDs([]string{"a", "b", "c"}, tc.ask)
			assert.Equal(t, tc.there, there)
			if tc.fails == "" {
				require.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, tc.fails)
			}
		})
	}
}
