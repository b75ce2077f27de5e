package readiness

import (
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

const (
	keyType     = "aws:kms/key:Key"
	stateRegion = "eu-west-1" // neither side's
)

// keyed is a site whose states a KMS key of a region encrypts. The engine asks the simulated KMS over HTTP.
type keyed struct {
	*testing.T
	stage   *scenario.Stage
	options ops.Options
}

// newKeyed has a key of a region encrypt the states of a site in its steady state.
func newKeyed(t *testing.T, region string) keyed {
	t.Helper()
	k := keyedOf(t, staged.Steady(t, staged.Options()))
	for _, stack := range []string{scenario.Production, scenario.Recovery} {
		k.moveKey(stack, region)
	}
	return k
}

func keyedOf(t *testing.T, stage *scenario.Stage) keyed {
	t.Helper()
	face := wire.NewFace(stage.World)
	endpoint, stop, err := face.Listen()
	require.NoError(t, err)
	t.Cleanup(func() { stop(); face.Close() })
	k := keyed{t, stage, stage.Options(stage.Env())}
	k.options.EnvVars = maps.Clone(k.options.EnvVars)
	maps.Copy(k.options.EnvVars, map[string]string{
		"AWS_ENDPOINT_URL": "http://" + endpoint, "AWS_ACCESS_KEY_ID": "AKIASIMULATED", "AWS_SECRET_ACCESS_KEY": "simulated", "AWS_EC2_METADATA_DISABLED": "true",
	})
	return k
}

// fork is the same site in a world of its own.
func (k keyed) fork(t *testing.T) keyed {
	t.Helper()
	stage, err := k.stage.Fork(staged.Options())
	require.NoError(t, err)
	t.Cleanup(stage.Close)
	return keyedOf(t, stage)
}

// keys changes the keys of the states.
func (k keyed) keys(change func(*sim.Object) bool) {
	k.stage.World.ByHand(func(o *sim.Object) bool { return o.Type != keyType || o.Region != stateRegion || change(o) })
}

// pulumi runs a command, which must succeed.
func (k keyed) pulumi(args ...string) {
	k.Helper()
	var env []string
	for name, value := range k.options.EnvVars {
		env = append(env, name+"="+value)
	}
	said, complaints, _, err := k.options.Command.Run(k.Context(), k.options.Dir, nil, nil, nil, env, args...)
	require.NoError(k, err, "%s%s", said, complaints)
}

// moveKey has a new key of a region encrypt the state of a stack.
func (k keyed) moveKey(stack, region string) {
	k.Helper()
	key, err := k.stage.World.CreateKey(region, "state of "+stack, nil)
	require.NoError(k, err)
	alias := "alias/" + stack + "-state"
	require.NoError(k, k.stage.World.CreateAlias(region, alias, key.ID))
	k.pulumi("stack", "change-secrets-provider", "-s", stack, "awskms://"+alias+"?region="+region)
}

// exports counts how often the engine is asked for a state.
type exports struct {
	auto.PulumiCommand
	count atomic.Int64
}

func (e *exports) Run(ctx context.Context, dir string, in io.Reader, out, complaints []io.Writer, env []string, args ...string) (said, complained string, code int, err error) {
	if slices.Contains(args, "export") {
		e.count.Add(1)
	}
	return e.PulumiCommand.Run(ctx, dir, in, out, complaints, env, args...)
}

// check is what check says NO to: the codes, and all that it says.
func (k keyed) check() (codes []string, said string) {
	k.Helper()
	site, err := ops.OpenSite(k.options)
	require.NoError(k, err)
	ready, err := site.Check(k.Context(), ops.ForFailover, "", ops.Run{})
	require.NoError(k, err)
	for _, q := range ready.Requirements {
		if !q.OK {
			codes, said = append(codes, q.Code), said+q.Reason+"\n  "+q.Remedy+"\n"
		}
	}
	return codes, said
}

// TestKeysLost: whatever happened to the KMS key of the states, check says NO and why, and judges the rest; status
// survives it, and a failover is refused.
func TestKeysLost(t *testing.T) {
	t.Parallel()
	k := newKeyed(t, stateRegion)
	codes, said := k.check()
	require.Empty(t, codes, said)
	for name, tc := range map[string]struct {
		spoil func(keyed)
		says  []string
	}{
		"disabled": {func(k keyed) {
			k.keys(func(o *sim.Object) bool {
				o.Props["isEnabled"] = false
				return true
			})
		}, []string{"the key is disabled", "aws kms enable-key --key-id $(aws kms describe-key --region eu-west-1 --key-id alias/"}},
		"deleted":       {func(k keyed) { k.keys(gone) }, []string{"KMS has no key that decrypts them", "make the states anew"}},
		"denied":        {func(k keyed) { staged.Inject(k.T, k.stage, "error=kms:Decrypt:AccessDeniedException:99") }, []string{"use credentials that may kms:Decrypt"}},
		"region lost":   {func(k keyed) { k.stage.World.LoseRegion(stateRegion, sim.Refuse) }, []string{"KMS in eu-west-1 does not answer", "pilotlight bootstrap --move"}},
		"region silent": {func(k keyed) { k.stage.World.LoseRegion(stateRegion, sim.Hang) }, []string{"KMS in eu-west-1 does not answer"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			night := k.fork(t)
			staged.Inject(t, night.stage, "image=arm64")
			tc.spoil(night)
			engine := &exports{PulumiCommand: night.options.Command}
			night.options.Command = engine
			codes, said := night.check()
			assert.Equal(t, []string{refusal.CodeKeys, refusal.CodeKeys, checks.TypeArchitecture}, codes, said)
			for _, says := range append(tc.says, "stack prod: awskms://alias/prod-state?region=eu-west-1 encrypts the secrets of its state") {
				assert.Contains(t, said, says)
			}
			site, err := ops.OpenSite(night.options)
			require.NoError(t, err)
			status, err := site.Status(t.Context())
			require.NoError(t, err)
			assert.Contains(t, status.Verdict, "the secrets in the state of stack")
			assert.Equal(t, "prod", status.Active)
			if name == "region lost" || name == "region silent" {
				assert.Zero(t, engine.count.Load(), "the engine would wait minutes for that region")
				return
			}
			_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
			assert.Equal(t, refusal.CodeKeys, refusal.CodeOf(err), err)
		})
	}
}

// TestKeysInRegion: one state's key in the region that may be lost is told before, whichever of the two it is.
func TestKeysInRegion(t *testing.T) {
	t.Parallel()
	for _, stack := range []string{scenario.Production, scenario.Recovery} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			k := newKeyed(t, stateRegion)
			k.moveKey(stack, "us-west-2")
			codes, said := k.check()
			assert.Equal(t, []string{ops.KeysInRegion}, codes, said)
			assert.Contains(t, said, "?region=us-west-2 is in us-west-2, the active side's region: losing that loses the keys too")
			site, err := ops.OpenSite(k.options)
			require.NoError(t, err)
			status, err := site.Status(t.Context())
			require.NoError(t, err)
			assert.False(t, status.Protected)

			night := k.fork(t)
			require.NoError(t, night.stage.Lose())
			codes, said = night.check()
			assert.Contains(t, codes, refusal.CodeKeys, "the simulator agrees: %s", said)

			k.moveKey(stack, "us-east-2")
			codes, said = k.check()
			assert.Empty(t, codes, said)
		})
	}
}

