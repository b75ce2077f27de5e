package failover

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
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

// TestPartsFarAway: from the other side of the world each answer takes its time, and all come; what did not is not for want of rights.
func TestPartsFarAway(t *testing.T) {
	t.Parallel()
	const region = "us-east-2"
	var held []string
	for _, part := range []string{"internet-gateway/igw-1", "launch-template/lt-1", "route-table/rtb-1", "security-group/sg-1", "security-group-rule/sgr-1", "subnet/subnet-1", "vpc/vpc-1", "vpc-endpoint/vpce-1"} {
		held = append(held, "arn:aws:ec2:"+region+":123456789012:"+part)
	}
	for name, tc := range map[string]struct {
		silent         string
		reason, remedy string
	}{
		"slow":              {"none", "DescribeVpcs: UnauthorizedOperation", "let these credentials ask (docs/policies/check.json), and check again"},
		"one never answers": {"Action=DescribeVpcs&", "DescribeVpcEndpoints: UnauthorizedOperation, AWS did not tell of 1 of 8 kinds of parts within 15s", "let these credentials ask (docs/policies/check.json), and check again"},
		"none does":         {"Action=", "is not known: AWS did not tell of 8 of 8 kinds of parts within 15s", "check again, and from nearer to us-east-2 where that does not help"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rt := New(Env{}, Site{Policy: checks.Policy{Region: region}, ResourceIDs: held})
				missing, unseen := rt.parts(t.Context(), aws.Config{Region: region, Credentials: aws.AnonymousCredentials{}, HTTPClient: farAway(tc.silent)})
				assert.Empty(t, missing)
				require.Len(t, unseen, 1)
				assert.Contains(t, unseen[0].Reason, tc.reason)
				assert.Equal(t, tc.remedy, unseen[0].Remedy)
				assert.Equal(t, tc.silent != "none", strings.Contains(unseen[0].Reason, "did not tell"), unseen[0].Reason)
			})
		})
	}
}

// farAway is an AWS that refuses each call after two seconds, but for those whose requests have a text: these it never answers.
type farAway string

func (f farAway) Do(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if strings.Contains(string(body), string(f)) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	time.Sleep(2 * time.Second)
	answer := "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>"
	return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: req}, nil
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
