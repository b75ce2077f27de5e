package test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/media"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// TestStateInABucket bootstraps a backend, and has the pulumi command keep the
// state and the secrets of a stack there; then it moves them to another region by the
// lines that are printed.
func TestStateInABucket(t *testing.T) {
	t.Parallel()
	w := sim.New(1)
	face := wire.NewFace(w)
	t.Cleanup(func() { face.Close(); w.Close() })
	options := backend.Options{
		Site: "blog", Region: "us-east-2", Production: "us-west-2", Recovery: "ca-central-1",
		AWS: func(_ context.Context, region, _ string) (aws.Config, error) { return face.Config(region), nil },
	}
	made, err := backend.Bootstrap(t.Context(), options)
	require.NoError(t, err)
	p := newStateTerminal(t, face)

	p.run("login", made.Login)
	p.run("stack", "init", "prod", "--secrets-provider", made.SecretsProvider)
	p.run("config", "set", "--secret", "token", "correct horse", "-s", "prod")
	assert.Equal(t, "correct horse", p.run("config", "get", "token", "-s", "prod"))
	settings, err := os.ReadFile(filepath.Join(p.dir, "Pulumi.prod.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(settings), made.SecretsProvider)
	assert.NotContains(t, string(settings), "correct horse")

	state := p.run("stack", "export", "-s", "prod")
	require.NoError(t, os.WriteFile(filepath.Join(p.dir, "state.json"), []byte(state), 0o600))
	p.run("stack", "import", "-s", "prod", "--file", "state.json")
	var keys []string
	held, err := w.Uploads(made.Region, made.Bucket)
	require.NoError(t, err)
	for _, u := range held {
		keys = append(keys, u.Key)
		assert.Equal(t, made.Key, u.KMSKey, u.Key)
	}
	assert.Contains(t, keys, ".pulumi/meta.yaml")
	assert.Contains(t, keys, ".pulumi/stacks/pilotlight/prod.json")
	assert.NotContains(t, strings.Join(keys, " "), ".pulumi/locks/", "the import has unlocked the stack")
	assert.Zero(t, w.CallsTo("us-west-2"), "nothing needs production's region")

	options.Region = "us-east-1"
	moved, err := backend.Move(t.Context(), media.Place{Region: made.Region, Bucket: made.Bucket}, options)
	require.NoError(t, err)
	for _, line := range moved.Next {
		p.run(strings.Fields(strings.ReplaceAll(strings.TrimPrefix(line, "pulumi "), "'", ""))...)
	}
	w.LoseRegion(made.Region, sim.Refuse)
	assert.Equal(t, "correct horse", p.run("config", "get", "token", "-s", "prod"), "nothing needs the region that state was in")
	assert.Contains(t, p.run("stack", "export", "-s", "prod"), moved.To.SecretsProvider)
}

// TestPreviewsOnlyReadTheState holds that what docs/policies/preview.json allows is
// enough for what a preview does with the state, and is all that it does. A preview
// of a refresh does the same as one of an update, and runs no program.
func TestPreviewsOnlyReadTheState(t *testing.T) {
	t.Parallel()
	w := sim.New(1)
	face := wire.NewFace(w)
	t.Cleanup(func() { face.Close(); w.Close() })
	made, err := backend.Bootstrap(t.Context(), backend.Options{
		Site: "blog", Region: "us-east-2", Production: "us-west-2",
		AWS: func(_ context.Context, region, _ string) (aws.Config, error) { return face.Config(region), nil },
	})
	require.NoError(t, err)
	p := newStateTerminal(t, face)
	p.run("login", made.Login)
	p.run("stack", "init", "prod", "--secrets-provider", made.SecretsProvider)
	before := map[string]int{}
	for _, step := range w.Journal() {
		before[step.Operation+" "+step.Name]++
	}
	p.run("stack", "select", "prod")
	p.run("stack", "export", "--show-secrets", "-s", "prod")
	p.run("refresh", "--preview-only", "-s", "prod")

	text, err := os.ReadFile("../docs/policies/preview.json")
	require.NoError(t, err)
	filled := strings.NewReplacer("PARTITION", "aws", "BUCKET", made.Bucket).Replace(string(text))
	action := map[string]string{"s3:ListObjectsV2": "s3:ListBucket", "s3:HeadObject": "s3:GetObject", "s3:GetObject": "s3:GetObject", "kms:Decrypt": "kms:Decrypt"}
	asked := map[string]bool{}
	for _, step := range w.Journal() {
		called := step.Operation + " " + step.Name
		if before[called]--; before[called] >= 0 {
			continue
		}
		require.Contains(t, action, step.Operation, called)
		asked[action[step.Operation]] = true
		within := "KEY"
		if strings.HasPrefix(step.Operation, "s3:") {
			within = "arn:aws:s3:::" + step.Name
			if strings.Contains(step.Name, "/stacks/pilotlight/") {
				within = within[:strings.LastIndex(within, "/")] + "/*"
			}
		}
		assert.Contains(t, filled, `"`+within+`"`, called)
	}
	for _, allowed := range []string{"s3:ListBucket", "s3:GetObject", "kms:Decrypt"} {
		assert.True(t, asked[allowed], allowed)
		assert.Contains(t, filled, `"`+allowed+`"`)
	}
	// Beside these it may list the site's own buckets, and look at keys, their policies and grants.
	assert.Equal(t, 3+4, strings.Count(filled, `"s3:`)+strings.Count(filled, `"kms:`), "it allows nothing else")
}

// stateTerminal is a terminal in a project's folder, at which no program is run.
type stateTerminal struct {
	t   *testing.T
	dir string
	env []string
}

func newStateTerminal(t *testing.T, face *wire.Face) *stateTerminal {
	t.Helper()
	endpoint, stop, err := face.Listen()
	require.NoError(t, err)
	t.Cleanup(stop)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: pilotlight\nruntime: go\n"), 0o600))
	return &stateTerminal{t: t, dir: dir, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(dir, "home"), "PULUMI_HOME=" + filepath.Join(dir, "home"), "TMPDIR=" + os.TempDir(),
		"AWS_ENDPOINT_URL=http://" + endpoint, "AWS_ACCESS_KEY_ID=AKIASIMULATED", "AWS_SECRET_ACCESS_KEY=simulated",
		"AWS_EC2_METADATA_DISABLED=true", "PULUMI_SKIP_UPDATE_CHECK=true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
	}}
}

// run executes pulumi, which must succeed, and returns what it printed.
func (s *stateTerminal) run(args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), commandLimit)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(staged.EngineRoot, "bin", "pulumi"), append(args, "--non-interactive", "--color=never")...)
	command.Dir, command.Env = s.dir, s.env
	var printed, complaints bytes.Buffer
	command.Stdout, command.Stderr = &printed, &complaints
	require.NoError(s.t, command.Run(), "pulumi %s\n%s%s", strings.Join(args, " "), &printed, &complaints)
	return strings.TrimSpace(printed.String())
}
