package ops

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
)

// TestEachType holds what is known of each type that the program registers (the simulator's table has them all): what an update
// does about one that a killed update left, whether it costs money, and whether a failover uses it.
func TestEachType(t *testing.T) {
	t.Parallel()
	const (
		byName = "taken over by its name"         // takeoverIDs, in takeover.go
		found  = "taken over where AWS shows it"  // failover/made.go
		ended  = "deleted before another is made" // failover/orphans.go
		beside = "another is made beside it"
		again  = "asked for again, which changes nothing or overwrites it"
	)
	types := map[string]struct {
		left          string
		costs, unused bool
	}{
		"aws:acm/certificate:Certificate":                                      {left: beside},
		"aws:autoscaling/group:Group":                                          {left: beside, costs: true},
		"aws:autoscaling/policy:Policy":                                        {left: byName},
		"aws:cloudwatch/dashboard:Dashboard":                                   {left: byName, costs: true, unused: true},
		"aws:cloudwatch/eventRule:EventRule":                                   {left: again, unused: true},
		"aws:cloudwatch/eventTarget:EventTarget":                               {left: again, unused: true},
		"aws:cloudwatch/logGroup:LogGroup":                                     {left: byName, costs: true, unused: true},
		"aws:cloudwatch/metricAlarm:MetricAlarm":                               {left: byName, costs: true, unused: true},
		"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":                    {left: again},
		"aws:ec2/eip:Eip":                                                      {left: found, costs: true},
		"aws:ec2/internetGateway:InternetGateway":                              {left: found},
		"aws:ec2/launchTemplate:LaunchTemplate":                                {left: found},
		"aws:ec2/natGateway:NatGateway":                                        {left: ended, costs: true},
		"aws:ec2/route:Route":                                                  {left: found},
		"aws:ec2/routeTable:RouteTable":                                        {left: found},
		"aws:ec2/routeTableAssociation:RouteTableAssociation":                  {left: found},
		"aws:ec2/securityGroup:SecurityGroup":                                  {left: found},
		"aws:ec2/subnet:Subnet":                                                {left: found},
		"aws:ec2/vpc:Vpc":                                                      {left: found},
		"aws:ec2/vpcEndpoint:VpcEndpoint":                                      {left: found, costs: true},
		"aws:elasticache/replicationGroup:ReplicationGroup":                    {left: beside, costs: true},
		"aws:elasticache/subnetGroup:SubnetGroup":                              {left: byName},
		"aws:iam/instanceProfile:InstanceProfile":                              {left: byName},
		"aws:iam/role:Role":                                                    {left: byName},
		"aws:iam/rolePolicy:RolePolicy":                                        {left: byName},
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment":                    {left: again},
		"aws:kms/alias:Alias":                                                  {left: byName},
		"aws:kms/key:Key":                                                      {left: beside, costs: true},
		"aws:lambda/function:Function":                                         {left: byName, unused: true},
		"aws:lambda/permission:Permission":                                     {left: byName, unused: true},
		"aws:lb/listener:Listener":                                             {left: ended},
		"aws:lb/loadBalancer:LoadBalancer":                                     {left: ended, costs: true},
		"aws:lb/targetGroup:TargetGroup":                                       {left: found},
		"aws:rds/instance:Instance":                                            {left: byName, costs: true},
		"aws:rds/parameterGroup:ParameterGroup":                                {left: byName},
		"aws:rds/subnetGroup:SubnetGroup":                                      {left: byName},
		"aws:route53/record:Record":                                            {left: again},
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": {left: again, unused: true},
		"aws:s3/bucketOwnershipControls:BucketOwnershipControls":               {left: again},
		"aws:s3/bucketPolicy:BucketPolicy":                                     {left: again},
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":               {left: again},
		"aws:s3/bucketReplicationConfig:BucketReplicationConfig":               {left: again},
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {left: again},
		"aws:s3/bucketV2:BucketV2":                                  {left: byName, costs: true},
		"aws:s3/bucketVersioningV2:BucketVersioningV2":              {left: again},
		"aws:secretsmanager/secret:Secret":                          {left: found, costs: true},
		"aws:secretsmanager/secretVersion:SecretVersion":            {left: again},
		"aws:sns/topic:Topic":                                       {left: found, unused: true},
		"aws:sns/topicSubscription:TopicSubscription":               {left: again, unused: true},
		"aws:ssm/parameter:Parameter":                               {left: byName},
		"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   {left: found},
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {left: found},
	}
	var table struct{ Resources map[string]any }
	text, err := os.ReadFile("../sim/provider/schema.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &table))
	for typ := range table.Resources {
		want, ok := types[typ]
		assert.True(t, ok, "%s: say here what an update does about one that was left, whether it costs money, and whether a failover uses it", typ)
		assert.Equal(t, want.left == byName, takeoverIDs[typ] != "", typ)
		assert.Equal(t, want.left == found, failover.FindsMade(typ), typ)
		assert.Equal(t, want.costs, billed[typ] != "", typ)
		assert.Equal(t, want.unused, !checks.TouchesFailover(typ, ""), typ)
	}
	for _, typ := range slices.Concat(slices.Collect(maps.Keys(types)), slices.Collect(maps.Keys(takeoverIDs)), slices.Collect(maps.Keys(billed))) {
		assert.Contains(t, table.Resources, typ, "the program makes none any more")
	}
}
