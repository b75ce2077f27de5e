package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// rehearseWith runs the command with a rehearsal that is only reported.
func rehearseWith(report *scenario.Report, failed error, args ...string) (asked scenario.Options, out string, err error) {
	cmd := newRehearseCmd(realAWS, func(_ context.Context, o scenario.Options) (*scenario.Report, error) {
		asked = o
		return report, failed
	})
	cmd.SetFlagErrorFunc(newRootCmd(realAWS).FlagErrorFunc())
	var stdout, stderr bytes.Buffer
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	cmd.SetArgs(append([]string{}, args...)) // nil would be those of the test
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.Execute()
	return asked, stdout.String(), err
}

var (
	recovered = &scenario.Report{Recovered: true, Serves: "visitors are served from us-east-2"}
	unwhole   = &scenario.Report{Recovered: true, Refusal: "no Redis", Serves: "visitors are served from us-east-2"}
	refused   = &scenario.Report{Refusal: "the failover is refused", Serves: "visitors cannot reach the site"}
)

func TestRehearseFlags(t *testing.T) {
	t.Parallel()
	asked, _, err := rehearseWith(recovered, nil)
	require.NoError(t, err)
	assert.Equal(t, []any{"us-west-2", "us-east-2", uint64(1), sim.Hang}, []any{asked.ProdRegion, asked.DRRegion, asked.Seed, asked.Outage})

	asked, _, err = rehearseWith(recovered, nil, "--prod-region", "cn-north-1", "--dr-region", "cn-northwest-1", "--seed", "7",
		"--outage", "refuse", "--fault", "lag=12m", "--fault", "image=missing")
	require.NoError(t, err)
	assert.Equal(t, []any{"cn-north-1", "cn-northwest-1", uint64(7), sim.Refuse}, []any{asked.ProdRegion, asked.DRRegion, asked.Seed, asked.Outage})
	assert.Equal(t, []sim.Fault{{Name: "lag", Value: "12m"}, {Name: "image", Value: "missing"}}, asked.Faults)
}

// TestRehearseProject holds when it is the project's site that is rehearsed, and that its folder
// remembers that alone.
func TestRehearseProject(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.dr.yaml"), nil, 0o600))
	remembered := filepath.Join(dir, ".pilotlight", "rehearsal.json")

	asked, _, err := rehearseWith(recovered, nil, "-C", dir, "--sample", "--dr-region", "eu-west-1")
	require.NoError(t, err)
	assert.Equal(t, []string{"", "us-west-2", "eu-west-1"}, []string{asked.Project, asked.ProdRegion, asked.DRRegion})
	assert.NoFileExists(t, remembered)

	asked, _, err = rehearseWith(recovered, nil, "-C", dir)
	require.NoError(t, err)
	assert.Equal(t, []string{dir, "", ""}, []string{asked.Project, asked.ProdRegion, asked.DRRegion})
	assert.FileExists(t, remembered)

	_, _, err = rehearseWith(nil, nil, "-C", dir, "--dr-region", "eu-west-1")
	assert.Equal(t, 2, exitCode(err))
	assert.ErrorContains(t, err, "add --sample")
}

func TestRehearseExitCodes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		report *scenario.Report
		failed error
		args   []string
		code   int
		says   string
	}{
		"recovered":           {recovered, nil, nil, 0, ""},
		"not held":            {nil, errors.New("no engine"), nil, 1, "no engine"},
		"not recovered":       {refused, nil, nil, 3, "the site does not serve"},
		"not whole":           {unwhole, nil, nil, 3, "and the failover does not end"},
		"not whole, by fault": {&scenario.Report{Recovered: true, Refusal: "no Redis", Faults: []sim.Fault{{Name: "quota"}}}, nil, nil, 0, ""},
		"a fault unmet":       {&scenario.Report{Recovered: true, Unmet: []sim.Fault{{Name: "load", Value: "high"}}}, nil, nil, 1, "load=high never struck"},
		"an unknown call":     {nil, nil, []string{"--fault", "error=rds:Promote:AccessDenied"}, 2, "nothing here calls rds:Promote"},
		"another's error":     {nil, nil, []string{"--fault", "error=rds:PromoteReadReplica:TooManyBuckets"}, 2, "rds has no error TooManyBuckets"},
		"interrupted":         {nil, fmt.Errorf("updating: %w", context.Canceled), nil, 130, "canceled"},
		"unknown flag":        {nil, nil, []string{"--fast"}, 2, "unknown flag"},
		"unknown fault":       {nil, nil, []string{"--fault", "meteor=1"}, 2, `there is no fault "meteor=1": use one of`},
		"unknown outage":      {nil, nil, []string{"--outage", "slow"}, 2, "set it to refuse or hang"},
		"one region":          {nil, nil, []string{"--dr-region", "us-west-2"}, 2, "name two"},
		"two partitions":      {nil, nil, []string{"--dr-region", "cn-north-1"}, 2, "different partitions"},
		"an argument":         {nil, nil, []string{"now"}, 2, "takes no arguments"},
		"seed is no number":   {nil, nil, []string{"--seed", "x"}, 2, `--seed is "x": give it a value`},
		"live, of a sample":   {nil, nil, []string{"--live", "--sample"}, 2, "not the sample"},
		"live, placed":        {nil, nil, []string{"--live", "--dr-region", "us-east-2"}, 2, "not the sample"},
		"live, nowhere":       {nil, nil, []string{"--live", "-C", "testdata"}, 2, "go to the project's folder"},
		"not all read":        {&scenario.Report{Recovered: true, Unread: []string{"the zone"}}, nil, nil, 3, "the rehearsal proves nothing (the zone)"},
		"unwritable outputs":  {recovered, nil, []string{"-o", "/dev/null/x"}, 1, "writing the report"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := rehearseWith(tc.report, tc.failed, tc.args...)
			assert.Equal(t, tc.code, exitCode(err))
			if tc.says != "" {
				assert.ErrorContains(t, err, tc.says)
			}
		})
	}
}

