package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// projects are those of people: nobody here knows a passphrase, a key or an account of theirs.
var projects = map[string]struct {
	files     map[string]string
	recovered string // region
	assumes   []string
}{
	"warm, in China, at home in Beijing": {
		files: map[string]string{"prod": `
secretsprovider: awskms://arn:aws-cn:kms:cn-northwest-1:111122223333:key/0d0e1f2a-0000-4000-8000-000000000000
encryptedkey: AQICAHh0
config:
  aws:region: cn-northwest-1
  aws:profile: night
  aws:allowedAccountIds: ["111122223333"]
  pilotlight:site: shop
  pilotlight:domain: shop.example.cn
  pilotlight:role: standby
  pilotlight:home: dr
  pilotlight:keepWarm: [nat, balancer, cache]
  pilotlight:peer: {stack: dr, region: cn-north-1, cidr: 10.2.0.0/16}
  pilotlight:network: {cidr: 10.1.0.0/20, zones: [cn-northwest-1a, cn-northwest-1b], nat: zone}
  pilotlight:database: {class: db.r5.large, engineVersion: "8.4", storageGiB: 400, multiAz: true}
  pilotlight:app: {image: ami-0123456789abcdef0, instanceType: c5.large, min: 3, max: 9, certificate: "arn:aws-cn:iam::111122223333:server-certificate/shop"}
  pilotlight:dns: {zoneId: Z11111}
  pilotlight:acceptDataLoss: 7
`, "dr": `
secretsprovider: awskms://arn:aws-cn:kms:cn-northwest-1:111122223333:key/0d0e1f2a-0000-4000-8000-000000000000
encryptedkey: AQICAHh0
config:
  aws:region: cn-north-1
  other:token: {secure: "v1:AAAA:BBBB"}
  pilotlight:site: shop
  pilotlight:domain: shop.example.cn
  pilotlight:role: frozen
  pilotlight:home: dr
  pilotlight:peer: {stack: prod, region: cn-northwest-1, cidr: 10.1.0.0/20}
  pilotlight:network: {cidr: 10.2.0.0/16, zones: [cn-north-1a, cn-north-1b, cn-north-1d], egress: [443]}
  pilotlight:database: {class: db.r5.xlarge, engineVersion: "8.4", storageGiB: 400}
  pilotlight:app: {image: ami-0123456789abcdef1, certificate: "arn:aws-cn:iam::111122223333:server-certificate/shop"}
  pilotlight:dns: {zoneId: Z11111}
`},
		recovered: "cn-northwest-1",
		assumes: []string{
			"certificate arn:aws-cn:iam::111122223333:server-certificate/shop is issued for shop.example.cn",
			"stack dr takes writes until its region is lost (Pulumi.dr.yaml says role: frozen)",
			"acceptDataLoss of Pulumi.prod.yaml is of the site as it stands, and not set",
			"the credentials for stack prod are of an account that aws:allowedAccountIds names",
			"image ami-0123456789abcdef1 is in cn-north-1, 24 h old, fits t3.medium, and boots WordPress",
			"zone Z11111 holds shop.example.cn, where nothing else stands",
		},
	},
	"a person moves the name": {
		files: map[string]string{"main": `
config:
  aws:region: eu-central-1
  pilotlight:site: news
  pilotlight:domain: example.org
  pilotlight:role: active
  pilotlight:peer: {stack: light, region: eu-west-3, cidr: 10.4.0.0/24}
  pilotlight:network: {cidr: 10.3.0.0/24, zones: [eu-central-1b, eu-central-1c], nat: none}
  pilotlight:app: {image: ami-0123456789abcdef0, min: 1, max: 1}
  pilotlight:cache: {nodeType: cache.t4g.small, nodes: 1}
  pilotlight:dns: {mode: manual}
`, "light": `
config:
  aws:region: eu-west-3
  pilotlight:site: news
  pilotlight:domain: example.org
  pilotlight:role: standby
  pilotlight:keepWarm: [balancer]
  pilotlight:peer: {stack: main, region: eu-central-1, cidr: 10.3.0.0/24}
  pilotlight:network: {cidr: 10.4.0.0/24, zones: [eu-west-3a, eu-west-3b], nat: none}
  pilotlight:app: {image: ami-0123456789abcdef0, min: 1, max: 1}
  pilotlight:dns: {mode: manual}
  pilotlight:failover: {requireCache: true, maxLag: 30s}
`},
		recovered: "eu-west-3",
		assumes: []string{
			"instances of stack main reach the APIs of AWS without a NAT gateway",
			"a person sets the record of example.org 2m0s after the program asks for it",
		},
	},
	"a production that exists": {
		files: map[string]string{"dr": `
encryptionsalt: v1:HvBTRuS1Aak=:v1:FLYDDtrDRyuGBNk2:fHl3Ow9yLbWTYTEPJLOuHdVEmoL2ww==
config:
  aws:region: ap-northeast-1
  aws:allowedAccountIds: ["111122223333"]
  pilotlight:site: blog
  pilotlight:domain: www.example.co.jp
  pilotlight:role: standby
  pilotlight:production:
    region: ap-northeast-3
    cidr: 172.16.0.0/16
    database: arn:aws:rds:ap-northeast-3:111122223333:db:wordpress
    unencrypted: true
    bucket: arn:aws:s3:::wordpress-media
    secrets:
SECRETS
  pilotlight:network: {cidr: 10.20.0.0/16, zones: [ap-northeast-1a, ap-northeast-1d]}
  pilotlight:database: {multiAz: true, storageGiB: 200}
  pilotlight:app: {image: ami-0123456789abcdef0, certificate: "arn:aws:acm:ap-northeast-1:111122223333:certificate/1"}
  pilotlight:dns: {zoneId: Z22222}
`},
		recovered: "ap-northeast-1",
		assumes: []string{
			"production's database wordpress in ap-northeast-3 is MySQL 8.4 of 200 GiB, not encrypted, with backups",
			"production's bucket arn:aws:s3:::wordpress-media keeps versions, and copies all that is uploaded",
			"production.secrets has nonce_salt, which Pulumi.dr.yaml lacks: a deployment is refused without",
		},
	},
}

