package pulumid_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/ops/engine"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/pulumid"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// said is what a command says, and how it ends.
type said struct {
	out, err string
	code     int
	failure  string
}

var varies = regexp.MustCompile(`pid \d+|\d\d\d\d-\d\d-\d\dT[\d:.]+(Z|[+-][\d:]+)|\(\d+(\.\d+)?m?s\)|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+|(Duration: +)\S+`)

// waiting is a line that the engine prints only where an update takes longer.
var waiting = regexp.MustCompile(`(?m)^@ \w+\.+\n`)

// plain is what a command printed in a folder, without what differs from run to run.
func plain(dir, text string) string {
	return varies.ReplaceAllString(waiting.ReplaceAllString(strings.ReplaceAll(text, dir, "DIR"), ""), "VARIES")
}

// TestSameWords gives the same commands, good and bad, to both engines in folders that
// are alike. They say the same and leave the same files.
func TestSameWords(t *testing.T) {
	t.Parallel()
	commandLine, err := engine.NewCommand(staged.EngineRoot, nil)
	require.NoError(t, err)
	server := &pulumid.Command{Server: staged.Server}
	assert.Equal(t, commandLine.Version(), server.Version())
	one, other := staged.Steady(t, staged.CommandLine()), staged.Steady(t, staged.Options())

	give := func(command auto.PulumiCommand, stage *scenario.Stage, args []string) said {
		var env []string
		for name, value := range stage.EngineEnv() {
			env = append(env, name+"="+value)
		}
		var out, errOut bytes.Buffer
		_, _, code, err := command.Run(t.Context(), stage.Dir(), nil, []io.Writer{&out}, []io.Writer{&errOut}, env, args...)
		r := said{out: plain(stage.Dir(), out.String()), err: plain(stage.Dir(), errOut.String()), code: code}
		if err != nil {
			r.failure = err.Error()
		}
		return r
	}
	lock := func(stage *scenario.Stage) {
		file := filepath.Join(stage.Dir(), "state/.pulumi/locks/organization/pilotlight/prod/one.json")
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(`{"pid":1,"username":"somebody","hostname":"elsewhere","timestamp":"2026-11-28T00:00:00Z"}`), 0o600))
	}
	for _, line := range []string{
		"version", "whoami", "whoami --json",
		"stack select --stack dr", "stack select --stack none", "stack --show-name --stack dr", "stack --show-name --stack none",
		"stack init dr", "stack init third --no-select", "stack ls --json",
		"stack rm --yes third", "stack rm --yes dr", "stack rm --yes none", "stack output --json --stack none",
		"config --json --stack dr", "config --json --show-secrets --stack dr", "config get role --json --stack dr", "config get missing --json --stack dr",
		"config set --stack dr role --plaintext -- active", "config set --stack dr --path a.b[0] --plaintext -- true", "config rm a --stack dr",
		"stack output --json --stack dr", "stack output --json --show-secrets --stack prod",
		"stack history --json --show-secrets --page-size 1 --page 1 --stack prod", "stack history --json --stack prod",
		"stack export --show-secrets --stack prod", "stack export --stack prod",
		"cancel --yes --stack prod", "cancel --stack prod", "cancel --yes --stack none",
		"up --nonsense --stack prod", "up --stack prod", "preview --stack none",
		"up --yes --skip-preview --config-file=missing.yaml --stack prod",
		"LOCK", "up --yes --skip-preview --client=127.0.0.1:1 --stack prod", "destroy --yes --skip-preview --stack prod",
		"stack rm --yes prod", "cancel --yes --stack prod",
	} {
		if line == "LOCK" {
			lock(one)
			lock(other)
			continue
		}
		args := strings.Fields(line)
		assert.Equal(t, give(commandLine, one, args), give(server, other, args), line)
	}
	for _, name := range []string{config.FileName("dr"), config.FileName("prod")} {
		left, err := os.ReadFile(filepath.Join(one.Dir(), name))
		require.NoError(t, err)
		right, err := os.ReadFile(filepath.Join(other.Dir(), name))
		require.NoError(t, err)
		assert.Equal(t, string(left), string(right), name)
	}
}

// TestSameComplaints has an update refused by the program in both engines.
func TestSameComplaints(t *testing.T) {
	t.Parallel()
	refused := func(o scenario.Options) (failure string, printed []string) {
		stage := staged.Steady(t, o)
		stack, err := stage.Stack(t.Context(), scenario.Recovery, stage.Env())
		require.NoError(t, err)
		staged.SetRole(t, stage.Dir(), scenario.Recovery, roles.Frozen)
		_, err = stack.Up(t.Context(), ops.Run{Event: func(e events.EngineEvent) {
			if d := e.DiagnosticEvent; d != nil {
				printed = append(printed, d.Severity+" "+plain(stage.Dir(), d.Message))
			}
		}})
		require.Error(t, err)
		return err.Error(), printed
	}
	failure, printed := refused(staged.CommandLine())
	again, reprinted := refused(staged.Options())
	assert.Equal(t, failure, again)
	assert.NotEmpty(t, printed)
	assert.ElementsMatch(t, printed, reprinted)
}
