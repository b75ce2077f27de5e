package setup

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample is a site without a certificate.
func sample() Site {
	return Site{
		Name: "blog", Domain: "www.example.com", Zone: "Z0123456789ABC",
		Prod: Side{Region: "us-west-2", Image: "ami-0123456789abcdef0"}, DR: Side{Region: "us-east-2", Image: "ami-0123456789abcdef1"},
	}
}

func china() Site {
	return Site{
		Name: "blog", Domain: "www.example.cn", Zone: ManualDNS,
		Prod: Side{"cn-north-1", "ami-0123456789abcdef0", "arn:aws-cn:iam::123456789012:server-certificate/blog"},
		DR:   Side{"cn-northwest-1", "ami-0123456789abcdef1", "arn:aws-cn:iam::123456789012:server-certificate/blog"},
	}
}

// existing is a site with a production that no stack made, in the region that needs warm parts elsewhere.
func existing() Site {
	s := sample()
	s.Prod = Side{Region: "us-east-1"}
	s.DR = Side{"us-west-2", "ami-0123456789abcdef0", "arn:aws:acm:us-west-2:123456789012:certificate/x"}
	s.Existing = &Existing{
		CIDR: "10.0.0.0/11", Unencrypted: true, Database: "arn:aws:rds:us-east-1:123456789012:db:wordpress", Bucket: "arn:aws:s3:::wordpress-media",
	}
	return s
}

func TestFiles(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		site  Site
		files []string
	}{
		"aws":      {sample(), []string{"Pulumi.yaml", "Pulumi.prod.yaml", "Pulumi.dr.yaml"}},
		"aws-cn":   {china(), []string{"Pulumi.yaml", "Pulumi.prod.yaml", "Pulumi.dr.yaml"}},
		"existing": {existing(), []string{"Pulumi.yaml", "Pulumi.dr.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			written, err := tc.site.Write(dir, false)
			require.NoError(t, err)
			assert.Equal(t, tc.files, written)
			for _, stack := range tc.site.Stacks() {
				file := config.FileName(stack)
				golden := filepath.Join("testdata", name, file)
				made, err := os.ReadFile(filepath.Join(dir, file))
				require.NoError(t, err)
				if *update {
					require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
					require.NoError(t, os.WriteFile(golden, made, 0o644))
				}
				want, err := os.ReadFile(golden)
				require.NoError(t, err)
				assert.Equal(t, string(want), string(made), "go test ./setup -update writes it anew")
			}
		})
	}
}

// TestProjectFile holds that a new site gets the project's file that stands in the repository.
func TestProjectFile(t *testing.T) {
	t.Parallel()
	shown, err := os.ReadFile("../Pulumi.yaml")
	require.NoError(t, err)
	assert.Equal(t, string(shown), string(project), "copy it to setup/Pulumi.yaml")
}

// TestFilesAreTaken holds that the program takes the files as they are, and
// those of a production that exists once its secrets are set.
func TestFilesAreTaken(t *testing.T) {
	t.Parallel()
	for name, site := range map[string]Site{"aws": sample(), "aws-cn": china(), "existing": existing()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, err := site.Write(dir, false)
			require.NoError(t, err)
			sides := map[string]Side{Prod: site.Prod, DR: site.DR}
			for _, stack := range site.Stacks() {
				path := filepath.Join(dir, config.FileName(stack))
				if site.Existing != nil {
					setSecrets(t, path)
				}
				c, err := config.ReadFile(path)
				require.NoError(t, err)
				require.Empty(t, c.Problems())
				side := Side{c.Region, c.App.Image, c.App.Certificate}
				assert.Equal(t, sides[stack], side)
				assert.Equal(t, []any{site.Name, site.Domain, site.Zone == ManualDNS}, []any{c.Site, c.Domain, c.DNS.Mode == "manual"})
				assert.Equal(t, stack == Prod, c.Role == roles.Active)
				if e := site.Existing; e != nil {
					p := c.Production
					described := Existing{p.CIDR, p.Database, p.Unencrypted, p.Bucket}
					assert.Equal(t, *e, described)
					assert.Equal(t, site.Prod.Region, p.Region)
				}
			}
		})
	}
}

// TestWarmParts holds that a pilot light begins with warm parts where AWS can't make them without
// production's region.
func TestWarmParts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		production, recovers string
		warm                 []config.WarmPart
	}{
		{"us-west-2", "us-east-1", nil},
		{"us-east-1", "us-west-2", []config.WarmPart{config.WarmBalancer, config.WarmCache}},
		{"cn-north-1", "cn-northwest-1", nil},
		{"cn-northwest-1", "cn-north-1", []config.WarmPart{config.WarmBalancer, config.WarmCache}},
	} {
		s := sample()
		s.Prod.Region, s.DR.Region = tc.production, tc.recovers
		configs, err := s.Configs()
		require.NoError(t, err)
		assert.Equal(t, tc.warm, configs[1].KeepWarm, tc.production)
	}
}

