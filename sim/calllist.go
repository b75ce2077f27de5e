package sim

var reads = []string{"read"}

// calls is the list. Each type has create and read in it, and what else may be done to it: the
// key of the databases and the site's record are never deleted.
var calls = slicesOf(networkCalls, securityCalls, instanceCalls, databaseCalls, servingCalls, bucketCalls, identityCalls, keptCalls)

func slicesOf(lists ...[]ProviderCalls) (joined []ProviderCalls) {
	for _, list := range lists {
		joined = append(joined, list...)
	}
	return joined
}

const (
	tagged = "the tags change"
	grown  = "a zone is added"
)

var networkCalls = []ProviderCalls{
	of(vpcType, "ec2/vpc_.go", reads, "ec2:DescribeVpcs ec2:DescribeVpcAttribute ec2:DescribeNetworkAcls ec2:DescribeRouteTables ec2:DescribeSecurityGroups"),
	of(vpcType, "ec2/vpc_.go", creates, "ec2:CreateVpc ec2:ModifyVpcAttribute"),
	of(vpcType, "ec2/vpc_.go", deletes, "ec2:DeleteVpc"),
	of(subnetType, "ec2/vpc_subnet.go", reads, "ec2:DescribeSubnets"),
	of(subnetType, "ec2/vpc_subnet.go", creates, "ec2:CreateSubnet"),
	of(subnetType, "ec2/vpc_subnet.go", deletes, "ec2:DescribeNetworkInterfaces ec2:DeleteSubnet"),
	of(gatewayType, "ec2/vpc_internet_gateway.go", reads, "ec2:DescribeInternetGateways"),
	of(gatewayType, "ec2/vpc_internet_gateway.go", creates, "ec2:CreateInternetGateway ec2:AttachInternetGateway"),
	of(gatewayType, "ec2/vpc_internet_gateway.go", deletes, "ec2:DetachInternetGateway ec2:DeleteInternetGateway"),
	of(tableType, "ec2/vpc_route_table.go", reads, "ec2:DescribeRouteTables"),
	of(tableType, "ec2/vpc_route_table.go", creates, "ec2:CreateRouteTable"),
	of(tableType, "ec2/vpc_route_table.go", deletes, "ec2:DisassociateRouteTable ec2:DeleteRouteTable"),
	of(routeType, "ec2/vpc_route.go", reads, "ec2:DescribeRouteTables"),
	of(routeType, "ec2/vpc_route.go", creates, "ec2:CreateRoute"),
	of(routeType, "ec2/vpc_route.go", updates, "ec2:ReplaceRoute"),
	of(routeType, "ec2/vpc_route.go", deletes, "ec2:DeleteRoute"),
	of(associationType, "ec2/vpc_route_table_association.go", reads, "ec2:DescribeRouteTables"),
	of(associationType, "ec2/vpc_route_table_association.go", creates, "ec2:AssociateRouteTable"),
	of(associationType, "ec2/vpc_route_table_association.go", updates, "ec2:ReplaceRouteTableAssociation"),
	of(associationType, "ec2/vpc_route_table_association.go", deletes, "ec2:DisassociateRouteTable"),
	of(endpointType, "ec2/vpc_endpoint.go", reads, "ec2:DescribeVpcEndpoints ec2:DescribePrefixLists"),
	of(endpointType, "ec2/vpc_endpoint.go", creates, "ec2:CreateVpcEndpoint"),
	of(endpointType, "ec2/vpc_endpoint.go", updates, "ec2:ModifyVpcEndpoint"),
	of(endpointType, "ec2/vpc_endpoint.go", deletes, "ec2:DeleteVpcEndpoints"),
	of(addressType, "ec2/ec2_eip.go", reads, "ec2:DescribeAddresses ec2:DescribeAddressesAttribute"),
	of(addressType, "ec2/ec2_eip.go", creates, "ec2:AllocateAddress"),
	of(addressType, "ec2/ec2_eip.go", deletes, "ec2:ReleaseAddress"),
	of(addressType, "ec2/ec2_eip.go", deletes, "ec2:DisassociateAddress").when("it was read while a gateway held it"),
	of(natType, "ec2/vpc_nat_gateway.go", reads, "ec2:DescribeNatGateways"),
	of(natType, "ec2/vpc_nat_gateway.go", creates, "ec2:CreateNatGateway"),
	of(natType, "ec2/vpc_nat_gateway.go", deletes, "ec2:DeleteNatGateway"),
	// All that EC2 has is tagged by the same two calls.
	of(vpcType, "ec2/tags_gen.go", updates, "ec2:CreateTags ec2:DeleteTags").when(tagged),
}

