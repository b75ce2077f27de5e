package test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/cost"
	"github.com/pilotlight-dr/pilotlight/price"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/state"
)

// alarms are those that a program registers, by what follows the stack's name.
func (c *cloud) alarms(stack string) map[string]pulumi.MockResourceArgs {
	all := map[string]pulumi.MockResourceArgs{}
	for _, r := range c.made {
		if r.TypeToken == "aws:cloudwatch/metricAlarm:MetricAlarm" {
			all[strings.TrimPrefix(r.Inputs["name"].StringValue(), "blog-"+stack+"-")] = r
		}
	}
	return all
}

// TestAlarms holds that each role is watched for what matters in it, and that no activation waits for an alarm.
func TestAlarms(t *testing.T) {
	t.Parallel()
	var (
		first     = roles.Claim{Role: roles.Active, Epoch: 1, Generation: roles.Generation{Number: 1, Origin: roles.OriginEmpty}}
		following = roles.Claim{Role: roles.Standby, Epoch: 1, Generation: roles.Generation{Number: 1, Origin: roles.OriginReplica}}
		returned  = roles.Claim{
			Role: roles.Standby, Epoch: 1, Generation: roles.Generation{Number: 2, Origin: roles.OriginReplica},
			Former: []roles.Generation{{Number: 1, Origin: roles.OriginReplica}},
		}
		prod = state.PeerInfo{Region: "us-west-2", Database: "arn:aws:rds:us-west-2:123456789012:db:blog-prod-1", Bucket: "arn:aws:s3:::prod-media"}
		dr   = state.PeerInfo{Region: "us-east-2", Database: "arn:aws:rds:us-east-2:123456789012:db:blog-dr-1", Bucket: "arn:aws:s3:::dr-media", AllocatedGiB: replicaGiB}
	)
	const certificate = "arn:aws:acm:us-east-2:123456789012:certificate/1"
	for name, tc := range map[string]struct {
		own  roles.Claim
		role string
		app  string
		want []string
	}{
		"standby":             {following, "standby", "", []string{"drill-left", "media-behind", "replica-lag", "replica-stopped", "storage"}},
		"with a former":       {returned, "standby", "", []string{"drill-left", "former-1", "media-behind", "replica-lag", "replica-stopped", "storage"}},
		"failover":            {following, "active", "", []string{"connections", "drill-left", "errors", "instances", "media-failed", "slow", "storage"}},
		"ACM's certificate":   {following, "standby", certificate, []string{"certificate", "drill-left", "media-behind", "replica-lag", "replica-stopped", "storage"}},
		"IAM's certificate":   {following, "standby", "arn:aws:iam::123456789012:server-certificate/x", []string{"drill-left", "media-behind", "replica-lag", "replica-stopped", "storage"}},
		"requested":           {following, "active", config.CertificateRequest, []string{"certificate", "connections", "drill-left", "errors", "instances", "media-failed", "slow", "storage"}},
		"checked every day":   {following, "standby", "26", []string{"drill-left", "media-behind", "readiness", "replica-lag", "replica-stopped", "storage"}},
		"checked, and active": {following, "active", "26", []string{"connections", "drill-left", "errors", "instances", "media-failed", "slow", "storage"}},
		"a class of no known": {following, "active", "db.x2g.large", []string{"drill-left", "errors", "instances", "media-failed", "slow", "storage"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &cloud{partition: "aws", states: map[string]map[string]map[string]any{"prod": remembers("prod", first, prod, state.PeerInfo{}), "dr": remembers("dr", tc.own, dr, prod)}}
			settings := drConfig("us-east-2", "us-west-2", tc.role)
			settings["pilotlight:failover"], settings["pilotlight:alarms"] = `{"maxLag":"10m"}`, `{"email":["oncall@example.com"],"dashboard":true}`
			switch {
			case tc.app == "26":
				settings["pilotlight:alarms"] = `{"email":["oncall@example.com"],"checkHours":26}`
			case strings.HasPrefix(tc.app, "db."):
				settings["pilotlight:database"] = `{"class":"` + tc.app + `"}`
			case tc.app != "":
				settings["pilotlight:app"] = `{"image":"ami-0123456789abcdef0","certificate":"` + tc.app + `"}`
			}
			pair := pairOf(t, "us-west-2", "us-east-2", true)
			if tc.app == config.CertificateRequest {
				c.states["dr"]["urn:pulumi:dr::pilotlight::"+state.CertificateType+"::blog-dr-certificate"] = map[string]any{"arn": certificate}
				pair.AddCertificate(sim.Certificate{ARN: certificate, Status: sim.Issued, Names: []string{"www.example.com"}, Until: pair.Clock().Now().AddDate(1, 0, 0)})
			}
			require.NoError(t, run(t, pair, "dr", settings, c))
			alarms := c.alarms("dr")
			var names []string
			for name, alarm := range alarms {
				names = append(names, name)
				assert.Equal(t, tc.role == "active", dependsOn(alarm, "-switch-2"), "%s comes after DNS, where DNS moves", name)
				if tc.role == "active" {
					assert.False(t, dependsOn(alarm, "aws:rds/instance:Instance"), "%s waits for no second zone", name)
				}
			}
			slices.Sort(names)
			assert.Equal(t, tc.want, names)
			assert.Equal(t, watched(alarms), billed(t, settings, len(tc.own.Former)), "what the bill counts")
			if tc.role == "standby" {
				assert.True(t, dependsOn(alarms["replica-stopped"], "aws:rds/instance:Instance"), "a replica that is being made has no measurements")
				assert.InDelta(t, 600, alarms["replica-lag"].Inputs["threshold"].NumberValue(), 0, "failover.maxLag")
				assert.InDelta(t, replicaGiB/10<<30, alarms["storage"].Inputs["threshold"].NumberValue(), 0, "a replica has its source's storage")
			}
			if tc.app == config.CertificateRequest {
				assert.Equal(t, "arn:aws:mock:::blog-dr-certificate", alarms["certificate"].Inputs["dimensions"].ObjectValue()["CertificateArn"].StringValue())
				requestedBefore(t, c)
			}
			if tc.role == "active" {
				assert.InDelta(t, replicaGiB/10<<30, alarms["storage"].Inputs["threshold"].NumberValue(), 0, "as it was published")
			}
			if slices.Contains(tc.want, "media-behind") {
				assert.Equal(t, "prod-media", alarms["media-behind"].Inputs["dimensions"].ObjectValue()["SourceBucket"].StringValue())
			}
			if slices.Contains(tc.want, "media-failed") { // S3 measures that where the originals are
				assert.Equal(t, "prod-media", alarms["media-failed"].Inputs["dimensions"].ObjectValue()["DestinationBucket"].StringValue())
			}
			if tc.app != "26" {
				dashboardOf(t, c, tc.want, tc.role == "active")
			}
			assert.Equal(t, 1, c.types()["aws:sns/topic:Topic"])
			assert.Equal(t, 1, c.types()["aws:sns/topicSubscription:TopicSubscription"])
			for _, r := range c.made {
				if strings.HasPrefix(r.TypeToken, "aws:") && r.TypeToken != "aws:ssm/parameter:Parameter" {
					assert.False(t, dependsOn(r, ":MetricAlarm::"), "%s waits for an alarm", r.Name)
				}
			}
		})
	}
}

