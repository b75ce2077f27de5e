package config

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/wordpress"
)

const goodFile = `# A pilot light.
secretsprovider: awskms://alias/pulumi?region=us-east-2
encryptedkey: AAAA
config:
  aws:region: us-east-2
  aws:profile: recovery
  aws:allowedAccountIds: ["123456789012"]
  pulumi:disable-default-providers: [aws]
  site: blog # in the project's namespace, like pilotlight:site
  pilotlight:domain: www.example.com
  pilotlight:peer: {stack: prod, region: us-west-2, cidr: 10.10.0.0/16}
  pilotlight:network: {cidr: 10.20.0.0/16, zones: [us-east-2a, us-east-2b]}
  pilotlight:database: {multiAz: true}
  pilotlight:app: {image: ami-0123456789abcdef0, min: 3}
  pilotlight:dns: {zoneId: Z1}
  pilotlight:keepWarm: [nat, cache]
  pilotlight:retire: 1
  pilotlight:failover: {maxLag: 90s}
`

// kept writes a stack's file and returns its path.
func kept(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), FileName("dr"))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	want := pilotLight()
	want.Profile, want.Accounts, want.KeepWarm, want.Retire = "recovery", []string{"123456789012"}, []WarmPart{WarmNAT, WarmCache}, 1
	want.Database.MultiAZ, want.App.Min = true, 3
	require.NoError(t, want.Failover.MaxLag.UnmarshalJSON([]byte("90s")))
	got, err := ReadFile(kept(t, goodFile))
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestReadFileRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ from, to, says string }{
		"unknown key":           {"pilotlight:retire: 1", "pilotlight:retired: 1", "pilotlight:retired is not a key of this program"},
		"unknown key, bare":     {"pilotlight:retire: 1", "retired: 1", "pilotlight:retired is not a key of this program"},
		"unknown key, nested":   {"image: ami", "imgae: ami", `pilotlight:app: unknown field "imgae"`},
		"another type":          {"min: 3", "min: three", "pilotlight:app: cannot unmarshal string"},
		"not a duration":        {"90s", "soon", "is not a duration"},
		"what Validate refuses": {"us-east-2b", "us-east-1b", `network.zones is "us-east-1b"`},
		"a role of Pulumi's":    {"aws:profile: recovery", "aws:assumeRole: {roleArn: x}", "aws:assumeRole is not used: put role_arn into an AWS profile"},
		"an endpoint of its":    {"aws:profile: recovery", "aws:endpoints: [{s3: http://localhost:4566}]", "aws:endpoints is not used: set AWS_ENDPOINT_URL"},
		"a key of its":          {"aws:profile: recovery", "aws:secretKey: {secure: v1:abc}", "aws:secretKey is not used: name a profile as aws:profile"},
		"the provider's key":    {"aws:profile: recovery", "aws:maxRetries: 3", "aws:maxRetries is not used: set AWS_MAX_ATTEMPTS"},
		"a key of no provider":  {"aws:profile: recovery", "aws:profiel: recovery", "aws:profiel is not a key of this program"},
		"an environment":        {"config:", "environment: [blog/dr]\nconfig:", "it takes values from an environment of Pulumi Cloud, which pilotlight does not read: write its keys into the file"},
		"not YAML":              {"config:", "config: [", "Pulumi.dr.yaml: "},
		"empty":                 {goodFile, "", `site is ""`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, goodFile, tc.from)
			_, err := ReadFile(kept(t, strings.Replace(goodFile, tc.from, tc.to, 1)))
			assert.ErrorContains(t, err, tc.says)
		})
	}
	_, err := ReadFile("dr.yaml")
	assert.ErrorContains(t, err, "dr.yaml is not the file of a stack: name one like Pulumi.dr.yaml")
	_, err = ReadFile(filepath.Join(t.TempDir(), FileName("dr")))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// TestReadFileReadsOnlyFiles holds that what is no regular file is refused, at once: a