var securityCalls = []ProviderCalls{
	of(groupType, "ec2/vpc_security_group.go", reads, "ec2:DescribeSecurityGroups"),
	of(groupType, "ec2/vpc_security_group.go", creates, "ec2:CreateSecurityGroup ec2:RevokeSecurityGroupEgress"),
	of(groupType, "ec2/vpc_security_group.go", deletes, "ec2:DescribeNetworkInterfaces ec2:DeleteSecurityGroup"),
	of(defaultGroupType, "ec2/vpc_default_security_group.go", reads, "ec2:DescribeSecurityGroups"),
	of(defaultGroupType, "ec2/vpc_default_security_group.go", creates, "ec2:CreateTags ec2:RevokeSecurityGroupIngress ec2:RevokeSecurityGroupEgress"),
	of(ingressType, "ec2/vpc_security_group_ingress_rule.go", reads, "ec2:DescribeSecurityGroupRules"),
	of(ingressType, "ec2/vpc_security_group_ingress_rule.go", creates, "ec2:AuthorizeSecurityGroupIngress ec2:CreateTags"), // in vpc_security_group_rule.go: the tags come after
	of(ingressType, "ec2/vpc_security_group_ingress_rule.go", updates, "ec2:ModifySecurityGroupRules"),
	of(ingressType, "ec2/vpc_security_group_ingress_rule.go", deletes, "ec2:RevokeSecurityGroupIngress"),
	of(egressType, "ec2/vpc_security_group_egress_rule.go", reads, "ec2:DescribeSecurityGroupRules"),
	of(egressType, "ec2/vpc_security_group_egress_rule.go", creates, "ec2:AuthorizeSecurityGroupEgress ec2:CreateTags"), // in vpc_security_group_rule.go: the tags come after
	of(egressType, "ec2/vpc_security_group_egress_rule.go", updates, "ec2:ModifySecurityGroupRules"),
	of(egressType, "ec2/vpc_security_group_egress_rule.go", deletes, "ec2:RevokeSecurityGroupEgress"),
}

var instanceCalls = []ProviderCalls{
	of(templateType, "ec2/ec2_launch_template.go", reads, "ec2:DescribeLaunchTemplates ec2:DescribeLaunchTemplateVersions"),
	of(templateType, "ec2/ec2_launch_template.go", creates, "ec2:CreateLaunchTemplate"),
	of(templateType, "ec2/ec2_launch_template.go", updates, "ec2:CreateLaunchTemplateVersion ec2:ModifyLaunchTemplate"),
	of(templateType, "ec2/ec2_launch_template.go", deletes, "ec2:DeleteLaunchTemplate"),
	of(scalingType, "autoscaling/group.go", reads, "autoscaling:DescribeAutoScalingGroups"),
	of(scalingType, "autoscaling/group.go", creates, "autoscaling:CreateAutoScalingGroup"),
	of(scalingType, "autoscaling/group.go", updates, "autoscaling:UpdateAutoScalingGroup"),
	of(scalingType, "autoscaling/group.go", updates, "autoscaling:StartInstanceRefresh autoscaling:CancelInstanceRefresh autoscaling:DescribeInstanceRefreshes").when("the launch template or a tag changes"),
	of(scalingType, "autoscaling/group.go", updates, "autoscaling:CreateOrUpdateTags autoscaling:DeleteTags").when(tagged),
	of(scalingType, "autoscaling/group.go", deletes, "autoscaling:UpdateAutoScalingGroup autoscaling:DeleteAutoScalingGroup"),
	of(policyType, "autoscaling/policy.go", reads, "autoscaling:DescribePolicies"),
	of(policyType, "autoscaling/policy.go", writes, "autoscaling:PutScalingPolicy"),
	of(policyType, "autoscaling/policy.go", deletes, "autoscaling:DeletePolicy"),
}

