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
	"syscall"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/stacks"
)

// command runs a command line in a folder, as main does.
func command(t *testing.T, c connect, dir, line string) (out, complaints string, code int) {
	t.Helper()
	root := newRootCmd(c)
	var stdout, stderr bytes.Buffer
	root.SetIn(strings.NewReader(""))
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	code = run(t.Context(), root, append(strings.Fields(line), "-C", dir))
	return stdout.String(), stderr.String(), code
}

// failed is the error that a command printed as JSON, which is all that is on standard output.
func failed(t *testing.T, out string) ops.Failure {
	t.Helper()
	var printed struct{ Error *ops.Failure }
	require.NoError(t, json.Unmarshal([]byte(out), &printed), out)
	require.NotNil(t, printed.Error, out)
	return *printed.Error
}

// TestExitStatus is the table of exit statuses, and of what JSON says in each case.
func TestExitStatus(t *testing.T) {
	t.Parallel()
	blocked := &refusal.Error{Code: refusal.CodeChecks, Reason: "the checks do not allow it", Blockers: []refusal.Blocker{{Code: "lag", Reason: "the replica is behind", Remedy: "wait"}}}
	config := &config.Error{File: "Pulumi.dr.yaml", Problems: []config.Problem{{Key: "site", Value: `""`, Remedy: "set it"}}}
	unready := ops.Readiness{For: ops.ForFailover, Requirements: []ops.Requirement{{Subject: "image", Reason: "gone", Remedy: "make one"}}}.Err()
	claims := refusal.New(refusal.CodeClaims, "the site moved on: rebuild it")
	on := func(err *refusal.Error) error { return err.Of("dr") }
	stopped := func(err error) error { return &ops.StoppedError{Stack: "dr", Doing: "updating", Err: err} }
	for name, tc := range map[string]struct {
		err     error
		exit    int
		code    string
		changed bool
	}{
		"anything else":                  {errors.New("out of disk"), 1, refusal.CodeFailed, true},
		"wrong usage":                    {&usageError{errors.New("no")}, 2, codeUsage, false},
		"wrong usage, by a rule":         {&usageError{backend.CheckRegion("mars")}, 2, codeUsage, false},
		"no project":                     {on(refusal.New(refusal.CodeNoProject, "none: go there")), 2, refusal.CodeNoProject, false},
		"not ready":                      {&notReadyError{unready}, 3, refusal.CodeNotReady, false},
		"did not come back":              {errNotServing, 3, codeNotServing, false},
		"did not come back whole":        {errNotWhole, 3, codeNotWhole, false},
		"refused by the checks":          {on(blocked), 4, refusal.CodeChecks, false},
		"refused by the claims":          {on(claims), 4, refusal.CodeClaims, false},
		"refused for two files":          {on(stacks.RefuseMismatches([]stacks.Mismatch{{Key: "domain", Stack: "dr"}})), 4, refusal.CodeMismatch, false},
		"a configuration, bare":          {config, 4, refusal.CodeConfig, false},
		"two configurations":             {fmt.Errorf("reading: %w", errors.Join(config, config)), 4, refusal.CodeConfig, false},
		"a place for the state":          {backend.CheckBucket("no"), 4, backend.CodePlace, false},
		"locked":                         {refusal.Locked("dr", ""), 4, refusal.CodeLocked, false},
		"a damaged state":                {on(refusal.New(refusal.CodeState, "the state can't be read: bring a copy back")), 4, refusal.CodeState, false},
		"no such stack":                  {fmt.Errorf("reading: %w", ops.ErrNoStack), 4, refusal.CodeNoStack, false},
		"not logged in":                  {fmt.Errorf("reading: %w", ops.ErrNoBackend), 4, refusal.CodeNoBackend, false},
		"not confirmed":                  {fmt.Errorf("no answer: %w", errUnconfirmed), 4, codeUnconfirmed, false},
		"stopped":                        {stopped(errors.New("AccessDenied")), 5, refusal.CodeStopped, true},
		"stopped by a refusal":           {stopped(on(blocked)), 5, refusal.CodeStopped, true},
		"stopped by a configuration":     {stopped(config), 5, refusal.CodeStopped, true},
		"a broken connection":            {fmt.Errorf("calling AWS: %w", syscall.EPIPE), 1, refusal.CodeFailed, true},
		"interrupted":                    {fmt.Errorf("copying: %w", context.Canceled), 130, refusal.CodeInterrupted, true},
		"interrupted, stopped":           {stopped(context.Canceled), 130, refusal.CodeInterrupted, true},
		"interrupted before it is asked": {fmt.Errorf("%w: %w", errUnconfirmed, context.Canceled), 130, refusal.CodeInterrupted, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := newRootCmd(realAWS)
			root.AddCommand(&cobra.Command{Use: "fail", RunE: func(*cobra.Command, []string) error { return tc.err }})
			root.PersistentFlags().Bool("json", false, "")
			var stdout, stderr bytes.Buffer
			root.SetOut(&stdout)
			root.SetErr(&stderr)
			assert.Equal(t, tc.exit, run(t.Context(), root, []string{"fail", "--json"}))
			f := failed(t, stdout.String())
			assert.Equal(t, tc.code, f.Code)
			assert.Equal(t, tc.changed, f.Changed)
			assert.NotEmpty(t, f.Reason)
			assert.NotEmpty(t, f.Remedy)
			assert.True(t, strings.HasPrefix(stderr.String(), "pilotlight: "), stderr.String())

			stdout.Reset()
			assert.Equal(t, tc.exit, run(t.Context(), root, []string{"fail", "--json=false"}))
			assert.Empty(t, stdout.String(), "JSON only where it is asked for")
		})
	}
}

