package test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/stacks/drill"
	"github.com/pilotlight-dr/pilotlight/state"
)

// TestDrillProgram holds what a copy is made of, and what it must not have.
func TestDrillProgram(t *testing.T) {
	t.Parallel()
	for partition, region := range map[string]string{"aws": "us-east-2", "aws-cn": "cn-northwest-1"} {
		t.Run(region, func(t *testing.T) {
			t.Parallel()
			c := &cloud{partition: partition, states: map[string]map[string]map[string]any{"dr": remembers("dr",
				roles.Claim{Role: roles.Standby, Epoch: 3, Generation: roles.Generation{Number: 1, Origin: roles.OriginReplica}}, state.PeerInfo{}, state.PeerInfo{})}}
			cfg, err := config.Parse("dr", []byte("config:\n  aws:region: "+region+"\n  pilotlight:site: blog\n  pilotlight:domain: www.example.com\n"+
				"  pilotlight:network:\n    cidr: 10.20.0.0/16\n    zones: ["+region+"a, "+region+"b]\n    nat: zone\n  pilotlight:app:\n    image: ami-0123456789abcdef0\n"+
				"  pilotlight:dns:\n    zoneId: Z1\n"))
			require.NoError(t, err)
			args := drill.Args{Config: cfg, Copy: drill.Copy{
				Of: "dr", Snapshot: failover.Snapshot{ID: "rds:blog-dr-1-2026-03-02-05-00", Encrypted: true},
				Expires: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), Visitors: netip.MustParsePrefix("192.0.2.7/32"),
			}}
			var reported report.Report
			env := failover.Env{AWS: noAWS, Report: func(r report.Report) { reported = r }}
			require.NoError(t, pulumi.RunErr(drill.Program(env, args), pulumi.WithMocks("pilotlight", "dr-drill", c)))

			for _, r := range c.made {
				assert.NotContains(t, r.TypeToken, "aws:route53/", "no name leads to a copy")
				assert.NotContains(t, r.TypeToken, "aws:kms/", "its key is the snapshot's")
				assert.NotContains(t, r.TypeToken, "Replication:", "nothing is replicated")
				if r.TypeToken == "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule" {
					assert.False(t, r.Inputs["cidrIpv4"].IsString(), "%s: a webhook of the site could be called", r.Name)
				}
				if r.Custom && strings.HasPrefix(r.TypeToken, "aws:") {
					assert.True(t, strings.HasPrefix(r.Name, "blog-dr-drill"), "%s would be taken for the pilot light's", r.Name)
				}
				assert.False(t, r.RegisterRPC.GetRetainOnDelete(), "%s would stay", r.Name)
				assert.False(t, r.RegisterRPC.GetProtect(), "%s could not be ended", r.Name)
				for key, value := range r.Inputs {
					if text := value.String(); strings.Contains(text, "THESECRET") || strings.Contains(text, "THETOKEN") {
						assert.True(t, value.ContainsSecrets(), "%s of %s is in plain text", key, r.Name)
					}
				}
			}
			types := c.types()
			for _, part := range costly {
				assert.Equal(t, 1, types[part], part)
			}
			input := func(kind, key string) any {
				for _, r := range c.made {
					if r.TypeToken == kind {
						return r.Inputs.Mappable()[key]
					}
				}
				t.Fatalf("there is no %s", kind)
				return nil
			}
			assert.Equal(t, args.Copy.Snapshot.ID, input("aws:rds/instance:Instance", "snapshotIdentifier"))
			for key, want := range map[string]any{"deletionProtection": false, "skipFinalSnapshot": true, "publiclyAccessible": false, "multiAz": false, "backupRetentionPeriod": 0.0} {
				assert.Equal(t, want, input("aws:rds/instance:Instance", key), key)
			}
			assert.Zero(t, input("aws:secretsmanager/secret:Secret", "recoveryWindowInDays"))
			assert.Equal(t, true, input("aws:s3/bucketV2:BucketV2", "forceDestroy"))
			tags := input("pulumi:providers:aws", "defaultTags").(map[string]any)["tags"]
			assert.Equal(t, map[string]any{"site": "blog", "stack": "dr-drill", "managed-by": "pilotlight", "drill": "dr", "expires": "2026-03-02T12:00:00Z"}, tags)

			sent, err := base64.StdEncoding.DecodeString(input("aws:ec2/launchTemplate:LaunchTemplate", "userData").(string))
			require.NoError(t, err)
			packed, err := gzip.NewReader(bytes.NewReader(sent))
			require.NoError(t, err)
			script, err := io.ReadAll(packed)
			require.NoError(t, err)
			assert.NotContains(t, string(script), "put $unit-cron", "what is scheduled is for the site to run")
			assert.Contains(t, string(script), "PARAMETERS='/blog/dr-drill'\n")
			assert.Contains(t, string(script), "PEER_PARAMETERS=''\n")
			assert.Contains(t, input("aws:iam/rolePolicy:RolePolicy", "policy"), "arn:"+partition+":ssm:"+region+":123456789012:parameter/blog/dr-drill/*")
			published := map[string]string{}
			for _, r := range c.made {
				if r.TypeToken == "aws:ssm/parameter:Parameter" {
					published[r.Inputs["name"].StringValue()] = r.Inputs["insecureValue"].StringValue()
				}
			}
			assert.Equal(t, "3", published["/blog/dr-drill/epoch"])
			assert.Equal(t, "http://www.example.com", published["/blog/dr-drill/site"])
			assert.Len(t, published, 5)
			assert.Equal(t, "drill", reported.Action)
			assert.Equal(t, report.Done, reported.Outcome)
			assert.NotEmpty(t, reported.Notes)
		})
	}
}
