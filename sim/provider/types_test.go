package provider_test

import (
	"encoding/base64"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/provider"
)

// TestEveryType makes one of each type that the table has: it is accepted, its
// outputs are of the types that programs expect, a refresh finds nothing
// changed, and everything can be deleted in reverse order.
func TestEveryType(t *testing.T) {
	t.Parallel()
	w, c := serve(t, props{"region": region})
	w.AddZone("Z1", "example.com")
	w.AddImage(region, "ami-1", sim.Epoch)
	type made struct{ typ, id string }
	var all []made
	seen := map[string]bool{}
	add := func(typ, name string, inputs props) resource.PropertyMap {
		t.Helper()
		id, checked, outputs := c.create(typ, name, inputs)
		assert.Empty(t, provider.Mistyped(typ, outputs), typ)
		read, err := c.rpc.Read(t.Context(), &pulumirpc.ReadRequest{
			Urn: urn(typ, name), Id: id, Inputs: c.marshalled(checked), Properties: c.marshalled(outputs)})
		require.NoError(t, err, typ)
		require.Equal(t, id, read.Id, typ)
		now := c.unmarshalled(read.Inputs)
		assert.Empty(t, c.diff(typ, id, now, checked).DetailedDiff, typ)
		all, seen[typ] = append(all, made{typ, id}), true
		outputs["id"] = resource.NewProperty(id)
		return outputs
	}
	get := func(m resource.PropertyMap, key string) string { return m[resource.PropertyKey(key)].StringValue() }

	vpc := get(add("aws:ec2/vpc:Vpc", "vpc", props{"cidrBlock": "10.0.0.0/16", "tags": props{"Name": "x"}}), "id")
	add("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "default", props{"vpcId": vpc})
	gateway := get(add("aws:ec2/internetGateway:InternetGateway", "igw", props{"vpcId": vpc}), "id")
	table := get(add("aws:ec2/routeTable:RouteTable", "table", props{"vpcId": vpc}), "id")
	add("aws:ec2/route:Route", "route", props{"routeTableId": table, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway})
	var subnets []any
	for i, block := range []string{"10.0.0.0/24", "10.0.1.0/24"} {
		subnets = append(subnets, get(add("aws:ec2/subnet:Subnet", block, props{"vpcId": vpc, "cidrBlock": block, "availabilityZone": sim.Zones(region)[i]}), "id"))
	}
	add("aws:ec2/routeTableAssociation:RouteTableAssociation", "assoc", props{"routeTableId": table, "subnetId": subnets[0]})
	address := get(add("aws:ec2/eip:Eip", "eip", props{"domain": "vpc"}), "id")
	add("aws:ec2/natGateway:NatGateway", "nat", props{"subnetId": subnets[0], "allocationId": address})
	add("aws:ec2/vpcEndpoint:VpcEndpoint", "s3", props{"vpcId": vpc, "serviceName": "com.amazonaws." + region + ".s3", "routeTableIds": []any{table}})
	group := get(add("aws:ec2/securityGroup:SecurityGroup", "group", props{"vpcId": vpc}), "id")
	for _, typ := range []string{"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"} {
		add(typ, "rule", props{"securityGroupId": group, "ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "cidrIpv4": "0.0.0.0/0"})
	}
	key := add("aws:kms/key:Key", "key", props{})
	add("aws:kms/alias:Alias", "alias", props{"targetKeyId": get(key, "keyId")})
	databaseSubnets := get(add("aws:rds/subnetGroup:SubnetGroup", "db", props{"subnetIds": subnets}), "name")
	parameters := get(add("aws:rds/parameterGroup:ParameterGroup", "db", props{"family": "mysql8.0"}), "name")
	database := add("aws:rds/instance:Instance", "db", props{
		"engine": "mysql", "instanceClass": "db.t4g.medium", "username": "root", "password": "correct horse", "allocatedStorage": 20,
		"dbSubnetGroupName": databaseSubnets, "parameterGroupName": parameters, "kmsKeyId": get(key, "arn"), "storageEncrypted": true,
		"vpcSecurityGroupIds": []any{group}, "skipFinalSnapshot": true,
	})
	assert.True(t, database["password"].IsSecret())
	cacheSubnets := get(add("aws:elasticache/subnetGroup:SubnetGroup", "cache", props{"subnetIds": subnets}), "name")
	add("aws:elasticache/replicationGroup:ReplicationGroup", "cache", props{"description": "x", "subnetGroupName": cacheSubnets, "securityGroupIds": []any{group}})
	balancer := add("aws:lb/loadBalancer:LoadBalancer", "lb", props{"subnets": subnets, "securityGroups": []any{group}})
	targets := get(add("aws:lb/targetGroup:TargetGroup", "tg", props{"vpcId": vpc, "port": 80, "protocol": "HTTP", "healthCheck": props{"path": "/"}}), "arn")
	add("aws:lb/listener:Listener", "http", props{"loadBalancerArn": get(balancer, "arn"), "port": 80, "defaultActions": []any{props{"type": "forward", "targetGroupArn": targets}}})
	template := add("aws:ec2/launchTemplate:LaunchTemplate", "lt", props{"imageId": "ami-1", "userData": base64.StdEncoding.EncodeToString([]byte("x"))})
	group2 := get(add("aws:autoscaling/group:Group", "asg", props{
		"minSize": 1, "maxSize": 2, "vpcZoneIdentifiers": subnets, "targetGroupArns": []any{targets},
		"launchTemplate": props{"id": get(template, "id"), "version": "1"}}), "name")
	add("aws:autoscaling/policy:Policy", "cpu", props{"autoscalingGroupName": group2, "policyType": "TargetTrackingScaling"})
	trust := policy(t, props{"Service": "ec2.amazonaws.com"})
	role := add("aws:iam/role:Role", "role", props{"assumeRolePolicy": trust})
	add("aws:iam/rolePolicy:RolePolicy", "policy", props{"role": get(role, "name"), "policy": "{}"})
	add("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "ssm", props{"role": get(role, "name"), "policyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"})
	add("aws:iam/instanceProfile:InstanceProfile", "profile", props{"role": get(role, "name")})
	bucket := get(add("aws:s3/bucketV2:BucketV2", "media", props{}), "bucket")
	add("aws:s3/bucketVersioningV2:BucketVersioningV2", "media", props{"bucket": bucket, "versioningConfiguration": props{"status": "Enabled"}})
	add("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "media", props{"bucket": bucket, "rules": []any{props{}}})
	add("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "media", props{"bucket": bucket, "blockPublicAcls": true})
	add("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "media", props{"bucket": bucket, "rule": props{"objectOwnership": "BucketOwnerEnforced"}})
	add("aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "media", props{"bucket": bucket, "rules": []any{props{"id": "x", "status": "Enabled"}}})
	add("aws:s3/bucketPolicy:BucketPolicy", "media", props{"bucket": bucket, "policy": "{}"})
	add("aws:s3/bucketReplicationConfig:BucketReplicationConfig", "media", props{"bucket": bucket, "role": get(role, "arn"), "rules": []any{props{
		"status": "Enabled", "priority": 1, "filter": props{"prefix": "x"}, "deleteMarkerReplication": props{"status": "Enabled"},
		"destination": props{"bucket": "arn:aws:s3:::" + bucket}}}})
	secret := get(add("aws:secretsmanager/secret:Secret", "secret", props{}), "id")
	version := add("aws:secretsmanager/secretVersion:SecretVersion", "secret", props{"secretId": secret, "secretString": "shh"})
	assert.True(t, version["secretString"].IsSecret())
	add("aws:ssm/parameter:Parameter", "parameter", props{"name": "/x", "type": "String", "insecureValue": "x"})
	add("aws:route53/record:Record", "www", props{"zoneId": "Z1", "name": "www", "type": "A", "aliases": []any{
		props{"name": get(balancer, "dnsName"), "zoneId": get(balancer, "zoneId"), "evaluateTargetHealth": false}}})
	add("aws:acm/certificate:Certificate", "www", props{
		"domainName": "www.example.com", "subjectAlternativeNames": []any{"www.example.com", "example.com"}, "validationMethod": "DNS"})
	add("aws:cloudwatch/logGroup:LogGroup", "logs", props{"retentionInDays": 30})
	topic := get(add("aws:sns/topic:Topic", "alarms", props{"policy": "{}", "kmsMasterKeyId": get(key, "arn")}), "arn")
	add("aws:sns/topicSubscription:TopicSubscription", "alarms", props{"topic": topic, "protocol": "email", "endpoint": "oncall@example.com"})
	add("aws:cloudwatch/dashboard:Dashboard", "site", props{
		"dashboardName": "site", "dashboardBody": `{"widgets": [{"type": "metric", "x": 0, "y": 0, "width": 6, "height": 6, "properties": {"region": "us-east-2", "metrics": [["AWS/RDS", "ReplicaLag"]]}}]}`})
	add("aws:cloudwatch/metricAlarm:MetricAlarm", "lag", props{
		"namespace": "AWS/RDS", "metricName": "ReplicaLag", "dimensions": props{"DBInstanceIdentifier": "db"}, "statistic": "Maximum", "period": 60,
		"evaluationPeriods": 5, "comparisonOperator": "GreaterThanThreshold", "threshold": 300, "alarmActions": []any{topic}})
	function := add("aws:lambda/function:Function", "images", props{"role": get(role, "arn"), "handler": "bootstrap", "runtime": "provided.al2023", "timeout": 120})
	rule := add("aws:cloudwatch/eventRule:EventRule", "sweep", props{"scheduleExpression": "rate(15 minutes)"})
	add("aws:lambda/permission:Permission", "sweep", props{"statementId": "sweep", "action": "lambda:InvokeFunction", "principal": "events.amazonaws.com", "function": get(function, "name"), "sourceArn": get(rule, "arn")})
	add("aws:cloudwatch/eventTarget:EventTarget", "sweep", props{"rule": get(rule, "name"), "targetId": "images", "arn": get(function, "arn")})

	assert.ElementsMatch(t, provider.Types(), keys(seen), "each type of the table has its turn")
	for i := len(all) - 1; i >= 0; i-- {
		_, err := c.rpc.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn(all[i].typ, "x"), Id: all[i].id})
		require.NoError(t, err, all[i].typ)
		read, err := c.rpc.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(all[i].typ, "x"), Id: all[i].id})
		require.NoError(t, err)
		assert.Empty(t, read.Id, "%s must be gone", all[i].typ)
	}
}

func keys(m map[string]bool) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	return all
}