var databaseCalls = []ProviderCalls{
	of(databaseType, "rds/instance.go", reads, "rds:DescribeDBInstances"),
	of(databaseType, "rds/instance.go", creates, "rds:CreateDBInstance").when("it is a primary"),
	of(databaseType, "rds/instance.go", creates, "rds:CreateDBInstanceReadReplica rds:ModifyDBInstance rds:RebootDBInstance").when("it is a replica"),
	of(databaseType, "rds/instance.go", creates, "rds:RestoreDBInstanceFromDBSnapshot rds:ModifyDBInstance rds:RebootDBInstance").when("it is a copy of a snapshot"),
	of(databaseType, "rds/instance.go", updates, "rds:ModifyDBInstance"),
	of(databaseType, "rds/instance.go", deletes, "rds:DeleteDBInstance"),
	of(databaseType, "rds/instance.go", deletes, "rds:ModifyDBInstance").when("RDS still protects it"),
	of(databaseSubnets, "rds/subnet_group.go", reads, "rds:DescribeDBSubnetGroups rds:ListTagsForResource"),
	of(databaseSubnets, "rds/subnet_group.go", creates, "rds:CreateDBSubnetGroup"),
	of(databaseSubnets, "rds/subnet_group.go", updates, "rds:ModifyDBSubnetGroup").when(grown),
	of(databaseSubnets, "rds/subnet_group.go", deletes, "rds:DeleteDBSubnetGroup"),
	of(databaseParameters, "rds/parameter_group.go", reads, "rds:DescribeDBParameterGroups rds:DescribeDBParameters rds:ListTagsForResource"),
	of(databaseParameters, "rds/parameter_group.go", creates, "rds:CreateDBParameterGroup rds:ModifyDBParameterGroup"),
	of(databaseParameters, "rds/parameter_group.go", updates, "rds:ModifyDBParameterGroup rds:ResetDBParameterGroup"),
	of(databaseParameters, "rds/parameter_group.go", deletes, "rds:DeleteDBParameterGroup"),
	of(databaseType, "rds/tags_gen.go", updates, "rds:AddTagsToResource rds:RemoveTagsFromResource").when(tagged),
}

