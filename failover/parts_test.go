package failover

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
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
		"eni-03b77e38ae2f3bc45":      {"NAT gateway with interface", "eni-03b77e38ae2f3bc45"},
		"eipalloc-64d5890aEXAMPLE01": {"NAT gateway with address", "eipalloc-64d5890aEXAMPLE01"},
	} {
		_, part := partOf(held)
		assert.Equal(t, want, [2]string{part.Kind, part.ID}, held)
	}
	secret := "arn:aws:secretsmanager:us-east-2:123456789012:secret:blog-dr-application-572da5c-2f3b6d"
	_, part := partOf(secret)
	assert.Equal(t, secret, part.ID)
	assert.Equal(t, "secret blog-dr-application-572da5c-2f3b6d", part.String())
}

// TestEachTypeIsAPart holds that AWS is asked for each type that the program registers (the simulator's table has them all), or that
// there is a reason why not.
func TestEachTypeIsAPart(t *testing.T) {
	t.Parallel()
	parts := map[string]string{ // the kind in its ARN
		"aws:autoscaling/group:Group":                               "autoscaling autoScalingGroup",
		"aws:autoscaling/policy:Policy":                             "autoscaling scalingPolicy",
		"aws:cloudwatch/logGroup:LogGroup":                          "logs log-group",
		"aws:ec2/eip:Eip":                                           "ec2 elastic-ip",
		"aws:ec2/internetGateway:InternetGateway":                   "ec2 internet-gateway",
		"aws:ec2/launchTemplate:LaunchTemplate":                     "ec2 launch-template",
		"aws:ec2/natGateway:NatGateway":                             "ec2 network-interface",
		"aws:ec2/routeTable:RouteTable":                             "ec2 route-table",
		"aws:ec2/securityGroup:SecurityGroup":                       "ec2 security-group",
		"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":         "ec2 security-group",
		"aws:ec2/subnet:Subnet":                                     "ec2 subnet",
		"aws:ec2/vpc:Vpc":                                           "ec2 vpc",
		"aws:ec2/vpcEndpoint:VpcEndpoint":                           "ec2 vpc-endpoint",
		"aws:elasticache/replicationGroup:ReplicationGroup":         "elasticache replicationgroup",
		"aws:elasticache/subnetGroup:SubnetGroup":                   "elasticache subnetgroup",
		"aws:iam/instanceProfile:InstanceProfile":                   "iam instance-profile",
		"aws:iam/role:Role":                                         "iam role",
		"aws:kms/alias:Alias":                                       "kms alias",
		"aws:kms/key:Key":                                           "kms key",
		"aws:lb/listener:Listener":                                  "elasticloadbalancing listener",
		"aws:lb/loadBalancer:LoadBalancer":                          "elasticloadbalancing loadbalancer",
		"aws:lb/targetGroup:TargetGroup":                            "elasticloadbalancing targetgroup",
		"aws:rds/parameterGroup:ParameterGroup":                     "rds pg",
		"aws:rds/subnetGroup:SubnetGroup":                           "rds subgrp",
		"aws:s3/bucketV2:BucketV2":                                  "s3 bucket",
		"aws:secretsmanager/secret:Secret":                          "secretsmanager secret",
		"aws:secretsmanager/secretVersion:SecretVersion":            "secretsmanager secret",
		"aws:ssm/parameter:Parameter":                               "ssm parameter",
		"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   "ec2 security-group-rule",
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "ec2 security-group-rule",
	}
	const checked, rings, brings, within = "it has a check of its own", "no failover builds on what rings", "no failover builds on what brings images", "it has no ARN, and goes with what it is part of"
	exceptions := map[string]string{
		"aws:acm/certificate:Certificate":                                                            checked,
		"aws:rds/instance:Instance":                                                                  checked,
		"aws:route53/record:Record":                                                                  checked,
		"aws:cloudwatch/dashboard:Dashboard":                                                         rings,
		"aws:cloudwatch/metricAlarm:MetricAlarm":                                                     rings,
		"aws:sns/topic:Topic":                                                                        rings,
		"aws:sns/topicSubscription:TopicSubscription":                                                rings,
		"aws:cloudwatch/eventRule:EventRule":                                                         brings,
		"aws:cloudwatch/eventTarget:EventTarget":                                                     brings,
		"aws:lambda/function:Function":                                                               brings,
		"aws:lambda/permission:Permission":                                                           brings,
		"aws:ec2/route:Route":                                                                        within,
		"aws:ec2/routeTableAssociation:RouteTableAssociation":                                        within,
		"aws:iam/rolePolicy:RolePolicy":                                                              within,
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment":                                          within,
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       within,
		"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     within,
		"aws:s3/bucketPolicy:BucketPolicy":                                                           within,
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     within,
		"aws:s3/bucketReplicationConfig:BucketReplicationConfig":                                     within,
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": within,
		"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               within,
	}
	var table struct{ Resources map[string]any }
	text, err := os.ReadFile("../sim/provider/schema.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &table))
	asked := map[string]bool{}
	for typ := range table.Resources {
		kind, part := parts[typ]
		assert.NotEqual(t, part, exceptions[typ] != "", "%s: add it to partKinds (parts_kinds.go), with a row here, or say here why not", typ)
		asked[kind] = part
	}
	for typ, kind := range parts {
		assert.Contains(t, partKinds, kind, typ)
		assert.Contains(t, table.Resources, typ, "the program makes none any more")
	}
	for kind := range partKinds {
		assert.True(t, asked[kind], "%s: the program makes none any more", kind)
	}
}

// TestUnknownKind holds that an ARN that this version knows nothing of, as in the state of a later one, is left alone.
func TestUnknownKind(t *testing.T) {
	t.Parallel()
	rt := New(Env{}, Site{ResourceIDs: []string{"arn:aws:dynamodb:us-east-2:123456789012:table/later", "arn:aws:rds:us-east-2:123456789012:db:blog-dr-1"}})
	missing, unseen := rt.parts(t.Context(), aws.Config{})
	assert.Empty(t, missing)
	assert.Empty(t, unseen)
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