// TestCrash holds that a panic does not end as a wrong usage does, and says whether something may have been changed.
func TestCrash(t *testing.T) {
	t.Parallel()
	for name, changed := range map[string]bool{"move": true, "look": false} {
		root := newRootCmd(realAWS)
		crash := &cobra.Command{Use: name, RunE: func(*cobra.Command, []string) error { panic("no such thing") }}
		if !changed {
			crash.GroupID = groupSee
		}
		root.AddCommand(crash)
		root.PersistentFlags().Bool("json", false, "")
		var stdout, stderr bytes.Buffer
		root.SetOut(&stdout)
		root.SetErr(&stderr)
		assert.Equal(t, 1, run(t.Context(), root, []string{name, "--json"}))
		f := failed(t, stdout.String())
		assert.Equal(t, refusal.CodeFailed, f.Code)
		assert.Equal(t, changed, f.Changed, name)
		assert.Contains(t, f.Reason, "no such thing")
		assert.Contains(t, stderr.String(), "failure_test.go", "the stack")
		assert.Contains(t, stderr.String(), "\npilotlight: it crashed")
	}
}

// verbs are command lines of all verbs that know a project.
var verbs = []string{
	"status", "check", "check --for switchover --to dr", "plan", "plan -s dr", "cost", "history", "failover --yes", "reprotect --yes", "switchover dr --yes", "thaw", "abort --yes",
	"deploy", "retire prod 1 --yes", "destroy --yes", "unlock dr", "state list dr", "state restore dr --yes", "adopt dr --yes", "bootstrap --region us-west-1",
	"bootstrap --region us-west-1 --move", "media sync --from prod --to dr", "media restore dr --before 2026-01-01T00:00:00Z", "drill --yes", "drill --end",
}

// TestEveryVerbRefusesAConfiguration holds that a configuration which can't be meant ends each
// verb with the documented status, with the reason as JSON, and with nothing changed.
func TestEveryVerbRefusesAConfiguration(t *testing.T) {
	t.Parallel()
	write := func(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) }
	for name, tc := range map[string]struct {
		spoil func(path string) error
		file  string
		code  int
		says  string
	}{
		"a value": {func(path string) error { return edit(path, "role: standby", "role: stand-by") }, "Pulumi.dr.yaml", 4, `role is "stand-by"`},
		"a secret in plain text": {func(path string) error {
			return edit(path, "config:\n", "config:\n  pilotlight:production: {secrets: {database_password: hunter2}}\n")
		}, "Pulumi.dr.yaml", 4, "pulumi config set -s dr --secret --path 'production.secrets.database_password'"},
		"not YAML":        {func(path string) error { return write(path, "config: [") }, "Pulumi.prod.yaml", 4, "Pulumi.prod.yaml"},
		"no regular file": {func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }, "Pulumi.prod.yaml", 4, "is no regular file"},
		"no peer":         {func(path string) error { return edit(path, "stack: prod", "stack: mars") }, "Pulumi.dr.yaml", 4, "no two stacks here name each other as peer"},
		"another program": {func(path string) error { return write(path, "name: blog\nruntime: go\n") }, "Pulumi.yaml", 4, `name is "blog"`},
		"no project": {func(path string) error {
			return errors.Join(os.Remove(path), os.Remove(filepath.Join(filepath.Dir(path), "Pulumi.prod.yaml")))
		}, "Pulumi.dr.yaml", 2, "pilotlight init"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, err := initWith(t, runInit, enough(dir)...)
			require.NoError(t, err)
			require.NoError(t, tc.spoil(filepath.Join(dir, tc.file)))
			before := listed(t, dir)
			for _, line := range verbs {
				out, complaints, code := command(t, realAWS, dir, line+" --json")
				assert.Equal(t, tc.code, code, line)
				assert.Contains(t, complaints, tc.says, line)
				assert.Equal(t, name == "no peer", strings.Contains(out+complaints, "name each other as peer"), "%s: only the true reason", line)
				f := failed(t, out)
				assert.False(t, f.Changed, line)
				assert.Contains(t, fmt.Sprint(f.Reason, ": ", f.Remedy, f.Blockers), tc.says, line)
				assert.NotEmpty(t, f.Remedy, line)
				assert.NotContains(t, out+complaints, "hunter2", line)
			}
			assert.Equal(t, before, listed(t, dir), "nothing is written")
		})
	}
}