var servingCalls = []ProviderCalls{
	of(cacheType, "elasticache/replication_group.go", reads, "elasticache:DescribeReplicationGroups elasticache:DescribeCacheClusters elasticache:ListTagsForResource"),
	of(cacheType, "elasticache/replication_group.go", creates, "elasticache:CreateReplicationGroup"),
	of(cacheType, "elasticache/replication_group.go", updates, "elasticache:ModifyReplicationGroup"),
	of(cacheType, "elasticache/replication_group.go", updates, "elasticache:IncreaseReplicaCount elasticache:DecreaseReplicaCount").when("the number of nodes changes"),
	of(cacheType, "elasticache/replication_group.go", deletes, "elasticache:DeleteReplicationGroup"),
	of(cacheSubnets, "elasticache/subnet_group.go", reads, "elasticache:DescribeCacheSubnetGroups elasticache:ListTagsForResource"),
	of(cacheSubnets, "elasticache/subnet_group.go", creates, "elasticache:CreateCacheSubnetGroup"),
	of(cacheSubnets, "elasticache/subnet_group.go", updates, "elasticache:ModifyCacheSubnetGroup").when(grown),
	of(cacheSubnets, "elasticache/subnet_group.go", deletes, "elasticache:DeleteCacheSubnetGroup"),
	of(cacheType, "elasticache/tags_gen.go", updates, "elasticache:AddTagsToResource elasticache:RemoveTagsFromResource").when(tagged),

	of(balancerType, "elbv2/load_balancer.go", reads, "elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeLoadBalancerAttributes elasticloadbalancing:DescribeCapacityReservation elasticloadbalancing:DescribeTags"),
	of(balancerType, "elbv2/load_balancer.go", creates, "elasticloadbalancing:CreateLoadBalancer elasticloadbalancing:ModifyLoadBalancerAttributes"),
	of(balancerType, "elbv2/load_balancer.go", updates, "elasticloadbalancing:ModifyLoadBalancerAttributes"),
	of(balancerType, "elbv2/load_balancer.go", updates, "elasticloadbalancing:SetSubnets").when(grown),
	// It also looks for interfaces to detach and delete, and logs that it may not: AWS's own are left to AWS.
	of(balancerType, "elbv2/load_balancer.go", deletes, "elasticloadbalancing:DeleteLoadBalancer ec2:DescribeNetworkInterfaces"),
	of(listenerType, "elbv2/listener.go", reads, "elasticloadbalancing:DescribeListeners elasticloadbalancing:DescribeListenerAttributes elasticloadbalancing:DescribeTags"),
	of(listenerType, "elbv2/listener.go", creates, "elasticloadbalancing:CreateListener elasticloadbalancing:ModifyListenerAttributes"),
	of(listenerType, "elbv2/listener.go", updates, "elasticloadbalancing:ModifyListener elasticloadbalancing:ModifyListenerAttributes"),
	of(listenerType, "elbv2/listener.go", deletes, "elasticloadbalancing:DeleteListener"),
	of(targetsType, "elbv2/target_group.go", reads, "elasticloadbalancing:DescribeTargetGroups elasticloadbalancing:DescribeTargetGroupAttributes elasticloadbalancing:DescribeTags"),
	of(targetsType, "elbv2/target_group.go", creates, "elasticloadbalancing:CreateTargetGroup elasticloadbalancing:ModifyTargetGroupAttributes"),
	of(targetsType, "elbv2/target_group.go", updates, "elasticloadbalancing:ModifyTargetGroup elasticloadbalancing:ModifyTargetGroupAttributes"),
	of(targetsType, "elbv2/target_group.go", deletes, "elasticloadbalancing:DeleteTargetGroup"),
	of(balancerType, "elbv2/tags_gen.go", updates, "elasticloadbalancing:AddTags elasticloadbalancing:RemoveTags").when(tagged),

	of(certificateType, "acm/certificate.go", reads, "acm:DescribeCertificate acm:ListTagsForCertificate"),
	of(certificateType, "acm/certificate.go", creates, "acm:RequestCertificate"),
	of(certificateType, "acm/tags_gen.go", updates, "acm:AddTagsToCertificate acm:RemoveTagsFromCertificate").when(tagged),
	of(certificateType, "acm/certificate.go", deletes, "acm:DeleteCertificate"),
	of(recordType, "route53/record.go", reads, "route53:GetHostedZone route53:ListResourceRecordSets"),
	of(recordType, "route53/record.go", writes, "route53:ChangeResourceRecordSets route53:GetChange"),
}

var bucketCalls = []ProviderCalls{
	of(bucketType, "s3/bucket.go", reads, "s3:HeadBucket s3:GetBucketPolicy s3:GetBucketAcl s3:GetBucketCors s3:GetBucketWebsite s3:GetBucketVersioning s3:GetBucketAccelerateConfiguration "+
		"s3:GetBucketRequestPayment s3:GetBucketLogging s3:GetBucketLifecycleConfiguration s3:GetBucketReplication s3:GetBucketEncryption s3:GetObjectLockConfiguration s3:GetBucketTagging"),
	of(bucketType, "s3/bucket.go", creates, "s3:CreateBucket s3:PutBucketTagging"),
	of(bucketType, "s3/bucket.go", updates, "s3:PutBucketTagging").when(tagged),
	of(bucketType, "s3/bucket.go", deletes, "s3:DeleteBucket s3:ListObjectVersions s3:DeleteObjects"),
	of(versioningType, "s3/bucket_versioning.go", reads, "s3:GetBucketVersioning"),
	of(versioningType, "s3/bucket_versioning.go", all, "s3:PutBucketVersioning"),
	of(encryptionType, "s3/bucket_server_side_encryption_configuration.go", reads, "s3:GetBucketEncryption"),
	of(encryptionType, "s3/bucket_server_side_encryption_configuration.go", writes, "s3:PutBucketEncryption"),
	of(encryptionType, "s3/bucket_server_side_encryption_configuration.go", deletes, "s3:DeleteBucketEncryption"),
	of(publicType, "s3/bucket_public_access_block.go", reads, "s3:GetPublicAccessBlock"),
	of(publicType, "s3/bucket_public_access_block.go", writes, "s3:PutPublicAccessBlock"),
	of(publicType, "s3/bucket_public_access_block.go", deletes, "s3:DeletePublicAccessBlock"),
	of(ownershipType, "s3/bucket_ownership_controls.go", reads, "s3:GetBucketOwnershipControls"),
	of(ownershipType, "s3/bucket_ownership_controls.go", writes, "s3:PutBucketOwnershipControls"),
	of(ownershipType, "s3/bucket_ownership_controls.go", deletes, "s3:DeleteBucketOwnershipControls"),
	of(bucketRules, "s3/bucket_policy.go", reads, "s3:GetBucketPolicy"),
	of(bucketRules, "s3/bucket_policy.go", writes, "s3:PutBucketPolicy"),
	of(bucketRules, "s3/bucket_policy.go", deletes, "s3:DeleteBucketPolicy"),
	of(lifecycleType, "s3/bucket_lifecycle_configuration.go", reads, "s3:GetBucketLifecycleConfiguration"),
	of(lifecycleType, "s3/bucket_lifecycle_configuration.go", writes, "s3:PutBucketLifecycleConfiguration"),
	of(lifecycleType, "s3/bucket_lifecycle_configuration.go", deletes, "s3:DeleteBucketLifecycle"),
	of(replicationType, "s3/bucket_replication_configuration.go", reads, "s3:GetBucketReplication"),
	of(replicationType, "s3/bucket_replication_configuration.go", writes, "s3:PutBucketReplication"),
	of(replicationType, "s3/bucket_replication_configuration.go", deletes, "s3:DeleteBucketReplication"),
}

