package components

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// longest is a name of the greatest length that a stack gives.
const longest = "averylongsitena-prod"

// everything makes each component once.
func everything(region string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		name, partition := longest, awsregion.Partition(region)
		other := map[string]string{"aws": "us-east-2", "aws-cn": "cn-north-1"}[partition]
		net, err := NewNetwork(ctx, name, NetworkArgs{
			Region: region, CIDR: netip.MustParsePrefix("10.20.0.0/16"), Zones: []string{region + "a", region + "b"},
		})
		if err != nil {
			return err
		}
		egress, err := NewEgress(ctx, name, EgressArgs{net.PublicSubnetIDs, net.PrivateRouteTableIDs, 2, nil})
		if err != nil {
			return err
		}
		key, err := NewKey(ctx, name, KeyArgs{Region: region, AccountID: account})
		if err != nil {
			return err
		}
		for i, birth := range []func(*DatabaseArgs){
			func(a *DatabaseArgs) { a.Primary = aPrimary() },
			func(a *DatabaseArgs) { a.Snapshot = &SnapshotArgs{ID: "rds:x", Encrypted: true} },
			func(a *DatabaseArgs) {
				a.Replica = &ReplicaArgs{SourceARN: "arn:" + partition + ":rds:elsewhere:1:db:x", Encrypted: true}
			},
		} {
			args := aDatabase()
			args.SubnetGroup, args.SecurityGroupID, args.KeyARN = net.DatabaseSubnetGroup, net.DatabaseSecurityGroup, key.ARN
			birth(&args)
			if _, err := NewDatabase(ctx, fmt.Sprintf("%s-%d", name, i+1), args); err != nil {
				return err
			}
		}
		cache, err := NewCache(ctx, name, CacheArgs{
			NodeType: "cache.t4g.small", Nodes: 2, EngineVersion: "7.1",
			SubnetGroup: net.CacheSubnetGroup, SecurityGroupID: net.CacheSecurityGroup, AuthToken: pulumi.String("token"),
		})
		if err != nil {
			return err
		}
		targets, err := NewTargets(ctx, name, TargetsArgs{VPCID: net.VPCID, SlowStartSeconds: 30})
		if err != nil {
			return err
		}
		balancer, err := NewBalancer(ctx, name, BalancerArgs{
			SubnetIDs: net.PublicSubnetIDs, SecurityGroupID: net.BalancerSecurityGroup,
			TargetGroupARN: targets.ARN, CertificateARN: pulumi.String("arn:" + partition + ":acm:x"),
		})
		if err != nil {
			return err
		}
		media, err := NewMedia(ctx, name, MediaArgs{KeepVersionsDays: 90})
		if err != nil {
			return err
		}
		if _, err := NewReplication(ctx, name, ReplicationArgs{
			AccountID: account,
			Bucket:    media.Bucket, BucketARN: media.ARN, Versioning: media.Versioning,
			PeerBucketARN: "arn:" + partition + ":s3:::theirs", Rule: "media", StorageClass: "STANDARD_IA", TimeControl: true,
		}); err != nil {
			return err
		}
		secrets, err := NewSecrets(ctx, name, SecretsArgs{Values: pulumi.ToStringMap(wordpress.GenerateSecrets())})
		if err != nil {
			return err
		}
		image, err := NewImage(ctx, name, ImageArgs{ParameterName: "/blog/dr/image", ImageID: "ami-1"})
		if err != nil {
			return err
		}
		if _, err := NewParameter(ctx, name, ParameterArgs{Path: "/blog/dr", Key: "cache", Value: cache.Address}); err != nil {
			return err
		}
		args := launch(region)
		args.ImageParameter, args.SecretARN, args.BucketARN = image.ParameterName, secrets.ARN, media.ARN
		logs, err := NewLogs(ctx, name, LogsArgs{Group: LogGroup("/blog/dr"), Days: 30})
		if err != nil {
			return err
		}
		args.LogGroupARN = logs.ARN
		args.UserData = UserDataOutput(UserDataArgs{Region: region, ParameterPath: "/blog/dr", Network: "10.0.0.0/16"}, secrets.ARN, media.Bucket)
		template, err := NewLaunch(ctx, name, args)
		if err != nil {
			return err
		}
		instances, err := NewInstances(ctx, name, InstancesArgs{
			Launch: template, SubnetIDs: net.PrivateSubnetIDs, TargetGroupARN: targets.ARN,
			Min: 2, Max: 6, After: append(egress.Routes, balancer.Listeners...),
		})
		if err != nil {
			return err
		}
		if _, err := NewImageSync(ctx, name, ImageSyncArgs{
			Region: region, AccountID: account, Site: "site", Stack: "dr", From: other, Package: "imagesync.zip",
			ParameterPath: "/site/dr", Points: true, LogDays: 30,
		}); err != nil {
			return err
		}
		if _, err := NewImageNews(ctx, name, ImageNewsArgs{Region: region, AccountID: account, To: other}); err != nil {
			return err
		}
		if _, err := NewAlarms(ctx, name, AlarmsArgs{
			Region: region, AccountID: account, KeyARN: key.ARN, Email: []string{"oncall@example.com"}, Alarms: everyAlarm(balancer.ARNSuffix, targets.ARNSuffix),
		}); err != nil {
			return err
		}
		if _, err := NewCertificate(ctx, name, CertificateArgs{ZoneID: "Z9", Domain: "www.example.com", Names: []string{"example.com"}}); err != nil {
			return err
		}
		_, err = NewRecord(ctx, name, RecordArgs{
			Name:   name + "-record-1",
			ZoneID: "Z9", Domain: "www.example.com", BalancerDNSName: balancer.DNSName, BalancerZoneID: balancer.ZoneID,
			After: []pulumi.Resource{instances.Group},
		})
		return err
	}
}

