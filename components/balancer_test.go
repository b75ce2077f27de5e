package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

// listeners answers the balancer's listeners by port.
func listeners(t *testing.T, certificate pulumi.StringInput) map[any]map[string]any {
	t.Helper()
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		b, err := NewBalancer(ctx, "blog-dr", BalancerArgs{
			SubnetIDs:       pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}),
			SecurityGroupID: pulumi.String("sg-1"), TargetGroupARN: pulumi.String("arn:targets"),
			CertificateARN: certificate,
		})
		if err == nil {
			assert.NotEmpty(t, b.Listeners)
		}
		return err
	})
	assert.Equal(t, true, c.one(t, "lb/loadBalancer:LoadBalancer").Inputs["dropInvalidHeaderFields"])
	byPort := map[any]map[string]any{}
	for _, l := range c.of("lb/listener:Listener") {
		byPort[l.Inputs["port"]] = l.Inputs
	}
	return byPort
}

func TestBalancerWithCertificate(t *testing.T) {
	byPort := listeners(t, pulumi.String("arn:certificate"))
	assert.Len(t, byPort, 2)
	assert.Equal(t, "redirect", at(t, byPort[80.0], "defaultActions", 0, "type"))
	assert.Equal(t, "HTTPS", at(t, byPort[80.0], "defaultActions", 0, "redirect", "protocol"))
	assert.Equal(t, "arn:certificate", byPort[443.0]["certificateArn"])
	assert.Equal(t, tlsPolicy, byPort[443.0]["sslPolicy"])
	assert.Equal(t, "arn:targets", at(t, byPort[443.0], "defaultActions", 0, "targetGroupArn"))
}

func TestBalancerWithoutCertificate(t *testing.T) {
	byPort := listeners(t, nil)
	assert.Len(t, byPort, 1)
	assert.Equal(t, "arn:targets", at(t, byPort[80.0], "defaultActions", 0, "targetGroupArn"))
}

func TestTargetsAskTheShallowPage(t *testing.T) {
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		_, err := NewTargets(ctx, "blog-dr", TargetsArgs{VPCID: pulumi.String("vpc-1"), SlowStartSeconds: 30})
		return err
	})
	group := c.one(t, "lb/targetGroup:TargetGroup").Inputs
	assert.Equal(t, HealthPath, at(t, group, "healthCheck", "path"))
	assert.Equal(t, "200", at(t, group, "healthCheck", "matcher"), "WordPress redirects a checker, which is no proof of health")
	assert.Equal(t, 30.0, group["slowStart"])
}

func TestCache(t *testing.T) {
	for nodes, spread := range map[int]bool{1: false, 2: true} {
		c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
			_, err := NewCache(ctx, "blog-dr", CacheArgs{
				NodeType: "cache.t4g.small", Nodes: nodes, EngineVersion: "7.1",
				SubnetGroup: pulumi.String("private"), SecurityGroupID: pulumi.String("sg-1"),
				AuthToken: pulumi.ToSecret(pulumi.String("token")).(pulumi.StringOutput),
			})
			return err
		})
		group := c.one(t, "elasticache/replicationGroup:ReplicationGroup")
		for key, want := range map[string]any{
			"automaticFailoverEnabled": spread, "multiAzEnabled": spread,
			"transitEncryptionEnabled": true, "atRestEncryptionEnabled": true, "authToken": "token",
			"autoMinorVersionUpgrade": false, // AWS would raise 7.0 to 7.1, and the file's version would then be a replacement
		} {
			assert.Equal(t, want, group.Inputs[key], key)
		}
		assert.Equal(t, []string{"authToken"}, group.Secret)
	}
	assert.Contains(t, refusal(t, func(ctx *pulumi.Context) error {
		_, err := NewCache(ctx, "blog-dr", CacheArgs{})
		return err
	}), "cache blog-dr has 0 nodes: use 1 or more")
}