// setSecrets does what pulumi config set --secret does for each key.
func setSecrets(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	secrets := "    secrets:\n"
	for _, key := range wordpress.SecretKeys() {
		secrets += "      " + key + ": {secure: AAAA}\n"
	}
	with := strings.Replace(string(text), "  pilotlight:network:", secrets+"  pilotlight:network:", 1)
	require.NoError(t, os.WriteFile(path, []byte(with), 0o600))
}

// TestAnyTextIsWrittenAsItIs holds that a value can't break the file that it stands in.
func TestAnyTextIsWrittenAsItIs(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "a: b", "# a", "{a", "a, b]", "two\nlines", `"`, "'", "yes", "12", "null", "*a", "& b", "- c", "@", "a\tb", "ü", "\u2028", "{{.}}", " a "} {
		s := existing()
		s.Name, s.Domain, s.Zone, s.Prod.Region = text, text, text, text
		s.DR = Side{text, text, text}
		s.Existing = &Existing{CIDR: text, Database: text, Bucket: text}
		made, err := s.file(DR)
		require.NoError(t, err)
		c, err := config.Parse(DR, made)
		require.NoError(t, err, "%q in\n%s", text, made)
		p := c.Production
		for _, got := range []string{c.Site, c.Domain, c.DNS.ZoneID, c.Region, c.App.Image, c.App.Certificate, p.Region, p.CIDR, p.Database, p.Bucket} {
			assert.Equal(t, text, got)
		}
		_, err = s.Write(t.TempDir(), false)
		assert.ErrorContains(t, err, "Pulumi.dr.yaml: ", "it is refused: %q", text)
	}
}

func TestNetworkBeside(t *testing.T) {
	t.Parallel()
	for theirs, ours := range map[string]string{
		"10.10.0.0/16": "10.20.0.0/16", "10.20.0.0/16": "10.30.0.0/16", "10.0.0.0/11": "10.40.0.0/16",
		"10.0.0.0/8": "172.31.0.0/16", "192.168.0.0/20": "10.20.0.0/16", "ten": "10.20.0.0/16",
	} {
		assert.Equal(t, ours, networkBeside(theirs), theirs)
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*Site)
		says  string
	}{
		"one region": {func(s *Site) { s.DR.Region = "us-west-2" }, "Pulumi.dr.yaml: peer.region is"},
		"no image":   {func(s *Site) { s.Prod.Image = "" }, "Pulumi.prod.yaml: app.image is"},
		"HTTPS in prod only": {
			func(s *Site) { s.Prod.Certificate = "arn:aws:acm:us-west-2:123456789012:certificate/x" }, "Pulumi.dr.yaml: app.certificate is \"\": production serves HTTPS",
		},
		"two partitions": {func(s *Site) { s.DR.Region = "cn-north-1" }, "nothing replicates between partitions"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := sample(), t.TempDir()
			tc.spoil(&s)
			_, err := s.Write(dir, true)
			require.ErrorContains(t, err, tc.says)
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Empty(t, left, "nothing is written")
		})
	}
}

func TestWriteOverwritesOnlyWithLeave(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const old, project = "secretsprovider: awskms://alias/x?region=us-west-1\nencryptedkey: AQIC\nconfig:\n  site: old\n", "name: pilotlight\nruntime: go\n"
	for file, text := range map[string]string{config.FileName(DR): old, ProjectFile: project} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
	}
	there, err := sample().InTheWay(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"Pulumi.dr.yaml"}, there)

	_, err = sample().Write(dir, false)
	require.ErrorContains(t, err, "Pulumi.dr.yaml would be overwritten")
	assert.NoFileExists(t, filepath.Join(dir, config.FileName(Prod)))

	written, err := sample().Write(dir, true)
	require.NoError(t, err)
	assert.Equal(t, []string{"Pulumi.prod.yaml", "Pulumi.dr.yaml"}, written)
	text, err := os.ReadFile(filepath.Join(dir, config.FileName(DR)))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(text), "secretsprovider: awskms://alias/x?region=us-west-1\nencryptedkey: AQIC\n# The pilot light."), string(text))
	c, err := config.ReadFile(filepath.Join(dir, config.FileName(DR)))
	require.NoError(t, err)
	assert.Equal(t, "blog", c.Site)
	kept, err := os.ReadFile(filepath.Join(dir, ProjectFile))
	require.NoError(t, err)
	assert.Equal(t, project, string(kept), "the project's file is left alone")
}
