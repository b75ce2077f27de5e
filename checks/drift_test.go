package checks

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTouchesFailover(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		typ, property string
		touches       bool
	}{
		{"aws:lb/targetGroup:TargetGroup", "slowStart", true},
		{"aws:lb/targetGroup:TargetGroup", "healthCheck.path", true},
		{"aws:lb/targetGroup:TargetGroup", "", true},
		{"aws:ec2/securityGroup:SecurityGroup", `ingress[0].cidrBlocks[0]`, true},
		{"aws:ec2/securityGroup:SecurityGroup", "description", false},
		{"aws:rds/instance:Instance", "tags.owner", false},
		{"aws:rds/instance:Instance", `tags["managed-by"]`, false},
		{"aws:rds/instance:Instance", "tagsets", true}, // only the whole name counts
		{"aws:rds/instance:Instance", "maintenanceWindow", false},
		{"aws:cloudwatch/logGroup:LogGroup", "retentionInDays", false},
		{"aws:sns/topic:Topic", "", false},
	} {
		assert.Equal(t, tc.touches, TouchesFailover(tc.typ, tc.property), "%s %s", tc.typ, tc.property)
	}
}

func TestDriftInWords(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]Drift{
		"Group blog-dr-instances is gone":                            {Type: "aws:autoscaling/group:Group", Name: "blog-dr-instances"},
		"TargetGroup blog-dr-tg: slowStart is 0, and was 60":         {Type: "aws:lb/targetGroup:TargetGroup", Name: "blog-dr-tg", Property: "slowStart", Made: "60", Found: "0"},
		`Key blog-dr-key: tags.owner is "anna", and was not set`:     {Type: "aws:kms/key:Key", Name: "blog-dr-key", Property: "tags.owner", Found: `"anna"`},
		`Key blog-dr-key: tags.site is gone, it was "blog"`:          {Type: "aws:kms/key:Key", Name: "blog-dr-key", Property: "tags.site", Made: `"blog"`},
		`Key blog-dr-key: policy is another than it was: "[secret]"`: {Type: "aws:kms/key:Key", Name: "blog-dr-key", Property: "policy", Made: `"[secret]"`, Found: `"[secret]"`},
	} {
		assert.Equal(t, want, d.String())
	}
}
