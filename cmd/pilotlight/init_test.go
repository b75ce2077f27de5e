package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/setup"
)

// initWith runs the command with flags, in a folder of its own if they name none.
func initWith(t *testing.T, run func(context.Context, initOptions) error, args ...string) (out string, err error) {
	t.Helper()
	cmd := newInitCmd(run)
	cmd.SetFlagErrorFunc(newRootCmd(realAWS).FlagErrorFunc())
	var stdout bytes.Buffer
	cmd.SetIn(strings.NewReader(""))
	cmd.SetOut(&stdout)
	cmd.SetErr(io.Discard)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.ExecuteContext(t.Context())
	return stdout.String(), err
}

// enough are flags that say all that is needed; more of the same flag replaces one.
func enough(dir string, more ...string) []string {
	return append([]string{
		"-C", dir, "--site", "blog", "--domain", "www.example.com", "--prod-region", "us-west-2", "--dr-region", "us-east-2",
		"--zone-id", "Z0123456789ABC", "--prod-image", "ami-0123456789abcdef0", "--dr-image", "ami-0123456789abcdef1",
	}, more...)
}

// described are those of a production that exists.
func described(dir string, more ...string) []string {
	return append([]string{
		"-C", dir, "--site", "blog", "--domain", "www.example.com", "--prod-region", "us-west-2", "--dr-region", "us-east-2",
		"--zone-id", "manual", "--dr-image", "ami-0123456789abcdef1", "--production-cidr", "10.20.0.0/16",
		"--production-database", "arn:aws:rds:us-west-2:123456789012:db:wordpress", "--production-bucket", "arn:aws:s3:::wordpress-media",
	}, more...)
}

func TestInitFlags(t *testing.T) {
	t.Parallel()
	var got initOptions
	_, err := initWith(t, func(_ context.Context, o initOptions) error {
		got = o
		return nil
	}, enough("somewhere", "--force", "--json", "--prod-certificate", "p", "--dr-certificate", "d")...)
	require.NoError(t, err)
	assert.Equal(t, setup.Site{
		Name: "blog", Domain: "www.example.com", Zone: "Z0123456789ABC",
		Prod: setup.Side{Region: "us-west-2", Image: "ami-0123456789abcdef0", Certificate: "p"},
		DR:   setup.Side{Region: "us-east-2", Image: "ami-0123456789abcdef1", Certificate: "d"},
	}, got.site)
	assert.Equal(t, []any{"somewhere", true, true, false}, []any{got.dir, got.force, got.json, got.terminal})
}

