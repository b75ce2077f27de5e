package awsregion

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestControlPlane(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ service, region, want string }{
		{"iam", "us-west-2", "us-east-1"},
		{"route53", "eu-central-1", "us-east-1"},
		{"s3", "us-west-2", "us-east-1"},
		{"elasticloadbalancing", "us-west-2", "us-east-1"},
		{"elasticache", "us-west-2", "us-east-1"},
		{"rds", "us-west-2", "us-west-2"},
		{"iam", "cn-northwest-1", "cn-north-1"},
		{"route53", "cn-north-1", "cn-northwest-1"},
		{"elasticloadbalancing", "cn-north-1", "cn-northwest-1"},
		{"elasticache", "cn-north-1", "cn-northwest-1"},
		{"elasticache", "cn-northwest-1", "cn-northwest-1"},
		{"s3", "cn-northwest-1", "cn-northwest-1"},
		{"rds", "cn-north-1", "cn-north-1"},
	} {
		assert.Equal(t, tc.want, ControlPlane(tc.service, tc.region), "%s in %s", tc.service, tc.region)
	}
}
