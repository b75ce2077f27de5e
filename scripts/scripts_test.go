package scripts_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/itchyny/gojq/cli"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/deploy/engine"
)

// TestMain lets this program be the jq of a machine that has none.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "jq" {
		os.Exit(cli.Run())
	}
	os.Exit(m.Run())
}

// stage is a PATH on which commands are played.
type stage struct {
	t   *testing.T
	dir string
	env []string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	if _, err := exec.LookPath("jq"); err != nil {
		self, err := os.Executable()
		require.NoError(t, err)
		require.NoError(t, os.Symlink(self, filepath.Join(dir, "jq")))
	}
	return &stage{t: t, dir: dir, env: append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "STAGE="+dir, "GITHUB_REPOSITORY=octocat/site")}
}

// play puts a command on the stage, which writes down how it was called.
func (s *stage) play(name, script string) {
	s.t.Helper()
	// A process that is forked while the file is open for writing would keep it busy.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	text := "#!/bin/bash\necho \"" + name + " $*\" >>\"$STAGE/calls\"\n" + script
	require.NoError(s.t, os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o700))
}

// file writes a file.
func (s *stage) file(text string) (path string) {
	s.t.Helper()
	path = filepath.Join(s.dir, "file.md")
	require.NoError(s.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// run runs a script of this folder.
func (s *stage) run(script string, args ...string) (out, log string, status int) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "./"+script, args...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = s.env, &stdout, &stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return stdout.String(), stderr.String(), exit.ExitCode()
	}
	require.NoError(s.t, err)
	return stdout.String(), stderr.String(), 0
}

// calls are the commands that were called since the last time.
func (s *stage) calls() []string {
	s.t.Helper()
	path := filepath.Join(s.dir, "calls")
	text, err := os.ReadFile(path)
	require.NoError(s.t, err)
	require.NoError(s.t, os.Remove(path))
	return strings.Split(strings.TrimSpace(strings.ReplaceAll(string(text), s.dir, "STAGE")), "\n")
}

func TestPreview(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.env = append(s.env, "PREVIEW_COMMIT=0123456789abcdef")
	s.play("pilotlight", `echo "### Plan of $*"`)
	out, _, status := s.run("preview")
	assert.Zero(t, status)
	assert.Equal(t, `<!-- pilotlight preview -->
## Preview of 0123456

What would happen if these files were run now. Nothing was changed.

### Plan of plan --markdown --stack dr

### Plan of plan --markdown --stack prod

### Plan of plan --markdown
`, out)
	s.calls()

	_, _, status = s.run("preview", "prod2")
	assert.Zero(t, status)
	assert.Equal(t, []string{"pilotlight plan --markdown --stack prod2", "pilotlight plan --markdown"}, s.calls())
}

func TestPreviewThatFails(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		script string
		want   string
	}{
		"no plan": {
			`echo "pilotlight: no credentials" >&2; exit 1`,
			"### Plan of the update of stack dr\n\nIt could not be made:\n\n~~~\npilotlight: no credentials\n~~~\n\n### Plan of the failover",
		},
		"a plan that says so itself": {
			`echo "### It would be refused"; echo "pilotlight: refused" >&2; exit 4`,
			"### It would be refused\n\n### Plan of the failover",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.play("pilotlight", `[[ "$*" == *dr ]] || { echo "### Plan of the failover"; exit 0; }`+"\n"+tc.script)
			out, log, status := s.run("preview", "dr")
			assert.Equal(t, 1, status)
			assert.Contains(t, out, tc.want, "the others are made all the same")
			assert.Contains(t, log, "pilotlight: ")
		})
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		script string
		status int
		want   []string
	}{
		"ready": {
			`echo '{"stack": "dr", "requirements": [{"what": "engine", "ok": true, "seen": "it is there"}]}'`,
			0, []string{"Stack `dr` is ready.", "| ok | engine | it is there |  |"},
		},
		"not ready": {
			`echo '{"stack": "dr", "requirements": [{"what": "engine", "ok": true, "seen": "it is there"},
			{"what": "image", "ok": false, "seen": "a|b\nc", "remedy": "copy it"}]}'; echo "not ready" >&2; exit 3`,
			3, []string{"**Stack `dr` is not ready.**", "| ok | engine |", `| **no** | image | a\|b<br>c | copy it |`},
		},
		"not known": {
			`echo "pilotlight: no credentials" >&2; exit 1`,
			1, []string{"It could not be found out", "~~~\npilotlight: no credentials\n~~~"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.play("pilotlight", tc.script)
			out, _, status := s.run("readiness")
			assert.Equal(t, tc.status, status)
			for _, want := range tc.want {
				assert.Contains(t, out, want)
			}
			assert.Equal(t, []string{"pilotlight check --json"}, s.calls())
		})
	}
}

