package roundtrip

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/stacks"
	"github.com/pilotlight-dr/pilotlight/test/staged"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// TestAProductionThatExists protects a production that knows nothing of this
// program, and whose database is not encrypted, fails over from it, and goes the way back that
// docs/existing-production.md tells of.
func TestAProductionThatExists(t *testing.T) {
	t.Parallel()
	stage, v := existing(t, true)
	v.post()
	stage.World.Clock().Advance(time.Hour)
	require.ErrorContains(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, map[string]string{"role": "active"}),
		"still receives changes", "it has no deep page, but its replica shows that it lives")

	require.NoError(t, stage.Lose())
	report := staged.FailOver(t, stage)
	require.Empty(t, report.Refusal)
	assert.Zero(t, report.CallsToLost)
	v.post()
	require.Equal(t, 2, v.count())
	assert.Equal(t, v.accepted, v.found("us-east-2", "blog-dr-1"))

	// Its region is back, and its owner has stopped it. It makes way for a stack.
	stage.World.ReturnRegion("us-west-2")
	const home = "home"
	network := map[string]any{"cidr": "10.40.0.0/16", "zones": sim.Zones("us-west-2")[:2]}
	edit(t, stage, scenario.Recovery, home, func(config map[string]any) {
		delete(config, "pilotlight:production")
		config["aws:region"], config["pilotlight:network"], config["pilotlight:role"] = "us-west-2", network, "standby"
		config["pilotlight:app"] = map[string]any{"image": "ami-0aaaaaaaaaaaaaaa1"}
	})
	require.NoError(t, staged.Up(t, stage, stage.Env(), home, nil))
	edit(t, stage, scenario.Recovery, scenario.Recovery, func(config map[string]any) {
		delete(config, "pilotlight:production")
		config["pilotlight:peer"] = map[string]any{"stack": home, "region": "us-west-2", "cidr": "10.40.0.0/16"}
	})
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	stage.World.Clock().Advance(time.Hour)

	require.NoError(t, staged.Up(t, stage, v.env(), scenario.Recovery, map[string]string{"role": "frozen"}))
	require.NoError(t, staged.Up(t, stage, v.env(), home, map[string]string{"role": "active"}))
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, map[string]string{"role": "standby"}))
	before := v.count()
	v.post()
	assert.Equal(t, before+1, v.count())
	assert.Equal(t, v.accepted, v.found("us-west-2", "blog-home-1"), "no write is lost on the way back")
	assert.InDelta(t, 3, staged.Outputs(t, stage, home)[stacks.OutputEpoch], 0)
	assert.NotEmpty(t, stage.World.Rows("us-west-2", "blog-prod-1"), "the old production's database is as it was")
}

// TestKeyOfAnExistingProductionLost: what the file holds of production was under the lost key, and is set again before the
// state is made anew, as the runbook says.
func TestKeyOfAnExistingProductionLost(t *testing.T) {
	t.Parallel()
	stage, _ := existing(t, false)
	stage.World.Clock().Advance(time.Hour)
	require.NoError(t, stage.Lose())
	pulumi(t, stage, "stack", "rm", scenario.Recovery, "--force", "--preserve-config", "--yes")
	file := filepath.Join(stage.Dir(), config.FileName(scenario.Recovery))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	text = regexp.MustCompile("(?m)^encryptionsalt:.*\n").ReplaceAll(text, nil)
	require.NoError(t, os.WriteFile(file, text, 0o600))
	pulumi(t, stage, "stack", "init", scenario.Recovery)
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	_, err = site.Adopt(t.Context(), scenario.Recovery, ops.Run{})
	require.Error(t, err, "the secrets in the file are under the lost key")
	encryptSecrets(t, stage)
	_, err = site.Adopt(t.Context(), scenario.Recovery, ops.Run{})
	require.NoError(t, err)
	_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	assert.Equal(t, "visitors are served from us-east-2", stage.Visit())
}

// existing is a stage where production is described in dr's file, and dr is its
// pilot light. It is made by a stack all the same, which knows of another peer:
// nothing of it is told of dr, nor of what dr's instances are told.
func existing(t *testing.T, unencrypted bool) (*scenario.Stage, *visitors) {
	t.Helper()
	stage, err := scenario.Open(staged.Options())
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	edit(t, stage, scenario.Production, scenario.Production, func(config map[string]any) {
		config["pilotlight:peer"] = map[string]any{"stack": "nobody", "region": "us-east-2", "cidr": "10.20.0.0/16"}
	})
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, nil))
	stage.World.ByHand(func(o *sim.Object) bool {
		if o.Type == "aws:rds/instance:Instance" && unencrypted {
			o.Props["storageEncrypted"] = false
			delete(o.Props, "kmsKeyId")
		}
		return true
	})
	bucket, ok := staged.Outputs(t, stage, scenario.Production)[stacks.OutputMedia].(string)
	require.True(t, ok)
	edit(t, stage, scenario.Recovery, scenario.Recovery, func(config map[string]any) {
		delete(config, "pilotlight:peer")
		config["pilotlight:production"] = map[string]any{
			"region": "us-west-2", "cidr": "10.10.0.0/16",
			"database": "arn:aws:rds:us-west-2:123456789012:db:blog-prod-1", "bucket": "arn:aws:s3:::" + bucket, "unencrypted": unencrypted,
		}
	})
	encryptSecrets(t, stage)
	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Recovery, nil))
	return stage, &visitors{stage: stage}
}

// encryptSecrets puts production's secrets into dr's file, as a person does, once there
// is a stack to encrypt them for.
func encryptSecrets(t *testing.T, stage *scenario.Stage) {
	t.Helper()
	_, err := stage.Stack(t.Context(), scenario.Recovery, stage.Env())
	require.NoError(t, err)
	args := []string{"config", "set-all", "--stack", scenario.Recovery, "--path"}
	for _, key := range wordpress.SecretKeys() {
		args = append(args, "--secret", "production.secrets."+key+"=production's "+key)
	}
	pulumi(t, stage, args...)
}

func pulumi(t *testing.T, stage *scenario.Stage, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(staged.EngineRoot, "bin", "pulumi"), args...)
	command.Dir, command.Env = stage.Dir(), os.Environ()
	for name, value := range stage.EngineEnv() {
		command.Env = append(command.Env, name+"="+value)
	}
	printed, err := command.CombinedOutput()
	require.NoError(t, err, string(printed))
}
