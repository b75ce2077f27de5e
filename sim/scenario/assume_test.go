package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/setup"
	"github.com/pilotlight-dr/pilotlight/sim"
)

// pair is a good project of two stacks, and a good one of a stack that protects a production.
func pair(t *testing.T) (prod, dr, alone config.Config) {
	t.Helper()
	o := Options{ProdRegion: "us-west-2", DRRegion: "us-east-2"}
	both, err := sample(o).Configs()
	require.NoError(t, err)
	protects := sample(o)
	protects.Existing = &setup.Existing{CIDR: "10.10.0.0/16", Database: "arn:aws:rds:us-west-2:111122223333:db:wordpress", Bucket: "arn:aws:s3:::media"}
	one, err := protects.Configs()
	require.NoError(t, err)
	return both[0], both[1], one[0]
}

func TestAssume(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(prod, dr *config.Config)
		says  string // empty is that it says it no more often than the good one
		check func(t *testing.T, s site)
	}{
		"good": {func(_, _ *config.Config) {}, "zone Z00000000000000000000 holds www.example.com", func(t *testing.T, s site) {
			assert.Equal(t, "us-west-2", s.productionRegion())
			assert.Len(t, s.assumed, 5)
		}},
		"the other way round": {func(prod, dr *config.Config) { prod.Role, dr.Role = roles.Standby, roles.Active }, "", func(t *testing.T, s site) {
			assert.Equal(t, "us-east-2", s.productionRegion())
			assert.Equal(t, "prod", s.recovery.Stack)
		}},
		"frozen": {func(prod, _ *config.Config) { prod.Role = roles.Frozen }, "stack prod takes writes until its region is lost", func(t *testing.T, s site) {
			assert.Equal(t, roles.Active, s.production.Role)
		}},
		"of another epoch": {func(_, dr *config.Config) {
			dr.AcceptDataLoss, dr.IgnoreProduction, dr.Abort, dr.Rebuild, dr.Retire, dr.AcceptNoSnapshot, dr.Teardown = 4, 4, 3, 2, 1, 1, "blog"
		}, "acceptDataLoss, ignoreProduction, abort, rebuild, retire, acceptNoSnapshot, teardown of Pulumi.dr.yaml is of the site as it stands", func(t *testing.T, s site) {
			assert.Empty(t, s.recovery.Teardown)
			assert.Zero(t, s.recovery.AcceptDataLoss+s.recovery.IgnoreProduction+s.recovery.Abort+s.recovery.Rebuild+s.recovery.Retire+s.recovery.AcceptNoSnapshot)
		}},
		"account and profile": {func(_, dr *config.Config) { dr.Accounts, dr.Profile = []string{"111122223333"}, "night" }, "aws:allowedAccountIds names", func(t *testing.T, s site) {
			assert.Equal(t, []string{sim.Account}, s.recovery.Accounts)
			assert.Empty(t, s.recovery.Profile)
		}},
		"certificate": {func(_, dr *config.Config) { dr.App.Certificate = "arn:aws:acm:us-east-2:1:certificate/1" }, "certificate arn:aws:acm:us-east-2:1:certificate/1 is issued for www.example.com",
			func(t *testing.T, s site) { assert.Equal(t, "https://www.example.com/", s.url()) }},
		"no NAT": {func(_, dr *config.Config) { dr.Network.NAT = "none" }, "instances of stack dr reach the APIs of AWS without a NAT gateway", nil},
		"a person's name": {func(prod, dr *config.Config) {
			prod.DNS, dr.DNS = config.DNS{Mode: "manual"}, config.DNS{Mode: "manual"}
		}, "a person sets the record of www.example.com", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prod, dr, _ := pair(t)
			tc.spoil(&prod, &dr)
			s, err := assume([]config.Config{prod, dr})
			require.NoError(t, err)
			assert.Contains(t, strings.Join(s.assumed, "\n"), tc.says)
			if tc.check != nil {
				tc.check(t, s)
			}
		})
	}
}

func TestAssumeExisting(t *testing.T) {
	t.Parallel()
	_, _, alone := pair(t)
	alone.Production.Secrets = map[string]string{"nonce_salt": "[secret]"}
	s, err := assume([]config.Config{alone})
	require.NoError(t, err)
	assert.Equal(t, "us-west-2", s.productionRegion())
	assert.Equal(t, "arn:aws:rds:us-west-2:"+sim.Account+":db:wordpress", s.recovery.Production.Database)
	assert.NotContains(t, s.recovery.Production.Secrets, "[secret]")
	assert.Len(t, s.recovery.Production.Secrets, 12)
	said := strings.Join(s.assumed, "\n")
	assert.Contains(t, said, "wordpress in us-west-2 is MySQL")
	assert.Contains(t, said, "GiB, encrypted, with backups")
	assert.Contains(t, said, "lacks: a deployment is refused without")
	assert.NotContains(t, said, "nonce_salt", "that one is set")
	assert.Len(t, alone.Production.Secrets, 1, "the configuration stays as it was")
}

// TestNothingToRehearse holds that a site without a pilot light is an error.
func TestNothingToRehearse(t *testing.T) {
	t.Parallel()
	prod, dr, alone := pair(t)
	dr.Role, alone.Role = roles.Active, roles.Active
	_, err := assume([]config.Config{prod, dr})
	assert.ErrorContains(t, err, "Pulumi.prod.yaml and Pulumi.dr.yaml both say role: active")
	_, err = assume([]config.Config{alone})
	assert.ErrorContains(t, err, "Pulumi.dr.yaml says role: active")
}

// TestReadProjectRefuses holds that what lies elsewhere is not left out in silence.
func TestReadProjectRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, append, says string }{
		"nothing":                      {"", "", ""},
		"an environment":               {"Pulumi.dr.yaml", "environment: [blog/dr]\n", "Pulumi.dr.yaml: it takes values from an environment of Pulumi Cloud"},
		"values for all":               {"Pulumi.yaml", "  logDays: {value: 3}\n", "Pulumi.yaml sets logDays for all stacks"},
		"defaults for all":             {"Pulumi.yaml", "  logDays: {type: integer, default: 3}\n", "Pulumi.yaml sets logDays for all stacks"},
		"a wrong stack":                {"Pulumi.dr.yaml", "  pilotlight:logDays: 2\n", "logDays"},
		"a project that can't be read": {"Pulumi.yaml", "name: shop\n", "Pulumi.yaml"},
		"no YAML":                      {"Pulumi.dr.yaml", "\t", "Pulumi.dr.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, err := sample(Options{ProdRegion: "us-west-2", DRRegion: "us-east-2"}).Write(dir, false)
			require.NoError(t, err)
			if tc.file != "" {
				path := filepath.Join(dir, tc.file)
				text, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(path, append(text, tc.append...), 0o600))
			}
			_, err = readProject(dir)
			if tc.says == "" {
				require.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, tc.says)
		})
	}
	_, err := readProject(t.TempDir())
	assert.ErrorContains(t, err, "pilotlight init")
}