func TestInitFromFlags(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args func(dir string) []string
		code int
		says string
	}{
		"good":     {func(dir string) []string { return enough(dir) }, 0, ""},
		"existing": {func(dir string) []string { return described(dir, "--production-unencrypted") }, 0, ""},
		"China": {func(dir string) []string { // which has but one other region
			return []string{"-C", dir, "--site", "blog", "--domain", "www.example.cn", "--prod-region", "cn-north-1", "--zone-id", "manual",
				"--prod-image", "ami-0123456789abcdef0", "--dr-image", "ami-0123456789abcdef1",
				"--prod-certificate", "arn:aws-cn:iam::123456789012:server-certificate/blog"}
		}, 0, ""},
		"nothing":          {func(dir string) []string { return []string{"-C", dir} }, 2, "--site is \"\": set it to lower-case letters"},
		"nothing, the end": {func(dir string) []string { return []string{"-C", dir} }, 2, "\n--dr-image is \"\": set it to the id of an AMI in the stack's region"},
		"site":             {func(dir string) []string { return enough(dir, "--site", "Blog") }, 2, `--site is "Blog": set it to lower-case letters`},
		"long site":        {func(dir string) []string { return enough(dir, "--site", "a-long-long-name") }, 2, "they may have 20 characters together"},
		"domain":           {func(dir string) []string { return enough(dir, "--domain", "example") }, 2, `--domain is "example": set it to the site's own name`},
		"prod-region":      {func(dir string) []string { return enough(dir, "--prod-region", "Oregon") }, 2, `--prod-region is "Oregon": set it to an AWS region`},
		"one region":       {func(dir string) []string { return enough(dir, "--dr-region", "us-west-2") }, 2, `--dr-region is "us-west-2": the other side must be in another region`},
		"two partitions":   {func(dir string) []string { return enough(dir, "--dr-region", "cn-north-1") }, 2, `--dr-region is "cn-north-1": nothing replicates between partitions: choose a region of aws`},
		"GovCloud":         {func(dir string) []string { return enough(dir, "--prod-region", "us-gov-west-1") }, 2, `--prod-region is "us-gov-west-1": only the partitions`},
		"zone":             {func(dir string) []string { return enough(dir, "--zone-id", "") }, 2, `--zone-id is "": set it to the id of the Route 53 zone that holds the domain, or to manual`},
		"prod-image":       {func(dir string) []string { return enough(dir, "--prod-image", "ubuntu") }, 2, `--prod-image is "ubuntu": set it to the id of an AMI in us-west-2`},
		"dr-image":         {func(dir string) []string { return enough(dir, "--dr-image", "ubuntu") }, 2, `--dr-image is "ubuntu": set it to the id of an AMI in us-east-2`},
		"certificate of elsewhere": {func(dir string) []string {
			return enough(dir, "--prod-certificate", "arn:aws:acm:us-east-2:123456789012:certificate/x", "--dr-certificate", "arn:aws:acm:us-east-2:123456789012:certificate/x")
		}, 2, `--prod-certificate is "arn:aws:acm:us-east-2:123456789012:certificate/x": a balancer in us-west-2 needs a certificate of us-west-2`},
		"one certificate": {func(dir string) []string {
			return enough(dir, "--prod-certificate", "arn:aws:acm:us-west-2:123456789012:certificate/x")
		}, 2, `--dr-certificate is "": production serves HTTPS`},
		"existing, database":   {func(dir string) []string { return described(dir, "--production-database", "wordpress") }, 2, `--production-database is "wordpress": set it to the ARN of an rds resource in us-west-2`},
		"existing, bucket":     {func(dir string) []string { return described(dir, "--production-bucket", "media") }, 2, `--production-bucket is "media": set it to the ARN of an s3 resource`},
		"existing, network":    {func(dir string) []string { return described(dir, "--production-cidr", "ten") }, 2, `--production-cidr is "ten": set it to the other side's network`},
		"existing, one region": {func(dir string) []string { return described(dir, "--dr-region", "us-west-2") }, 2, `--prod-region is "us-west-2": the other side must be in another region`},
		"existing and made":    {func(dir string) []string { return described(dir, "--prod-image", "ami-0123456789abcdef0") }, 2, "leave one of them out"},
		"an argument":          {func(dir string) []string { return enough(dir, "blog") }, 2, "it is used as init"},
		"unknown flag":         {func(dir string) []string { return enough(dir, "--fast") }, 2, "unknown flag"},
		"no folder":            {func(dir string) []string { return enough(filepath.Join(dir, "none")) }, 1, "writing the files of the stacks"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, err := initWith(t, runInit, tc.args(dir)...)
			assert.Equal(t, tc.code, exitCode(err), "%v", err)
			left, readErr := os.ReadDir(dir)
			require.NoError(t, readErr)
			if tc.says != "" {
				require.ErrorContains(t, err, tc.says)
				assert.Empty(t, left, "nothing is written")
				return
			}
			require.NoError(t, err)
			assert.NotEmpty(t, left)
		})
	}
}

// TestInitSaysOneThingOnce holds that a bad flag is one line.
func TestInitSaysOneThingOnce(t *testing.T) {
	t.Parallel()
	for _, bad := range [][]string{{"--site", "Blog"}, {"--dr-region", "us-west-2"}, {"--dr-region", "cn-north-1"}, {"--zone-id", ""}, {"--domain", ""}} {
		_, err := initWith(t, runInit, enough(t.TempDir(), bad...)...)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "\n", "%v", bad)
	}
}

func TestInitOverwritesOnlyByForce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "Pulumi.dr.yaml")
	require.NoError(t, os.WriteFile(path, []byte("config: {}\n"), 0o600))
	_, err := initWith(t, runInit, enough(dir)...)
	assert.Equal(t, 2, exitCode(err))
	require.ErrorContains(t, err, "Pulumi.dr.yaml would be overwritten: edit what is there, or give --force")
	_, err = initWith(t, runInit, enough(dir, "--force")...)
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(text), "pilotlight:site: blog")
}

func TestInitJSON(t *testing.T) {
	t.Parallel()
	out, err := initWith(t, runInit, described(t.TempDir(), "--json")...)
	require.NoError(t, err)
	var printed initResult
	require.NoError(t, json.Unmarshal([]byte(out), &printed))
	assert.Equal(t, []string{"Pulumi.yaml", "Pulumi.dr.yaml"}, printed.Written)
	assert.Equal(t, "pilotlight deploy", printed.Next[len(printed.Next)-1].Command)
}

