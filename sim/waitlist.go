package sim

import (
	"slices"
	"strings"
	"time"
)

// ProviderRead is the release of terraform-provider-aws that the list of waits was
// read in. pulumi-aws 6.83 is made of 5.100; of what had changed by then and matters
// here, group.go was read as of 5.68.
const ProviderRead = "5.43"

// Waits lists what the real provider waits for, by type and operation.
func Waits() []Wait {
	list := slices.Clone(waits)
	slices.SortStableFunc(list, func(a, b Wait) int { return strings.Compare(a.Type, b.Type) })
	return list
}

// The kinds of waits that several types share.
var (
	database = poll{delay: time.Minute, every: 10 * time.Second, times: 3}
	halfway  = poll{delay: 30 * time.Second, least: 10 * time.Second}
	endpoint = poll{delay: 5 * time.Second, least: 5 * time.Second}
)

const (
	outlasted  = "what was made is there with the call here, as it is by the first look on AWS nearly always"
	readily    = "a deletion that must wait for another is ordered behind it by the engine, and refused here otherwise"
	consistent = "IAM is consistent here at once; in a failover no role is made"
)

var (
	creates = []string{"create"}
	updates = []string{"update"}
	deletes = []string{"delete"}
	writes  = []string{"create", "update"}
	all     = []string{"create", "update", "delete"}
)