func TestEverythingStaysInItsPartition(t *testing.T) {
	for region, foreign := range map[string]string{
		"us-west-2":      `arn:aws-cn:|amazonaws\.com\.cn`,
		"cn-northwest-1": `arn:aws:`,
	} {
		c := deploy(t, region, everything(region))
		for _, r := range c.registered {
			assert.NotRegexp(t, foreign, fmt.Sprint(r.Inputs), "%s %s in %s", r.Type, r.Name, region)
		}
	}
}

// Pulumi adds eight characters to a name that is not given.
func TestNamesFitWhatAWSAllows(t *testing.T) {
	c := deploy(t, "us-west-2", everything("us-west-2"))
	for kind, most := range map[string]int{
		"lb/loadBalancer:LoadBalancer":                  32,
		"lb/targetGroup:TargetGroup":                    32,
		"elasticache/replicationGroup:ReplicationGroup": 40,
		"s3/bucketV2:BucketV2":                          63,
		"iam/role:Role":                                 64,
		"iam/instanceProfile:InstanceProfile":           128,
		"rds/parameterGroup:ParameterGroup":             255,
		"autoscaling/group:Group":                       255,
		"ec2/launchTemplate:LaunchTemplate":             128,
		"secretsmanager/secret:Secret":                  512,
		"ec2/securityGroup:SecurityGroup":               255,
		"rds/subnetGroup:SubnetGroup":                   255,
		"elasticache/subnetGroup:SubnetGroup":           255,
		"autoscaling/policy:Policy":                     255,
		"iam/rolePolicy:RolePolicy":                     128,
		"sns/topic:Topic":                               256,
		"cloudwatch/metricAlarm:MetricAlarm":            255,
	} {
		made := c.of(kind)
		assert.NotEmpty(t, made, kind)
		for _, r := range made {
			assert.LessOrEqual(t, len(r.Name)+len("-1234567"), most, "%s %s", kind, r.Name)
		}
	}
}

func TestEverythingThatHasTagsHasAName(t *testing.T) {
	untagged := []string{ // AWS gives these no tags, or the provider takes none
		"aws:ec2/route:Route", "aws:ec2/routeTableAssociation:RouteTableAssociation", "aws:kms/alias:Alias",
		"aws:iam/rolePolicy:RolePolicy", "aws:autoscaling/policy:Policy", "aws:route53/record:Record",
		"aws:secretsmanager/secretVersion:SecretVersion", "aws:s3/bucketVersioningV2:BucketVersioningV2",
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "aws:s3/bucketPolicy:BucketPolicy",
		"aws:s3/bucketReplicationConfig:BucketReplicationConfig", "aws:cloudwatch/eventTarget:EventTarget", "aws:lambda/permission:Permission", "aws:sns/topicSubscription:TopicSubscription",
	}
	for _, r := range deploy(t, "us-west-2", everything("us-west-2")).registered {
		if slices.Contains(untagged, r.Type) || r.Type == "aws:autoscaling/group:Group" {
			continue
		}
		assert.NotEmpty(t, at(t, r.Inputs, "tags", "Name"), "%s %s", r.Type, r.Name)
	}
}

// TestServicesActForThisAccountAlone holds that a role can't be used by a service on
// behalf of another account. EC2 never says for whom it asks.
func TestServicesActForThisAccountAlone(t *testing.T) {
	for _, region := range []string{"us-west-2", "cn-northwest-1"} {
		bound := 0
		for _, role := range deploy(t, region, everything(region)).of("iam/role:Role") {
			for _, s := range statements(t, role.Inputs["assumeRolePolicy"]) {
				if at(t, s, "Principal", "Service") == ec2Principal(region) {
					continue
				}
				bound++
				assert.Equal(t, map[string]any{"StringEqualsIfExists": map[string]any{"aws:SourceAccount": account}}, s["Condition"], role.Name)
			}
		}
		assert.NotZero(t, bound)
	}
}