// anew gives a stack a new state and another key, as the runbook says: AWS is not asked.
func (k keyed) anew(stack, key string) {
	k.Helper()
	k.pulumi("stack", "rm", stack, "--force", "--preserve-config", "--yes")
	k.keyless(stack)
	k.pulumi("stack", "init", stack, "--secrets-provider", key)
}

// keyless takes what encrypts the secrets of a stack out of its file.
func (k keyed) keyless(stack string) {
	k.Helper()
	file := filepath.Join(k.options.Dir, config.FileName(stack))
	text, err := os.ReadFile(file)
	require.NoError(k, err)
	text = regexp.MustCompile("(?m)^(secretsprovider|encryptedkey|encryptionsalt):.*\n").ReplaceAll(text, nil)
	require.NoError(k, os.WriteFile(file, text, 0o600))
}

// TestStateLostWithProduction: where the state's region is lost with production's, the runbook makes the standby's state anew in
// another backend, from its own region alone. Production's comes back by the same lines.
func TestStateLostWithProduction(t *testing.T) {
	t.Parallel()
	k := keyedOf(t, staged.Disaster(t, staged.Options()))
	k.options.EnvVars["PULUMI_BACKEND_URL"] = "file://" + t.TempDir()
	site, err := ops.OpenSite(k.options)
	require.NoError(t, err)
	_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.ErrorContains(t, err, "take what AWS holds into this one with pilotlight adopt dr")

	k.keyless(scenario.Recovery)
	key, err := k.stage.World.CreateKey(stateRegion, "state", nil)
	require.NoError(t, err)
	k.pulumi("stack", "init", scenario.Recovery, "--secrets-provider", "awskms://"+key.ID+"?region="+stateRegion)
	_, err = site.Adopt(t.Context(), scenario.Recovery, ops.Run{})
	require.NoError(t, err)
	_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	assert.Equal(t, "visitors are served from us-east-2", k.stage.Visit())

	k.stage.World.ReturnRegion("us-west-2")
	k.keyless(scenario.Production)
	k.pulumi("stack", "init", scenario.Production, "--secrets-provider", "awskms://"+key.ID+"?region="+stateRegion)
	_, err = site.Adopt(t.Context(), scenario.Production, ops.Run{})
	require.NoError(t, err)
	for range 2 { // an adopted state does not know in which order its resources go
		if _, err = site.Reprotect(t.Context(), ops.Run{}); err == nil {
			break
		}
	}
	require.NoError(t, err)
	status, err := site.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, scenario.Recovery, status.Active)
}