// watched counts the metrics that alarms watch.
func watched(alarms map[string]pulumi.MockResourceArgs) (count int) {
	for _, alarm := range alarms {
		count++
		if queries, several := alarm.Inputs["metricQueries"]; several {
			count += len(queries.ArrayValue()) - 2 // one is what is reckoned of the others
		}
	}
	return count
}

// billed counts the alarms in the bill of stack dr, by its settings.
func billed(t *testing.T, settings map[string]string, former int) int {
	t.Helper()
	text := "config:\n"
	for key, value := range settings {
		text += "  " + key + ": " + value + "\n"
	}
	dr, err := config.Parse("dr", []byte(text))
	require.NoError(t, err)
	prod := config.Config{Stack: "prod", Region: "us-west-2", Role: roles.Standby}
	site := cost.Site{Stacks: []config.Config{dr, prod}, Measured: map[string]cost.Measured{"dr": {Former: slices.Repeat([]string{"8.4"}, former)}}}
	bill, err := cost.Of(site)
	require.NoError(t, err)
	var count float64
	for _, line := range bill.Stacks[0].Lines {
		if line.Item == price.Alarm {
			count += line.Quantity
		}
	}
	return int(count)
}

// dashboardOf holds that the stack has one dashboard, which shows the alarms, and comes after DNS where DNS moves.
func dashboardOf(t *testing.T, c *cloud, alarms []string, after bool) {
	t.Helper()
	require.Equal(t, 1, c.types()["aws:cloudwatch/dashboard:Dashboard"])
	for _, r := range c.made {
		switch {
		case r.TypeToken == "aws:cloudwatch/dashboard:Dashboard":
			body := r.Inputs["dashboardBody"].StringValue()
			assert.Equal(t, "blog-dr", r.Inputs["dashboardName"].StringValue())
			assert.Equal(t, after, dependsOn(r, "-switch-2"))
			for _, name := range alarms {
				assert.Contains(t, body, `"arn:aws:cloudwatch:us-east-2:123456789012:alarm:blog-dr-`+name+`"`)
			}
			assert.Equal(t, len(alarms), strings.Count(body, ":alarm:"))
			assert.Equal(t, after, strings.Contains(body, "RequestCount"))
			assert.Equal(t, !after, strings.Contains(body, "TimeToRecover"))
			assert.NotContains(t, strings.ReplaceAll(body, "prod-media", ""), "us-west-2", "nothing of the other region")
		case strings.HasPrefix(r.TypeToken, "aws:") && r.TypeToken != "aws:ssm/parameter:Parameter":
			assert.False(t, dependsOn(r, ":Dashboard::"), "%s waits for the dashboard", r.Name)
		}
	}
}