var identityCalls = []ProviderCalls{
	of(roleType, "iam/role.go", reads, "iam:GetRole iam:ListRolePolicies iam:GetRolePolicy iam:ListAttachedRolePolicies"),
	of(roleType, "iam/role.go", creates, "iam:CreateRole"),
	of(roleType, "iam/role.go", updates, "iam:UpdateAssumeRolePolicy iam:UpdateRoleDescription"),
	of(roleType, "iam/role.go", updates, "iam:TagRole iam:UntagRole").when(tagged),
	of(roleType, "iam/role.go", deletes, "iam:ListInstanceProfilesForRole iam:RemoveRoleFromInstanceProfile iam:DeleteRole"),
	of(rolePolicyType, "iam/role_policy.go", reads, "iam:GetRolePolicy"),
	of(rolePolicyType, "iam/role_policy.go", writes, "iam:PutRolePolicy"),
	of(rolePolicyType, "iam/role_policy.go", deletes, "iam:DeleteRolePolicy"),
	of(profileType, "iam/instance_profile.go", reads, "iam:GetInstanceProfile iam:GetRole"),
	of(profileType, "iam/instance_profile.go", creates, "iam:CreateInstanceProfile iam:AddRoleToInstanceProfile"),
	of(profileType, "iam/instance_profile.go", updates, "iam:RemoveRoleFromInstanceProfile iam:AddRoleToInstanceProfile"),
	of(profileType, "iam/instance_profile.go", updates, "iam:TagInstanceProfile iam:UntagInstanceProfile").when(tagged),
	of(profileType, "iam/instance_profile.go", deletes, "iam:RemoveRoleFromInstanceProfile iam:DeleteInstanceProfile"),
}

