package sim_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestRefusals: each row is one thing that AWS does not take, and its code.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddZone("Z1", "example.com")
	n := newNetwork(t, w, home, "site")
	far := newNetwork(t, w, home, "far")
	abroad := newNetwork(t, w, other, "abroad")
	create(t, w, home, "aws:route53/record:Record", "www", props{"zoneId": "Z1", "name": "www.example.com", "type": "CNAME", "records": []any{"a"}})
	group := create(t, w, home, "aws:rds/subnetGroup:SubnetGroup", "site", props{"name": "site", "subnetIds": n.subnets}).ID
	balancer := create(t, w, home, "aws:lb/loadBalancer:LoadBalancer", "site", props{"name": "site", "subnets": n.subnets, "securityGroups": []any{n.group}}).ID
	create(t, w, home, "aws:ssm/parameter:Parameter", "site", props{"name": "/site", "type": "String", "insecureValue": "x"})
	create(t, w, home, "aws:s3/bucketV2:BucketV2", "bare", props{"bucket": "bare"})
	create(t, w, home, "aws:s3/bucketV2:BucketV2", "media", props{"bucket": "media"})
	create(t, w, home, "aws:s3/bucketVersioningV2:BucketVersioningV2", "media", props{"bucket": "media", "versioningConfiguration": props{"status": "Enabled"}})
	rule := func(bucket string) []any {
		return []any{props{"status": "Enabled", "priority": 1, "filter": props{}, "deleteMarkerReplication": props{"status": "Enabled"},
			"destination": props{"bucket": "arn:aws:s3:::" + bucket}}}
	}
	measuring := func(destination props) []any {
		rules := rule("media")
		rules[0].(props)["destination"] = with(rules[0].(props)["destination"].(props), destination)
		return rules
	}
	for name, tc := range map[string]struct {
		typ    string
		inputs props
		want   string
	}{
		"subnet of no VPC":             {"aws:ec2/subnet:Subnet", props{"vpcId": "vpc-0", "cidrBlock": "10.0.9.0/24"}, "InvalidVpcID.NotFound"},
		"subnet of another region":     {"aws:ec2/subnet:Subnet", props{"vpcId": abroad.vpc, "cidrBlock": "10.0.9.0/24"}, "InvalidVpcID.NotFound"},
		"subnet over another":          {"aws:ec2/subnet:Subnet", props{"vpcId": n.vpc, "cidrBlock": "10.0.1.128/25"}, "InvalidSubnet.Conflict"},
		"subnet outside the VPC":       {"aws:ec2/subnet:Subnet", props{"vpcId": n.vpc, "cidrBlock": "10.1.0.0/24"}, "InvalidSubnet.Range"},
		"subnet in a foreign zone":     {"aws:ec2/subnet:Subnet", props{"vpcId": n.vpc, "cidrBlock": "10.0.9.0/24", "availabilityZone": "us-east-1a"}, "InvalidParameterValue"},
		"VPC too large":                {"aws:ec2/vpc:Vpc", props{"cidrBlock": "10.0.0.0/8"}, "InvalidVpc.Range"},
		"second internet gateway":      {"aws:ec2/internetGateway:InternetGateway", props{"vpcId": n.vpc}, "InvalidParameterValue"},
		"group name twice":             {"aws:ec2/securityGroup:SecurityGroup", props{"vpcId": n.vpc, "name": "site"}, "InvalidGroup.Duplicate"},
		"rule between networks":        {"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", props{"securityGroupId": n.group, "referencedSecurityGroupId": far.group, "ipProtocol": "tcp"}, "InvalidGroup.NotFound"},
		"NAT without an address":       {"aws:ec2/natGateway:NatGateway", props{"subnetId": n.subnets[0]}, "MissingParameter"},
		"NAT with no such address":     {"aws:ec2/natGateway:NatGateway", props{"subnetId": n.subnets[0], "allocationId": "eipalloc-0"}, "InvalidAllocationID.NotFound"},
		"interface of no service":      {"aws:ec2/vpcEndpoint:VpcEndpoint", props{"vpcId": n.vpc, "serviceName": "com.amazonaws." + home + ".mail", "vpcEndpointType": "Interface"}, "InvalidServiceName"},
		"interface by name, no names":  {"aws:ec2/vpcEndpoint:VpcEndpoint", props{"vpcId": n.vpc, "serviceName": "com.amazonaws." + home + ".ssm", "vpcEndpointType": "Interface", "privateDnsEnabled": true}, "InvalidParameter"},
		"endpoint of another region":   {"aws:ec2/vpcEndpoint:VpcEndpoint", props{"vpcId": n.vpc, "serviceName": "com.amazonaws.us-east-1.s3"}, "InvalidServiceName"},
		"subnet group in one zone":     {"aws:rds/subnetGroup:SubnetGroup", props{"name": "g", "subnetIds": n.subnets[:1]}, "DBSubnetGroupDoesNotCoverEnoughAZs"},
		"subnet group name twice":      {"aws:rds/subnetGroup:SubnetGroup", props{"name": "site", "subnetIds": n.subnets}, "DBSubnetGroupAlreadyExists"},
		"database in two networks":     {databaseType, with(primary(), props{"dbSubnetGroupName": group, "vpcSecurityGroupIds": []any{far.group}}), "InvalidParameterCombination"},
		"database, foreign group":      {databaseType, with(primary(), props{"vpcSecurityGroupIds": []any{abroad.group}}), "InvalidGroup.NotFound"},
		"database without groups":      {databaseType, with(primary(), props{"parameterGroupName": "nobody"}), "DBParameterGroupNotFound"},
		"cache without subnets":        {"aws:elasticache/replicationGroup:ReplicationGroup", props{"replicationGroupId": "c", "subnetGroupName": "nobody"}, "CacheSubnetGroupNotFoundFault"},
		"cache failing over alone":     {"aws:elasticache/replicationGroup:ReplicationGroup", props{"replicationGroupId": "c", "automaticFailoverEnabled": true}, "InvalidParameterValue"},
		"cache token without TLS":      {"aws:elasticache/replicationGroup:ReplicationGroup", props{"replicationGroupId": "c", "authToken": strings.Repeat("x", 20)}, "InvalidParameterCombination"},
		"balancer in one zone":         {"aws:lb/loadBalancer:LoadBalancer", props{"name": "b", "subnets": n.subnets[:1]}, "ValidationError"},
		"balancer name twice":          {"aws:lb/loadBalancer:LoadBalancer", props{"name": "site", "subnets": n.subnets}, "DuplicateLoadBalancerName"},
		"listener for far targets":     {"aws:lb/listener:Listener", props{"loadBalancerArn": balancer, "port": 80, "defaultActions": []any{props{"type": "forward", "targetGroupArn": far.targets}}}, "InvalidConfigurationRequest"},
		"listener without certificate": {"aws:lb/listener:Listener", props{"loadBalancerArn": balancer, "port": 443, "protocol": "HTTPS", "defaultActions": []any{}}, "CertificateNotFound"},
		"certificate of another region": {"aws:lb/listener:Listener", props{"loadBalancerArn": balancer, "port": 443, "protocol": "HTTPS", "defaultActions": []any{},
			"certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1"}, "ValidationError"},
		"slow start too short":                {"aws:lb/targetGroup:TargetGroup", props{"name": "t", "vpcId": n.vpc, "slowStart": 5}, "ValidationError"},
		"group without its template":          {"aws:autoscaling/group:Group", props{"name": "g", "launchTemplate": props{"id": "lt-0"}}, "ValidationError"},
		"template name twice":                 {"aws:ec2/launchTemplate:LaunchTemplate", props{"name": "site"}, "InvalidLaunchTemplateName.AlreadyExistsException"},
		"role name twice, abroad":             {"aws:iam/role:Role", props{"name": other + "abroad", "assumeRolePolicy": "{}"}, "EntityAlreadyExists"},
		"China's principal":                   {"aws:iam/role:Role", props{"name": "r", "assumeRolePolicy": `{"Service":"ec2.amazonaws.com.cn"}`}, "MalformedPolicyDocument"},
		"policy of another partition":         {"aws:iam/rolePolicy:RolePolicy", props{"name": "p", "role": home + "site", "policy": `{"Resource":"arn:aws-cn:s3:::x"}`}, "MalformedPolicyDocument"},
		"policy of no role":                   {"aws:iam/rolePolicyAttachment:RolePolicyAttachment", props{"role": "nobody", "policyArn": "arn:aws:iam::aws:policy/X"}, "NoSuchEntity"},
		"alias of no key":                     {"aws:kms/alias:Alias", props{"name": "alias/a", "targetKeyId": "nobody"}, "NotFoundException"},
		"bucket name twice":                   {"aws:s3/bucketV2:BucketV2", props{"bucket": "media"}, "BucketAlreadyOwnedByYou"},
		"versioning of no bucket":             {"aws:s3/bucketVersioningV2:BucketVersioningV2", props{"bucket": "nobody"}, "NoSuchBucket"},
		"replication, unversioned":            {"aws:s3/bucketReplicationConfig:BucketReplicationConfig", props{"bucket": "bare", "role": n.role, "rules": rule("media")}, "InvalidRequest"},
		"replication to unversioned":          {"aws:s3/bucketReplicationConfig:BucketReplicationConfig", props{"bucket": "media", "role": n.role, "rules": rule("bare")}, "InvalidRequest"},
		"replication by nobody":               {"aws:s3/bucketReplicationConfig:BucketReplicationConfig", props{"bucket": "media", "role": "arn:nobody", "rules": rule("media")}, "InvalidArgument"},
		"a threshold without time":            {"aws:s3/bucketReplicationConfig:BucketReplicationConfig", props{"bucket": "media", "role": n.role, "rules": measuring(props{"metrics": props{"status": "Enabled", "eventThreshold": props{"minutes": 15.0}}})}, "InvalidArgument"},
		"time without metrics":                {"aws:s3/bucketReplicationConfig:BucketReplicationConfig", props{"bucket": "media", "role": n.role, "rules": measuring(props{"replicationTime": props{"status": "Enabled", "time": props{"minutes": 15.0}}})}, "InvalidRequest"},
		"parameter twice":                     {"aws:ssm/parameter:Parameter", props{"name": "/site", "type": "String", "insecureValue": "y"}, "ParameterAlreadyExists"},
		"secret of nothing":                   {"aws:secretsmanager/secretVersion:SecretVersion", props{"secretId": "nobody", "secretString": "x"}, "ResourceNotFoundException"},
		"record twice":                        {"aws:route53/record:Record", props{"zoneId": "Z1", "name": "www", "type": "CNAME", "records": []any{"b"}}, "InvalidChangeBatch"},
		"record of no zone":                   {"aws:route53/record:Record", props{"zoneId": "Z9", "name": "www", "type": "A", "records": []any{"b"}}, "NoSuchHostedZone"},
		"alias to a name that is not":         {"aws:route53/record:Record", props{"zoneId": "Z1", "name": "new", "type": "A", "aliases": []any{props{"name": "nothing.example.com", "zoneId": "Z1"}}}, "InvalidChangeBatch"},
		"alias to nobody":                     {"aws:route53/record:Record", props{"zoneId": "Z1", "name": "new", "type": "A", "aliases": []any{props{"name": "nobody", "zoneId": "Z"}}}, "InvalidChangeBatch"},
		"parameter that is too long":          {"aws:ssm/parameter:Parameter", props{"name": "/large", "type": "String", "insecureValue": strings.Repeat("x", 4097)}, "ValidationException"},
		"parameter whose tier never arrives":  {"aws:ssm/parameter:Parameter", props{"name": "/large", "type": "String", "insecureValue": strings.Repeat("x", 4097), "tier": "Intelligent-Tiering"}, "ValidationException"},
		"advanced parameter that is too long": {"aws:ssm/parameter:Parameter", props{"name": "/large", "type": "String", "insecureValue": strings.Repeat("x", 8193), "tier": "Advanced"}, "ValidationException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tc.want, refused(t, w, home, tc.typ, tc.inputs))
		})
	}
}

func TestWhatIsInUseStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	group := create(t, w, home, "aws:rds/subnetGroup:SubnetGroup", "site", props{"name": "site", "subnetIds": n.subnets}).ID
	database := create(t, w, home, databaseType, "site", with(primary(), props{"dbSubnetGroupName": group, "vpcSecurityGroupIds": []any{n.group}}))
	create(t, w, home, "aws:iam/instanceProfile:InstanceProfile", "site", props{"name": "p", "role": home + "site"})
	remove := func(typ, id string) error {
		return w.Delete(t.Context(), sim.Call{Region: home, Type: typ, Name: "site", ID: id})
	}
	for typ, tc := range map[string]struct{ id, want string }{
		"aws:ec2/vpc:Vpc":                     {n.vpc, "DependencyViolation"},
		"aws:ec2/subnet:Subnet":               {n.subnets[0].(string), "DependencyViolation"},
		"aws:ec2/securityGroup:SecurityGroup": {n.group, "DependencyViolation"},
		"aws:rds/subnetGroup:SubnetGroup":     {group, "InvalidDBSubnetGroupStateFault"},
		"aws:iam/role:Role":                   {home + "site", "DeleteConflict"},
	} {
		err := remove(typ, tc.id)
		require.Error(t, err, typ)
		assert.Equal(t, tc.want, codeOf(err))
	}
	require.NoError(t, remove(databaseType, database.ID))
	require.NoError(t, remove("aws:rds/subnetGroup:SubnetGroup", group))
	require.NoError(t, remove("aws:rds/subnetGroup:SubnetGroup", group), "gone already is fine")
}