// pipe would be waited for, and a device never ends.
func TestReadFileReadsOnlyFiles(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		put  func(path string) error
		says string
	}{
		"a folder":    {func(path string) error { return os.Mkdir(path, 0o700) }, " is no regular file (d"},
		"a pipe":      {func(path string) error { return syscall.Mkfifo(path, 0o600) }, " is no regular file (p"},
		"a device":    {func(path string) error { return os.Symlink("/dev/zero", path) }, " is no regular file (D"},
		"a huge file": {func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40)) }, " has 1099511627776 bytes"},
		"a socket": {func(path string) error {
			listener, err := net.Listen("unix", path)
			if err == nil {
				t.Cleanup(func() { listener.Close() })
			}
			return err
		}, " is no regular file (S"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), FileName("dr"))
			require.NoError(t, tc.put(path))
			_, err := ReadFile(path)
			assert.ErrorContains(t, err, tc.says)
			assert.ErrorContains(t, CheckProject(path), tc.says)
			_, refused := errors.AsType[*Error](err)
			assert.True(t, refused)
		})
	}
}

func TestCheckProject(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"name: pilotlight\nruntime: go\n": "",
		"name: blog\nruntime: go\n":       `name is "blog": set it to pilotlight`,
		"name: [\n":                       "it can't be read",
		"runtime: go\n":                   "it can't be read",
		"":                                "it can't be read",
	} {
		path := filepath.Join(t.TempDir(), "Pulumi.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		err := CheckProject(path)
		if says == "" {
			assert.NoError(t, err, text)
			continue
		}
		assert.ErrorContains(t, err, says, text)
	}
	assert.NoError(t, CheckProject(filepath.Join(t.TempDir(), "Pulumi.yaml")), "Pulumi makes one")
}

// TestReadFileRefusesPlainSecrets holds that a secret in plain text is refused, with the
// command that encrypts it and without the secret.
func TestReadFileRefusesPlainSecrets(t *testing.T) {
	t.Parallel()
	described := strings.Replace(goodFile, "pilotlight:peer: {stack: prod, region: us-west-2, cidr: 10.10.0.0/16}", `pilotlight:production:
    region: us-west-2
    cidr: 10.10.0.0/16
    database: arn:aws:rds:us-west-2:123456789012:db:site
    bucket: arn:aws:s3:::media
    secrets:
      auth_key: {secure: AAABAciphertext}
      database_password: hunter2`, 1)
	_, err := ReadFile(kept(t, described))
	require.ErrorContains(t, err, "production.secrets.database_password is in plain text: encrypt it: pulumi config set -s dr --secret --path 'production.secrets.database_password'")
	assert.NotContains(t, err.Error(), "auth_key")
	assert.NotContains(t, fmt.Sprintf("%+v %#v", err, err), "hunter2")
}

// TestReadFileDecryptsNothing holds that secrets count as given, and stay secret.
func TestReadFileDecryptsNothing(t *testing.T) {
	t.Parallel()
	described := strings.Replace(goodFile, "pilotlight:peer: {stack: prod, region: us-west-2, cidr: 10.10.0.0/16}", `pilotlight:production:
    region: us-west-2
    cidr: 10.10.0.0/16
    database: arn:aws:rds:us-west-2:123456789012:db:site
    bucket: arn:aws:s3:::media
    secrets:`, 1)
	for _, key := range wordpress.SecretKeys() {
		described = strings.Replace(described, "    secrets:", "    secrets:\n      "+key+": {secure: AAABAciphertext}", 1)
	}
	c, err := ReadFile(kept(t, described))
	require.NoError(t, err)
	for _, key := range wordpress.SecretKeys() {
		assert.Equal(t, "[secret]", c.Production.Secrets[key], key)
	}

	c, err = ReadFile(kept(t, strings.ReplaceAll(described, "      auth_key: {secure: AAABAciphertext}\n", "")))
	require.NoError(t, err, "there may be no stack yet to encrypt it for")
	require.ErrorContains(t, c.Validate(), "production.secrets.auth_key", "the program wants it")
	assert.NotContains(t, c.Validate().Error(), "ciphertext")
}

// ciphertext is how a secret of the production that this program did not make stands in its file.
const ciphertext = "{secure: AAABAciphertext}"