// TestNewStackTakesTheKey: a stack that an operation creates has its secrets encrypted by the key that its file names, or else by that of
// the other stack. The engine alone would take a passphrase, and clear the file.
func TestNewStackTakesTheKey(t *testing.T) {
	t.Parallel()
	k := newKeyed(t, stateRegion)
	text := func(file string) string {
		text, err := os.ReadFile(filepath.Join(k.options.Dir, file))
		require.NoError(t, err)
		return string(text)
	}
	const third = "third"
	provider := regexp.MustCompile(`(?m)^(secretsprovider|encryptedkey): .*\n`)
	file, standby := text(config.FileName(scenario.Production)), text(config.FileName(scenario.Recovery))
	require.Len(t, provider.FindAllString(file, -1), 2)
	standby = strings.Replace(standby, "stack: prod", "stack: "+third, 1)
	project := text("Pulumi.yaml")
	for name, tc := range map[string]struct{ file, address string }{
		"its own":         {file, "secretsprovider: awskms://alias/prod-state?region=eu-west-1"},
		"the other's":     {provider.ReplaceAllString(file, ""), "secretsprovider: awskms://alias/dr-state?region=eu-west-1"},
		"a file of a key": {regexp.MustCompile(`(?m)^encryptedkey: .*\n`).ReplaceAllString(file, ""), "secretsprovider: awskms://alias/prod-state?region=eu-west-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := k.options
			o.Dir, o.EnvVars = t.TempDir(), maps.Clone(o.EnvVars)
			o.EnvVars["PULUMI_BACKEND_URL"] = "file://" + t.TempDir()
			for file, text := range map[string]string{"Pulumi.yaml": project, config.FileName(third): tc.file, config.FileName(scenario.Recovery): standby} {
				require.NoError(t, os.WriteFile(filepath.Join(o.Dir, file), []byte(text), 0o600))
			}
			site, err := ops.OpenSite(o)
			require.NoError(t, err)
			stack, err := site.Stack(t.Context(), third, true)
			require.NoError(t, err)
			now, err := os.ReadFile(filepath.Join(o.Dir, config.FileName(third)))
			require.NoError(t, err)
			assert.Contains(t, string(now), tc.address+"\nencryptedkey: ")
			assert.NotContains(t, string(now), "encryptionsalt")
			if name == "its own" {
				assert.Equal(t, tc.file, string(now))
			}
			held, err := stack.State(t.Context())
			require.NoError(t, err)
			assert.Equal(t, strings.TrimPrefix(tc.address, "secretsprovider: "), held.SecretsProvider.Address)
		})
	}
}

// TestKeysLostForGood: the way of the runbook makes the states anew, with another key, and the site fails over.
func TestKeysLostForGood(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]bool{"in peace": false, "with production": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeyed(t, stateRegion)
			k.keys(gone)
			stacks := []string{scenario.Production, scenario.Recovery}
			if lost {
				require.NoError(t, k.stage.Lose())
				stacks = stacks[1:]
			}
			key, err := k.stage.World.CreateKey("us-east-2", "state", nil)
			require.NoError(t, err)
			k.anew(scenario.Production, "awskms://"+key.ID+"?region=us-east-2")
			k.anew(scenario.Recovery, "awskms://"+key.ID+"?region=us-east-2")
			site, err := ops.OpenSite(k.options)
			require.NoError(t, err)
			for _, stack := range stacks {
				done, err := site.Adopt(t.Context(), stack, ops.Run{})
				require.NoError(t, err)
				assert.NotEmpty(t, done.Resources)
			}
			if !lost {
				_, err = site.Deploy(t.Context(), ops.Run{})
				require.NoError(t, err)
				codes, said := k.check()
				assert.Empty(t, codes, said)
				require.NoError(t, k.stage.Lose())
			}
			_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
			require.NoError(t, err)
			assert.Equal(t, "visitors are served from us-east-2", k.stage.Visit())
		})
	}
}

// TestStatesAreReadFromFiles: the engine is asked for no state whose secrets open. A key that opens them no more is noticed by
// a site that is open for long.
func TestStatesAreReadFromFiles(t *testing.T) {
	t.Parallel()
	look := func(o ops.Options) *ops.Site {
		engine := &exports{PulumiCommand: o.Command}
		o.Command = engine
		site, err := ops.OpenSite(o)
		require.NoError(t, err)
		status, err := site.Status(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "prod", status.Active)
		assert.Zero(t, engine.count.Load())
		return site
	}
	stage := staged.Steady(t, staged.Options())
	look(stage.Options(stage.Env()))
	k := newKeyed(t, stateRegion)
	site := look(k.options)
	k.keys(gone)
	status, err := site.Status(t.Context())
	require.NoError(t, err)
	assert.Contains(t, status.Verdict, "the secrets in the state of stack")
}