// TestInitDialogue types answers, the wrong ones too, and looks at what is said.
func TestInitDialogue(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		flags, answers []string
		files          []string
	}{
		"made": {nil, []string{
			"", "Blog", "blog", "example", "www.example.com", "Oregon", "us-west-2", "us-west-2", "cn-north-1", "us-east-2", "", "Z0123456789ABC",
			"ami", "ami-0123456789abcdef0", "ami-0123456789abcdef1",
			"arn:aws:acm:us-west-2:123456789012:certificate/x", "", "arn:aws:acm:us-east-2:123456789012:certificate/y",
		}, []string{"Pulumi.dr.yaml", "Pulumi.prod.yaml", "Pulumi.yaml"}},
		"existing": {nil, []string{
			"perhaps", "yes", "blog", "www.example.com", "us-east-2", "us-east-2", "us-west-2", "10.10.0.0/16",
			"arn:aws:rds:us-west-1:123456789012:db:wordpress", "arn:aws:rds:us-west-2:123456789012:db:wordpress", "no",
			"arn:aws:s3:::wordpress-media", "manual", "ami-0123456789abcdef1", "",
		}, []string{"Pulumi.dr.yaml", "Pulumi.yaml"}},
		"the-rest": { // flags are not asked for, and a partition of two suggests the other
			[]string{"--site", "blog", "--domain", "www.example.cn", "--prod-image", "ami-0123456789abcdef0"},
			[]string{"cn-northwest-1", "", "manual", "ami-0123456789abcdef1", "arn:aws-cn:iam::123456789012:server-certificate/blog", ""},
			[]string{"Pulumi.dr.yaml", "Pulumi.prod.yaml", "Pulumi.yaml"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			said, err := talk(t, append(tc.flags, "-C", dir), tc.answers...)
			require.NoError(t, err, said)
			golden := filepath.Join("testdata", "init-"+name+".golden")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(golden, []byte(said), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), said, "go test ./cmd/pilotlight -update writes it anew")

			var names []string
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			for _, file := range left {
				names = append(names, file.Name())
			}
			assert.Equal(t, tc.files, names)
		})
	}
}

func TestInitDialogueEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := talk(t, []string{"-C", dir}, "no", "blog")
	require.ErrorContains(t, err, "the answers ended before the last question: nothing was written")
	assert.Equal(t, 1, exitCode(err))

	said, err := talk(t, []string{"-C", dir, "--site", "Blog"}, "no", "www.example.com")
	assert.Equal(t, 2, exitCode(err), "a flag is not asked about")
	require.ErrorContains(t, err, `--site is "Blog"`)
	assert.NotContains(t, said, "Short name")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.dr.yaml"), nil, 0o600))
	said, err = talk(t, []string{"-C", dir}, "no", "blog")
	require.ErrorContains(t, err, "Pulumi.dr.yaml would be overwritten")
	assert.NotContains(t, said, "Short name", "it is said before anything else is asked")
}

func TestInitInterrupted(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	never, writer := io.Pipe()
	t.Cleanup(func() { assert.NoError(t, writer.Close()) })
	err := runInit(ctx, initOptions{project: project{dir: t.TempDir(), in: never, terminal: true, out: io.Discard, progress: io.Discard}})
	assert.Equal(t, 130, exitCode(err))
	assert.ErrorContains(t, err, "interrupted, nothing was written")
}

// talk holds the dialogue as on a terminal, whose screen it returns.
func talk(t *testing.T, args []string, answers ...string) (string, error) {
	t.Helper()
	keyboard, typed := io.Pipe()
	screen := &screen{answers: answers, typed: typed}
	_, err := initWith(t, func(ctx context.Context, o initOptions) error {
		o.in, o.terminal, o.progress, o.out = keyboard, true, screen, screen
		return runInit(ctx, o)
	}, args...)
	return screen.String(), err
}

// screen shows what is said, and what somebody types at each prompt.
type screen struct {
	bytes.Buffer
	answers []string
	typed   *io.PipeWriter
}

func (s *screen) Write(said []byte) (int, error) {
	s.Buffer.Write(said)
	switch {
	case !bytes.HasSuffix(said, []byte(": ")):
	case len(s.answers) == 0:
		s.typed.Close()
	default:
		line := s.answers[0] + "\n"
		s.answers = s.answers[1:]
		s.WriteString(line)
		io.WriteString(s.typed, line)
	}
	return len(said), nil
}