var keptCalls = []ProviderCalls{
	of(keyType, "kms/key.go", reads, "kms:DescribeKey kms:GetKeyPolicy kms:GetKeyRotationStatus kms:ListResourceTags"),
	of(keyType, "kms/key.go", creates, "kms:CreateKey kms:EnableKeyRotation"),
	of(keyType, "kms/key.go", updates, "kms:PutKeyPolicy kms:UpdateKeyDescription kms:EnableKeyRotation"),
	of(keyType, "kms/key.go", updates, "kms:TagResource kms:UntagResource").when(tagged),
	of(aliasType, "kms/alias.go", reads, "kms:ListAliases"),
	of(aliasType, "kms/alias.go", creates, "kms:CreateAlias"),
	of(aliasType, "kms/alias.go", updates, "kms:UpdateAlias"),
	of(aliasType, "kms/alias.go", deletes, "kms:DeleteAlias"),
	of(secretType, "secretsmanager/secret.go", reads, "secretsmanager:DescribeSecret secretsmanager:GetResourcePolicy"),
	of(secretType, "secretsmanager/secret.go", creates, "secretsmanager:CreateSecret"),
	of(secretType, "secretsmanager/secret.go", updates, "secretsmanager:UpdateSecret"),
	of(secretType, "secretsmanager/secret.go", updates, "secretsmanager:TagResource secretsmanager:UntagResource").when(tagged),
	of(secretType, "secretsmanager/secret.go", deletes, "secretsmanager:DeleteSecret"),
	of(versionType, "secretsmanager/secret_version.go", reads, "secretsmanager:GetSecretValue"),
	of(versionType, "secretsmanager/secret_version.go", creates, "secretsmanager:PutSecretValue"),
	of(versionType, "secretsmanager/secret_version.go", deletes, "secretsmanager:UpdateSecretVersionStage").when("a newer one has taken its place"),
	of(parameterType, "ssm/parameter.go", reads, "ssm:GetParameter ssm:DescribeParameters ssm:ListTagsForResource"),
	of(parameterType, "ssm/parameter.go", creates, "ssm:PutParameter ssm:AddTagsToResource"),
	of(parameterType, "ssm/parameter.go", writes, "ec2:DescribeImages").when("it names an image"),
	of(parameterType, "ssm/parameter.go", updates, "ssm:PutParameter"),
	of(parameterType, "ssm/parameter.go", updates, "ssm:AddTagsToResource ssm:RemoveTagsFromResource").when(tagged),
	of(parameterType, "ssm/parameter.go", deletes, "ssm:DeleteParameter"),
	of(logGroupType, "logs/group.go", reads, "logs:DescribeLogGroups logs:ListTagsForResource"),
	of(logGroupType, "logs/group.go", creates, "logs:CreateLogGroup logs:PutRetentionPolicy"),
	of(logGroupType, "logs/group.go", updates, "logs:PutRetentionPolicy"),
	of(logGroupType, "logs/group.go", updates, "logs:TagResource logs:UntagResource").when(tagged),
	of(logGroupType, "logs/group.go", deletes, "logs:DeleteLogGroup"),
	of(alarmType, "cloudwatch/metric_alarm.go", reads, "cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource"),
	of(alarmType, "cloudwatch/metric_alarm.go", writes, "cloudwatch:PutMetricAlarm"),
	of(alarmType, "cloudwatch/metric_alarm.go", updates, "cloudwatch:TagResource cloudwatch:UntagResource").when(tagged),
	of(alarmType, "cloudwatch/metric_alarm.go", deletes, "cloudwatch:DeleteAlarms"),
	of(dashboardType, "cloudwatch/dashboard.go", reads, "cloudwatch:GetDashboard"),
	of(dashboardType, "cloudwatch/dashboard.go", writes, "cloudwatch:PutDashboard"),
	of(dashboardType, "cloudwatch/dashboard.go", deletes, "cloudwatch:DeleteDashboards"),
	of(topicType, "sns/topic.go", reads, "sns:GetTopicAttributes sns:ListTagsForResource"),
	of(topicType, "sns/topic.go", creates, "sns:CreateTopic sns:SetTopicAttributes"),
	of(topicType, "sns/topic.go", updates, "sns:SetTopicAttributes"),
	of(topicType, "sns/topic.go", updates, "sns:TagResource sns:UntagResource").when(tagged),
	of(topicType, "sns/topic.go", deletes, "sns:DeleteTopic"),
	of(subscriptionType, "sns/topic_subscription.go", reads, "sns:GetSubscriptionAttributes"),
	of(subscriptionType, "sns/topic_subscription.go", creates, "sns:Subscribe"),
	of(subscriptionType, "sns/topic_subscription.go", deletes, "sns:Unsubscribe"),
	of(functionType, "lambda/function.go", reads, "lambda:GetFunction lambda:ListVersionsByFunction"),
	of(functionType, "lambda/function.go", reads, "lambda:GetFunctionCodeSigningConfig").when("outside of China"),
	of(functionType, "lambda/function.go", creates, "lambda:CreateFunction"),
	of(functionType, "lambda/function.go", updates, "lambda:UpdateFunctionConfiguration lambda:UpdateFunctionCode"),
	of(functionType, "lambda/function.go", updates, "lambda:TagResource lambda:UntagResource").when(tagged),
	of(functionType, "lambda/function.go", deletes, "lambda:DeleteFunction"),
	of(permissionType, "lambda/permission.go", reads, "lambda:GetPolicy"),
	of(permissionType, "lambda/permission.go", creates, "lambda:AddPermission"),
	of(permissionType, "lambda/permission.go", deletes, "lambda:RemovePermission lambda:GetPolicy"),
	of(ruleType, "events/rule.go", reads, "events:DescribeRule events:ListTagsForResource"),
	of(ruleType, "events/rule.go", writes, "events:PutRule"),
	of(ruleType, "events/rule.go", updates, "events:TagResource events:UntagResource").when(tagged),
	of(ruleType, "events/rule.go", deletes, "events:DeleteRule"),
	of(targetType, "events/target.go", reads, "events:ListTargetsByRule"),
	of(targetType, "events/target.go", writes, "events:PutTargets"),
	of(targetType, "events/target.go", deletes, "events:RemoveTargets"),
}