func TestComment(t *testing.T) {
	t.Parallel()
	const (
		list  = "gh api --paginate repos/octocat/site/issues/7/comments?per_page=100"
		write = "gh api --silent --method POST repos/octocat/site/issues/7/comments --field body=@"
		again = "gh api --silent --method PATCH repos/octocat/site/issues/comments/12 --field body=@"
		ours  = `{"id": 12, "user": {"type": "Bot"}, "body": "<!-- marker -->\nolder"}`
	)
	for name, tc := range map[string]struct {
		comments string
		want     string
	}{
		"first":                  {"[]", write},
		"again":                  {`[{"id": 11, "user": {"type": "Bot"}, "body": "hello"}, ` + ours + `]`, again},
		"on a later page":        {`[{"id": 11, "user": {"type": "Bot"}, "body": "hello"}][` + ours + `]`, again},
		"a visitor's":            {`[{"id": 12, "user": {"type": "User"}, "body": "<!-- marker -->\nmine"}]`, write},
		"marker not at the head": {`[{"id": 12, "user": {"type": "Bot"}, "body": "> <!-- marker -->\nno"}]`, write},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.play("gh", `[[ $* != *--paginate* ]] || echo '`+tc.comments+`'
last=${!#}
[[ $last != body=@* ]] || cat "${last#body=@}" >"$STAGE/body"`)
			_, log, status := s.run("comment", "7", s.file("<!-- marker -->\nnewer\n"))
			require.Zero(t, status, log)
			calls := s.calls()
			require.Len(t, calls, 2)
			assert.Equal(t, list, calls[0])
			assert.True(t, strings.HasPrefix(calls[1], tc.want), calls[1])
			body, err := os.ReadFile(filepath.Join(s.dir, "body"))
			require.NoError(t, err)
			assert.Equal(t, "<!-- marker -->\nnewer\n", string(body))
		})
	}
}

func TestCommentThatIsTooLong(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.play("gh", `[[ $* != *--paginate* ]] || echo '[]'
last=${!#}
[[ $last != body=@* ]] || cat "${last#body=@}" >"$STAGE/body"`)
	_, log, status := s.run("comment", "7", s.file("<!-- marker -->\n"+strings.Repeat("much ", 20_000)))
	require.Zero(t, status, log)
	body, err := os.ReadFile(filepath.Join(s.dir, "body"))
	require.NoError(t, err)
	assert.Less(t, len(body), 65_536)
	assert.Contains(t, string(body), "… and more")
}

func TestIssue(t *testing.T) {
	t.Parallel()
	const (
		list = "gh issue list --state open --label readiness --limit 1 --json number --jq .[].number"
		edit = "gh issue edit 5 --body-file STAGE/file.md"
	)
	for name, tc := range map[string]struct {
		status, open string
		want         []string
	}{
		"ready":            {"0", "", []string{list}},
		"no longer ready":  {"3", "", []string{list, "gh label create readiness --force", "gh issue create --title"}},
		"still not ready":  {"3", "5", []string{list, edit}},
		"not known":        {"1", "", []string{list, "gh label create readiness --force", "gh issue create --title"}},
		"still not known":  {"1", "5", []string{list, edit}},
		"ready once again": {"0", "5", []string{list, edit, "gh issue close 5 --comment"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.play("gh", `[[ $* != *list* ]] || echo "`+tc.open+`"`)
			_, log, status := s.run("issue", tc.status, s.file("text"))
			require.Zero(t, status, log)
			calls := s.calls()
			require.Len(t, calls, len(tc.want))
			for i, want := range tc.want {
				assert.True(t, strings.HasPrefix(calls[i], want), calls[i])
			}
		})
	}
}

// TestVersions holds that GitHub's jobs install the engine and the plugin that
// the program is built for.
func TestVersions(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	plugin := regexp.MustCompile(`pulumi-aws/sdk/v6 v(\S+)`).FindSubmatch(module)
	require.NotNil(t, plugin)
	action, err := os.ReadFile("../.github/actions/pilotlight/action.yml")
	require.NoError(t, err)
	for _, want := range []string{
		"pulumi-version: " + engine.Version + "\n",
		"key: pulumi-aws-" + string(plugin[1]) + "-",
		"pulumi plugin install resource aws " + string(plugin[1]) + "\n",
	} {
		assert.Contains(t, string(action), want)
	}
}

// TestForeignCodeGetsNoToken holds that no workflow runs a fork's code with the
// rights of this repository.
func TestForeignCodeGetsNoToken(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../.github/workflows/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	trigger := regexp.MustCompile(`(?m)^[^#]*(pull_request_target|workflow_run)`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NotRegexp(t, trigger, string(text), file)
		assert.Contains(t, string(text), "\npermissions: {}\n", "%s: each job says what it may do", file)
	}
}