// TestRulesOfAGroup holds that a security group takes sixty rules in each direction.
func TestRulesOfAGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	rule := func(typ string, i int) error {
		_, err := w.Create(t.Context(), sim.Call{Region: home, Type: typ, Name: fmt.Sprint(i), Inputs: props{
			"securityGroupId": n.group, "ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "cidrIpv4": fmt.Sprintf("203.0.113.%d/32", i),
		}})
		return err
	}
	const ingress, egress = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	for i := range 60 {
		require.NoError(t, rule(ingress, i))
	}
	assert.Equal(t, "RulesPerSecurityGroupLimitExceeded", codeOf(rule(ingress, 60)))
	require.NoError(t, rule(egress, 60))
}

func TestAnErrorReadsAsTheProvidersDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.Create(t.Context(), sim.Call{Region: home, Type: "aws:ec2/subnet:Subnet", Name: "s", Inputs: props{"vpcId": "vpc-0"}})
	assert.ErrorContains(t, err, "creating EC2 Subnet: operation error EC2: CreateSubnet, https response error StatusCode: 400, RequestID: ")
	assert.ErrorContains(t, err, ", api error InvalidVpcID.NotFound: The vpc ID 'vpc-0' does not exist")
	_, err = w.Create(t.Context(), sim.Call{Region: home, Type: "aws:sqs/queue:Queue", Name: "s"})
	assert.ErrorIs(t, err, sim.ErrNotModelled)
}

func TestUserDataHasALimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	large := base64.StdEncoding.EncodeToString(make([]byte, 16385))
	template := create(t, w, home, "aws:ec2/launchTemplate:LaunchTemplate", "large", props{"name": "large", "imageId": "ami-1", "userData": large}).ID
	assert.Equal(t, "ValidationError", refused(t, w, home, "aws:autoscaling/group:Group", props{
		"name": "g", "minSize": 0, "maxSize": 0, "vpcZoneIdentifiers": n.subnets, "launchTemplate": props{"id": template},
	}))
}
