package sim_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestNames: each row is a name that AWS does not take, and its code.
func TestNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	const (
		cache, balancer, targets = "aws:elasticache/replicationGroup:ReplicationGroup", "aws:lb/loadBalancer:LoadBalancer", "aws:lb/targetGroup:TargetGroup"
		group, parameter, alias  = "aws:ec2/securityGroup:SecurityGroup", "aws:ssm/parameter:Parameter", "aws:kms/alias:Alias"
		bucket, certificate      = "aws:s3/bucketV2:BucketV2", "aws:acm/certificate:Certificate"
	)
	key := create(t, w, home, "aws:kms/key:Key", "key", props{}).ID
	inputs := func(typ, name string) props {
		switch typ {
		case databaseType:
			return with(primary(), props{"identifier": name})
		case cache:
			return props{"replicationGroupId": name}
		case balancer:
			return props{"name": name, "subnets": n.subnets, "securityGroups": []any{n.group}}
		case parameter:
			return props{"name": name, "type": "String", "insecureValue": "x"}
		case alias:
			return props{"name": name, "targetKeyId": key}
		case bucket:
			return props{"bucket": name}
		case certificate:
			return props{"domainName": name, "validationMethod": "DNS"}
		}
		return props{"name": name, "vpcId": n.vpc}
	}
	for _, of := range []struct {
		typ         string
		wrong, good []string
		code        string
	}{
		{databaseType, []string{"a--b", "a-", "1a", "-a", "a.b", strings.Repeat("a", 64)}, []string{"a-1-b", "A", strings.Repeat("a", 63)}, "InvalidParameterValue"},
		{cache, []string{"a--b", "a-", "1a", strings.Repeat("a", 41)}, []string{"a-1", strings.Repeat("a", 40)}, "InvalidParameterValue"},
		{balancer, []string{"internal-a", "-a", "a-", strings.Repeat("a", 33)}, []string{"internala", "a--b", strings.Repeat("a", 32)}, "ValidationError"},
		{targets, []string{"-a", "a-", strings.Repeat("a", 33)}, []string{"internal-a", strings.Repeat("a", 32)}, "ValidationError"},
		{group, []string{"sg-a", "SG-a"}, []string{"sga"}, "InvalidParameterValue"},
		{parameter, []string{"aws", "/aws/a", "/awsome", "/AWS-a/b", "/ssm/a", "ssm", "a/b", "/a/"}, []string{"/a/aws", "/saws"}, "ValidationException"},
		{alias, []string{"alias/aws/a", "a"}, []string{"alias/aws-a"}, "InvalidAliasNameException"},
		{bucket, []string{"xn--a", "sthree-a", "amzn-s3-demo-a", "a-s3alias", "a--ol-s3", "ab-", "A-b", strings.Repeat("a", 64)}, []string{"sthree", "a--b"}, "InvalidBucketName"},
		{certificate, []string{strings.Repeat("a", 53) + ".example.com"}, []string{strings.Repeat("a", 52) + ".example.com"}, "ValidationException"},
	} {
		for _, name := range of.wrong {
			assert.Equal(t, of.code, refused(t, w, home, of.typ, inputs(of.typ, name)), "%s %s", of.typ, name)
		}
		for _, name := range of.good {
			create(t, w, home, of.typ, name, inputs(of.typ, name))
		}
	}
}