// actionsOf are the actions of operations that IAM knows under another name, by AWS's Service
// Authorization Reference
// (https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html)
// and, for S3, the table "Required permissions for Amazon S3 API operations" of its user guide.
// An operation without any may be called by everybody who is signed in.
var actionsOf = map[string]string{
	"s3:CompleteMultipartUpload":          "s3:PutObject",
	"s3:CopyObject":                       "s3:GetObject s3:PutObject",
	"s3:CreateMultipartUpload":            "s3:PutObject",
	"s3:DeleteBucketEncryption":           "s3:PutEncryptionConfiguration",
	"s3:DeleteBucketLifecycle":            "s3:PutLifecycleConfiguration",
	"s3:DeleteBucketOwnershipControls":    "s3:PutBucketOwnershipControls",
	"s3:DeleteBucketReplication":          "s3:PutReplicationConfiguration",
	"s3:DeleteObjects":                    "s3:DeleteObject s3:DeleteObjectVersion",
	"s3:DeletePublicAccessBlock":          "s3:PutBucketPublicAccessBlock",
	"s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
	"s3:GetBucketCors":                    "s3:GetBucketCORS",
	"s3:GetBucketEncryption":              "s3:GetEncryptionConfiguration",
	"s3:GetBucketLifecycleConfiguration":  "s3:GetLifecycleConfiguration",
	"s3:GetBucketReplication":             "s3:GetReplicationConfiguration",
	"s3:GetObjectLockConfiguration":       "s3:GetBucketObjectLockConfiguration",
	"s3:GetPublicAccessBlock":             "s3:GetBucketPublicAccessBlock",
	"s3:HeadBucket":                       "s3:ListBucket",
	"s3:HeadObject":                       "s3:GetObject",
	"s3:ListObjectVersions":               "s3:ListBucketVersions",
	"s3:ListObjectsV2":                    "s3:ListBucket",
	"s3:PutBucketEncryption":              "s3:PutEncryptionConfiguration",
	"s3:PutBucketLifecycleConfiguration":  "s3:PutLifecycleConfiguration",
	"s3:PutBucketReplication":             "s3:PutReplicationConfiguration",
	"s3:PutPublicAccessBlock":             "s3:PutBucketPublicAccessBlock",
	"s3:UploadPartCopy":                   "s3:GetObject s3:PutObject",
	"sts:GetCallerIdentity":               "",
}

// What AWS checks before it launches instances from a template on behalf of a caller:
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
// and, for an image that is named by a parameter, using-systems-manager-parameters.html beside it.
const launching = "ec2:RunInstances ec2:CreateTags iam:PassRole ssm:GetParameters"

// What RDS does with a customer managed key it does for the caller:
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html
const encrypting = "kms:CreateGrant kms:DescribeKey"

// What EC2 does with the keys of an encrypted image, and of its copy, it does for the caller:
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
const copying = "kms:CreateGrant kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKeyWithoutPlaintext kms:ReEncryptFrom kms:ReEncryptTo"

// What the balancers' service looks at as the caller in an account that has no role of its own for it yet:
// kubernetes-sigs/aws-load-balancer-controller#748, aws-quickstart/quickstart-amazon-eks#229.
const balancing = "ec2:DescribeAccountAttributes ec2:DescribeAddresses ec2:DescribeInternetGateways"