// TestReadFileRefusesMisplacedSecrets holds that an encrypted value is refused under each key but those of the
// production's secrets, at any depth: what Pulumi has decrypted there could be printed.
func TestReadFileRefusesMisplacedSecrets(t *testing.T) {
	t.Parallel()
	var c Config
	keys := map[string]string{"pulumi:autonaming": "pulumi:autonaming", "aws:endpoints": "aws:endpoints"}
	for key := range c.providerFields() {
		keys["aws:"+key] = "aws:" + key
	}
	for key := range c.fields() {
		keys[Project+":"+key] = key
	}
	for key, path := range keys {
		_, err := ReadFile(kept(t, "config:\n  "+key+": "+ciphertext+"\n"))
		require.ErrorContains(t, err, path+" is encrypted: remove it, or write it in plain text if it is no secret", key)
	}
	for line, path := range map[string]string{
		"pilotlight:database: {parameters: {x: " + ciphertext + "}}":      "database.parameters.x",
		"pilotlight:names: [a.example.com, " + ciphertext + "]":           "names[1]",
		"pilotlight:production: {kmsKey: " + ciphertext + "}":             "production.kmsKey",
		"pilotlight:production: {secrets: " + ciphertext + "}":            "production.secrets",
		"pulumi:autonaming: {pattern: " + ciphertext + "}":                "pulumi:autonaming.pattern",
		"aws:assumeRole: {externalId: " + ciphertext + "}":                "aws:assumeRole.externalId",
		"pilotlight:config:domain: " + ciphertext:                         "domain",
		"pilotlight:alarms: {email: [" + ciphertext + "], checkHours: 1}": "alarms.email[0]",
	} {
		_, err := ReadFile(kept(t, "config:\n  "+line+"\n"))
		require.ErrorContains(t, err, path+" is encrypted: ", line)
	}
	_, err := ReadFile(kept(t, goodFile+"  other:token: "+ciphertext+"\n"))
	require.NoError(t, err, "nothing here reads it")
}

// TestProgramRefusesMisplacedSecrets holds that the program says nothing of a configuration with such a value but its key.
func TestProgramRefusesMisplacedSecrets(t *testing.T) {
	t.Parallel()
	var c Config
	keys := []string{}
	for key := range c.providerFields() {
		keys = append(keys, "aws:"+key)
	}
	for key := range c.fields() {
		keys = append(keys, Project+":"+key)
	}
	for _, key := range keys {
		err := pulumi.RunErr(func(ctx *pulumi.Context) error {
			_, err := Read(ctx)
			return err
		}, pulumi.WithMocks(Project, "dr", nothing{}), func(info *pulumi.RunInfo) {
			info.Config, info.ConfigSecretKeys = map[string]string{key: "hunter2"}, []string{key}
		})
		require.Error(t, err, key)
		assert.Equal(t, key != Project+":production", strings.Contains(err.Error(), strings.TrimPrefix(key, Project+":")+" is encrypted: "), "%s: %v", key, err)
		assert.NotContains(t, err.Error(), "hunter2", key)
	}
}

// TestReadFileAgreesWithTheProgram holds that a running program reads the same
// where Pulumi hands over the file's values.
func TestReadFileAgreesWithTheProgram(t *testing.T) {
	t.Parallel()
	handed := map[string]string{ // as the engine renders goodFile
		"aws:region": "us-east-2", "aws:profile": "recovery", "aws:allowedAccountIds": `["123456789012"]`,
		"pilotlight:site": "blog", "pilotlight:domain": "www.example.com",
		"pilotlight:peer":     `{"cidr":"10.10.0.0/16","region":"us-west-2","stack":"prod"}`,
		"pilotlight:network":  `{"cidr":"10.20.0.0/16","zones":["us-east-2a","us-east-2b"]}`,
		"pilotlight:database": `{"multiAz":true}`, "pilotlight:app": `{"image":"ami-0123456789abcdef0","min":3}`,
		"pilotlight:dns": `{"zoneId":"Z1"}`, "pilotlight:keepWarm": `["nat","cache"]`, "pilotlight:retire": "1",
		"pilotlight:failover": `{"maxLag":"90s"}`,
	}
	var program Config
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) (err error) {
		program, err = Read(ctx)
		return err
	}, pulumi.WithMocks(Project, "dr", nothing{}), func(info *pulumi.RunInfo) { info.Config = handed }))
	file, err := ReadFile(kept(t, goodFile))
	require.NoError(t, err)
	assert.Equal(t, program, file)
}

// nothing is an engine of which nothing is asked.
type nothing struct{}

func (nothing) NewResource(pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	panic("no resource")
}

func (nothing) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { panic("no call") }