// TestRehearseProjects rehearses projects as their files say, and leaves their folders as they were.
func TestRehearseProjects(t *testing.T) {
	t.Parallel()
	for name, tc := range projects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for stack, text := range tc.files {
				var secrets strings.Builder
				for _, key := range wordpress.SecretKeys() {
					if key != "nonce_salt" {
						secrets.WriteString("      " + key + ": {secure: \"v1:lmUD1w3BVzL5CEzM:hYZcYIS9nPVsUK0bvmLJVKpdCUk=\"}\n")
					}
				}
				text = strings.Replace(text, "SECRETS\n", secrets.String(), 1)
				require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi."+stack+".yaml"), []byte(text), 0o400))
			}
			require.NoError(t, os.Chmod(dir, 0o500))
			o := staged.Options()
			o.Project, o.ProdRegion, o.DRRegion, o.Outage = dir, "", "", sim.Hang
			report, err := scenario.Run(t.Context(), o)
			require.NoError(t, err)
			require.Empty(t, report.Refusal)
			assert.True(t, report.Recovered, report.Serves)
			assert.Equal(t, tc.recovered, report.DRRegion)
			assert.Zero(t, report.CallsToLost)
			assert.Subset(t, report.Assumed, tc.assumes)
			assert.GreaterOrEqual(t, report.Run.TimeToRecover, report.Floor.Seconds, "faster than AWS allows")
			assert.LessOrEqual(t, report.Run.TimeToRecover, 1.05*report.Floor.Seconds, report.String())

			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Len(t, entries, len(tc.files), "nothing is written there")
		})
	}
}