// checkedBeside are the actions that AWS checks beside an operation's own, in the form that the
// program calls it: the tags of what is created, roles that are handed to a service, keys, and
// the roles that services make for themselves in an account that uses them for the first time.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
var checkedBeside = map[string]string{
	"acm:RequestCertificate":                  "acm:AddTagsToCertificate",
	"cloudwatch:PutMetricAlarm":               "cloudwatch:TagResource",
	"events:PutRule":                          "events:TagResource",
	"events:PutTargets":                       "iam:PassRole",
	"lambda:CreateFunction":                   "iam:PassRole lambda:TagResource",
	"lambda:UpdateFunctionConfiguration":      "iam:PassRole",
	"sns:CreateTopic":                         "sns:TagResource",
	"autoscaling:CreateAutoScalingGroup":      launching + " autoscaling:CreateOrUpdateTags iam:CreateServiceLinkedRole",
	"autoscaling:UpdateAutoScalingGroup":      launching,
	"autoscaling:StartInstanceRefresh":        launching,
	"ec2:AllocateAddress":                     "ec2:CreateTags",
	"ec2:CopyImage":                           copying,
	"ec2:CreateInternetGateway":               "ec2:CreateTags",
	"ec2:CreateLaunchTemplate":                "ec2:CreateTags",
	"ec2:CreateNatGateway":                    "ec2:CreateTags",
	"ec2:CreateRouteTable":                    "ec2:CreateTags",
	"ec2:CreateSecurityGroup":                 "ec2:CreateTags",
	"ec2:CreateSubnet":                        "ec2:CreateTags",
	"ec2:CreateVpc":                           "ec2:CreateTags",
	"ec2:CreateVpcEndpoint":                   "ec2:CreateTags route53:AssociateVPCWithHostedZone", // for an interface's own name
	"elasticache:CreateCacheSubnetGroup":      "elasticache:AddTagsToResource",
	"elasticache:CreateReplicationGroup":      "elasticache:AddTagsToResource iam:CreateServiceLinkedRole",
	"elasticloadbalancing:CreateListener":     "elasticloadbalancing:AddTags",
	"elasticloadbalancing:CreateLoadBalancer": "elasticloadbalancing:AddTags iam:CreateServiceLinkedRole " + balancing,
	"elasticloadbalancing:CreateTargetGroup":  "elasticloadbalancing:AddTags",
	"iam:AddRoleToInstanceProfile":            "iam:PassRole",
	"iam:CreateInstanceProfile":               "iam:TagInstanceProfile",
	"iam:CreateRole":                          "iam:TagRole",
	"kms:CreateKey":                           "kms:TagResource",
	"logs:CreateLogGroup":                     "logs:TagResource",
	"rds:CreateDBInstance":                    "rds:AddTagsToResource iam:CreateServiceLinkedRole " + encrypting,
	"rds:CreateDBInstanceReadReplica":         "rds:AddTagsToResource iam:CreateServiceLinkedRole " + encrypting,
	"rds:CreateDBParameterGroup":              "rds:AddTagsToResource",
	"rds:CreateDBSubnetGroup":                 "rds:AddTagsToResource",
	"rds:DeleteDBInstance":                    "rds:CreateDBSnapshot rds:AddTagsToResource", // since 2024, for the final snapshot and its tags
	"rds:RestoreDBInstanceFromDBSnapshot":     "rds:AddTagsToResource iam:CreateServiceLinkedRole " + encrypting,
	"s3:GetObject":                            "kms:Decrypt",
	"s3:PutBucketReplication":                 "iam:PassRole",
	"s3:PutObject":                            "kms:GenerateDataKey",
	"secretsmanager:CreateSecret":             "secretsmanager:TagResource",

	// Of the services whose quotas are read, balancers' alone, and RDS, which is asked for its own itself (AWS's managed policies
	// ServiceQuotasReadOnlyAccess and ServiceQuotasFullAccess).
	"servicequotas:GetServiceQuota":             "elasticloadbalancing:DescribeAccountLimits",
	"servicequotas:RequestServiceQuotaIncrease": "iam:CreateServiceLinkedRole", // by which it opens a case of Support
}