// waits is the list. Each type has each operation in it.
var waits = []Wait{
	{Type: vpcType, Operations: creates, For: "`available`, then that enableDnsHostnames reads as set", Source: "ec2/vpc_.go", polls: []poll{{delay: 10 * time.Second, least: 3 * time.Second}}},
	{Type: vpcType, Operations: updates, For: "that each changed attribute reads as set", Source: "ec2/vpc_.go", Unmodelled: "no program changes one"},
	{Type: vpcType, Operations: deletes, For: "that nothing depends on it (5 min), and that it is gone", Source: "ec2/vpc_.go", Unmodelled: readily},
	{Type: subnetType, Operations: creates, For: "`available`, then each attribute that differs from the default", Source: "ec2/vpc_subnet.go", polls: []poll{{}}, limit: 10 * time.Minute, pending: "pending", target: "available"},
	{Type: subnetType, Operations: updates, For: "that each changed attribute reads as set", Source: "ec2/vpc_subnet.go", Unmodelled: "no program changes one"},
	{Type: subnetType, Operations: deletes, For: "that nothing depends on it (20 min)", Source: "ec2/vpc_subnet.go", Unmodelled: readily},
	{Type: gatewayType, Operations: writes, For: "that it is attached", Source: "ec2/vpc_internet_gateway.go", polls: []poll{{}}, limit: 20 * time.Minute, pending: "attaching", target: "available"},
	{Type: gatewayType, Operations: deletes, For: "that it is detached, while addresses are in use (20 min)", Source: "ec2/vpc_internet_gateway.go", Unmodelled: readily},
	{Type: addressType, Operations: creates, For: "that it is found", Source: "ec2/ec2_eip.go", Unmodelled: outlasted},
	{Type: addressType, Operations: []string{"update", "delete"}, Source: "ec2/ec2_eip.go"},
	{Type: natType, Operations: creates, For: "`available`", Source: "ec2/vpc_nat_gateway.go", polls: []poll{{}}, limit: 10 * time.Minute, pending: "pending", target: "available"},
	{Type: natType, Operations: updates, For: "that secondary addresses are there", Source: "ec2/vpc_nat_gateway.go", Unmodelled: "no program has any"},
	{Type: natType, Operations: deletes, For: "that it is gone", Source: "ec2/vpc_nat_gateway.go", polls: []poll{{delay: 10 * time.Second, least: 10 * time.Second}}, limit: 30 * time.Minute},
	{Type: tableType, Operations: writes, For: "that it is found twice", Source: "ec2/vpc_route_table.go", polls: []poll{{times: 2}}, limit: 5 * time.Minute, pending: "", target: "ready"},
	{Type: tableType, Operations: deletes, For: "that it is gone twice", Source: "ec2/vpc_route_table.go", polls: []poll{{times: 2}}, limit: 5 * time.Minute},
	{Type: routeType, Operations: writes, For: "that it is found twice", Source: "ec2/vpc_route.go", polls: []poll{{times: 2}}, limit: 5 * time.Minute, pending: "", target: "ready"},
	{Type: routeType, Operations: deletes, For: "that it is gone twice", Source: "ec2/vpc_route.go", polls: []poll{{times: 2}}, limit: 5 * time.Minute},
	{Type: associationType, Operations: writes, For: "`associated`", Source: "ec2/vpc_route_table_association.go", polls: []poll{{}}, limit: 5 * time.Minute, pending: "associating", target: "associated"},
	{Type: associationType, Operations: deletes, For: "that it is gone", Source: "ec2/vpc_route_table_association.go", polls: []poll{{}}, limit: 5 * time.Minute},
	{Type: groupType, Operations: creates, For: "that it is found three times", Source: "ec2/vpc_security_group.go", polls: []poll{{times: 3}}, limit: 10 * time.Minute, pending: "", target: "created"},
	{Type: groupType, Operations: updates, Source: "ec2/vpc_security_group.go"},
	{Type: groupType, Operations: deletes, For: "that no interface and no rule uses it (15 min)", Source: "ec2/vpc_security_group.go", Unmodelled: readily},
	{Type: defaultGroupType, Operations: all, Source: "ec2/vpc_default_security_group.go"},
	{Type: ingressType, Operations: all, Source: "ec2/vpc_security_group_ingress_rule.go"},
	{Type: egressType, Operations: all, Source: "ec2/vpc_security_group_egress_rule.go"},
	{Type: endpointType, Operations: writes, For: "`available`", Source: "ec2/vpc_endpoint.go", polls: []poll{endpoint}, limit: 10 * time.Minute, pending: "pending", target: "available"},
	{Type: endpointType, Operations: deletes, For: "that it is gone", Source: "ec2/vpc_endpoint.go", polls: []poll{endpoint}, limit: 10 * time.Minute},
	{Type: templateType, Operations: all, Source: "ec2/ec2_launch_template.go"},

	{Type: databaseType, Operations: creates, For: "`available`; any state that is not on its list of passing ones fails. Until then the state knows nothing of it. A copy is then changed (backups, storage) and waited for again",
		Source: "rds/instance.go", calls: []string{"CreateDBInstance"}, polls: []poll{database}, limit: 40 * time.Minute, pending: "creating", target: "available", unnamed: true},
	{Type: databaseType, Operations: creates, For: "the same, of a replica or a copy", Source: "rds/instance.go", polls: []poll{database, database}, limit: 40 * time.Minute, pending: "creating", target: "available", unnamed: true},
	{Type: databaseType, Operations: updates, For: "`available`, after every change but that of tags and of what concerns its deletion", Source: "rds/instance.go",
		calls: []string{"ModifyDBInstance", "PromoteReadReplica"}, polls: []poll{database}, limit: 80 * time.Minute, pending: "modifying", target: "available"},
	{Type: databaseType, Operations: deletes, For: "that it is gone", Source: "rds/instance.go", polls: []poll{database}, limit: time.Hour},
	{Type: databaseSubnets, Operations: writes, Source: "rds/subnet_group.go"},
	{Type: databaseSubnets, Operations: deletes, For: "that it is gone", Source: "rds/subnet_group.go", Unmodelled: outlasted},
	{Type: databaseParameters, Operations: writes, Source: "rds/parameter_group.go"},
	{Type: databaseParameters, Operations: deletes, For: "that no database uses it (3 min)", Source: "rds/parameter_group.go", Unmodelled: readily},

	{Type: cacheType, Operations: creates, For: "`available`, and again before it is read", Source: "elasticache/replication_group.go", polls: []poll{halfway, halfway}, limit: time.Hour, pending: "creating", target: "available"},
	{Type: cacheType, Operations: updates, For: "`available` before the change, after it, and before it is read", Source: "elasticache/replication_group.go", polls: []poll{halfway, halfway, halfway}, limit: 40 * time.Minute, pending: "modifying", target: "available"},
	{Type: cacheType, Operations: deletes, For: "a state in which it can be deleted (10 min), then that it is gone", Source: "elasticache/replication_group.go", polls: []poll{halfway}, limit: 40 * time.Minute},
	{Type: cacheSubnets, Operations: writes, Source: "elasticache/subnet_group.go"},
	{Type: cacheSubnets, Operations: deletes, For: "that no cache uses it (5 min)", Source: "elasticache/subnet_group.go", Unmodelled: readily},

	{Type: balancerType, Operations: creates, For: "`active`, and again after its attributes are set", Source: "elbv2/load_balancer.go", polls: []poll{halfway, halfway}, limit: 10 * time.Minute, pending: "provisioning", target: "active"},
	{Type: balancerType, Operations: updates, For: "`active`", Source: "elbv2/load_balancer.go", polls: []poll{halfway}, limit: 10 * time.Minute, pending: "provisioning", target: "active"},
	{Type: balancerType, Operations: deletes, For: "its interfaces, which it detaches and deletes itself; a failure is only logged", Source: "elbv2/load_balancer.go", Unmodelled: "a balancer's interfaces are gone with it here"},
	{Type: listenerType, Operations: writes, For: "that its certificate is found (5 min)", Source: "elbv2/listener.go", Unmodelled: "one is issued before a listener shows it"},
	{Type: listenerType, Operations: deletes, Source: "elbv2/listener.go"},
	{Type: targetsType, Operations: creates, For: "that it is found", Source: "elbv2/target_group.go", Unmodelled: outlasted},
	{Type: targetsType, Operations: updates, Source: "elbv2/target_group.go"},
	{Type: targetsType, Operations: deletes, For: "that no listener uses it (2 min)", Source: "elbv2/target_group.go", Unmodelled: readily},

	{Type: scalingType, Operations: creates, For: "that IAM knows the instance profile (2 min); then, up to waitForCapacityTimeout, at least max(minSize, desiredCapacity) healthy instances. A failed scaling activity ends it at once, unless ignoreFailedScalingActivities",
		Source: "autoscaling/group.go", polls: []poll{{}}, apart: true},
	{Type: scalingType, Operations: updates, For: "when minSize or desiredCapacity changes, up to waitForCapacityTimeout, exactly max(minSize, desiredCapacity as last read) healthy instances; failed activities as above. An instance refresh is only begun",
		Source: "autoscaling/group.go", polls: []poll{{}}, apart: true},
	{Type: scalingType, Operations: deletes, For: "that its instances are gone, then that it is", Source: "autoscaling/group.go", polls: []poll{{}}, limit: 10 * time.Minute},
	{Type: policyType, Operations: all, Source: "autoscaling/policy.go"},

	{Type: bucketType, Operations: writes, For: "that it is found", Source: "s3/bucket.go", Unmodelled: outlasted},
	{Type: bucketType, Operations: deletes, For: "that it is gone", Source: "s3/bucket.go", Unmodelled: outlasted},
	{Type: versioningType, Operations: writes, For: "that a status is read three times", Source: "s3/bucket_versioning.go", polls: []poll{{delay: time.Second, times: 3}}, limit: 2 * time.Minute, pending: "", target: "Enabled"},
	{Type: versioningType, Operations: deletes, Source: "s3/bucket_versioning.go"},
	{Type: encryptionType, Operations: all, For: "that the bucket is found", Source: "s3/bucket_server_side_encryption_configuration.go", Unmodelled: outlasted},
	{Type: publicType, Operations: all, For: "that it is found, or gone", Source: "s3/bucket_public_access_block.go", Unmodelled: outlasted},
	{Type: ownershipType, Operations: all, For: "that it is found, or gone", Source: "s3/bucket_ownership_controls.go", Unmodelled: outlasted},
	{Type: bucketRules, Operations: all, For: "that it is found, or gone", Source: "s3/bucket_policy.go", Unmodelled: outlasted},
	{Type: lifecycleType, Operations: writes, For: "that the rules read as set three times, then twice the same", Source: "s3/bucket_lifecycle_configuration.go",
		polls: []poll{{least: 10 * time.Second, times: 3}, {delay: 10500 * time.Millisecond}}, limit: 3 * time.Minute, pending: "false", target: "true"},
	{Type: lifecycleType, Operations: deletes, For: "that it is gone", Source: "s3/bucket_lifecycle_configuration.go", Unmodelled: outlasted},
	{Type: replicationType, Operations: all, For: "that the bucket is found, then the rules", Source: "s3/bucket_replication_configuration.go", Unmodelled: outlasted},

	{Type: roleType, Operations: all, For: "that it is found under an ARN; that nothing holds it (2 min)", Source: "iam/role.go", Unmodelled: consistent},
	{Type: rolePolicyType, Operations: all, For: "that it is found", Source: "iam/role_policy.go", Unmodelled: consistent},
	{Type: attachmentType, Operations: all, For: "that it is found", Source: "iam/role_policy_attachment.go", Unmodelled: consistent},
	{Type: profileType, Operations: all, For: "that it is found, then that the role is (2 min)", Source: "iam/instance_profile.go", Unmodelled: consistent},

	{Type: keyType, Operations: creates, For: "that rotation, policy and tags read as set, five times each", Source: "kms/key.go", polls: []poll{slow5, slow5, slow5}, limit: 10 * time.Minute, pending: "FALSE", target: "TRUE"},
	{Type: keyType, Operations: updates, For: "that what was changed reads as set, five times", Source: "kms/key.go", polls: []poll{slow5}, limit: 10 * time.Minute, pending: "FALSE", target: "TRUE"},
	{Type: keyType, Operations: deletes, For: "that its deletion is scheduled", Source: "kms/key.go", Unmodelled: outlasted},
	{Type: aliasType, Operations: all, For: "that the key is found (10 min)", Source: "kms/alias.go", Unmodelled: outlasted},
	{Type: secretType, Operations: creates, For: "that no secret of its name awaits deletion (2 min), then that it is found", Source: "secretsmanager/secret.go", Unmodelled: "names are made up anew"},
	{Type: secretType, Operations: []string{"update", "delete"}, For: "that it is gone", Source: "secretsmanager/secret.go", Unmodelled: outlasted},
	{Type: versionType, Operations: all, For: "that it is found, or has no label any more", Source: "secretsmanager/secret_version.go", Unmodelled: outlasted},

	{Type: certificateType, Operations: creates, For: "that ACM has named a record to validate it by (5 min)", Source: "acm/certificate.go", Unmodelled: outlasted},
	{Type: certificateType, Operations: updates, Source: "acm/certificate.go"},
	{Type: certificateType, Operations: deletes, For: "that no balancer shows it (20 min)", Source: "acm/certificate.go", Unmodelled: readily},

	{Type: recordType, Operations: all, For: "`INSYNC`", Source: "route53/record.go", polls: []poll{{delay: 10 * time.Second, every: 20 * time.Second}}, spread: 20 * time.Second, limit: 30 * time.Minute, pending: "PENDING", target: "INSYNC"},
	{Type: parameterType, Operations: creates, For: "that an image's parameter is found, which it never is when there is no such image (2 min)", Source: "ssm/parameter.go", Unmodelled: "the checks find that image first"},
	{Type: parameterType, Operations: []string{"update", "delete"}, Source: "ssm/parameter.go"},
	{Type: logGroupType, Operations: all, Source: "logs/group.go"},
	{Type: dashboardType, Operations: all, Source: "cloudwatch/dashboard.go"},
	{Type: alarmType, Operations: all, Source: "cloudwatch/metric_alarm.go"},
	{Type: topicType, Operations: writes, For: "that an attribute that SNS refuses is taken (2 min)", Source: "sns/topic.go", Unmodelled: outlasted},
	{Type: topicType, Operations: deletes, Source: "sns/topic.go"},
	{Type: subscriptionType, Operations: writes, For: "no confirmation, of an e-mail address", Source: "sns/topic_subscription.go", Unmodelled: "a person confirms it in their own time"},
	{Type: subscriptionType, Operations: deletes, For: "that it is gone (2 min); one that was never confirmed is left to SNS", Source: "sns/topic_subscription.go", Unmodelled: outlasted},
	{Type: functionType, Operations: writes, For: "`Active`, and that an update is `Successful`", Source: "lambda/function.go", polls: []poll{{delay: 5 * time.Second}}, limit: 10 * time.Minute, pending: "Pending", target: "Active"},
	{Type: functionType, Operations: deletes, For: "that it is gone", Source: "lambda/function.go", Unmodelled: outlasted},
	{Type: permissionType, Operations: all, For: "that the function's policy has it, or has it no more", Source: "lambda/permission.go", Unmodelled: outlasted},
	{Type: ruleType, Operations: all, Source: "events/rule.go"},
	{Type: targetType, Operations: all, Source: "events/target.go"},
}

var slow5 = poll{least: time.Second, times: 5}
