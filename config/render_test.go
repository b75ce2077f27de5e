package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// TestRender holds that what is rendered reads as what it was made of.
func TestRender(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Config){
		"as it begins": func(*Config) {},
		"in China": func(c *Config) { // a zone that is not the first two
			c.Region, c.Network.Zones, c.Peer.Region = "cn-northwest-1", []string{"cn-northwest-1a", "cn-northwest-1c"}, "cn-north-1"
		},
		"warm": func(c *Config) { c.KeepWarm = []WarmPart{WarmNAT, WarmBalancer, WarmCache} },
		"odd": func(c *Config) {
			c.DNS = DNS{Mode: "manual"}
			c.Visitors, c.Accounts, c.Profile = []string{"203.0.113.0/24"}, []string{"012345678901"}, "night"
			c.Network.Egress, c.Network.NAT = []int{443}, "none"
			c.Failover.MaxLag, c.Failover.Probe, c.Failover.RequireCache = Duration(90*time.Second), false, true
			c.Database.StorageGiB, c.AcceptDataLoss, c.Home, c.LogDays = 65536, 12, "prod", 3653
		},
		"an existing production": func(c *Config) {
			c.Peer, c.Production = nil, &Production{
				Region: "us-west-2", CIDR: "10.10.0.0/16", Database: "arn:aws:rds:us-west-2:123456789012:db:wordpress", Unencrypted: true,
				Bucket: "arn:aws:s3:::wordpress-media", Secrets: map[string]string{},
			}
			for _, key := range wordpress.SecretKeys() {
				c.Production.Secrets[key] = encrypted // as it reads
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := pilotLight()
			spoil(&c)
			text, err := c.Render(func(string) (string, error) { return "v1:AAAA:BBBB", nil })
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), FileName(c.Stack))
			require.NoError(t, os.WriteFile(path, text, 0o600))
			back, err := ReadFile(path)
			require.NoError(t, err, string(text))
			assert.Equal(t, c, back)
		})
	}
}