// edit replaces a text in a file that holds it.
func edit(path, from, to string) error {
	text, err := os.ReadFile(path)
	if err == nil && !bytes.Contains(text, []byte(from)) {
		err = fmt.Errorf("%s does not hold %q: %s", path, from, text)
	}
	return errors.Join(err, os.WriteFile(path, bytes.Replace(text, []byte(from), []byte(to), 1), 0o600))
}

// listed are the names in a folder.
func listed(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// TestWrongUsage holds that arguments which can't be meant are refused before anything is read.
func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for line, says := range map[string]string{
		"history -n 0":            "--last is 0: set it to 1 or more",
		"history -n -3":           "--last is -3: set it to 1 or more",
		"history -n ten":          `--last is "ten"`,
		"bootstrap --region mars": `"mars" is no region of AWS`,
		"bootstrap --region us-west-1 --bucket Blog":    `bucket "Blog" can't be named so`,
		"bootstrap --region us-west-1 --bucket xn--a-b": `begin with xn-- for itself`,
		"failoever":        "did you mean failover?",
		"status --no-such": "unknown flag",
		"status dr":        "it is used as",
	} {
		out, complaints, code := command(t, realAWS, t.TempDir(), line+" --json")
		assert.Equal(t, 2, code, line)
		assert.Contains(t, complaints, says, line)
		assert.Equal(t, codeUsage, failed(t, out).Code, line)
		assert.False(t, failed(t, out).Changed, line)
	}
	dir := t.TempDir()
	_, err := initWith(t, runInit, enough(dir)...)
	require.NoError(t, err)
	for _, generation := range []string{"0", "one", "1.5"} {
		_, complaints, code := command(t, realAWS, dir, "retire prod "+generation+" --yes")
		assert.Equal(t, 2, code, generation)
		assert.Contains(t, complaints, fmt.Sprintf("the generation is %q: give its number, as status shows it", generation))
	}
}

// TestFailureBesideAResult holds that JSON is one document where there is both.
func TestFailureBesideAResult(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		result any
		want   string
	}{
		"an object":       {map[string]any{"site": "blog"}, `{"site": "blog", "error": {"code": "failed", "reason": "no", "changed": true}}`},
		"an empty object": {struct{}{}, `{"error": {"code": "failed", "reason": "no", "changed": true}}`},
		"a list":          {[]int{1}, `{"result": [1], "error": {"code": "failed", "reason": "no", "changed": true}}`},
		"nothing":         {nil, `{"error": {"code": "failed", "reason": "no", "changed": true}}`},
	} {
		var out bytes.Buffer
		require.NoError(t, writeFailure(&out, tc.result, ops.Failure{Code: refusal.CodeFailed, Reason: "no", Changed: true}))
		assert.JSONEq(t, tc.want, out.String(), name)
	}
}

// TestReportBesideACorruptOne holds that one report which can't be read hides no other.
func TestReportBesideACorruptOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	folder := filepath.Join(dir, filepath.FromSlash(report.Reports))
	require.NoError(t, report.WriteFiles(filepath.Join(folder, "20260302T031500Z-dr-epoch-2"), &report.Report{Site: "blog", Stack: "dr", Action: "activate"}))
	bad := filepath.Join(folder, "20260303T031500Z-dr-epoch-3.json")
	require.NoError(t, os.WriteFile(bad, []byte("{"), 0o600))
	for _, line := range []string{"report", "report --all", "report --json"} {
		out, complaints, code := command(t, realAWS, dir, line)
		assert.Equal(t, 0, code, line)
		assert.Contains(t, out, "dr", line)
		assert.Contains(t, complaints, bad, line)
	}
	require.NoError(t, os.Remove(filepath.Join(folder, "20260302T031500Z-dr-epoch-2.json")))
	out, complaints, code := command(t, realAWS, dir, "report --json")
	assert.Equal(t, 1, code)
	assert.Contains(t, complaints, bad)
	assert.False(t, failed(t, out).Changed, "a report changes nothing")
}