// TestRehearseMarkdown holds what a comment says, and what changed against the base branch.
func TestRehearseMarkdown(t *testing.T) {
	t.Parallel()
	base := filepath.Join(t.TempDir(), "base.json")
	text, err := json.Marshal(recovered)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(base, text, 0o600))
	now := *recovered
	_, out, err := rehearseWith(&now, nil, "--markdown", "--base", base)
	require.NoError(t, err)
	assert.Contains(t, out, "the site recovers")
	assert.Contains(t, out, "Nothing of it changes against the base branch.")
	assert.Contains(t, out, "<details>")

	now.Run.TimeToRecover = 600
	_, out, err = rehearseWith(&now, nil, "--markdown", "--base", base)
	require.NoError(t, err)
	assert.Contains(t, out, "| time to recover | 0:00 | 10:00 |")

	lost := *refused
	lost.Refusal = "```\n@everybody"
	_, out, err = rehearseWith(&lost, nil, "--markdown", "--base", base)
	assert.Equal(t, 3, exitCode(err))
	assert.Contains(t, out, "| ending | recovers | does not recover |")
	assert.Contains(t, out, "````\n```\n@everybody\n````", "no text ends the block that it is in")

	require.NoError(t, os.WriteFile(base, []byte("{"), 0o600))
	for _, file := range []string{base, base + ".none"} {
		_, _, err = rehearseWith(nil, nil, "--base", file)
		assert.Equal(t, 2, exitCode(err))
	}
}

func TestRehearseOutput(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "report")
	_, text, err := rehearseWith(recovered, nil, "-o", dir)
	require.NoError(t, err)
	assert.Contains(t, text, "RECOVERED")
	_, printed, err := rehearseWith(recovered, nil, "--json")
	require.NoError(t, err)
	for name, want := range map[string]string{"report.txt": text, "report.json": printed} {
		kept, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, want, string(kept))
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	require.NoError(t, err)
	assert.Contains(t, string(page), "Recovered: visitors are served from us-east-2")
	var back scenario.Report
	require.NoError(t, json.Unmarshal([]byte(printed), &back))
	assert.True(t, back.Recovered)
}

// TestRehearseLive holds what the operator sees of a rehearsal of the site as it stands.
func TestRehearseLive(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	stage.World.Clock().Advance(time.Hour)
	run := func(args ...string) (string, int) {
		root := newRootCmd(func(context.Context) (ops.Options, error) { return stage.Options(stage.Env()), nil })
		var out bytes.Buffer
		root.SetOut(&out)
		root.SetErr(&bytes.Buffer{})
		root.SetArgs(append(args, "-C", stage.Dir()))
		cmd, err := root.ExecuteC()
		if err != nil {
			out.WriteString(complaint(cmd, err))
		}
		return out.String(), exitCode(err)
	}
	said, code := run("rehearse", "--live")
	assert.Zero(t, code, said)
	assert.Contains(t, said, "Rehearsal of www.example.com as it stands")
	assert.NoFileExists(t, filepath.Join(stage.Dir(), ".pilotlight", "rehearsal.json"), "it writes nothing there")

	said, code = run("check", "--rehearse", "--for", "reprotect")
	assert.Equal(t, 2, code, said)
	staged.Inject(t, stage, "lag=12m")
	said, code = run("check", "--rehearse", "--json")
	assert.Equal(t, 3, code, said)
	var ready ops.Readiness
	require.NoError(t, json.NewDecoder(strings.NewReader(said)).Decode(&ready)) // the complaint follows
	last := ready.Requirements[len(ready.Requirements)-1]
	assert.Equal(t, []string{"rehearsal", codeNotServing}, []string{last.Subject, last.Code})
	assert.Contains(t, last.Reason, "12m0s behind")

	stage.World.LoseRegion("us-east-2", sim.Refuse)
	said, code = run("rehearse", "--live")
	assert.Equal(t, 4, code, said)
	assert.Contains(t, said, "AWS in us-east-2 does not say whose these credentials are")
}