// requestedBefore holds that a certificate waits for nothing of an activation but the claim, and that what shows it waits
// until it is issued.
func requestedBefore(t *testing.T, c *cloud) {
	t.Helper()
	for _, r := range c.made {
		switch {
		case r.TypeToken == state.CertificateType, r.Name == "blog-dr-validation-www.example.com":
			assert.False(t, dependsOn(r, "-promoted-2") || dependsOn(r, "-started") || dependsOn(r, "-switch-2"), r.Name)
		case r.TypeToken == "pulumi:index:Stash" && r.Name == "blog-dr-certificate":
			assert.True(t, dependsOn(r, "blog-dr-validation-www.example.com"), "ACM issues it once it finds the record")
		case r.Name == "blog-dr-https":
			assert.True(t, dependsOn(r, "pulumi:index:Stash::blog-dr-certificate"))
			assert.Equal(t, "arn:aws:mock:::blog-dr-certificate", r.Inputs["certificateArn"].StringValue())
		}
	}
}

// TestNoErrorsWhileFrozen holds that the maintenance page of a switchover rings no alarm.
func TestNoErrorsWhileFrozen(t *testing.T) {
	t.Parallel()
	first := roles.Claim{Role: roles.Active, Epoch: 1, Progress: roles.Switched, Generation: roles.Generation{Number: 1, Origin: roles.OriginEmpty}}
	following := roles.Claim{Role: roles.Standby, Epoch: 1, Generation: roles.Generation{Number: 1, Origin: roles.OriginReplica}}
	dr := state.PeerInfo{Region: "us-east-2", Database: "arn:aws:rds:us-east-2:123456789012:db:blog-dr-1", Bucket: "arn:aws:s3:::dr-media"}
	c := &cloud{partition: "aws", states: map[string]map[string]map[string]any{"prod": remembers("prod", first, state.PeerInfo{}, dr), "dr": remembers("dr", following, dr, state.PeerInfo{})}}
	require.NoError(t, run(t, pairOf(t, "us-west-2", "us-east-2", false), "prod", prodConfig("us-west-2", "us-east-2", "frozen"), c))
	alarms := c.alarms("prod")
	assert.Contains(t, alarms, "instances")
	assert.NotContains(t, alarms, "errors")
}
